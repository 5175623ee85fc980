# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an editor is told of a declaration: all examples pass, bad input is refused, and nothing is that a run would take."""

from __future__ import annotations

import ast
import copy
import json
import random
import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest
import yaml
from ansible_collections.netloom.container_net.docs.generate.json_schema import slug
from ansible_collections.netloom.container_net.docs.generate.maps import Map, drivers, list_maps, plain_default
from ansible_collections.netloom.container_net.plugins.module_utils._document.network import COMMON, network_schema
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError
from ansible_collections.netloom.container_net.plugins.module_utils._schema.reading import Shape
from ansible_collections.netloom.container_net.plugins.module_utils._schema.schema import Schema
from bad_documents import CASES, document_of

jsonschema = pytest.importorskip("jsonschema", reason="no jsonschema here: the schema is for editors, and tested beside the controller")

ROOT = Path(__file__).resolve().parents[5]
SCHEMA: Dict[str, Any] = json.loads((ROOT / "docs" / "schema" / "container_net.schema.json").read_text(encoding="utf-8"))
DEFINED: Dict[str, Any] = SCHEMA["$defs"]
VARIABLES = jsonschema.Draft7Validator(SCHEMA)
TOPOLOGY = jsonschema.Draft7Validator({"$ref": "#/$defs/topology", "$defs": DEFINED})
LISTS = ("networks", "endpoints", "links", "policies")


def faults(document: Any) -> List[str]:
    """Return what the schema refuses of the arguments of topology."""
    return [error.message for error in TOPOLOGY.iter_errors({key: value for key, value in document.items() if key in LISTS})]


def test_the_schema_itself_is_valid() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def maps_in(node: Any) -> Iterator[Dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from maps_in(value)


def declarations(text: str, where: str) -> Iterator[Tuple[str, Any, Dict[str, Any]]]:
    """Yield the variables and the arguments of topology that a YAML file holds, wherever they stand in it."""
    for document in yaml.safe_load_all(text):
        for found in maps_in(document):
            if found.keys() & SCHEMA["properties"].keys():
                yield where, VARIABLES, found
            if isinstance(found.get("netloom.container_net.topology"), dict):
                yield where, TOPOLOGY, found["netloom.container_net.topology"]


def examples() -> Iterator[Tuple[str, Any, Dict[str, Any]]]:
    for folder in ("examples", "molecule", "playbooks", "roles", "tests/lab", "tests/vm"):
        for path in sorted((ROOT / folder).rglob("*.yml")):
            if "lock" not in path.name and path.name != "argument_specs.yml":
                yield from declarations(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    for path in sorted((ROOT / "plugins" / "modules").glob("*.py")):
        for text in re.findall(r'^EXAMPLES = r?"""(.*?)^"""', path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            yield from declarations(text, path.name)
    for path in [ROOT / "README.md", *sorted((ROOT / "docs" / "docsite" / "rst").glob("*.rst")), *sorted((ROOT / "roles").glob("*/README.md"))]:
        text = path.read_text(encoding="utf-8")
        blocks = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        blocks += [re.sub("^  ", "", block, flags=re.MULTILINE) for block in re.findall(r"^\.\. code-block:: yaml\n\n((?:  .*\n|\n)+)", text, re.MULTILINE)]
        for block in blocks:
            yield from declarations(block, path.name)


EXAMPLES = list(examples())


def test_every_example_passes() -> None:
    wrong = ["%s: %s" % (where, error.message[:300]) for where, validator, found in EXAMPLES for error in validator.iter_errors(found)]
    assert wrong == []
    places = {where.partition("/")[0] for where, _validator, _found in EXAMPLES}
    assert {"examples", "molecule", "topology.py", "bridge_networks.rst"} <= places
    assert len(EXAMPLES) > 60


# What the reader says where a schema knows the rule as well.
SIMPLE = ("unknown key", "this key belongs to", "expected a boolean", "expected an integer", "expected a list", "expected a map", "must be ", "choices: ")
SIMPLE += ("required key", "null is not allowed", "empty text", "exactly one of", "state: absent takes only", "an interface name has 1 to")


def knows(case: Dict[str, Any]) -> bool:
    try:
        read_document(document_of(case))
    except InputError as error:
        return any(problem.rule.startswith(SIMPLE) for problem in error.problems)
    return False


BAD = [case for case in CASES if knows(case)]
# To a schema 1.5e3 is an integer; numbers as text have no range; and a fleet's plan provides the rest.
UNKNOWN_TO_A_SCHEMA = frozenset(("mtu-exponent", "vni-text-out-of-range", "vni-missing", "vtep-missing"))


@pytest.mark.parametrize("case", BAD, ids=[case["id"] for case in BAD])
def test_a_bad_document_is_refused(case: Dict[str, Any]) -> None:
    assert bool(faults(document_of(case))) == (case["id"] not in UNKNOWN_TO_A_SCHEMA)


def test_many_bad_documents_are_refused() -> None:
    assert len(BAD) >= 100
    assert sum(bool(faults(document_of(case))) for case in CASES) >= 200


VALUES: List[Any] = [None, True, False, 0, 5, 4200, "5", "x", "web", "10.0.0.1", "10.20.0.9", "10.20.0.0/24", "fd00::/64", [], {}, ["x"], [5], "none", "auto"]
VALUES += [
    "host",
    "absent",
    {"netns": "x"},
    {"a": "b"},
    "80:80",
    ["80:80"],
    "l2",
    ["10.20.0.0/24"],
    "02:00:00:00:00:09",
    {"net.ipv4.conf.IFNAME.forwarding": 1},
]


def mutants(source: random.Random, count: int) -> Iterator[Dict[str, Any]]:
    keys = sorted({key for item in list_maps() for key in item.schema.keys})
    whole = [document for document in map(document_of, CASES) if isinstance(document, dict)]
    for _unused in range(count):
        document = copy.deepcopy(source.choice(whole))
        for node in source.choices(list(maps_in(document)), k=2):
            if source.random() < 0.5 and node:
                del node[source.choice(sorted(node, key=str))]
            else:
                node[source.choice(keys)] = copy.deepcopy(source.choice(VALUES))
        yield document


def test_what_a_run_takes_is_not_refused() -> None:
    taken = 0
    for document in mutants(random.Random(7), 2500):
        try:
            read_document(document)
        except InputError:
            continue
        taken += 1
        assert faults(document) == [], document
    assert taken > 100


def kinds(definition: Dict[str, Any]) -> List[str]:
    """Return the types of a value by the schema, in Ansible's words."""
    found = []
    for one in definition["anyOf"]:
        if one.get("$ref", "").rpartition("/")[2] in ("template", "number"):
            continue
        word = "object" if "$ref" in one else "string" if "enum" in one else one["type"]
        found.append({"object": "dict", "string": "str", "integer": "int", "boolean": "bool", "array": "list"}[word])
    return found


def flat(shape: Shape) -> List[Shape]:
    return [one for part in shape.either for one in flat(part)] if shape.either else [shape]


def schemas() -> Iterator[Tuple[str, Schema]]:
    for item in list_maps():
        if (item.schema is not COMMON and not item.driver) or item.schema.name not in ("driver " + item.driver, COMMON.name):
            yield slug(item.schema.name), item.schema
    for name in drivers():
        yield "network_of_driver_" + name, network_schema(name)


@pytest.mark.parametrize(("name", "schema"), list(schemas()), ids=[name for name, _schema in schemas()])
def test_every_key_has_the_type_default_choices_and_range_of_its_field(name: str, schema: Schema) -> None:
    definition = DEFINED[name]
    assert definition["additionalProperties"] is False
    assert definition["properties"].keys() == schema.keys
    for field in schema.fields:
        said, shapes = definition["properties"][field.key], flat(field.read.shape)
        assert kinds(said) == [shape.type for shape in shapes], field.key
        assert [one["enum"] for one in said["anyOf"] if "enum" in one] == [list(shape.choices) for shape in shapes if shape.choices]
        ranges = [(one["minimum"], one["maximum"]) for one in said["anyOf"] if one.get("type") == "integer" and "minimum" in one]
        assert ranges == [(shape.low, shape.high) for shape in shapes if shape.low is not None]
        assert said.get("default") == plain_default(field)


def test_every_map_is_there() -> None:
    assert isinstance(next(list_maps()), Map)
    named = {name for name, _schema in schemas()}
    assert named | {"template", "number", "network", "topology"} == DEFINED.keys()


def test_the_arguments_of_topology_are_those_of_the_module() -> None:
    tree = ast.parse((ROOT / "plugins" / "modules" / "topology.py").read_text(encoding="utf-8"))
    (documented,) = [
        yaml.safe_load(ast.literal_eval(node.value))["options"]
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION"
    ]
    assert documented.keys() | {"diff_detail"} == DEFINED["topology"]["properties"].keys()
    assert DEFINED["topology"]["additionalProperties"] is False


def test_a_template_may_stand_for_anything() -> None:
    web = {"name": "web", "driver": "{{ driver }}", "mtu": "{{ mtu }}", "ipam_config": "{{ subnets }}", "internal": "{{ closed }}"}
    assert VARIABLES.is_valid({"fleet_networks": [web], "fleet_endpoints": "{{ all_of_them }}", "fleet_wait_timeout": "{{ patience }}", "other": 1})
    assert not VARIABLES.is_valid({"fleet_networks": [{"name": "web", "mtu": "large"}]})
    assert not VARIABLES.is_valid({"fleet_state": "gone"})
