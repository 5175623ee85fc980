# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests that a text names as PATH::NAME, or ::NAME for another one of the same file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterator, List, Tuple

CHECKOUT = Path(__file__).resolve().parents[2]


def find_named(text: str) -> Iterator[Tuple[str, str]]:
    """Yield file and test of each that a text names."""
    file = ""
    for named in re.finditer(r"(tests/[\w/]+\.py)?::(\w+)", text):
        file = named[1] or file
        yield file, named[2]


def find_missing(text: str) -> List[str]:
    """Return those that are not there."""
    return ["%s::%s" % (file, name) for file, name in find_named(text) if not _is_there(file, name)]


def _is_there(file: str, name: str) -> bool:
    path = CHECKOUT / file
    return bool(file) and path.is_file() and "def %s(" % name in path.read_text(encoding="utf-8")
