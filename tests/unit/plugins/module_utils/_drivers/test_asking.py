# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Outside `_drivers` nobody asks of which driver a network is: he asks the network, or its driver."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Iterator, List, Set

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.table import DRIVERS, find_driver

PLUGINS = Path(__file__).resolve().parents[5] / "plugins"
HOME = ("module_utils", "_drivers")
CLASSES = {find_driver(name).network.__name__ for name in DRIVERS} | {"Network", "ParentNetwork", "Segment", "BridgedSegment"}
HOLDERS = {"network", "segment"}  # what a network and its segment are called


def faults(source: str) -> List[str]:
    """Return where the text does more with a network's class than make one or annotate, or asks a network for its class or the word for its driver."""
    tree = ast.parse(source)
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and ("_drivers" in (node.module or "") or (node.module or "").split(".")[-1] == "network")
        for alias in node.names
        if alias.name in CLASSES
    }
    return ["line %d" % line for line in sorted({*_classes(tree, imported), *_types(tree), *_words(tree)})]


def _classes(tree: ast.AST, names: Set[str]) -> Iterator[int]:
    fine: Set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            fine.add(node.func)
            fine.update(word.value for word in node.keywords if word.arg == "bound")
        elif isinstance(node, (ast.arg, ast.AnnAssign)) and node.annotation is not None:
            fine.update(ast.walk(node.annotation))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns is not None:
            fine.update(ast.walk(node.returns))
        elif isinstance(node, ast.Subscript):
            fine.update(ast.walk(node.slice))
    yield from (node.lineno for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in names and node not in fine)


def _is_network(node: ast.AST) -> bool:
    return (node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else "") in HOLDERS


def _types(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "type" and len(node.args) == 1 and _is_network(node.args[0]):
            yield node.lineno
        elif isinstance(node, ast.Attribute) and node.attr == "__class__" and _is_network(node.value):
            yield node.lineno


def _words(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            parts = (node.left, *node.comparators)
            asked = any(isinstance(part, ast.Attribute) and part.attr == "driver" and _is_network(part.value) for part in parts)
            if asked and any(isinstance(inner, ast.Constant) and isinstance(inner.value, str) for part in parts for inner in ast.walk(part)):
                yield node.lineno


def test_no_file_asks_of_which_driver_a_network_is() -> None:
    found = {}
    for path in sorted(PLUGINS.rglob("*.py")):
        relative = path.relative_to(PLUGINS)
        if relative.parts[:2] != HOME:
            found[relative.as_posix()] = faults(path.read_text(encoding="utf-8"))
    assert len(found) > 200
    assert {path: lines for path, lines in found.items() if lines} == {}


IMPORTS = "from .._drivers.bridge.network import BridgeNetwork\nfrom .._model.network import Network\n"


@pytest.mark.parametrize(
    "line",
    [
        "isinstance(network, BridgeNetwork)",
        "isinstance(network, (int, BridgeNetwork))",
        "isinstance(network, Network)",
        "LANS = (BridgeNetwork,)",
        "COMPILERS = {BridgeNetwork: 1}",
        "BridgeNetwork.driver",
        "type(network) is type(other)",
        "COMPILERS[type(segment.network)]",
        "network.__class__",
        'network.driver == "bridge"',
        'member.network.driver in ("bridge", "overlay")',
    ],
)
def test_a_breach_is_found(line: str) -> None:
    assert faults(IMPORTS + line) == ["line 3"]


@pytest.mark.parametrize(
    "line",
    [
        "BridgeNetwork(name='web')",
        "def make(network: Network) -> BridgeNetwork: ...",
        "Carriers = Sequence[Tuple[str, BridgeNetwork]]",
        "N = TypeVar('N', bound=Network)",
        "network.driver != other.driver",
        "network.is_bridged",
    ],
)
def test_making_one_is_none(line: str) -> None:
    assert faults(IMPORTS + line) == []
