# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a text asks an object for its class, or for the word for it, instead of asking it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, FrozenSet, Iterator, List, Set, Tuple

PLUGINS = Path(__file__).resolve().parents[4] / "plugins"


@dataclass(frozen=True)
class Asking:
    """Which classes must not be asked for: those of `home`, imported from modules that `defines` tells, of objects that are called `holders`."""

    home: Tuple[str, ...]
    classes: FrozenSet[str]
    holders: FrozenSet[str]
    word: str  # the attribute that names the class
    defines: Callable[[str], bool]

    def faults(self, source: str) -> List[str]:
        """Return the lines that do more with a class than make one or annotate, or ask an object for its class or the word for it."""
        tree = ast.parse(source)
        imported = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and self.defines(node.module or "")
            for alias in node.names
            if alias.name in self.classes
        }
        return ["line %d" % line for line in sorted({*_classes(tree, imported), *self._types(tree), *self._words(tree)})]

    def breaches(self, but: FrozenSet[str] = frozenset()) -> Dict[str, List[str]]:
        """Return the faults of each file of the plugins outside `home`."""
        found = {}
        for path in sorted(PLUGINS.rglob("*.py")):
            relative = path.relative_to(PLUGINS)
            if relative.parts[:2] != self.home and relative.as_posix() not in but:
                found[relative.as_posix()] = self.faults(path.read_text(encoding="utf-8"))
        assert len(found) > 200
        return {path: lines for path, lines in found.items() if lines}

    def _is_held(self, node: ast.AST) -> bool:
        return (node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else "") in self.holders

    def _types(self, tree: ast.AST) -> Iterator[int]:
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "type"
                and len(node.args) == 1
                and self._is_held(node.args[0])
            ):
                yield node.lineno
            elif isinstance(node, ast.Attribute) and node.attr == "__class__" and self._is_held(node.value):
                yield node.lineno

    def _words(self, tree: ast.AST) -> Iterator[int]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare):
                parts = (node.left, *node.comparators)
                asked = any(isinstance(part, ast.Attribute) and part.attr == self.word and self._is_held(part.value) for part in parts)
                if asked and any(isinstance(inner, ast.Constant) and isinstance(inner.value, str) for part in parts for inner in ast.walk(part)):
                    yield node.lineno


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
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and not node.value.id.isupper():
            fine.update(ast.walk(node.slice))  # a type of types
    yield from (node.lineno for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in names and node not in fine)
