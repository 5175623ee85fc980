# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The maps of the declaration, and what is said of their keys wherever they are documented."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from ...plugins.module_utils._document.endpoint import ENDPOINT
from ...plugins.module_utils._document.links import LINK
from ...plugins.module_utils._document.network import COMMON
from ...plugins.module_utils._document.policies import POLICY
from ...plugins.module_utils._drivers.table import DRIVERS, find_driver
from ...plugins.module_utils._schema.reading import Shape
from ...plugins.module_utils._schema.schema import Field, Schema

MARKUP = re.compile(r"[VC]\(([^)]*)\)")


@dataclass(frozen=True)
class Map:
    """One map, and where it stands in a declaration."""

    path: str
    schema: Schema
    driver: str = ""  # the one whose keys these are


def drivers() -> Dict[str, Schema]:
    return {name: find_driver(name).schema for name in DRIVERS}


def list_maps() -> Iterator[Map]:
    """Yield every map, each followed by those inside it."""
    yield from _below(Map("networks[]", COMMON))
    for name, schema in drivers().items():
        yield from _below(Map("networks[]", schema, name))
    yield from _below(Map("endpoints[]", ENDPOINT))
    yield from _below(Map("links[]", LINK))
    yield from _below(Map("policies[]", POLICY))


def _below(outer: Map) -> Iterator[Map]:
    yield outer
    for field in outer.schema.fields:
        found = inner(field.read.shape)
        if found is not None:
            suffix, schema = found
            yield from _below(Map("%s.%s%s" % (outer.path, field.key, suffix), schema, outer.driver))


def inner(shape: Shape) -> Optional[Tuple[str, Schema]]:
    """Return the map with known keys that a value may be or hold, and what to write behind the key for it."""
    if shape.schema is not None:
        return "", shape.schema
    if shape.elements is not None:
        found = inner(shape.elements)
        return ("[]" + found[0], found[1]) if found else None
    return next((found for found in map(inner, shape.either) if found), None)


def plain_default(field: Field[Any]) -> Any:
    """Return the default that is a value, as YAML has it; None where there is none or it is found out."""
    if field.required or field.provided or field.default_words or field.default == "":
        return None
    if field.default == ():
        kinds = {shape.type for shape in (field.read.shape, *field.read.shape.either)}
        return [] if "list" in kinds else {} if kinds == {"dict"} else None
    return list(field.default) if isinstance(field.default, tuple) else field.default


def choices_of(shape: Shape) -> List[Any]:
    """Return all values there are, where they can be counted."""
    if shape.either:
        found = [choices_of(one) for one in shape.either]
        return [choice for one in found for choice in one] if all(found) else []
    return [True, False] if shape.type == "bool" else list(shape.choices)


def tell_range(field: Field[Any]) -> str:
    """Return the unit and the range of a number."""
    shape, unit = field.read.shape, " " + field.unit if field.unit else ""
    return "%d to %d%s" % (shape.low, shape.high, unit) if shape.low is not None and shape.high is not None else ""


def marked(text: str, mark: Callable[[str], str]) -> str:
    """Return words of a field with its values marked in another way."""
    return MARKUP.sub(lambda match: mark(match[1]), text)


def plain(text: str) -> str:
    return marked(text, str)
