# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole way on real hosts: site.yml over SSH, proven by packets, again, and gone."""

from __future__ import annotations

from guests.fleet import Fleet

NETWORKS = [
    {"name": "web", "driver": "bridge", "ipam_config": [{"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"}]},
    {"name": "mesh", "driver": "overlay", "ipam_config": [{"subnet": "10.60.0.0/16"}, {"subnet": "fd60::/64"}]},
    {"name": "lan", "driver": "macvlan", "parent": "eth1", "ipam_config": [{"subnet": "198.51.100.0/24"}, {"subnet": "2001:db8:51::/64"}]},
]


def on_mesh_and_lan(number: int) -> list[dict[str, str]]:
    return [
        {"name": "mesh", "ipv4_address": "10.60.0.%d" % number, "ipv6_address": "fd60::%d" % number},
        {"name": "lan", "ipv4_address": "198.51.100.%d" % number, "ipv6_address": "2001:db8:51::%d" % number},
    ]


def assert_overlay_is_quiet(fleet: Fleet) -> None:
    """Neighbours are known, so nobody asks for them on the wire, and frames to nobody stay off it."""
    first = fleet.machines[0]
    first.run("ip -n shop neighbour add 10.60.0.78 lladdr 02:00:00:00:00:78 dev eth1 nud permanent")
    with fleet.underlay.frames() as frames:
        assert first.pings("shop", "10.60.0.22", "fd60::22")
        for nobody in ("10.60.0.77", "10.60.0.78", "fd60::77"):
            assert not first.pings("shop", nobody)
    first.run("ip -n shop neighbour delete 10.60.0.78 dev eth1")
    carried = [frame.inner for frame in frames if frame.inner is not None]
    assert len([frame for frame in carried if "10.60.0.22" in frame.addresses]) >= 6
    assert [frame for frame in carried if frame.asks_for_neighbour] == []
    assert {frame.addresses for frame in carried if frame.kind == "ipv4"} == {("10.60.0.21", "10.60.0.22"), ("10.60.0.22", "10.60.0.21")}


def test_site_verify_and_site_again(fleet: Fleet) -> None:
    first, second = fleet.machines
    fleet.declare(
        {"fleet_networks": NETWORKS},
        {"fleet_endpoints": [{"name": "shop", "container": {"netns": "shop"}, "networks": ["web", *on_mesh_and_lan(21)], "ports": ["8080:80/tcp"]}]},
        {"fleet_endpoints": [{"name": "db", "container": {"netns": "db"}, "networks": on_mesh_and_lan(22)}]},
    )
    looked = fleet.play("site", "--check", "--diff")
    assert looked.changed == {"vm1": 1, "vm2": 1}
    assert fleet.leftovers() == []

    done = fleet.play("site", prepare=True)
    assert done.changed == {"vm1": 1, "vm2": 1}
    assert done.actions == looked.actions
    with fleet.underlay.frames() as frames:
        assert first.pings("shop", "198.51.100.22", "2001:db8:51::22", second.underlay_address)
    seen = [frame for frame in frames if frame.addresses == ("198.51.100.21", "198.51.100.22")]
    assert len(seen) >= 3
    assert {frame.vlan for frame in seen} == {None}
    assert_overlay_is_quiet(fleet)
    fleet.play("verify")
    assert fleet.play("site").changed == {"vm1": 0, "vm2": 0}
