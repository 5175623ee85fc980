# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print the table of threats with what became of each attack: threat_matrix.py TABLE NOTES, which harness/threats.py wrote."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Any, Dict, List, Set, Tuple

import yaml

BACKENDS = ("iptables-nft", "iptables-legacy", "nftables")
HELD, OPEN, NONE = "held", "OPEN", "-"
WIDTH = 80


def read_notes(path: Path) -> Dict[Tuple[str, int, str], bool]:
    """Return which cells held; one holds only where every note of it does."""
    found: Dict[Tuple[str, int, str], bool] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row, family, backend, held = json.loads(line)
        found[row, family, backend] = found.get((row, family, backend), True) and held
    return found


def draw(rows: List[Dict[str, Any]], notes: Dict[Tuple[str, int, str], bool]) -> List[str]:
    lines = [" " * 5 + "".join("%-18s" % name for name in BACKENDS), " " * 5 + "IPv4     IPv6     " * len(BACKENDS)]
    for row in rows:
        held = [notes.get((row["id"], family, backend)) for backend in BACKENDS for family in (4, 6)]
        cells = [NONE if cell is None else HELD if cell else OPEN for cell in held]
        lines.append(("%-5s" % row["id"] + "".join("%-9s" % cell for cell in cells)).rstrip())
    lines = [line.rstrip() for line in [*lines, ""]]
    for row in rows:
        lines += textwrap.wrap("%s: %s" % (row["id"], row["attack"].replace("``", "")), WIDTH, subsequent_indent="    ")
        if "not_held" in row:
            lines += textwrap.wrap(row["not_held"].replace("``", ""), WIDTH, initial_indent="    Not held: ", subsequent_indent="    ")
        for test in row.get("shown_by", ()):
            lines.append("    shown by %s" % test)
    return lines


def find_gaps(rows: List[Dict[str, Any]], notes: Dict[Tuple[str, int, str], bool]) -> List[str]:
    """Return what is open, and what nobody asked though no exception is written down."""
    asked: Set[str] = {row for row, _family, _backend in notes}
    gaps = ["%s is open over IPv%d with %s" % cell for cell, held in sorted(notes.items()) if not held]
    gaps += ["%s was not played" % row["id"] for row in rows if row["id"] not in asked and not (row.get("not_held") or row.get("shown_by"))]
    excused = {row["id"] for row in rows if row.get("not_held")}
    cells = [(row, family, backend) for row in sorted(asked - excused) for family in (4, 6) for backend in BACKENDS]
    return gaps + ["%s was not played over IPv%d with %s" % cell for cell in cells if cell not in notes]


def main() -> int:
    table, path = map(Path, sys.argv[1:])
    rows = yaml.safe_load(table.read_text(encoding="utf-8"))
    notes = read_notes(path)
    print("\n".join(["", *draw(rows, notes)]))
    gaps = find_gaps(rows, notes)
    print("\n".join(["", *gaps] if gaps else ["", "every attack is held off, but for what is said above"]))
    return bool(gaps)


if __name__ == "__main__":
    sys.exit(main())
