# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What names a link follows it to its new name; what means whoever has the name does not."""

from __future__ import annotations

from typing import Dict, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.objects import Chain
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.ipvlan import Ipvlan
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.macvlan import Macvlan
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.veth import Veth
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vlan import Vlan
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vxlan import Vxlan
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import (
    LOOPBACK,
    Address,
    BridgeVlan,
    FdbEntry,
    KernelObject,
    Limit,
    Namespace,
    Neighbour,
    PolicyRule,
    ProxyNeighbour,
    Route,
    Sysctl,
)
from ansible_collections.netloom.container_net.plugins.module_utils._model.place import HOST
from ansible_collections.netloom.container_net.plugins.module_utils._model.renaming import Names

A = "netns:a"
NAMES = Names({(A, "eth0"): "eth1", (A, "eth1"): "eth0", (HOST, "up"): "up0"})
FOLLOWED: Dict[str, Tuple[KernelObject, KernelObject]] = {
    "a link": (Link(A, "eth0"), Link(A, "eth1")),
    "one elsewhere": (Link(HOST, "eth0"), Link(HOST, "eth0")),
    "its peer": (Link(HOST, "x", kind=Veth(A, "eth1")), Link(HOST, "x", kind=Veth(A, "eth0"))),
    "a peer nobody knows": (Link(HOST, "x", kind=Veth("", "")), Link(HOST, "x", kind=Veth("", ""))),
    "its port": (Link(HOST, "x", master="up"), Link(HOST, "x", master="up0")),
    "no master": (Link(A, "x", master=""), Link(A, "x", master="")),
    "what stands on it": (Link(A, "x", kind=Macvlan(lower="eth0")), Link(A, "x", kind=Macvlan(lower="eth1"))),
    "what stands on it elsewhere": (Link(A, "x", kind=Ipvlan("up", HOST)), Link(A, "x", kind=Ipvlan("up0", HOST))),
    "a VLAN on it": (Link(HOST, "x", kind=Vlan(3, lower="up")), Link(HOST, "x", kind=Vlan(3, lower="up0"))),
    "a tunnel by it": (Link(A, "x", kind=Vxlan(device="up", lower_place=HOST)), Link(A, "x", kind=Vxlan(device="up0", lower_place=HOST))),
    "a tunnel by none": (Link(A, "x", kind=Vxlan()), Link(A, "x", kind=Vxlan())),
    "an address": (Address(A, "eth0", "10.0.0.1/24"), Address(A, "eth1", "10.0.0.1/24")),
    "a route": (Route(A, "10.0.0.0/8", device="eth1"), Route(A, "10.0.0.0/8", device="eth0")),
    "a route by none": (Route(A, "10.0.0.0/8", type="blackhole"), Route(A, "10.0.0.0/8", type="blackhole")),
    "a neighbour": (Neighbour(A, "eth0", "10.0.0.2"), Neighbour(A, "eth1", "10.0.0.2")),
    "a proxy": (ProxyNeighbour(HOST, "up", "10.0.0.2"), ProxyNeighbour(HOST, "up0", "10.0.0.2")),
    "a VLAN of a port": (BridgeVlan(HOST, "up", 3), BridgeVlan(HOST, "up0", 3)),
    "a limit": (Limit(HOST, "up"), Limit(HOST, "up0")),
    "a forwarding entry": (FdbEntry(HOST, "x", "m", "r", "up"), FdbEntry(HOST, "x", "m", "r", "up0")),
    "a setting": (Sysctl(A, "net/ipv4/neigh/eth0/gc_stale_time", "7"), Sysctl(A, "net/ipv4/neigh/eth1/gc_stale_time", "7")),
    "a setting of all": (Sysctl(A, "net/ipv4/conf/all/rp_filter", "1"), Sysctl(A, "net/ipv4/conf/all/rp_filter", "1")),
    "lo": (Sysctl(A, LOOPBACK, "up"), Sysctl(A, LOOPBACK, "up")),
    "a rule": (PolicyRule(A, 4, 9, "10.0.0.1/32", interface="eth0"), PolicyRule(A, 4, 9, "10.0.0.1/32", interface="eth0")),
    "the firewall": (Chain(A, 4, "nat", "X", ("-o eth0 -j DROP",)), Chain(A, 4, "nat", "X", ("-o eth0 -j DROP",))),
    "a namespace": (Namespace(A), Namespace(A)),
}


@pytest.mark.parametrize("what", FOLLOWED)
def test_what_follows(what: str) -> None:
    before, after = FOLLOWED[what]
    assert NAMES.follow(before) == after
    assert NAMES.back.follow(after) == before
    assert Names().follow(before) == before


def test_who_only_goes_is_not_renamed() -> None:
    names = Names({(A, "eth1"): "eth0", (A, "eth0"): "eth0 (goes)"}, frozenset([(A, "eth0 (goes)")]))
    assert names.renamed == {(A, "eth1"): "eth0"}
