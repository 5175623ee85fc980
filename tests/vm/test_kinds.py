# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only a distribution's kernel has: 802.1Q parents, ipvlan, dummy links, VRFs, VLANs of bridge ports. One declaration for all of it."""

from __future__ import annotations

from typing import Any, Iterator, Optional

import pytest
from guests.fleet import Fleet
from guests.machine import Machine

UNCHANGED = {"vm1": 0, "vm2": 0}


def network(name: str, driver: str, number: int, **options: Any) -> dict[str, Any]:
    return {"name": name, "driver": driver, "ipam_config": [{"subnet": "10.%d.0.0/24" % number}], **options}


def endpoint(name: str, net: str, address: Optional[str] = None, **options: Any) -> dict[str, Any]:
    where = {"ipv4_address": address} if address else {}
    return {"name": name, "container": {"netns": name}, "networks": [{"name": net, **where, **options}]}


NETWORKS = [
    network("tagged", "macvlan", 30, parent="eth1.30"),
    network("shared", "ipvlan", 40, parent="eth1.40"),
    network("routed", "ipvlan", 50, parent="eth1.50", mode="l3"),
    network("closed", "macvlan", 60, internal=True),
    network("blue", "bridge", 70, vrf="blue", vrf_table=1001),
    network("ports", "bridge", 80, vlan_filtering=True),
]
FIRST = [
    endpoint("tagged1", "tagged", "10.30.0.11"),
    endpoint("shared1", "shared", "10.40.0.11"),
    endpoint("routed1", "routed", "10.50.0.11"),
    endpoint("routed2", "routed", "10.50.0.12"),
    endpoint("closed1", "closed", "10.60.0.11"),
    endpoint("closed2", "closed", "10.60.0.12"),
    endpoint("blue1", "blue", "10.70.0.11"),
    endpoint("access1", "ports", "10.80.0.11", vlan=10),
    endpoint("access2", "ports", "10.80.0.12", vlan=10),
    endpoint("access3", "ports", "10.80.0.13", vlan=20),
    endpoint("trunk", "ports", ipam="none", trunk=[10, 20]),
]
SECOND = [endpoint("tagged2", "tagged", "10.30.0.12"), endpoint("shared2", "shared", "10.40.0.12")]


@pytest.fixture(scope="module")
def applied(booted: Fleet) -> Iterator[Fleet]:
    """The guests with the declaration above."""
    with booted.left_clean():
        booted.declare({"fleet_networks": NETWORKS}, {"fleet_endpoints": FIRST}, {"fleet_endpoints": SECOND})
        assert booted.play("site").changed == {"vm1": 1, "vm2": 1}
        yield booted


@pytest.fixture
def first(applied: Fleet) -> Machine:
    return applied.machines[0]


def test_nothing_is_left_to_do(applied: Fleet) -> None:
    assert applied.play("site").changed == UNCHANGED


def test_verify_agrees(applied: Fleet) -> None:
    applied.play("verify")


@pytest.mark.parametrize(("name", "vlan", "subnet"), [("tagged", 30, "10.30.0."), ("shared", 40, "10.40.0.")])
def test_packets_of_a_vlan_parent_are_tagged(applied: Fleet, first: Machine, name: str, vlan: int, subnet: str) -> None:
    with applied.underlay.frames() as frames:
        assert first.pings(name + "1", subnet + "12")
    seen = [frame.vlan for frame in frames if all(address.startswith(subnet) for address in frame.addresses)]
    assert len(seen) >= 6
    assert set(seen) == {vlan}


def test_ipvlan_shares_the_mac_of_its_parent(applied: Fleet, first: Machine) -> None:
    with applied.underlay.frames() as frames:
        first.pings("shared1", "10.40.0.12")
    sources = {frame.source for frame in frames if frame.vlan == 40 and frame.kind == "ipv4"}
    assert sources == {"52:54:00:00:01:01", "52:54:00:00:01:02"}


def test_ipvlan_of_layer_3_asks_nobody(applied: Fleet, first: Machine) -> None:
    with applied.underlay.frames() as frames:
        assert first.pings("routed1", "10.50.0.12")
    assert [frame for frame in frames if frame.vlan == 50] == []
    assert "mode l3" in first.run("ip netns exec routed1 ip -details link show eth0")


def test_an_internal_macvlan_stands_on_a_dummy(first: Machine) -> None:
    assert first.pings("closed1", "10.60.0.12")
    assert first.run("ip -br link show type dummy").split()[0] == "dm-closed"
    assert first.run("ip netns exec closed1 ip route show default") == ""


def test_a_vrf_has_the_routes_of_its_bridge(first: Machine) -> None:
    assert first.pings("blue1", "10.70.0.1")
    assert "10.70.0.0/24" in first.run("ip route show vrf blue")
    assert "10.70.0.0/24" not in first.run("ip route show")


def test_ports_meet_in_their_vlan_only(first: Machine) -> None:
    assert first.pings("access1", "10.80.0.12")
    assert not first.pings("access1", "10.80.0.13")
    for vlan, here, there in ((10, "10.80.0.101", "10.80.0.11"), (20, "10.80.0.102", "10.80.0.13")):
        name = "eth0.%d" % vlan
        first.run("ip -n trunk link add link eth0 name %s type vlan id %d && ip -n trunk link set %s up" % (name, vlan, name))
        first.run("ip -n trunk address add %s/24 dev %s" % (here, name))
        assert first.pings("trunk", there)
        first.run("ip -n trunk link delete %s" % name)
