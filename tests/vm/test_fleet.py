# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole way on real hosts: site.yml over SSH, proven by packets, again, and gone."""

from __future__ import annotations

from guests.fleet import Fleet

NETWORKS = [
    {"name": "web", "driver": "bridge", "ipam_config": [{"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"}]},
    {"name": "mesh", "driver": "overlay", "ipam_config": [{"subnet": "10.60.0.0/16"}]},
]


def test_site_verify_and_site_again(fleet: Fleet) -> None:
    fleet.declare(
        {"fleet_networks": NETWORKS},
        {"fleet_endpoints": [{"name": "shop", "container": {"netns": "shop"}, "networks": ["web", "mesh"], "ports": ["8080:80/tcp"]}]},
        {"fleet_endpoints": [{"name": "db", "container": {"netns": "db"}, "networks": ["mesh"]}]},
    )
    looked = fleet.play("site", "--check", "--diff")
    assert looked.changed == {"vm1": 1, "vm2": 1}
    assert fleet.leftovers() == []

    assert fleet.play("site", prepare=True).changed == {"vm1": 1, "vm2": 1}
    fleet.play("verify")
    assert fleet.play("site").changed == {"vm1": 0, "vm2": 0}
