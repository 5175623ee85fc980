# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`snapshot.py save FILE` and `snapshot.py compare FILE`: has the host this runs on the links, addresses, routes, rules and settings it had?"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "functional"))

from harness.snapshot import differences, take_snapshot


def main(verb: str, file: str) -> str:
    """Save the canonical snapshot, or return what differs from the saved one."""
    if verb == "save":
        Path(file).write_text("\n".join(take_snapshot()) + "\n", encoding="utf-8")
        return ""
    if verb != "compare":
        return "unknown verb %s" % verb
    return differences(Path(file).read_text(encoding="utf-8").splitlines(), take_snapshot())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) or 0)
