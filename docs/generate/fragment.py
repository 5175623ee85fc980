# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The suboptions of the module's documentation."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

import yaml

from ...plugins.module_utils._document.endpoint import ENDPOINT
from ...plugins.module_utils._document.links import LINK
from ...plugins.module_utils._document.network import COMMON
from ...plugins.module_utils._document.policies import POLICY
from ...plugins.module_utils._schema.reading import Shape
from ...plugins.module_utils._schema.schema import Field, Schema
from .maps import choices_of, drivers, inner, plain_default, tell_range

Owned = Sequence[Tuple[str, Field[Any]]]  # driver, key
FILE = '''# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Made from the schema of the declaration: `make generate` writes it anew.

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
%s"""
'''


def suboptions_of_networks() -> Dict[str, Any]:
    """Return the keys of every driver in one map, which is all that Ansible's documentation can hold; each says whose it is."""
    owners: Dict[str, List[Tuple[str, Field[Any]]]] = {field.key: [("", field)] for field in COMMON.fields}
    for driver, schema in drivers().items():
        for field in schema.fields:
            owners.setdefault(field.key, []).append((driver, field))
    return {key: _option(owned, 1) for key, owned in owners.items()}


def suboptions(schema: Schema) -> Dict[str, Any]:
    return {field.key: _option([("", field)], 1) for field in schema.fields}


def _option(owned: Owned, maps: int) -> Dict[str, Any]:
    """Return the documentation of a key, which several drivers may have; so many have a map there."""
    fields = [field for _driver, field in owned]
    kinds = {_kind(field.read.shape) for field in fields}
    required = len(owned) == maps and all(field.required for field in fields)
    option: Dict[str, Any] = {"description": [line for field, whose in _grouped(owned) for line in _lines(field, whose, required)]}
    option["type"], elements = kinds.pop() if len(kinds) == 1 else ("raw", "")
    if elements:
        option["elements"] = elements
    choices = [choices_of(field.read.shape) for field in fields if field.read.shape.type != "bool"]
    if choices and all(choices):
        option["choices"] = list(dict.fromkeys(choice for one in choices for choice in one))
    defaults = [plain_default(field) for field in fields]
    if defaults[0] is not None and all(default == defaults[0] for default in defaults):
        option["default"] = defaults[0]
    if required:
        option["required"] = True
    below: Dict[str, List[Tuple[str, Field[Any]]]] = {}
    for driver, field in owned:
        found = inner(field.read.shape)
        for item in found[1].fields if found else ():
            below.setdefault(item.key, []).append((driver if len(owned) > 1 else "", item))
    if below:
        option["suboptions"] = {key: _option(items, sum(inner(field.read.shape) is not None for field in fields)) for key, items in below.items()}
    return option


def _kind(shape: Shape) -> Tuple[str, str]:
    return shape.type, shape.elements.type if shape.elements is not None else ""


def _grouped(owned: Owned) -> List[Tuple[Field[Any], List[str]]]:
    """Return each thing that is said, with the drivers it is said of."""
    groups: Dict[Tuple[object, ...], Tuple[Field[Any], List[str]]] = {}
    for driver, field in owned:
        said = (field.words, field.default_words, field.example, repr(field.default), field.read.shape.choices, tell_range(field))
        groups.setdefault(said, (field, []))[1].append(driver)
    return list(groups.values())


def _lines(field: Field[Any], whose: List[str], required: bool) -> List[str]:
    drivers_named = " or ".join("V(%s)" % driver for driver in whose if driver)
    lines = [("Of driver %s. " % drivers_named if drivers_named else "") + field.words]
    if tell_range(field):
        lines.append(tell_range(field)[:1].upper() + tell_range(field)[1:] + ".")
    if field.default_words:
        lines.append("Default: %s." % field.default_words)
    elif drivers_named and plain_default(field) is not None and field.read.shape.type in ("str", "bool", "raw"):
        lines.append("Default: V(%s)." % str(plain_default(field)).lower())
    found = inner(field.read.shape)
    if found and found[1].one_of:
        lines.append("It has exactly one of %s." % ", ".join("V(%s)" % key for key in found[1].one_of))
    if field.required and not required:
        lines.append("Required.")
    if field.provided:
        lines.append("Needed on a host; a fleet's plan provides it.")
    if field.fleet_only:
        lines.append("Only for a fleet's plan.")
    if field.example:
        lines.append("Such as C(%s)." % field.example)
    return lines


def make_fragment() -> str:
    options = {
        "networks": {"suboptions": suboptions_of_networks()},
        "endpoints": {"suboptions": suboptions(ENDPOINT)},
        "links": {"suboptions": suboptions(LINK)},
        "policies": {"suboptions": suboptions(POLICY)},
    }
    return FILE % yaml.safe_dump({"options": options}, sort_keys=False, allow_unicode=True, width=150)
