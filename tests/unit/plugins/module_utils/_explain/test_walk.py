# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way of a packet through hosts that are only written down."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network
from typing import Dict, List, Optional, Sequence

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._explain.fixes import with_fix
from ansible_collections.netloom.container_net.plugins.module_utils._explain.reasons import find_route
from ansible_collections.netloom.container_net.plugins.module_utils._explain.sites import Far, Site, Sites
from ansible_collections.netloom.container_net.plugins.module_utils._explain.story import Cause, command
from ansible_collections.netloom.container_net.plugins.module_utils._explain.trip import Target, plan_trip, read_target
from ansible_collections.netloom.container_net.plugins.module_utils._explain.walk import walk
from ansible_collections.netloom.container_net.plugins.module_utils._explain.words import tell
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.rulesets import RuleSet
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.bridge import Bridge
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.veth import Veth
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vxlan import Vxlan
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError
from ansible_collections.netloom.container_net.plugins.module_utils._model.guard import GuardedPort
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import BridgePort, Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.live import (
    ForwardingRow,
    NeighbourRow,
    RouteAnswer,
    RouteQuestion,
    RouteRow,
    RuleRow,
    Space,
)
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Address
from ansible_collections.netloom.container_net.plugins.module_utils._model.place import HOST, Place
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Snapshot

A, B = Place("netns:a"), Place("netns:b")
FAR = Far("main", "far", "web", "vx-web", "02:00:00:00:60:02", "192.0.2.2", ("10.20.0.12",))
SITES = Sites(
    sites=(
        Site("main", "a", A, "eth0", None, ("10.20.0.10",), ("10.20.0.10/24",)),
        Site("main", "b", B, "eth0", None, ("10.20.0.11",), ("10.20.0.11/24",)),
    ),
    far=(FAR,),
    places=(A, B),
)
MAIN = RuleRow(4, 32766, "table", 254)
TUNNEL = Vxlan(vni=7, port=4789, local="192.0.2.1", proxy=True)


@dataclass
class Written:
    """A host as it is written down; its kernel knows the main table only."""

    links: List[Link]
    addresses: List[Address]
    spaces: Dict[str, Space]
    rules: Dict[str, Sequence[RuleSet]] = field(default_factory=dict)
    ports: Sequence[GuardedPort] = ()

    @property
    def snapshot(self) -> Snapshot:
        found = Snapshot(places={HOST, A, B})
        for item in (*self.links, *self.addresses):
            found.add(item, mine=True)
        return found

    def space(self, place: str) -> Space:
        return self.spaces[place]

    def rule_sets(self, place: str) -> Sequence[RuleSet]:
        return self.rules.get(place, ())

    def guards(self, place: str) -> Sequence[GuardedPort]:
        return self.ports if place == HOST else ()

    def route(self, place: str, question: RouteQuestion) -> RouteAnswer:
        own = [item for item in self.addresses if item.place == place]
        if any(item.address.partition("/")[0] == question.destination for item in own):
            return RouteAnswer(device="lo", source=question.destination, is_local=True)
        row = find_route(self.spaces[place], question)[1]
        if row is None:
            return RouteAnswer(errno=errno.ENETUNREACH)
        if row.type == "blackhole":
            return RouteAnswer(errno=errno.EINVAL)
        source = next(item.address.partition("/")[0] for item in own if item.device == row.device)
        return RouteAnswer(device=row.device, gateway=row.gateway, source=source, table=row.table)

    def change(self, place: str, name: str, **fields: object) -> None:
        self.links = [replace(link, **fields) if (link.place, link.name) == (place, name) else link for link in self.links]  # type: ignore[arg-type]


def pair(place: Place, host_end: str, mac: str) -> List[Link]:
    outer = Link(HOST, host_end, Veth(place, "eth0"), 1500, up=True, master="br-web", port=BridgePort(isolated=False, flood=True))
    return [outer, Link(place, "eth0", Veth(HOST, host_end), 1500, mac, True, "")]


def make() -> Written:
    """Two containers on a bridge with a tunnel, and a card."""
    near = RouteRow("10.20.0.0/24", 254, 0, "eth0")
    return Written(
        [
            Link(HOST, "br-web", Bridge(), 1500, "02:00:00:00:00:01", True, ""),
            Link(HOST, "vx-web", TUNNEL, 1450, "02:00:00:00:00:02", True, "br-web", port=BridgePort(flood=False)),
            Link(HOST, "eth0", None, 1500, "02:00:00:00:00:03", True, ""),
            *pair(A, "cn-a", "02:00:00:00:00:0a"),
            *pair(B, "cn-b", "02:00:00:00:00:0b"),
        ],
        [Address(A, "eth0", "10.20.0.10/24"), Address(B, "eth0", "10.20.0.11/24"), Address(HOST, "eth0", "192.0.2.1/24")],
        {
            A: Space(rules=(MAIN,), routes=(near,)),
            B: Space(rules=(MAIN,), routes=(near,)),
            HOST: Space(
                rules=(MAIN,),
                routes=(RouteRow("192.0.2.0/24", 254, 0, "eth0"),),
                neighbours=(NeighbourRow("vx-web", "10.20.0.12", FAR.mac, True),),
                forwarding=(ForwardingRow("vx-web", FAR.mac, "192.0.2.2", True), ForwardingRow("vx-web", FAR.mac, "", True)),
            ),
        },
    )


def why(world: Written, target: str = "b", size: int = 84) -> str:
    """Return why a packet from a does not arrive, or nothing."""
    trip = plan_trip("a", read_target(target), "", SITES, world.snapshot, size)
    story = walk(world, trip, SITES)
    lines = list(tell(trip, story))
    assert lines[-1].startswith("arrives: ") == (story.cause is None)
    return story.cause.words if story.cause is not None else ""


@pytest.mark.parametrize("target", ["b", "far", "main/b", "10.20.0.11"])
def test_it_arrives(target: str) -> None:
    assert why(make(), target) == ""


@pytest.mark.parametrize(
    ("place", "name", "fields", "cause"),
    [
        (A, "eth0", {"up": False}, "eth0 of a is down"),
        (B, "eth0", {"up": False}, "eth0 of b is down"),
        (HOST, "cn-b", {"up": False}, "cn-b of the host is down"),
        (HOST, "br-web", {"up": False}, "br-web of the host is down"),
        (HOST, "cn-b", {"mtu": 1000}, "1400 bytes are too many for cn-b of the host, whose MTU is 1000, and nobody is told"),
        (A, "eth0", {"mtu": 1000}, "1400 bytes are too many for eth0 of a, whose MTU is 1000"),
    ],
)
def test_links(place: Place, name: str, fields: Dict[str, object], cause: str) -> None:
    world = make()
    world.change(place, name, **fields)
    assert why(world, size=1400) == cause


def test_isolated_ports() -> None:
    world = make()
    world.change(HOST, "cn-a", port=BridgePort(isolated=True))
    assert why(world) == ""
    world.change(HOST, "cn-b", port=BridgePort(isolated=True))
    assert why(world) == "ports cn-a and cn-b of bridge br-web are both isolated"


@pytest.mark.parametrize(
    ("port", "cause"),
    [
        (GuardedPort("cn-a", ("02:00:00:00:00:09",), ("10.20.0.10",), (4, 6)), "anti_spoofing takes nothing from the MAC "),
        (GuardedPort("cn-a", (), ("10.20.0.9",), (4, 6)), "anti_spoofing takes nothing from 10.20.0.10 by port cn-a"),
        (GuardedPort("cn-a", (), ("10.20.0.9",), (4, 6), routes=True), ""),
        (GuardedPort("cn-a", (), ("10.20.0.0/24",), (4, 6)), ""),
        (GuardedPort("cn-c", (), (), (4, 6)), ""),
    ],
)
def test_who_says_he_is_another(port: GuardedPort, cause: str) -> None:
    world = make()
    sender = world.snapshot.link(A, "eth0")
    assert sender is not None
    world.ports = [port if port.macs else port._replace(macs=(sender.mac or "",))]
    world.change(A, "eth0", mac=sender.mac or "")
    assert why(world).startswith(cause)
    assert bool(why(world)) == bool(cause)


def test_a_blocked_port() -> None:
    world = make()
    world.spaces[HOST] = replace(world.spaces[HOST], blocked={"cn-b": 4})
    assert why(world) == "port cn-b of bridge br-web is blocking"


def test_two_have_an_address() -> None:
    world = make()
    world.addresses.append(Address(HOST, "br-web", "10.20.0.11/24"))
    assert why(world) == "the host and b both have 10.20.0.11"


@pytest.mark.parametrize(
    ("space", "cause"),
    [
        (Space(rules=(MAIN,)), "a has no route to 10.20.0.11, and no default route"),
        (Space(rules=(MAIN,), routes=(RouteRow("10.20.0.0/24", 254, 0, "", type="blackhole"),)), "route blackhole 10.20.0.0/24 in a refuses it"),
        (Space(rules=(RuleRow(4, 9, "table", 7, "10.20.0.0/24"), MAIN)), "a has no route to 10.20.0.11, and no default route"),
        (Space(rules=(RuleRow(4, 9, "prohibit"), MAIN)), "rule 9 from all prohibit in a refuses it"),
        (Space(rules=(MAIN,), routes=(RouteRow("0.0.0.0/0", 254, 0, "eth0", "10.20.0.77"),)), "nobody behind eth0 of a has 10.20.0.77, the gateway of a"),
    ],
)
def test_routes(space: Space, cause: str) -> None:
    world = make()
    world.spaces[A] = space
    world.links = [link for link in world.links if link.name != "vx-web"]  # else somebody behind the tunnel might be the gateway
    assert why(world) == cause


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"neighbours": ()}, "the neighbour row of 10.20.0.12 is missing on vx-web"),
        ({"forwarding": (ForwardingRow("vx-web", FAR.mac, "", True),)}, "the forwarding row of 02:00:00:00:60:02 is missing on vx-web"),
        ({"forwarding": (ForwardingRow("vx-web", FAR.mac, "192.0.2.2", True),)}, "the row of bridge br-web for 02:00:00:00:60:02 is missing on vx-web"),
        ({"routes": ()}, "the host has no route to 192.0.2.2, and no default route"),
    ],
)
def test_rows_of_a_tunnel(fields: Dict[str, object], cause: str) -> None:
    world = make()
    world.spaces[HOST] = replace(world.spaces[HOST], **fields)  # type: ignore[arg-type]
    assert why(world, "far") == cause


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("b", Target("b")),
        ("b:80", Target("b", 80, "tcp")),
        ("main/b:53/udp", Target("main/b", 53, "udp")),
        ("10.20.0.11:80", Target("10.20.0.11", 80, "tcp")),
        ("fd00::1", Target("fd00::1")),
        ("[fd00::1]:80/sctp", Target("fd00::1", 80, "sctp")),
    ],
)
def test_targets(text: str, found: Target) -> None:
    assert read_target(text) == found


@pytest.mark.parametrize("text", ["b:0", "b:65536", "b:80/icmp"])
def test_no_targets(text: str) -> None:
    with pytest.raises(InputError, match="nothing was changed"):
        read_target(text)


@pytest.mark.parametrize(
    ("rules", "destination", "number"),
    [
        ([RuleRow(4, 1, "table", 7, destination="10.0.0.0/8")], "10.1.0.0", 1),
        ([RuleRow(4, 1, "table", 7, destination="10.0.0.0/8", inverted=True)], "10.1.0.0", None),
        ([RuleRow(4, 1, "table", 7, interface="eth9")], "10.1.0.0", None),
        ([RuleRow(4, 1, "table", 7, mark=1, mask=1)], "10.1.0.0", None),
        ([RuleRow(6, 1, "table", 7)], "10.1.0.0", None),
        ([RuleRow(4, 2, "table", 7), RuleRow(4, 1, "table", 8)], "10.1.0.0", 2),
    ],
)
def test_which_rule_decides(rules: List[RuleRow], destination: str, number: Optional[int]) -> None:
    assert ip_address(destination) in ip_network("0.0.0.0/0")
    rule, _row = find_route(Space(rules=tuple(rules), routes=(RouteRow("0.0.0.0/0", 7, 0, "eth0"),)), RouteQuestion(destination))
    assert (rule.priority if rule is not None else None) == number


def test_what_no_declaration_decides_has_a_fix_of_its_own() -> None:
    trip = plan_trip("a", read_target("b"), "", SITES, make().snapshot, 84)
    assert with_fix(Cause("gateway", "x"), trip, SITES, {}, {}).fix == "nothing declared on this host decides it"
    assert with_fix(Cause("link", "x", fix="ip link set x up"), trip, SITES, {}, {}).fix == "ip link set x up"


@pytest.mark.parametrize(
    ("place", "tool", "words"),
    [
        (HOST, "ip", "ip x"),
        (A, "ip", "ip -n a x"),
        (A, "sysctl", "ip netns exec a sysctl x"),
        (Place("docker:web"), "ip", "in the network namespace of web: ip x"),
    ],
)
def test_commands(place: Place, tool: str, words: str) -> None:
    assert command(place, tool, "x") == words
