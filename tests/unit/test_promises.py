# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of promises cannot lie: what it says is measured, and where."""

from __future__ import annotations

import re
from typing import List

import pytest
from named_tests import CHECKOUT, find_missing, find_named

PAGE = CHECKOUT / "docs" / "docsite" / "rst" / "promises.rst"
# Each row begins with a star, each of its cells with a dash.
ROWS: List[List[str]] = [
    [" ".join(cell.split()) for cell in re.split(r"^    - ", row, flags=re.MULTILINE)]
    for row in re.split(r"^  \* - ", PAGE.read_text(encoding="utf-8").partition("\nWhich faults")[0], flags=re.MULTILINE)[2:]
]
LEAST = 15


def test_there_is_a_table() -> None:
    assert len(ROWS) >= LEAST
    assert {len(row) for row in ROWS} == {3}


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_promise(row: List[str]) -> None:
    promise, measured, shown = row
    assert promise.endswith(".")
    named = list(find_named(shown))
    assert named
    assert find_missing(shown) == []
    sources = "\n".join((CHECKOUT / file).read_text(encoding="utf-8") for file, _name in named)
    plain = re.sub(r"(?<=\d)_(?=\d)", "", sources)
    for number in re.findall(r"\d[\d,.]*\d|\d", measured):
        assert re.search(r"(?<![\w.])%s(?![\w.]\d)" % re.escape(number.replace(",", "")), plain), number
