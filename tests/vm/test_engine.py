# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functional tests of what only a distribution's kernel has, on the kernels of the guests: kinds of links, br_netfilter, multicast routing."""

from __future__ import annotations

from guests.fleet import Fleet
from guests.machine import Machine

# What each of the guests runs of the files, at the same time.
KINDS = ("test_kinds.py", "test_vrf.py", "test_sctp.py", "test_macvlan.py")
HAVING = {"vm1": (KINDS, "mended or last_scope or internal or of_ours or test_a_published"), "vm2": (KINDS, "killed or somebody_else or limit_of")}
# What passes from port to port of a bridge, or to many.
BRIDGED = {
    "vm1": (("test_foreign.py", "test_bridge_packets.py", "test_wires.py"), "port_to_port_of_a_foreign or multicast_keeps or (two_switches_are and True)"),
    "vm2": (("test_routers.py", "test_packets.py"), "(router_joins and True) or (truth_table and True)"),
}


def test_on_a_kernel_that_has_the_kinds(booted: Fleet) -> None:
    with booted.left_clean(torn_down=""):
        assert_all_pass(booted, HAVING)


def test_on_a_kernel_that_filters_bridged_frames_and_routes_multicast(booted: Fleet) -> None:
    booted.each(lambda machine: machine.run("modprobe br_netfilter"))
    assert_all_pass(booted, BRIDGED)


def assert_all_pass(booted: Fleet, parts: dict[str, tuple[tuple[str, ...], str]]) -> None:
    def run(machine: Machine) -> str:
        files, wanted = parts[machine.name]
        return booted.run_functional(machine, *("tests/functional/%s" % name for name in files), "--tb=short", "-k", wanted)

    for output in booted.each(run):
        print(output)
        assert output.endswith("status 0\n"), output
        assert " skipped" not in output
