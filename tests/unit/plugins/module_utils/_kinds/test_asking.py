# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Outside `_kinds` nobody asks which kind a link is: he asks the kind."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Iterator, List, Set

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.nic import Nic
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.table import KINDS

PLUGINS = Path(__file__).resolve().parents[5] / "plugins"
HOME = ("module_utils", "_kinds")
BASE = "module_utils/_model/kind.py"
CLASSES = {kind.__name__ for kind in (*KINDS.values(), Nic)} | {"LinkKind", "Stacked"}
HOLDERS = {"kind", "nature"}  # what a link's kind is called


def faults(source: str) -> List[str]:
    """Return where the text does more with a kind's class than make one or annotate, or asks a link for its class or the word for it."""
    tree = ast.parse(source)
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and ("_kinds" in (node.module or "") or (node.module or "").endswith("_model.kind"))
        for alias in node.names
        if alias.name in CLASSES
    }
    return ["line %d" % line for line in sorted({*_classes(tree, imported), *_types(tree), *_words(tree)})]


def _classes(tree: ast.AST, names: Set[str]) -> Iterator[int]:
    fine: Set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            fine.add(node.func)
        elif isinstance(node, (ast.arg, ast.AnnAssign)) and node.annotation is not None:
            fine.update(ast.walk(node.annotation))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns is not None:
            fine.update(ast.walk(node.returns))
    yield from (node.lineno for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in names and node not in fine)


def _is_kind(node: ast.AST) -> bool:
    return (node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else "") in HOLDERS


def _types(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "type" and len(node.args) == 1 and _is_kind(node.args[0]):
            yield node.lineno
        elif isinstance(node, ast.Attribute) and node.attr == "__class__" and _is_kind(node.value):
            yield node.lineno


def _words(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            parts = (node.left, *node.comparators)
            asked = any(isinstance(part, ast.Attribute) and part.attr == "kind" and _is_kind(part.value) for part in parts)
            if asked and any(isinstance(inner, ast.Constant) and isinstance(inner.value, str) for part in parts for inner in ast.walk(part)):
                yield node.lineno


def test_no_file_asks_which_kind_a_link_is() -> None:
    found = {}
    for path in sorted(PLUGINS.rglob("*.py")):
        relative = path.relative_to(PLUGINS)
        if relative.parts[:2] != HOME and relative.as_posix() != BASE:
            found[relative.as_posix()] = faults(path.read_text(encoding="utf-8"))
    assert len(found) > 200
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line",
    [
        "isinstance(link.kind, Bridge)",
        "isinstance(link.kind, (int, Bridge))",
        "isinstance(link.kind, LinkKind)",
        "PORTS = (Bridge,)",
        "ORDER = {Bridge: 1}",
        "Bridge.kind",
        "type(link.kind) is type(other)",
        "ORDER[type(kind)]",
        "type(link.nature).__name__",
        "link.kind.__class__",
        'link.kind.kind == "bridge"',
        'link.nature.kind in ("bridge", "vrf")',
        'kind.kind != "bridge"',
    ],
)
def test_a_breach_is_found(line: str) -> None:
    imports = "from .._kinds.bridge import Bridge\nfrom .._model.kind import LinkKind\n"
    assert faults(imports + line) == ["line 3"]


@pytest.mark.parametrize(
    "line",
    ["Bridge(stp=True)", "def make(kind: LinkKind) -> Bridge: ...", "kinds: List[Bridge] = []", "link.nature.has_ports", "type(step.subject)"],
)
def test_making_one_is_none(line: str) -> None:
    assert faults("from .._kinds.bridge import Bridge\nfrom .._model.kind import LinkKind\n" + line) == []
