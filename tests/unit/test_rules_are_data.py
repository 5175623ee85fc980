# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules are data everywhere but in the folder of the backend that writes them, and there only one function reads the words of a saved one."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Iterator, Tuple

import pytest

UTILS = Path(__file__).resolve().parents[2] / "plugins" / "module_utils"
WORDS = re.compile(r"--(?:dport|sport|comment|to-destination|to-source|ctstate|uid-owner|set-xmark|u32|notrack)\b|(?:^| )-[jgsdio] ")
OURS = re.compile(r"container-net|CNET")
READER = "_firewall/iptables/read.py"


def strings(path: Path) -> Iterator[Tuple[str, str]]:
    """Yield every string of a file that is no docstring, and the function it is handed to."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            yield from ((item.value, called) for item in ast.walk(node) if isinstance(item, ast.Constant) and isinstance(item.value, str))
        elif isinstance(node, (ast.Assign, ast.Compare, ast.Return, ast.Dict, ast.Tuple)):
            yield from ((item.value, "") for item in ast.walk(node) if isinstance(item, ast.Constant) and isinstance(item.value, str))


FILES = sorted(path.relative_to(UTILS).as_posix() for path in UTILS.rglob("*.py"))


@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith("_firewall/iptables/")])
def test_nobody_else_knows_the_words_of_a_tool(name: str) -> None:
    assert [text for text, _called in strings(UTILS / name) if WORDS.search(text)] == []


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("_firewall/")])
def test_no_pattern_looks_for_our_own_rules(name: str) -> None:
    assert [text for text, called in strings(UTILS / name) if called.startswith("re.") and OURS.search(text)] == []
    if name != READER:
        assert [text for text, called in strings(UTILS / name) if called.startswith("re.") and WORDS.search(text) and "comment" not in text] == []


def test_these_would_be_found(tmp_path: Path) -> None:
    path = tmp_path / "file.py"
    path.write_text('A = re.compile(r" --dport ([0-9]+)")\nB = re.compile(r\'--comment "container-net:x"\')\n')
    assert [bool(WORDS.search(text)) for text, called in strings(path) if called == "re.compile"] == [True, True]
    assert any(OURS.search(text) for text, _called in strings(path))
