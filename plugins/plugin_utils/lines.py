# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Text that `debug` prints on a terminal of 80 columns."""

from __future__ import annotations

import textwrap
from typing import List, Sequence, Tuple

# `debug` puts eight spaces and a quotation mark before each line of a list, and a quotation mark and a comma behind it.
WIDTH = 80 - 11


def fold(text: str, indent: int = 0) -> List[str]:
    """Return the text in lines that fit; those after the first stand two columns further in. What JSON would escape is written otherwise."""
    plain = "".join(char if char.isprintable() else "?" for char in text.replace('"', "'").replace("\\", "/"))
    return [" " * indent + line for line in textwrap.wrap(plain, WIDTH - indent, subsequent_indent="  ", break_on_hyphens=False)]


def tabulate(title: str, columns: Sequence[str], rows: Sequence[Tuple[str, Sequence[int]]]) -> List[str]:
    """Return a table of numbers with the words at the left; words that are too long are folded."""
    widths = [max(len(column), *(len(str(numbers[index])) for _word, numbers in rows)) + 2 for index, column in enumerate(columns)]
    room = WIDTH - sum(widths)
    found: List[str] = []
    for word, cells in [(title, columns), *(("  " + word, [str(number) for number in numbers]) for word, numbers in rows)]:
        *above, last = textwrap.wrap(word, room, subsequent_indent="    ", break_on_hyphens=False, drop_whitespace=False) or [""]
        found += [line.rstrip() for line in above]
        found.append(last.rstrip().ljust(room) + "".join(cell.rjust(width) for cell, width in zip(cells, widths)))
    return found
