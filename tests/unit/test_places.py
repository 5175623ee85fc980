# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A place is a type: one file knows how it is written, and one how a namespace is entered."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Iterator, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.place import HOST, KINDS, Place, in_place

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
PLACE = re.compile(r"(?:.*\.)?(?:\w+_)?place")
WRITTEN = re.compile("(?:%s):(?:%%[sd])?" % "|".join(KINDS))


def breaches(source: str) -> Iterator[Tuple[str, int]]:
    """Yield what reads or writes the text of a place, or enters a namespace, in code that is not to know how."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and WRITTEN.fullmatch(node.value):
            yield "writes a place", node.lineno
        elif isinstance(node, ast.Attribute) and node.attr in ("partition", "split") and PLACE.fullmatch(ast.unparse(node.value)):
            yield "reads a place", node.lineno
        elif isinstance(node, ast.Attribute) and node.attr == "setns" and ast.unparse(node.value) not in ("libc",):
            yield "enters a namespace", node.lineno


FILES = [path for path in sorted(PLUGINS.rglob("*.py")) if path.name not in ("place.py", "libc.py")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PLUGINS).as_posix())
def test_nobody_else_knows(path: Path) -> None:
    assert list(breaches(path.read_text(encoding="utf-8"))) == []


PLANTED = [
    'kind, _colon, name = endpoint.place.partition(":")',
    'link.place.split(":", 1)[1]',
    'place = "netns:" + name',
    'place.startswith("docker:")',
    '"path:%s" % path',
    "ctypes.CDLL(None).setns(fd, 0)",
]


@pytest.mark.parametrize("source", PLANTED)
def test_a_breach_is_found(source: str) -> None:
    assert list(breaches(source))


@pytest.mark.parametrize("kind", KINDS)
def test_a_place_has_two_parts(kind: str) -> None:
    place = Place.of(kind, "/run/a:b")
    assert (place, place.kind, place.reference) == (kind + ":/run/a:b", kind, "/run/a:b")
    assert place.is_named == (kind == "netns")
    assert in_place(place) == " in /run/a:b"


def test_the_host_has_none() -> None:
    assert (HOST, HOST.kind, HOST.reference, HOST.is_named, in_place(HOST)) == ("", "", "", False, "")
