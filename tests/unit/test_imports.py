# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which folder of the engine may import which: the table in CONTRIBUTING.md, as a test."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path
from typing import Dict, FrozenSet, Iterator, List, Tuple

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
COLLECTION = "ansible_collections.netloom.container_net.plugins."

# Folder of module_utils -> what it may import of its neighbours: a folder, or one file of it.
MAY_IMPORT: Dict[str, FrozenSet[str]] = {
    "_model": frozenset(),
    "_schema": frozenset({"_model"}),
    "_kinds": frozenset({"_model"}),
    "_document": frozenset({"_model", "_schema", "_drivers"}),
    "_drivers": frozenset({"_model", "_schema", "_kinds", "_document.entry", "_document.hints", "_document.scalars", "_document.scene"}),
    "_compile": frozenset({"_model", "_kinds", "_drivers"}),
    "_plan": frozenset({"_model"}),
    "_firewall": frozenset({"_model"}),
    "_runtime": frozenset({"_model"}),
    "_probe": frozenset({"_model", "_runtime"}),
    "_kernel": frozenset({"_model", "_kinds", "_plan.step", "_runtime"}),
    "_actuators": frozenset({"_model", "_plan.step", "_firewall", "_kernel", "_runtime"}),
    "_report": frozenset({"_model", "_actuators", "_document", "_firewall", "_kernel", "_plan", "_runtime"}),
    "_engine": frozenset(
        {"_model", "_kinds", "_drivers", "_document", "_compile", "_plan", "_firewall", "_runtime", "_probe", "_kernel", "_actuators", "_report"}
    ),
    "_explain": frozenset({"_model", "_firewall", "_kernel", "_plan", "_report"}),
    "_boot": frozenset({"_model", "_document", "_engine", "_explain", "_firewall", "_kernel", "_plan", "_report", "_runtime"}),
}
EVERYTHING = "_ansible"
CONTROLLER = frozenset({"_model", "_document", "_drivers"})
CONTROLLER_LIBRARIES = frozenset({"yaml"})  # PyYAML comes with Ansible itself
# Beside the standard library: who may import what from outside the collection.
THIRD_PARTY = {"_kernel/netlink.py": "pyroute2"}
ANSIBLE = "ansible.module_utils"


def imported(source: str, package: Tuple[str, ...]) -> Iterator[Tuple[int, str, bool]]:
    """Yield line, dotted name and whether it is relative, for each import; a relative name is made absolute from `package`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, False
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.lineno, node.module or "", False
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            if node.module:
                yield node.lineno, ".".join((*base, node.module)), True
            else:
                for alias in node.names:
                    yield node.lineno, ".".join((*base, alias.name)), True


def _is_standard(name: str) -> bool:
    if sys.version_info >= (3, 10):
        return name.split(".")[0] in sys.stdlib_module_names
    # Python 3.9 has no such list; newer interpreters make this check in full.
    return name.split(".")[0] not in ("ansible", "ansible_collections", "jinja2", "jmespath", "netaddr", "pyroute2", "yaml")


def _allowed(name: str, allowed: FrozenSet[str]) -> bool:
    return any(name == item or name.startswith(item + ".") for item in allowed)


def faults_of_engine(root: Path) -> List[str]:
    """Check every file below a module_utils folder."""
    faults = []
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(root)
        shown = relative.as_posix()
        folder = relative.parts[0]
        if folder != EVERYTHING and folder not in MAY_IMPORT:
            faults.append("%s: folder %s is not in the table of import rules" % (shown, folder))
            continue
        for line, name, is_relative in imported(path.read_text(encoding="utf-8"), relative.parts[:-1]):
            where = "%s:%d imports %s" % (shown, line, name)
            if is_relative:
                if name.split(".")[0] != folder and folder != EVERYTHING and not _allowed(name, MAY_IMPORT[folder]):
                    faults.append(where)
            elif name.startswith("ansible_collections."):
                faults.append(where + "; inside module_utils imports are relative")
            elif not (_is_standard(name) or THIRD_PARTY.get(shown) == name.split(".")[0] or (folder == EVERYTHING and _allowed(name, frozenset({ANSIBLE})))):
                faults.append(where)
    return faults


def faults_of_controller(root: Path) -> List[str]:
    """Check every file below a plugin_utils folder: pure, and only the model and the document of the engine."""
    faults = []
    for path in sorted(root.rglob("*.py")):
        package = ("ansible_collections", "netloom", "container_net", "plugins", "plugin_utils", *path.relative_to(root).parts[:-1])
        for line, name, _is_relative in imported(path.read_text(encoding="utf-8"), package):
            own = name[len(COLLECTION) :] if name.startswith(COLLECTION) else ""
            if own.startswith("plugin_utils.") or _is_standard(name) or _allowed(name, CONTROLLER_LIBRARIES):
                continue
            if not own.startswith("module_utils.") or not _allowed(own[len("module_utils.") :], CONTROLLER):
                faults.append("%s:%d imports %s" % (path.relative_to(root).as_posix(), line, name))
    return faults


def test_engine_keeps_the_rules() -> None:
    assert faults_of_engine(PLUGINS / "module_utils") == []


def test_a_host_imports_all_it_may_get() -> None:
    for path in sorted([*PLUGINS.glob("modules/*.py"), *PLUGINS.glob("module_utils/**/*.py")]):
        inside = path.relative_to(PLUGINS).with_suffix("")
        importlib.import_module(COLLECTION + ".".join(inside.parts))


def test_controller_part_keeps_the_rules() -> None:
    assert faults_of_controller(PLUGINS / "plugin_utils") == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("_model/a.py", "from .._plan.step import Step"),
        ("_plan/a.py", "from .._kernel import wire"),
        ("_plan/a.py", "from .._kinds.veth import Veth"),
        ("_kinds/a.py", "from .._kernel.netlink import Attributes"),
        ("_plan/a.py", "from .. import _kernel"),
        ("_kernel/a.py", "from .._plan.planner import plan"),
        ("_kernel/a.py", "import pyroute2"),
        ("_compile/a.py", "import yaml"),
        ("_firewall/a.py", "from ansible.module_utils.basic import AnsibleModule"),
        ("_runtime/deep/a.py", "from ..._kernel.door import Door"),
        ("_ansible/a.py", "from ansible.plugins.action import ActionBase"),
        ("_ansible/a.py", "import pyroute2.netlink"),
        ("_document/a.py", "from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link"),
        ("_document/a.py", "def late():\n    from .._compile.bridge import compile_bridge"),
        ("_elsewhere/a.py", "import os"),
    ],
)
def test_a_breach_in_the_engine_is_found(tmp_path: Path, path: str, line: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(line + "\n")
    assert len(faults_of_engine(tmp_path)) == 1


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("_kernel/netlink.py", "from pyroute2.netlink.rtnl.rtmsg import rtmsg"),
        ("_kernel/a.py", "from .._plan.step import Step\nfrom .door import Door\nfrom . import wire"),
        ("_runtime/deep/a.py", "from ..._model.names import digest\nfrom ..shallow import x"),
        ("_ansible/a.py", "from ansible.module_utils.basic import AnsibleModule\nfrom .._kernel.door import Door"),
    ],
)
def test_a_lawful_import_passes(tmp_path: Path, path: str, line: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(line + "\n")
    assert faults_of_engine(tmp_path) == []


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("from ansible.errors import AnsibleError", 1),
        (f"from {COLLECTION}module_utils._plan.step import Step", 1),
        ("from ...module_utils._kernel.netlink import link_message", 1),
        (f"from {COLLECTION}module_utils._model.names import digest", 0),
        ("from ...module_utils._document.parse import parse_document", 0),
        ("from .lock import Lock", 0),
        ("import ipaddress", 0),
    ],
)
def test_breaches_of_the_controller_part(tmp_path: Path, line: str, count: int) -> None:
    (tmp_path / "fleet").mkdir()
    (tmp_path / "fleet" / "a.py").write_text(line + "\n")
    assert len(faults_of_controller(tmp_path)) == count
