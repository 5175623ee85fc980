# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-doc and the guides say of each key is what its field says."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest
import yaml
from ansible_collections.netloom.container_net.docs.generate.__main__ import list_old
from ansible_collections.netloom.container_net.docs.generate.maps import inner, list_maps, plain_default
from ansible_collections.netloom.container_net.docs.generate.page import REFERENCE
from ansible_collections.netloom.container_net.plugins.doc_fragments.declaration import ModuleDocFragment
from ansible_collections.netloom.container_net.plugins.module_utils._document.network import COMMON
from ansible_collections.netloom.container_net.plugins.module_utils._schema.reading import Shape
from ansible_collections.netloom.container_net.plugins.module_utils._schema.schema import Field

ROOT = Path(__file__).resolve().parents[5]
GUIDES = sorted(path for path in (ROOT / "docs" / "docsite" / "rst").glob("*.rst") if path.stem != "declaration")
OPTIONS: Dict[str, Any] = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]


def test_what_is_made_from_the_schema_is_not_out_of_date() -> None:
    assert list_old() == [], "run make generate"


def test_only_what_is_documented_of_the_declaration_comes_from_the_fragment() -> None:
    """The module itself says what the lists are, and leaves their values alone."""
    tree = ast.parse((ROOT / "plugins" / "modules" / "topology.py").read_text(encoding="utf-8"))
    (text,) = [node.value for node in tree.body if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION"]
    module = yaml.safe_load(ast.literal_eval(text))
    assert "netloom.container_net.declaration" in module["extends_documentation_fragment"]
    for name, option in OPTIONS.items():
        assert option.keys() == {"suboptions"}
        assert module["options"][name]["type"] == "raw"


def test_ansible_doc_shows_them_below_the_options_of_the_module() -> None:
    pytest.importorskip("ansible.cli", reason="a managed host has no ansible-doc")
    collections = next(path for path in sys.path if (Path(path) / "ansible_collections" / "netloom" / "container_net").is_dir())
    command = [sys.executable, "-m", "ansible", "doc", "--json", "--type", "module", "netloom.container_net.topology"]
    shown = subprocess.run(command, env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": collections}, check=True, capture_output=True, text=True, timeout=60).stdout
    options = json.loads(shown)["netloom.container_net.topology"]["doc"]["options"]
    for name, option in OPTIONS.items():
        assert (options[name]["type"], options[name]["suboptions"]) == ("raw", option["suboptions"])
        assert options[name]["description"]


def owned() -> Iterator[Tuple[str, str, List[Field[Any]]]]:
    """Yield each key by the path of its map, with the fields that are documented there; several drivers may have one."""
    found: Dict[Tuple[str, str], List[Field[Any]]] = {}
    for item in list_maps():
        for field in item.schema.fields:
            found.setdefault((item.path, field.key), []).append(field)
    for (path, key), fields in found.items():
        yield path, key, fields


def options_at(path: str) -> Dict[str, Any]:
    found: Dict[str, Any] = OPTIONS
    for key in re.sub(r"\[\]", "", path).split("."):
        found = found[key]["suboptions"]
    return found


def all_choices(shape: Shape) -> List[Any]:
    parts = [all_choices(part) for part in shape.either]
    if parts:
        return [choice for part in parts for choice in part] if all(parts) else []
    return [True, False] if shape.type == "bool" else list(shape.choices)


KEYS = list(owned())


@pytest.mark.parametrize(("path", "key", "fields"), KEYS, ids=["%s.%s" % row[:2] for row in KEYS])
def test_ansible_doc_has_the_type_default_and_choices_of_every_key(path: str, key: str, fields: List[Field[Any]]) -> None:
    said, shapes = options_at(path)[key], [field.read.shape for field in fields]
    types = {(shape.type, shape.elements.type if shape.elements else None) for shape in shapes}
    assert (said["type"], said.get("elements")) == (types.pop() if len(types) == 1 else ("raw", None))
    choices = [choice for shape in shapes for choice in (all_choices(shape) if shape.type != "bool" else [])]
    if all(all_choices(shape) for shape in shapes) and said["type"] != "bool":
        assert said["choices"] == list(dict.fromkeys(choices))
    else:
        assert "choices" not in said
    defaults = [plain_default(field) for field in fields]
    assert said.get("default") == (defaults[0] if all(default == defaults[0] for default in defaults) else None)
    maps = sum(item.path == path and item.schema is not COMMON for item in list_maps())
    assert said.get("required", False) == (all(field.required for field in fields) and (len(fields) == maps or fields[0] in COMMON.fields))
    assert all("Required." in said["description"] for field in fields if field.required and "required" not in said)
    for field in fields:
        assert any(field.words in line for line in said["description"])
        if inner(field.read.shape) is None and len(fields) == 1:
            assert "suboptions" not in said


def test_ansible_doc_has_no_other_key() -> None:
    expected = {(path, key) for path, key, _fields in KEYS}

    def walk(path: str, options: Dict[str, Any]) -> Iterator[Tuple[str, str]]:
        for key, option in options.items():
            yield path, key
            below = [other for other, _key in expected if re.sub(r"\[\]$", "", other) == "%s.%s" % (path, key)]
            if "suboptions" in option:
                yield from walk(below[0], option["suboptions"])

    assert {row for name, option in OPTIONS.items() for row in walk(name + "[]", option["suboptions"])} == expected
    assert len(expected) >= 100


def rows(text: str) -> Iterator[Tuple[str, str]]:
    """Yield key and default of each row of a guide's tables of keys."""
    for table in re.findall(r"  \* - Key\n    - Default\n(?:    .*\n)+((?:(?:  \* |    ).*\n)+)", text):
        yield from re.findall(r"^  \* - ``(\w+)``\n    -[ ]?(.*)$", table, re.MULTILINE)


@pytest.mark.parametrize("guide", GUIDES, ids=[guide.stem for guide in GUIDES])
def test_a_guide_names_no_other_default(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    found = list(rows(text))
    if found:
        assert REFERENCE in text
    for key, default in found:
        said = [str(plain_default(field)).lower() for _path, name, fields in KEYS for field in fields if name == key]
        assert said, key
        literal = re.fullmatch(r"``(\w+)``|(\d+)", default)
        if literal and "NAME" not in default:
            assert {literal[1] or literal[2]} & {*said, *(["true"] if key == "gateway_on_host" else [])}, (key, default, said)


def test_guides_with_tables_are_found() -> None:
    assert sum(bool(list(rows(guide.read_text(encoding="utf-8")))) for guide in GUIDES) >= 5
