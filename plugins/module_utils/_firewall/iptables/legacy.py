# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The older of the kernel's two interfaces for iptables."""

from __future__ import annotations

from typing import Dict, List

from ..base import RunCommand

# What lists the tables of a family.
LISTS = {"/proc/self/net/ip_tables_names": 4, "/proc/self/net/ip6_tables_names": 6}


def legacy_tables(run: RunCommand) -> Dict[int, List[str]]:
    """Return the tables of each family that the older kernel interface holds, without making it hold more, as its own tool would."""
    found: Dict[int, List[str]] = {4: [], 6: []}
    _code, out, _err = run(["grep", "-H", "", *LISTS], None)
    for line in out.splitlines():
        path, _colon, table = line.partition(":")
        if path in LISTS:
            found[LISTS[path]].append(table)
    return found
