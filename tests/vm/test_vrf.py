# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packets through VRFs, on a kernel that has them."""

from __future__ import annotations

from guests.fleet import Fleet
from guests.machine import Machine

PARTS = {"vm1": "of_ours", "vm2": "somebody_else"}


def test_vrfs_with_packets(booted: Fleet) -> None:
    """Each guest takes a part, at the same time."""

    def run(machine: Machine) -> str:
        return booted.run_functional(machine, "tests/functional/test_vrf.py", "--tb=short", "-k", PARTS[machine.name])

    with booted.left_clean(teardown=False):
        said = booted.each(run)
    for output in said:
        print(output)
        assert output.endswith("status 0\n"), output
        assert " skipped" not in output
