# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functional tests of what only a distribution's kernel has, on the kernels of the guests."""

from __future__ import annotations

from guests.fleet import Fleet
from guests.machine import Machine

FILES = ("test_kinds.py", "test_vrf.py", "test_sctp.py", "test_macvlan.py")
# What each of the guests runs of them, at the same time.
PARTS = {"vm1": "mended or last_scope or internal or of_ours or test_a_published", "vm2": "killed or somebody_else or limit_of"}


def test_on_a_kernel_that_has_the_kinds(booted: Fleet) -> None:
    def run(machine: Machine) -> str:
        return booted.run_functional(machine, *("tests/functional/%s" % name for name in FILES), "--tb=short", "-k", PARTS[machine.name])

    with booted.left_clean(teardown=False):
        said = booted.each(run)
    for output in said:
        print(output)
        assert output.endswith("status 0\n"), output
        assert " skipped" not in output
