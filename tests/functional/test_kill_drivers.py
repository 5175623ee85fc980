# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SIGKILL on the way to, between and back from the kinds of networks that are not plain bridges."""

from __future__ import annotations

from typing import Any, Dict

import pytest
from harness.declarations import V4, endpoint, network, overlay
from harness.engine import Declaration, give_uplink
from harness.host import sh
from harness.kills import Killed, assert_survived


def give_second_nic() -> None:
    """A NIC nic1 beside the uplink, whose wire leads to the namespace `far`."""
    give_uplink()
    sh(
        """
        ip netns add far; ip -n far link set lo up
        ip link add nic1 address 02:00:00:00:03:01 type veth peer name eth0 address 02:00:00:00:03:02 netns far
        ip link set nic1 up; ip -n far link set eth0 up
        """
    )


def tunnel(remote: str, number: int, **options: Any) -> Declaration:
    """A VXLAN device straight into a namespace."""
    end = {"endpoint": "far", "interface_name": "vx0", "addresses": ["10.77.0.%d/24" % number, "fd77::%d/64" % number]}
    link: Dict[str, Any] = {"name": "t1", "ends": [end], "tunnel": {"vni": 4300, "remote": remote}, **options}
    return Declaration(endpoints=[endpoint("far")], links=[link], prepare=give_uplink)


def passthru(number: int, **options: Any) -> Declaration:
    subnets = {"subnet": "198.51.100.0/24"}, {"subnet": "2001:db8:51::/64"}
    lan = network("lan", *subnets, driver="macvlan", mode="passthru", parent="nic1", **options)
    return Declaration([lan], [endpoint("b", {"name": "lan", "ipv4_address": "198.51.100.%d" % number})], prepare=give_second_nic)


def proxied(*endpoints: str, **options: Any) -> Declaration:
    """Routed endpoints with addresses of the host's LAN."""
    lan = {"name": "lan", "driver": "routed", "ipam_config": [{"subnet": "192.0.2.64/28"}, {"subnet": "2001:db8:2:0:1::/80"}], **options}
    return Declaration([lan], [endpoint(name, "lan", ports=["80:80"]) for name in endpoints], prepare=give_second_nic)


def limited(number: int, **limits: Any) -> Declaration:
    here = {"name": "web", "ipv4_address": "10.20.0.%d" % number, **limits}
    return Declaration([network("web", V4)], [endpoint("a", here)], prepare=give_uplink)


# Start, goal of the change, deadly points at least of creation, change and removal.
KINDS = {
    # A peer moved, and the MTU is another.
    "overlay": (overlay("192.0.2.1", "192.0.2.2", "192.0.2.3"), overlay("192.0.2.1", "192.0.2.2", "192.0.2.4", mtu=1400), (40, 40, 40)),
    # The other host moved, and the address here is another.
    "tunnel": (tunnel("192.0.2.2", 1), tunnel("192.0.2.9", 3, mtu=1400), (50, 40, 40)),
    "passthru": (passthru(10), passthru(20, mtu=1400), (30, 40, 20)),
    # A limit changed, one gone and another come.
    "limits": (limited(10, ingress_rate="1mbit", egress_rate="1mbit"), limited(20, egress_rate="2mbit"), (30, 5, 20)),
    # An endpoint gone and one come, and the host answers for them on another link too.
    "proxy": (proxied("a", "b", proxy_interfaces=["eth0"]), proxied("a", "c", proxy_interfaces=["eth0", "nic1"]), (80, 100, 60)),
}


KILLED = {
    kind: (
        Killed(Declaration(prepare=start.prepare), start, least=creation),
        Killed(start, other, least=change),
        Killed(other, Declaration(prepare=start.prepare), least=removal),
    )
    for kind, (start, other, (creation, change, removal)) in KINDS.items()
}


@pytest.mark.parametrize("kind", KILLED)
def test_killed_on_the_way(kind: str) -> None:
    assert_survived(*KILLED[kind])
