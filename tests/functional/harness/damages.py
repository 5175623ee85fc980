# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects that stand, written as rows, and damages to each: looked at, mended and looked at again, one after the other."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from fresh_network import in_fresh_network
from kernel_engine import run_engine, settle, sh

from harness.drifts import Drift, unexpected
from harness.snapshot import differences, take_snapshot

MARK = "main:endpoint:lan:api"
OURS = "alias container-net:main:"
CLEAN = "ip link delete br9 2>/dev/null || true"
PREPARATION = """
    ip link add enp3s0 mtu 9000 address 02:00:00:00:00:30 type veth peer name wire; ip link set wire up
    for pair in "up0 up1" "up2 up3"; do
      set -- $pair
      ip link add $1 type veth peer name $2; ip link set $1 up; ip link set $2 up
    done
    ip address add 192.0.2.1/24 dev up0
    """


def mend(rows: List[Dict[str, Any]], what: Drift) -> List[str]:
    """Damage, look, run and run again; return the complaints."""
    sh(what[0])
    planned = run_engine(rows, check_mode=True)
    done, again = run_engine(rows), run_engine(rows)
    complaints = unexpected(planned, what[1])
    if done != planned:
        complaints.append("planned %s, done %s" % (planned, done))
    return complaints + ["again: " + line for line in again]


def mend_each(rows: List[Dict[str, Any]], damages: Mapping[Any, Drift]) -> Dict[Any, List[str]]:
    """Return the complaints by damage, each of which must end where it began."""

    def work() -> Dict[Any, List[str]]:
        sh(PREPARATION)
        settle(rows)
        base, found = take_snapshot(), {}
        for name, what in damages.items():
            complaints = mend(rows, what)
            sh(CLEAN)
            left = differences(base, take_snapshot())
            if complaints or left:
                found[name] = [*complaints, left]
                base = take_snapshot()
        settle([])
        assert "mtu 9000" in sh("ip link show enp3s0")
        return found

    found: Dict[Any, List[str]] = in_fresh_network(work)
    return found
