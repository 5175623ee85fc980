# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functional tests of what only a distribution's kernel has, on the kernels of the guests: kinds of links, br_netfilter, multicast routing."""

from __future__ import annotations

from guests.fleet import Fleet
from guests.machine import Machine

FILES = ("test_kinds.py", "test_vrf.py", "test_sctp.py", "test_macvlan.py")
# What each of the guests runs of them, at the same time.
PARTS = {"vm1": "mended or last_scope or internal or of_ours or test_a_published", "vm2": "killed or somebody_else or limit_of"}
# What passes from port to port of a bridge, or to many: the files, and which of their tests.
BRIDGED = {
    "vm1": (("test_packets.py", "test_bridge_packets.py", "test_wires.py"), "(truth_table and True) or multicast_keeps or (two_switches_are and True)"),
    "vm2": (("test_routers.py", "test_foreign.py"), "(router_joins and True) or port_to_port_of_a_foreign"),
}


def test_on_a_kernel_that_has_the_kinds(booted: Fleet) -> None:
    def run(machine: Machine) -> str:
        return booted.run_functional(machine, *("tests/functional/%s" % name for name in FILES), "--tb=short", "-k", PARTS[machine.name])

    with booted.left_clean(teardown=False):
        said = booted.each(run)
    assert_all_ran(said)


def test_on_a_kernel_that_filters_bridged_frames_and_routes_multicast(booted: Fleet) -> None:
    def run(machine: Machine) -> str:
        files, wanted = BRIDGED[machine.name]
        machine.run("modprobe br_netfilter")
        return booted.run_functional(machine, *("tests/functional/%s" % name for name in files), "--tb=short", "-k", wanted)

    assert_all_ran(booted.each(run))


def assert_all_ran(said: list[str]) -> None:
    for output in said:
        print(output)
        assert output.endswith("status 0\n"), output
        assert " skipped" not in output
