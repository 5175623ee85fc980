# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JSON schema of a variables file, for editors. It refuses nothing that the reader takes."""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

from ...plugins.module_utils._document.endpoint import CONTAINER, ENDPOINT
from ...plugins.module_utils._document.modes import HOST, SHARED
from ...plugins.module_utils._document.network import COMMON, DRIVER, network_schema
from ...plugins.module_utils._document.state import STATE
from ...plugins.module_utils._drivers.table import DRIVERS, USUAL
from ...plugins.module_utils._schema.reading import Shape
from ...plugins.module_utils._schema.schema import Field, Schema
from .ansible_options import module_options, role_options
from .maps import list_maps, plain, plain_default, tell_range

Json = Dict[str, Any]
ADDRESS = "https://raw.githubusercontent.com/netloom/container_net/main/docs/schema/container_net.schema.json"
TEMPLATE = r"\{\{"  # what Jinja makes of it is not known here
TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
LISTS = {"networks": "network", "endpoints": "an endpoint", "links": "a link", "policies": "a policy"}


def _ref(name: str) -> Json:
    return {"$ref": "#/$defs/" + slug(name)}


def slug(name: str) -> str:
    return name.replace(" ", "_")


def _alternatives(shape: Shape) -> Iterator[Json]:
    if shape.either:
        for one in shape.either:
            yield from _alternatives(one)
    elif shape.choices:
        yield {"enum": list(shape.choices)}
    elif shape.schema is not None:
        yield _ref(shape.schema.name)
    elif shape.values is not None:
        yield {"type": "object", "propertyNames": {"pattern": "^(?:%s)$" % shape.names}, "additionalProperties": value(shape.values)}
    elif shape.elements is not None:
        yield {"type": "array", "items": value(shape.elements)}
    elif shape.type == "int":
        limits = {"minimum": shape.low, "maximum": shape.high}
        yield {"type": "integer", **{word: limit for word, limit in limits.items() if limit is not None}}
        yield _ref("number")
    elif shape.type == "bool":
        yield {"type": "boolean"}
    else:
        yield {"type": "string", "pattern": "^(?:%s)$" % (shape.pattern or ".+")}


def value(shape: Shape) -> Json:
    """Return what a value may be: what the reader takes, or a template."""
    return {"anyOf": [*_alternatives(shape), _ref("template")]}


def _property(field: Field[Any]) -> Json:
    words = [plain(field.words)]
    if tell_range(field):
        words.append("%s." % tell_range(field))
    if field.default_words:
        words.append("Default: %s." % plain(field.default_words))
    found: Json = {"description": " ".join(words), **value(field.read.shape)}
    default = plain_default(field)
    return found if default is None else {**found, "default": default}


def object_of(schema: Schema) -> Json:
    """Return a map with all of its keys, whether present or absent."""
    found: Json = {
        "type": "object",
        "additionalProperties": False,
        "properties": {field.key: _property(field) for field in schema.fields},
    }
    rules: List[Json] = []
    if schema.one_of:
        found["oneOf"] = [{"required": [key]} for key in schema.one_of]
    if schema.absent:
        absent = {"propertyNames": {"enum": [*schema.absent, STATE.key]}, "required": [schema.absent[0]]}
        rules.append(_if({STATE.key: {"const": "absent"}}, absent, {"required": list(schema.required)}))
    elif schema.required:
        found["required"] = list(schema.required)
    return {**found, "allOf": rules} if rules else found


def _if(properties: Json, then: Json, otherwise: Json) -> Json:
    return {"if": {"properties": properties, "required": list(properties)}, "then": then, "else": otherwise}


def _endpoint() -> Json:
    """Return an endpoint, which needs a container unless it has another's namespace."""
    found = object_of(ENDPOINT)
    (rule,) = found["allOf"]
    mode = {"network_mode": {"type": "string", "pattern": "^(?:%s$|%s)|%s" % (HOST, SHARED, TEMPLATE)}}
    rule["else"] = {**rule["else"], "allOf": [_if(mode, {}, {"required": [CONTAINER.key]})]}
    return found


def _network() -> Json:
    """Return a network, whose other keys are those of its driver."""
    rules = []
    for name in DRIVERS:
        named = {"properties": {DRIVER.key: {"const": name}}, "required": [] if name == USUAL else [DRIVER.key]}
        rules.append({"if": named, "then": _ref("network of driver %s" % name)})
    return {"type": "object", "properties": {DRIVER.key: _property(DRIVER)}, "allOf": rules}


def definitions() -> Json:
    found: Json = {
        "template": {"type": "string", "pattern": TEMPLATE},
        "number": {"type": "string", "pattern": "^(?:0|-?[1-9][0-9]*)$", "description": "A number as text, as templates give it."},
        "network": _network(),
        slug(ENDPOINT.name): _endpoint(),
    }
    for name in DRIVERS:
        found[slug("network of driver %s" % name)] = object_of(network_schema(name))
    for item in list_maps():
        if item.schema is not ENDPOINT and item.schema is not COMMON and not item.schema.name.startswith("driver "):
            found[slug(item.schema.name)] = object_of(item.schema)
    found["topology"] = {"type": "object", "additionalProperties": False, "properties": dict(_options(module_options("topology")))}
    return found


def _options(options: Mapping[str, Mapping[str, Any]], prefix: str = "") -> Iterator[Tuple[str, Json]]:
    """Yield what Ansible documents of options or variables, and the lists of the declaration among them."""
    for name, option in options.items():
        words = {"description": plain(" ".join(_sentences(option["description"])))}
        kind = name[len(prefix) :]
        if kind in LISTS:
            yield name, {**words, "anyOf": [{"type": "array", "items": _ref(LISTS[kind])}, {"type": "null"}, _ref("template")]}
        elif option["type"] in TYPES:
            allowed: Json = {"enum": option["choices"]} if "choices" in option else {"type": TYPES[option["type"]]}
            yield name, {**words, "anyOf": [allowed, _ref("template")]}
        else:
            yield name, words


def _sentences(description: Any) -> Sequence[str]:
    return [description] if isinstance(description, str) else list(description)


def _variables() -> Iterator[Tuple[str, Json]]:
    """Yield the variables of the roles that take a declaration."""
    for role, options in role_options():
        if any(name == "%s_%s" % (role, kind) for name in options for kind in LISTS):
            yield from _options(options, role + "_")


def make_json_schema() -> str:
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": ADDRESS,
        "$comment": "Made from the schema of the declaration: `make generate` writes it anew.",
        "title": "Variables of netloom.container_net",
        "type": "object",
        "properties": dict(_variables()),
        "$defs": definitions(),
    }
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
