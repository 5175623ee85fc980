# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from typing import Dict, List, Sequence, Set, Tuple

from .check import PASS, Result

PASSED, REFUSED, BOTH, WRONG, NONE = "ok", "--", "+-", "!!", "."
LEGEND = "ok passes, -- is refused as expected, +- some of both as expected, !! not as expected, . not checked"


def render_matrix(results: Sequence[Result]) -> str:
    """Return a text table: rows are where checks start, columns where they lead."""
    rows: List[str] = []
    columns: List[str] = []
    cells: Dict[Tuple[str, str], Set[str]] = {}
    for result in results:
        row, column = result.check.origin.label, result.check.target
        if row not in rows:
            rows.append(row)
        if column not in columns:
            columns.append(column)
        sign = WRONG if not result.ok else PASSED if result.outcome.outcome == PASS else REFUSED
        cells.setdefault((row, column), set()).add(sign)
    if not rows:
        return ""
    table = [["from / to", *columns]]
    table += [[row, *(_cell(cells.get((row, column), set())) for column in columns)] for row in rows]
    widths = [max(len(line[index]) for line in table) for index in range(len(table[0]))]
    lines = ["  ".join(word.ljust(width) for word, width in zip(line, widths)).rstrip() for line in table]
    return "\n".join([*lines, LEGEND])


def _cell(signs: Set[str]) -> str:
    if WRONG in signs:
        return WRONG
    if len(signs) > 1:
        return BOTH
    return next(iter(signs), NONE)
