# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How often runs are killed, in all files together. Each of these deaths must be recovered from: see harness/kills.py."""

from __future__ import annotations

from typing import Any, Iterator

import test_bridge_ports
import test_devices
import test_given_back
import test_host_wires
import test_kill
import test_kill_drivers
import test_multihoming
import test_persist
import test_routed
import test_routers
import test_routes
import test_wires
from harness.kills import Killed, count_kills

# Those of kinds that only the kernel of the floor VM has are not counted.
FILES = (
    test_bridge_ports,
    test_devices,
    test_given_back,
    test_host_wires,
    test_kill,
    test_kill_drivers,
    test_multihoming,
    test_persist,
    test_routed,
    test_routers,
    test_routes,
    test_wires,
)


def runs_of(killed: Any) -> Iterator[Killed]:
    for item in killed.values() if isinstance(killed, dict) else killed:
        if isinstance(item, Killed):
            yield item
        else:
            yield from runs_of(item)


def test_so_many_deaths() -> None:
    runs = [run for file in FILES for run in runs_of(file.KILLED)]
    assert test_persist.LEAST >= 40 > test_persist.KILLS >= 3  # of the unit that runs when the host starts
    assert count_kills(runs, every_point=False) + test_persist.KILLS >= 100
    assert count_kills(runs, every_point=True) + test_persist.LEAST >= 400
