# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functional tests of what only a distribution's kernel has, on the kernels of the guests."""

from __future__ import annotations

import pytest
from guests.fleet import Fleet
from guests.machine import Machine

# What each of the guests runs, at the same time.
PARTS = {
    "test_kinds.py": {"vm1": "mended or scope or internal", "vm2": "killed"},
    "test_vrf.py": {"vm1": "of_ours", "vm2": "somebody_else"},
    "test_sctp.py": {"vm1": "published", "vm2": "published"},
}


@pytest.mark.parametrize("name", PARTS)
def test_on_a_kernel_that_has_the_kinds(booted: Fleet, name: str) -> None:
    def run(machine: Machine) -> str:
        return booted.run_functional(machine, "tests/functional/%s" % name, "--tb=short", "-k", PARTS[name][machine.name])

    with booted.left_clean(teardown=False):
        said = booted.each(run)
    for output in said:
        print(output)
        assert output.endswith("status 0\n"), output
        assert " skipped" not in output
