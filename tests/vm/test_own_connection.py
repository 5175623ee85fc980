# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changes of the network that Ansible's own SSH connection goes over."""

from __future__ import annotations

from guests.fleet import Fleet
from guests.machine import Machine, hang_up

MANAGEMENT = "10.0.2.15/24"


def holder(machine: Machine) -> str:
    """Return the interface that has the address Ansible connects to."""
    return machine.run("ip -br -4 address show to %s" % MANAGEMENT).split()[0]


def test_a_bridge_takes_the_interface_of_the_connection(booted: Fleet) -> None:
    first = booted.machines[0]
    networks = [{"name": "lan", "interfaces": ["eth0"], "ipam_config": [{"subnet": "10.0.2.0/24", "ip_range": "10.0.2.128/25"}]}]
    app = {"fleet_endpoints": [{"name": "app", "container": {"netns": "app"}, "networks": ["lan"]}]}
    only = ("--limit", "vm1")
    with booted.left_clean(torn_down="vm1"):
        booted.declare({"fleet_networks": networks}, app)
        refused = booted.attempt("site", *only)
        assert refused.failed == {"vm1": True}
        assert "nothing was changed" in refused.output
        assert booted.leftovers() == []

        booted.declare({"fleet_networks": networks, "fleet_allow_management": True, "fleet_confirm_timeout": 120, "fleet_persist": True}, app)
        booted.play("site", *only)
        assert holder(first) == "br-lan"
        assert first.pings("app", "10.0.2.15")
        assert booted.play("site", *only).changed == {"vm1": 0}

        # It was confirmed, so the host does it again by itself.
        booted.reboot(first)
        assert holder(first) == "br-lan"
        assert first.pings("app", "10.0.2.15")
        assert booted.play("site", *only).changed == {"vm1": 0}


def test_a_change_that_cuts_the_connection_is_taken_back(booted: Fleet) -> None:
    first = booted.machines[0]
    # What comes in on this port, on the standing connection as well, is led to where nobody listens.
    trap = [{"name": "trap", "container": {"netns": "trap"}, "networks": ["web"], "ports": ["22:22/tcp"]}]
    networks = [{"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}]
    booted.declare({"fleet_networks": networks, "fleet_allow_management": True, "fleet_confirm_timeout": 15}, {"fleet_endpoints": trap}, {})
    with booted.left_clean(torn_down=""):
        assert booted.attempt("site", "--limit", "vm1").failed == {"vm1": True}
        hang_up()
        first.await_ssh(90)
        assert "was not confirmed and was taken back" in first.run("journalctl --identifier container-net --output cat --lines 1")
