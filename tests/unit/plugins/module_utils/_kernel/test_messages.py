# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every message we send, byte for byte as in golden/messages.yml, whatever release of pyroute2 encodes it.

What the bytes mean to a kernel is tested in test_kernel.py; here pyroute2's own decoder reads them back.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List

import pytest
import yaml
from ansible_collections.netloom.container_net.plugins.module_utils._kernel import address, bridge_vlan, limit, link, neighbour, netlink, route, rule
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.bridge import Bridge
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.dummy import Dummy
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.ipvlan import Ipvlan
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.macvlan import Macvlan
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.veth import Veth
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vlan import Vlan
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vrf import Vrf
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vxlan import Vxlan
from ansible_collections.netloom.container_net.plugins.module_utils._model.amount import Duration, Rate, Share, Size
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import BridgePort, Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import (
    FLOOD_MAC,
    Address,
    BridgeVlan,
    FdbEntry,
    Hop,
    Limit,
    Neighbour,
    Netem,
    PolicyRule,
    ProxyNeighbour,
    Route,
)

FILE = Path(__file__).with_name("golden") / "messages.yml"
INDICES = {("", "br-web"): 17, ("", "ve-api"): 18, ("netns:api", "eth0"): 19, ("", "vx-mesh"): 20, ("", "eth1"): 3, ("", "mv-lan"): 21}
MARK = "container-net:main:endpoint:web:api"
SLOW = Limit("netns:api", "eth0", Rate(8000), Size(16384), Size(32768))
LATE = Netem(Duration(20_000), waiting=50_000)
BAD = Netem(Duration(20_000), Duration(1_500), Share(5_000), Share(10_000), Share(250_000), 1000)


def index_of(place: str, name: str) -> int:
    return INDICES[place, name]


def descriptor(place: str) -> int:
    assert place == "netns:api"
    return 7


def create(made: Link, peer: Any = None) -> List[bytes]:
    message = link.create_link(made, peer, index_of, descriptor)
    return [] if message is None else [message]


def change(changed: Link, *fields: str) -> List[bytes]:
    return link.change_link(changed, fields, 18, index_of)


BRIDGE = Link("", "br-web", kind=Bridge(stp=True, ageing_time=30, multicast_snooping=False, priority=4096), mtu=1400, mac="02:00:00:00:00:01")
PORT = BridgePort(hairpin=True, isolated=True, learning=False, flood=False)
OUTER = Link("", "ve-api", kind=Veth("netns:api", "eth0", leads=True), mtu=1400, master="br-web", alias=MARK, up=True, link_local=False, port=PORT)
INNER = Link("netns:api", "eth0", kind=Veth("", "ve-api"), mtu=1400, mac="02:00:00:00:00:05", alias=MARK, up=True)
VXLAN = Vxlan(vni=4200, port=4789, local="192.0.2.11", device="eth1", ttl=64, learning=False, proxy=True)
VXLAN6 = Vxlan(vni=4200, port=8472, local="2001:db8::11", group="ff05::100", ttl=1, learning=True, proxy=False)
TUNNEL = Link("", "vx-mesh", kind=VXLAN, mtu=1450, mac="02:00:00:00:00:02", master="br-web")

MACVLAN = Link("netns:api", "eth0", kind=Macvlan("eth1", "", "bridge"), mtu=1400, mac="02:00:00:00:00:05")

MESSAGES: Dict[str, List[bytes]] = {
    "bridge": create(BRIDGE),
    "bridge, bare": create(Link("", "br-web", kind=Bridge())),
    "pair, outer end": create(OUTER, INNER),
    "pair, inner end": create(INNER, OUTER),
    "pair in one namespace": create(Link("", "ve-api", kind=Veth("", "br-web", leads=True)), Link("", "br-web", kind=Veth("", "ve-api"))),
    "vxlan": create(TUNNEL),
    "vxlan over IPv6": create(Link("", "vx-mesh", kind=VXLAN6)),
    "first MAC": create(Link("", "br-web", kind=Bridge(), first_mac="02:00:00:00:00:03")),
    "configure port": link.configure_link(OUTER, 18),
    "configure inner end": link.configure_link(INNER, 19),
    "configure bridge without link-local address": link.configure_link(Link("", "br-web", kind=Bridge(), alias=MARK, up=True, link_local=False), 17),
    "configure foreign": link.configure_link(Link("", "br-web", kind=Bridge(), up=False), 17),
    "change mtu, mac": change(Link("", "ve-api", mtu=9000, mac="02:00:00:00:00:09"), "mtu", "mac"),
    "change alias": change(Link("", "ve-api", alias=MARK), "alias"),
    "raise": change(Link("", "ve-api", up=True), "up"),
    "lower": change(Link("", "ve-api", up=False), "up"),
    "change master": change(Link("", "ve-api", master="br-web"), "master"),
    "leave master": change(Link("", "ve-api", master=""), "master"),
    "change master and port": change(OUTER, "master", "port"),
    "change port": change(OUTER, "port"),
    "change link_local": change(Link("", "ve-api", link_local=True), "link_local"),
    "change bridge": change(BRIDGE, "kind"),
    "change vxlan": change(TUNNEL, "kind"),
    "change settings only": change(OUTER, "sysctls"),
    "rename link": link.rename_link("eth1", 18, lowered=False),
    "rename link that must be down": link.rename_link("eth1", 18, lowered=True),
    "delete link": link.delete_links([18]),
    "delete links": link.delete_links([18, 20]),
    "loopback": list(link.loopback_messages("container-net:main:namespace")),
    "address": [address.create_address(Address("", "br-web", "10.20.0.1/24"), 17)],
    "address IPv6": [address.create_address(Address("", "br-web", "fd00:20::1/64"), 17)],
    "delete address": [address.delete_address(Address("", "br-web", "10.20.0.1/24"), 17)],
    "default route": [route.create_route(Route("netns:api", "0.0.0.0/0", gateway="10.20.0.1", device="eth0"), 19)],
    "default route IPv6": [route.create_route(Route("netns:api", "::/0", gateway="fd00:20::1", device="eth0"), 19)],
    "change route": [route.change_route(Route("", "10.9.0.0/16", gateway="10.20.0.9", device="br-web"), 17)],
    "on-link route": [route.create_route(Route("", "10.9.0.0/16", metric=50, device="br-web"), 17)],
    "route in a table": [route.create_route(Route("", "10.9.0.0/16", table=1000, gateway="10.20.0.9"), None)],
    "delete route": [route.delete_route(Route("", "10.9.0.0/16", gateway="10.20.0.9", device="br-web"), 17)],
    "neighbour": [neighbour.ensure_neighbour(Neighbour("", "vx-mesh", "10.60.0.2", "02:00:00:00:00:0b"), 20)],
    "neighbour IPv6": [neighbour.ensure_neighbour(Neighbour("", "vx-mesh", "fd60::2", "02:00:00:00:00:0b"), 20)],
    "delete neighbour": [neighbour.delete_neighbour(Neighbour("", "vx-mesh", "10.60.0.2", "02:00:00:00:00:0b"), 20)],
    "fdb behind a peer": [neighbour.ensure_fdb(FdbEntry("", "vx-mesh", "02:00:00:00:00:0b", "192.0.2.12"), 20)],
    "fdb behind an IPv6 peer": [neighbour.ensure_fdb(FdbEntry("", "vx-mesh", "02:00:00:00:00:0b", "2001:db8::12"), 20)],
    "fdb of the bridge": [neighbour.ensure_fdb(FdbEntry("", "vx-mesh", "02:00:00:00:00:0b"), 20)],
    "flood": [neighbour.ensure_fdb(FdbEntry("", "vx-mesh", FLOOD_MAC, "192.0.2.12"), 20)],
    "delete fdb behind a peer": [neighbour.delete_fdb(FdbEntry("", "vx-mesh", "02:00:00:00:00:0b", "192.0.2.12"), 20)],
    "delete fdb of the bridge": [neighbour.delete_fdb(FdbEntry("", "vx-mesh", "02:00:00:00:00:0b"), 20)],
    "macvlan in a container": create(MACVLAN),
    "macvlan with the MAC the kernel gives": create(replace(MACVLAN, mac=None, mtu=None)),
    "macvlan on the host": create(Link("", "mv-lan", kind=Macvlan("eth1", mode="private", broadcast_queue_length=2000), master="br-web")),
    "ipvlan in a container": create(Link("netns:api", "eth0", kind=Ipvlan("eth1", "", "l3s", "vepa"))),
    "vlan": create(Link("", "br-web", kind=Vlan(30, "802.1ad", "eth1"))),
    "dummy": create(Link("", "br-web", kind=Dummy())),
    "vrf": create(Link("", "br-web", kind=Vrf(1000))),
    "tunnel into a container": create(Link("netns:api", "eth0", kind=Vxlan(vni=7, port=4789, device="eth1", lower_place="", remote="192.0.2.2"))),
    "bridge with VLANs": create(Link("", "br-web", kind=Bridge(vlan_filtering=True))),
    "change macvlan": change(Link("", "mv-lan", kind=Macvlan("eth1", mode="vepa", broadcast_queue_length=10, broadcast_limit=-1)), "kind"),
    "change ipvlan": change(Link("", "mv-lan", kind=Ipvlan("eth1", mode="l2", flag="private")), "kind"),
    "change remote": change(Link("", "vx-mesh", kind=Vxlan(remote="192.0.2.3")), "kind"),
    "route that refuses": [route.create_route(Route("netns:api", "fd66::/16", type="prohibit"), None)],
    "route with all": [route.create_route(Route("", "10.9.0.0/16", 1000001, 7, "192.0.2.1", "eth1", source="192.0.2.7", onlink=True), 3)],
    "route by several next hops": [route.create_route(Route("", "10.9.0.0/16").along([Hop("x", "192.0.2.1", 3), Hop("y")]), None, (3, 4))],
    "onlink next hops": [route.change_route(Route("", "::/0", onlink=True).along([Hop("x", "fe80::1"), Hop("y", "fe80::2", 256)]), None, (3, 4))],
    "rule with all": [rule.create_rule(PolicyRule("", 6, 7, "::/0", 100, "lo", "fd09::/64", "eth1", 0x10, 0xF0))],
    "rule": [rule.create_rule(PolicyRule("", 4, 1000, "10.1.0.5/32", 1000001))],
    "rule IPv6": [rule.create_rule(PolicyRule("", 6, 1000, "fd01::/64", 100))],
    "rule of an interface": [rule.create_rule(PolicyRule("", 4, 1000, "10.1.0.0/24", 1000001, "br-web"))],
    "change rule": rule.change_rule(PolicyRule("", 4, 1000, "10.1.0.5/32", 7), PolicyRule("", 4, 1000, "10.1.0.5/32", 6)),
    "delete rule": [rule.delete_rule(PolicyRule("", 4, 1000, "10.1.0.5/32", 6))],
    "proxy": [neighbour.create_proxy(ProxyNeighbour("", "eth1", "192.0.2.70"), 3)],
    "delete proxy": [neighbour.delete_proxy(ProxyNeighbour("", "eth1", "2001:db8::70"), 3)],
    "VLAN of a port": [bridge_vlan.ensure_vlan(BridgeVlan("", "ve-api", 30, untagged=True, native=True), 18, False)],
    "VLAN of a bridge": [bridge_vlan.ensure_vlan(BridgeVlan("", "br-web", 31), 17, True)],
    "delete VLAN": [bridge_vlan.delete_vlan(BridgeVlan("", "ve-api", 1), 18, False)],
    "dump VLANs": [bridge_vlan.vlans_request()],
    "limit": limit.create_limit(Limit("", "ve-api", Rate(100 * 10**6), Size(123 * 1024), Size(734 * 1024)), 18),
    "change limit": limit.change_limit(SLOW, SLOW, 19),
    "limit with netem": limit.create_limit(replace(SLOW, netem=BAD), 18),
    "netem": limit.create_limit(Limit("netns:api", "eth0", Rate(0), netem=BAD), 18),
    "change netem": limit.change_limit(Limit("netns:api", "eth0", Rate(0), netem=BAD), Limit("netns:api", "eth0", Rate(0), netem=LATE), 18),
    "limit without netem": limit.change_limit(SLOW, replace(SLOW, netem=LATE), 18),
    "netem without limit": limit.change_limit(Limit("netns:api", "eth0", Rate(0), netem=LATE), replace(SLOW, netem=LATE), 18),
    "delete limit": [limit.delete_limit(18)],
    "dump limits": [limit.limits_request()],
    "dump links": [netlink.link_message(netlink.RTM_GETLINK, 0, [("IFLA_EXT_MASK", 8)])],
}


@pytest.mark.skipif(sys.byteorder != "little", reason="the golden bytes are those of a little-endian machine")
@pytest.mark.parametrize("name", MESSAGES)
def test_bytes_are_golden(name: str) -> None:
    golden = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    assert [message.hex() for message in MESSAGES[name]] == [text.replace(" ", "") for text in golden[name]]


def test_no_golden_is_left_over() -> None:
    assert list(yaml.safe_load(FILE.read_text(encoding="utf-8"))) == list(MESSAGES)


def test_an_inner_end_and_settings_need_no_message() -> None:
    assert MESSAGES["pair, inner end"] == MESSAGES["change settings only"] == []


def decode(message: bytes) -> Any:
    """Return a message as pyroute2 understands it."""
    from pyroute2.netlink.rtnl.marshal import MarshalRtnl

    marshal = MarshalRtnl()
    (found,) = marshal.parse(message)
    return found


def attributes(nested: Any) -> Dict[str, Any]:
    """Return the attributes of a message as a map, nested ones as maps too."""
    found = {}
    for name, value in nested["attrs"]:
        found[name] = attributes(value) if isinstance(value, dict) and "attrs" in value else value
    return found


def test_a_pair_reads_as_a_port_and_a_container_interface() -> None:
    (message,) = MESSAGES["pair, outer end"]
    found = attributes(decode(message))
    data = found["IFLA_LINKINFO"]["IFLA_INFO_DATA"]
    peer = data["VETH_INFO_PEER"]
    assert (found["IFLA_IFNAME"], found["IFLA_MTU"], found["IFLA_MASTER"], found["IFLA_GROUP"]) == ("ve-api", 1400, 17, link.CREATION_GROUP)
    assert (peer["IFLA_IFNAME"], peer["IFLA_ADDRESS"], peer["IFLA_MTU"]) == ("eth0", "02:00:00:00:00:05", 1400)
    assert peer["IFLA_GROUP"] == link.CREATION_GROUP


@pytest.mark.parametrize(("name", "expected"), [("raise", (1, 1)), ("lower", (0, 1)), ("change mtu, mac", (0, 0))])
def test_up_is_only_touched_when_asked(name: str, expected: Any) -> None:
    found = decode(MESSAGES[name][0])
    assert (found["flags"], found["change"]) == expected


def test_a_ports_flags_travel_behind_its_master() -> None:
    first, second = (attributes(decode(message)) for message in MESSAGES["change master and port"])
    assert first == {"IFLA_MASTER": 17}
    flags = second["IFLA_LINKINFO"]["IFLA_INFO_SLAVE_DATA"]
    expected = {"IFLA_BRPORT_MODE": 1, "IFLA_BRPORT_LEARNING": 0, "IFLA_BRPORT_UNICAST_FLOOD": 0, "IFLA_BRPORT_ISOLATED": 1}
    assert flags == expected


def test_a_changed_tunnel_names_nothing_the_kernel_has_fixed() -> None:
    found = attributes(decode(MESSAGES["change vxlan"][0]))
    assert set(found["IFLA_LINKINFO"]["IFLA_INFO_DATA"]) == {"IFLA_VXLAN_TTL", "IFLA_VXLAN_LEARNING", "IFLA_VXLAN_LOCAL", "IFLA_VXLAN_LINK"}


@pytest.mark.parametrize("name", [name for name in MESSAGES if "route" in name])
def test_routes_carry_our_protocol(name: str) -> None:
    assert decode(MESSAGES[name][0])["proto"] == 76


def test_an_address_carries_our_protocol_in_every_release() -> None:
    # pyroute2 0.7.2 has no name for it, so its decoder does not tell.
    for name in ("address", "address IPv6"):
        assert bytes((5, 0, 11, 0, 76, 0, 0, 0)) in MESSAGES[name][0]
