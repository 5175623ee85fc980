# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of the guides that lists every key."""

from __future__ import annotations

from typing import Any, List

from ...plugins.module_utils._schema.reading import Shape
from ...plugins.module_utils._schema.schema import Field
from .maps import Map, inner, list_maps, marked, plain_default, tell_range

REFERENCE = "ansible_collections.netloom.container_net.docsite.declaration"
TOP = """..
  Copyright (c) 2026, the netloom.container_net authors
  GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

..
  Made from the schema of the declaration: `make generate` writes it anew.

.. _%s:

Every key of a declaration
==========================

A declaration has lists of networks, endpoints, links and policies: ``fleet_networks``, ``fleet_endpoints``, ``fleet_links`` and ``fleet_policies`` for a fleet,
and the options of :ansplugin:`netloom.container_net.topology#module` for one host. Each table is one map of it. Types are checked before any conversion, so
quote what YAML would read as something else. An unknown key is an error.

An editor knows all of this from the file ``docs/schema/container_net.schema.json`` of the collection. For one that speaks to yaml-language-server, write its
path or address in the first line of a variables file:

.. code-block:: yaml

  # yaml-language-server: $schema=https://raw.githubusercontent.com/netloom/container_net/main/docs/schema/container_net.schema.json
"""


def _code(text: str) -> str:
    return "``%s``" % text


def tell_type(shape: Shape, field: Field[Any]) -> str:
    """Return the type of a value for people."""
    if shape.either:
        return ", or ".join(tell_type(one, field) for one in shape.either)
    if shape.choices:
        return " or ".join(map(_code, shape.choices)) if len(shape.choices) < 3 else "one of " + ", ".join(map(_code, shape.choices))
    if shape.elements is not None:
        return "list of: " + tell_type(shape.elements, field)
    if shape.type == "dict":
        return "map" + (" of names to: " + tell_type(shape.values, field) if shape.values is not None else "")
    if shape.type == "int" and shape is field.read.shape:
        return "integer, " + tell_range(field)
    words = {"int": "integer", "bool": "boolean", "str": shape.what.partition(" ")[2] or shape.what}[shape.type]
    return words + (", %d to %d" % (shape.low, shape.high) if shape.low is not None and shape.high is not None else "")


def tell_default(field: Field[Any]) -> str:
    default = plain_default(field)
    if field.default_words:
        return marked(field.default_words, _code)
    if field.required:
        return "*required*"
    if default is None or default in ([], {}):
        return "none"
    return _code(str(default).lower() if isinstance(default, bool) else str(default))


def _meaning(field: Field[Any]) -> str:
    words = [marked(field.words, _code)]
    if field.provided:
        words.append("Needed on a host; a fleet's plan provides it.")
    if field.fleet_only:
        words.append("Only for a fleet's plan.")
    if field.example:
        words.append("Such as %s." % _code(field.example))
    return " ".join(words)


def _section(item: Map) -> List[str]:
    title = "%s: %s" % (_code(item.path), item.schema.name)
    lines = ["", title, "-" * len(title), ""]
    if item.schema.one_of:
        lines += ["Exactly one of %s is there." % ", ".join(map(_code, item.schema.one_of)), ""]
    if item.schema.absent:
        lines += ["With ``state: absent``, only %s may stand beside it." % " and ".join(map(_code, item.schema.absent)), ""]
    lines += [".. list-table::", "  :header-rows: 1", "  :widths: 20 20 20 40", "", "  * - Key", "    - Type", "    - Default", "    - Meaning"]
    for field in item.schema.fields:
        below = inner(field.read.shape)
        lines += [
            "  * - " + _code(field.key),
            "    - " + tell_type(field.read.shape, field),
            "    - " + tell_default(field),
            "    - " + _meaning(field) + (" Its keys stand in a table of their own." if below else ""),
        ]
    return lines


def make_page() -> str:
    lines = (TOP % REFERENCE).splitlines()
    for item in list_maps():
        lines += _section(item)
    return "\n".join(lines) + "\n"
