# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from typing import Dict, List, Sequence, Set, Tuple

from .check import PASS, Result

PASSED, REFUSED, BOTH, WRONG, NONE = "ok", "--", "+-", "!!", "."
LEGEND = "ok passes, -- is refused as expected, +- some of both as expected, !! not as expected, . not checked"


# Where a check starts, where it leads, whether it passed, whether that is right.
Entry = Tuple[str, str, bool, bool]


def render_matrix(results: Sequence[Result]) -> str:
    """Return a text table: rows are where checks start, columns where they lead."""
    return render_entries([(result.check.origin.label, result.check.target, result.outcome.outcome == PASS, result.ok) for result in results])


def render_entries(entries: Sequence[Entry]) -> str:
    rows: List[str] = []
    columns: List[str] = []
    cells: Dict[Tuple[str, str], Set[str]] = {}
    for row, column, passed, ok in entries:
        if row not in rows:
            rows.append(row)
        if column not in columns:
            columns.append(column)
        cells.setdefault((row, column), set()).add(WRONG if not ok else PASSED if passed else REFUSED)
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
