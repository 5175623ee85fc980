# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The functional tests of what only a distribution's kernel has, on the kernels of the guests."""

from __future__ import annotations

from guests.fleet import Fleet
from guests.machine import Machine

# test_kinds.py beside this file makes and changes them with plays.
PARTS = {"vm1": ["-k", "mended or scope or internal"], "vm2": ["-k", "killed"]}


def test_kinds_on_kernels_that_have_them(booted: Fleet) -> None:
    """Each guest takes a part, at the same time."""

    def run(machine: Machine) -> str:
        return booted.run_functional(machine, "tests/functional/test_kinds.py", *PARTS[machine.name])

    with booted.left_clean(teardown=False):
        said = booted.each(run)
    for output in said:
        print(output)
        assert output.endswith("status 0\n"), output
        assert " skipped" not in output
