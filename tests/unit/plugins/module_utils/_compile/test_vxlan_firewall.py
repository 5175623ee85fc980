# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import FrozenSet, Optional, Tuple

from ansible_collections.netloom.container_net.plugins.module_utils._compile.firewall import compile_firewall
from ansible_collections.netloom.container_net.plugins.module_utils._compile.vxlan_firewall import find_underlays
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.bridge.network import BridgeNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.overlay.network import OverlayNetwork, Peer
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vrf import Vrf
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Document, Wire, WireEnd
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Facts
from rule_lines import chains

NONE: FrozenSet[int] = frozenset()


def mesh(name: str = "mesh", vtep: str = "192.0.2.1", peers: Tuple[str, ...] = ("192.0.2.2",), underlay: Optional[str] = None) -> OverlayNetwork:
    there = tuple(Peer("h%d" % index, peer) for index, peer in enumerate(peers))
    return OverlayNetwork(name, bridge_name="br-" + name, vxlan_name="vx-" + name, vni=42, vtep_address=vtep, underlay_interface=underlay, peers=there)


def test_what_passes_to_a_peer_comes_by_the_underlay() -> None:
    mine = Document("main", (mesh(), mesh("other", "192.0.2.9", underlay="eth9")))
    for underlays, homes in (({}, ["eth9"]), ({"192.0.2.1": "eth0"}, ["eth0", "eth9"]), ({"192.0.2.1": "vrf-a", "192.0.2.9": "vrf-a"}, ["vrf-a"])):
        found = chains(compile_firewall(mine, forwarding_off=NONE, underlays=underlays, bridge_filter=True))
        assert found["filter/CNET-VX-4789"] == [*("10 i=%s RETURN" % home for home in homes), "10 s=192.0.2.2 RETURN", "20 d=192.0.2.2 DROP"]
        assert "5 udp:4789-4789 not-bridged CNET-VX-4789" in found["filter/CNET-FORWARD"]


def test_where_addresses_are_at_home() -> None:
    links = {"eth0": Link("", "eth0", master="vrf-a"), "eth1": Link("", "eth1", master="br0"), "vrf-a": Link("", "vrf-a", kind=Vrf()), "br0": Link("", "br0")}
    held = (("eth0", "192.0.2.1/24"), ("eth1", "2001:db8::1/64"), ("lo", "192.0.2.9/32"), ("gone", "192.0.2.3/24"))
    assert find_underlays(Facts(links=links, addresses=held)) == {"192.0.2.1": "vrf-a", "2001:db8::1": "eth1", "192.0.2.3": "gone"}


def test_the_host_speaks_in_what_is_joined_to_an_overlay() -> None:
    trunk = Wire("trunk", (WireEnd(network="web"), WireEnd(network="mesh")))
    for peers, marked in ((("192.0.2.2",), ["10 o=br-web MARK 0x10000000/0x10000000"]), ((), None)):
        rules = compile_firewall(
            Document("main", (mesh(peers=peers), BridgeNetwork("web", bridge_name="br-web"), BridgeNetwork("apart", bridge_name="br-apart")), links=(trunk,)),
            forwarding_off=NONE,
        )
        assert [chains(rules, family).get("mangle/CNET-INWARD") for family in (4, 6)] == [marked, marked]
