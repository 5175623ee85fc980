# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The functional tests of what only a distribution's kernel has, on the kernels of the guests: kinds of links, br_netfilter, multicast routing."""

from __future__ import annotations

from guests.fleet import Fleet

# What each of the guests runs, at the same time: what is about kinds of links, and what passes from port to port of a bridge, or to many.
PARTS = {
    "vm1": (
        "test_kinds.py::test_mended",
        "test_kinds.py::test_a_vlan_device_goes_with_the_last_scope_on_it",
        "test_kinds.py::test_an_internal_network_leads_nowhere",
        "test_vrf.py::test_a_vrf_of_ours_leads_nowhere_until_it_is_told",
        "test_sctp.py::test_a_published_port_is_reached",
        "test_foreign.py::test_what_goes_from_port_to_port_of_a_foreign_bridge_is_not_forwarded",
        "test_bridge_packets.py::test_multicast_keeps_its_source",
        "test_wires.py::test_two_switches_are_one_layer_2[DROP-True]",
        "test_packets.py::test_truth_table[True-iptables-ACCEPT]",
        "test_packets.py::test_truth_table[True-iptables-DROP]",
        "test_packets.py::test_truth_table[True-nftables-ACCEPT]",
    ),
    "vm2": (
        "test_kinds.py::test_killed",
        "test_vrf.py::test_others_in_a_vrf_of_somebody_else_are_left_alone",
        "test_macvlan.py::test_a_limit_of_broadcasts_changes_in_place",
        "test_routers.py::test_a_router_joins_two_networks[True]",
    ),
}


def test_on_a_kernel_that_has_the_kinds_filters_bridged_frames_and_routes_multicast(booted: Fleet) -> None:
    booted.each(lambda machine: machine.run("modprobe br_netfilter"))
    with booted.left_clean(torn_down=""):
        for output in booted.each(lambda machine: booted.run_functional(machine, *PARTS[machine.name])):
            print(output)
            assert output.endswith("status 0\n"), output
            assert " skipped" not in output
