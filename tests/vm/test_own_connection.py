# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of the network that Ansible's own SSH connection goes over."""

from __future__ import annotations

from guests.fleet import Fleet
from guests.machine import Machine

MANAGEMENT = "10.0.2.15/24"


def holder(machine: Machine) -> str:
    """Return the interface that has the address Ansible connects to."""
    return machine.run("ip -br -4 address show to %s" % MANAGEMENT).split()[0]


def test_a_bridge_takes_the_interface_of_the_connection(fleet: Fleet) -> None:
    networks = [{"name": "lan", "interfaces": ["eth0"], "ipam_config": [{"subnet": "10.0.2.0/24", "ip_range": "10.0.2.128/25"}]}]
    endpoints = [{"fleet_endpoints": [{"name": machine.name, "container": {"netns": "app"}, "networks": ["lan"]}]} for machine in fleet.machines]
    fleet.declare({"fleet_networks": networks}, *endpoints)
    refused = fleet.attempt("site")
    assert refused.failed == {"vm1": True, "vm2": True}
    assert "nothing was changed" in refused.output
    assert fleet.leftovers() == []

    fleet.declare({"fleet_networks": networks, "fleet_allow_management": True, "fleet_confirm_timeout": 120}, *endpoints)
    fleet.play("site")
    assert fleet.each(holder) == ["br-lan", "br-lan"]
    assert fleet.each(lambda machine: machine.pings("app", "10.0.2.15")) == [True, True]
    assert not any(fleet.play("site").changed.values())


def test_a_change_that_cuts_the_connection_is_taken_back(booted: Fleet) -> None:
    first = booted.machines[0]
    # What comes in on this port, on the standing connection as well, is led to where nobody listens.
    trap = [{"name": "trap", "container": {"netns": "trap"}, "networks": ["web"], "ports": ["22:22/tcp"]}]
    networks = [{"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}]
    booted.declare({"fleet_networks": networks, "fleet_allow_management": True, "fleet_confirm_timeout": 15}, {"fleet_endpoints": trap}, {})
    with booted.left_clean(teardown=False):
        assert booted.attempt("site", "--limit", "vm1").failed == {"vm1": True}
        booted.hang_up()
        first.await_ssh(90)
        assert "was not confirmed and was taken back" in first.run("journalctl --identifier container-net --output cat --lines 1")
