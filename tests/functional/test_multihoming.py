# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container on three networks: its answers come from the address that was asked, by the interface the question came in on."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Any, Dict, List, Set, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.table import select_backend
from ansible_collections.netloom.container_net.plugins.module_utils._model.names import host_interface_name, source_table
from ansible_collections.netloom.container_net.plugins.module_utils._report.info import Report
from ansible_collections.netloom.container_net.plugins.module_utils._report.sight import observe_everything
from harness.declarations import endpoint, network
from harness.drifts import Drift, assert_mended
from harness.engine import Declaration, Tools, assert_settled, converge, give_uplink, settle
from harness.host import entered, sh
from harness.kills import Killed, assert_survived
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, Stream, ask_one, await_addresses

SUBNETS = {"web": 20, "db": 22, "lan": 30, "back": 31}
INTERFACES = {"web": "eth0", "db": "eth1", "lan": "eth2"}
# Strict: the container drops what comes in by an interface that its answer would not leave by.
STRICT = {"net.ipv4.conf.IFNAME.rp_filter": "1"}
FAMILIES = (4, 6)


def address(name: str, family: int, number: int = 10) -> str:
    return ("10.%d.0.%d" if family == 4 else "fd00:%d::%d") % (SUBNETS[name], number)


def open_network(name: str, **options: Any) -> Dict[str, Any]:
    """A bridge whose endpoints the world reaches at their own addresses."""
    subnets = ({"subnet": "10.%d.0.0/24" % SUBNETS[name]}, {"subnet": "fd00:%d::/64" % SUBNETS[name]})
    return network(name, *subnets, masquerade=False, trusted_interfaces=["eth0"], **options)


def lan() -> Dict[str, Any]:
    """A segment outside the host with a router of its own."""
    gateways = ({"subnet": "10.30.0.0/24", "gateway": "10.30.0.1"}, {"subnet": "fd00:30::/64", "gateway": "fd00:30::1"})
    return network("lan", *gateways, driver="macvlan", parent="lan0")


def at(name: str, **options: Any) -> Dict[str, Any]:
    return {"name": name, "ipv4_address": address(name, 4), "ipv6_address": address(name, 6), "sysctls": STRICT, **options}


def give_world() -> None:
    """Behind eth0 the world, which knows the bridges' subnets; behind lan0 a router, and behind it `far`."""
    give_uplink()
    sh(
        """
        for n in 20 22; do ip route add 10.$n.0.0/24 via 192.0.2.1; ip -6 route add fd00:$n::/64 via 2001:db8:2::1; done
        """,
        "outside",
    )
    sh(
        """
        ip netns add router; ip netns add far
        ip link add lan0 address 02:00:00:00:30:02 type veth peer name lan0 address 02:00:00:00:30:01 netns router; ip link set lan0 up
        ip -n router link add far0 address 02:00:00:00:31:01 type veth peer name eth0 address 02:00:00:00:31:02 netns far
        for device in lan0 far0; do ip -n router link set $device up; done; ip -n far link set eth0 up
        ip -n router address add 10.30.0.1/24 dev lan0; ip -n router address add fd00:30::1/64 dev lan0 nodad
        ip -n router address add 198.51.100.1/24 dev far0; ip -n router address add 2001:db8:51::1/64 dev far0 nodad
        ip -n far address add 198.51.100.2/24 dev eth0; ip -n far address add 2001:db8:51::2/64 dev eth0 nodad
        ip -n far route add default via 198.51.100.1; ip -n far -6 route add default via 2001:db8:51::1
        ip netns exec router sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
        """
    )


# Whose question comes by which network, from a subnet that is not connected.
CLIENTS = {"web": "outside", "db": "outside", "lan": "far"}


def declare(*names: str, **options: Any) -> Declaration:
    networks = [lan() if name == "lan" else open_network(name) for name in names]
    return Declaration(networks, [endpoint("a", *map(at, names), **options)], prepare=give_world)


THREE = declare("web", "db", "lan")


def leaving(client: str, asked: str) -> Tuple[bool, Set[str]]:
    """Ask an address by TCP; return whether the answer came, and by which interfaces of the container packets from it left."""
    family = 6 if ":" in asked else 4
    source = socket.inet_pton(socket.AF_INET6 if family == 6 else socket.AF_INET, asked)
    place = slice(8, 24) if family == 6 else slice(12, 16)
    with entered("a"):
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
    with tap:
        tap.setblocking(False)
        with entered(client):
            answered = ask_one((client, "tcp", asked, 80), 1.4) is not None
        found = set()
        while True:
            try:
                data, (device, _protocol, kind, *_rest) = tap.recvfrom(2048)
            except BlockingIOError:
                return answered, found
            is_tcp = data[6 if family == 6 else 9] == socket.IPPROTO_TCP
            if kind == socket.PACKET_OUTGOING and data[place] == source and is_tcp:
                found.add(device)


@pytest.mark.fake_host
def test_answers_leave_where_the_question_came_in() -> None:
    give_world()
    settle(THREE)
    await_addresses("", "a")
    Server("a", "a", [80])
    for name, client in CLIENTS.items():
        for family in FAMILIES:
            asked = address(name, family)
            assert leaving(client, asked) == (True, {INTERFACES[name]}), (name, family)
            sh("ping -c 1 -W 1 %s" % asked, client)


def ask_from(client: str, protocol: str, asked: str, port: int) -> Any:
    with entered(client):
        return ask_one((client, protocol, asked, port), 1.4)


@pytest.mark.fake_host
def test_without_it_they_do_not() -> None:
    """What the test above shows is the work of source routing: without it only the network of the default route is right."""
    give_world()
    settle(declare("web", "db", "lan", source_routing=False))
    await_addresses("", "a")
    Server("a", "a", [80])
    right = {name: [leaving(CLIENTS[name], address(name, family)) == (True, {INTERFACES[name]}) for family in FAMILIES] for name in CLIENTS}
    assert sorted(right.values()) == [[False, False], [False, False], [True, True]], right
    settle(THREE)
    assert leaving("far", address("lan", 4)) == (True, {"eth2"})


@pytest.mark.fake_host
def test_a_neighbour_of_one_network_asks_the_address_on_another() -> None:
    """The answer takes the way back through the host, not the short cut by the interface it shares with the asker."""
    give_world()
    two = declare("web", "db")
    near = endpoint("b", {"name": "web", "ipv4_address": address("web", 4, 11), "ipv6_address": address("web", 6, 11)})
    open_to_each_other = [dict(item, trusted_interfaces=["eth0", "br-web", "br-db"]) for item in two.networks]
    settle(replace(two, networks=open_to_each_other, endpoints=[*two.endpoints, near]))
    await_addresses("", "a", "b")
    Server("a", "a", [80])
    for family in FAMILIES:
        assert leaving("b", address("db", family)) == (True, {"eth1"}), family


@pytest.mark.fake_host
def test_published_ports_lead_to_the_network_of_the_default_route() -> None:
    """And where that is no bridge, to the first bridge; the answer finds its way through it all the same."""
    give_world()
    networks = [network(name, *open_network(name)["ipam_config"]) for name in ("web", "db")]
    preferred = Declaration([*networks, lan()], [endpoint("a", at("web"), at("db", gw_priority=5), ports=["8080:80"])])
    settle(preferred)
    assert "to-destination 10.22.0.10:80" in sh("iptables -t nat -S")
    await_addresses("", "a")
    Server("a", "a", [80])
    for host in ("192.0.2.1", "2001:db8:2::1"):
        assert str(ask_from("outside", "tcp", host, 8080)).startswith("a "), host
    outward = replace(preferred, endpoints=[endpoint("a", at("web"), at("db"), at("lan", gw_priority=9), ports=["8080:80"])])
    settle(outward)
    assert "to-destination 10.22.0.10:80" in sh("iptables -t nat -S")
    for host in ("192.0.2.1", "2001:db8:2::1"):
        assert str(ask_from("outside", "tcp", host, 8080)).startswith("a "), host


@pytest.mark.fake_host
def test_each_family_goes_out_by_its_own_network() -> None:
    give_world()
    only = {"web": [open_network("web")["ipam_config"][0]], "db": [open_network("db")["ipam_config"][1]]}
    networks = [dict(open_network(name), ipam_config=subnets) for name, subnets in only.items()]
    attachments = [{"name": "web", "ipv4_address": address("web", 4)}, {"name": "db", "ipv6_address": address("db", 6), "gw_priority": -3}]
    settle(Declaration(networks, [endpoint("a", *attachments)]))
    assert " lookup 1" not in sh("ip rule; ip -6 rule", "a")
    await_addresses("", "a")
    Server("outside", "world", [80])
    assert ask_from("a", "tcp", "192.0.2.2", 80) == "world " + address("web", 4)
    assert ask_from("a", "tcp", "2001:db8:2::2", 80) == "world " + address("db", 6)


@pytest.mark.fake_host
def test_info_tells_links_routes_and_rules() -> None:
    give_world()
    converge(THREE)
    report = Report(observe_everything((), select_backend("none", lambda _tool: False, list), Tools().run).snapshot, None)
    networks = {network["name"]: network for network in report.networks()}
    assert {name: network["driver"] for name, network in networks.items()} == {"web": "bridge", "db": "bridge", "lan": "macvlan"}
    assert (networks["lan"]["parent"], networks["lan"]["mode"], networks["lan"]["host_interface"]) == ("lan0", "bridge", None)
    (found,) = report.endpoints()
    interfaces = {item["network"]: item for item in found["interfaces"]}
    assert (interfaces["lan"]["interface"], interfaces["lan"]["host_interface"]) == ("eth2", None)
    assert interfaces["lan"]["addresses"] == ["10.30.0.10/24", "fd00:30::10/64"]
    # The main table's default route only.
    assert [interfaces[name]["default_route"] for name in ("web", "db")] == [[], ["10.22.0.1", "fd00:22::1"]]
    assert {rule["from"]: rule["table"] for rule in found["rules"]}["10.30.0.10/32"] == source_table("main", "lan")
    table = [(route["destination"], route["gateway"], route["interface"]) for route in found["routes"] if route["table"] == DB]
    assert table == [("0.0.0.0/0", "10.22.0.1", "eth1"), ("10.22.0.0/24", None, "eth1"), ("::/0", "fd00:22::1", "eth1"), ("fd00:22::/64", None, "eth1")]


WEB, DB = source_table("main", "web"), source_table("main", "db")


def table_steps(sign: str, name: str) -> List[str]:
    """The steps that make or remove what source routing keeps for one network."""
    number, table = SUBNETS[name], source_table("main", name)
    destinations = ("10.%d.0.0/24" % number, "fd00:%d::/64" % number, "0.0.0.0/0", "::/0")
    found = ["%s route %s table %d in a" % (sign, destination, table) for destination in destinations]
    return found + ["%s rule 30000 from %s in a" % (sign, each) for each in (address(name, 4) + "/32", address(name, 6) + "/128")]


@pytest.mark.fake_host
def test_a_network_comes_and_goes_beside_a_stream() -> None:
    give_world()
    networks = declare("web", "db").networks
    # A bridge that never had a port differs from one that lost its last: it has one all the time.
    beside = endpoint("b", "db")
    one, two = (Declaration(networks, [endpoint("a", at("web", gw_priority=1), *more), beside]) for more in ((), (at("db"),)))
    settle(one)
    before = take_snapshot()
    await_addresses("", "a")
    streams = [Stream("outside", "a", address("web", 4), 4000), Stream("outside", "a", address("web", 6), 4006)]
    attached = settle(two)
    host_end = host_interface_name("main", "a", "db")
    assert set(attached) == {
        "+ veth %s" % host_end,
        "+ veth eth1 in a",
        "+ address 10.22.0.10/24 on eth1 in a",
        "+ address fd00:22::10/64 on eth1 in a",
        "+ sysctl net.ipv4.conf.eth1.rp_filter in a",
        *table_steps("+", "web"),
        *table_steps("+", "db"),
        "~ anti-spoofing of scope main: entries +8 -0",
    }
    detached = settle(one)
    # The routes of a link that goes go with it.
    rules = [line for line in table_steps("-", "db") if " rule " in line]
    assert set(detached) == {"- veth %s" % host_end, "~ anti-spoofing of scope main: entries +0 -8", *table_steps("-", "web"), *rules}
    for stream in streams:
        beats, longest = stream.finish()
        assert beats > 10
        assert longest < 1.5
    assert_same(before)


@pytest.mark.fake_host
def test_an_address_changes_in_place() -> None:
    give_world()
    two = declare("web", "db")
    settle(two)
    await_addresses("", "a")
    stream = Stream("outside", "a", address("web", 4), 4000)
    other = [at("web"), dict(at("db"), ipv4_address="10.22.0.11", mac_address="02:00:00:00:22:11")]
    first = dict(at("db"), mac_address="02:00:00:00:22:11")
    settle(replace(two, endpoints=[endpoint("a", at("web"), first)]))
    moved = settle(replace(two, endpoints=[endpoint("a", *other)]))
    assert set(moved) == {
        "+ address 10.22.0.11/24 on eth1 in a",
        "- address 10.22.0.10/24 on eth1 in a",
        "+ rule 30000 from 10.22.0.11/32 in a",
        "- rule 30000 from 10.22.0.10/32 in a",
        "~ anti-spoofing of scope main: entries +1 -1",
    }
    assert stream.finish()[0] > 10


DRIFTS: Dict[str, Drift] = {
    "rule gone": ("ip rule delete priority 30000 from 10.20.0.10", ["+ rule 30000 from 10.20.0.10/32 in a"]),
    "rule gone v6": ("ip -6 rule delete priority 30000 from fd00:22::10", ["+ rule 30000 from fd00:22::10/128 in a"]),
    "default gone": ("ip route delete default table %d" % DB, ["+ route 0.0.0.0/0 table %d in a" % DB]),
    "default elsewhere": (
        "ip route replace default via 10.22.0.7 table %d proto 76" % DB,
        ["~ route 0.0.0.0/0 table %d in a: gateway 10.22.0.7 → 10.22.0.1" % DB],
    ),
    "connected gone": ("ip -6 route delete fd00:20::/64 table %d" % WEB, ["+ route fd00:20::/64 table %d in a" % WEB]),
    "all rules gone": (
        "; ".join(
            "ip %s rule delete priority 30000 from %s" % (option, address(name, family)) for name in ("web", "db") for option, family in (("-4", 4), ("-6", 6))
        ),
        ["+ rule 30000 from %s/%d in a" % (address(name, family), length) for name in ("web", "db") for family, length in ((4, 32), (6, 128))],
    ),
    "a rule of an address that is gone": ("ip rule add from 10.22.0.99 lookup %d priority 30000 protocol 76" % DB, ["- rule 30000 from 10.22.0.99/32 in a"]),
}


@pytest.mark.fake_host
def test_drift() -> None:
    give_world()
    two = declare("web", "db")
    converge(two)
    assert_mended(two, DRIFTS, space="a")
    # What is not ours is no drift.
    sh("ip rule add from 203.0.113.1 lookup 77 priority 100; ip route add 203.0.113.0/24 via 10.20.0.7 table 77 proto static", "a")
    assert_settled(two)


def give_container() -> None:
    """A container of somebody else, which stays when its networks go."""
    give_world()
    sh("ip netns add a; ip -n a link set lo up; ip -n a rule add from 203.0.113.1 lookup 77 priority 100; ip -n a route add blackhole 203.0.113.0/24 table 77")


BEFORE = Declaration(prepare=give_world)
FEW = declare("web", "db")
OTHER = replace(
    FEW,
    endpoints=[endpoint("a", at("web"), dict(at("db"), ipv4_address="10.22.0.11", routes=[{"destination": "10.9.0.0/16", "gateway": "10.22.0.7"}]))],
)


def is_near_routing(point: str) -> bool:
    """Firewall and links are killed at every point elsewhere; here routes and rules count."""
    return point in ["netlink message of type %d in netns:a" % kind for kind in (24, 25, 32, 33)]


KILLED = {
    "a namespace of ours": (
        Killed(BEFORE, FEW, least=14, deadly=is_near_routing),
        Killed(FEW, OTHER, least=4, deadly=is_near_routing),
        Killed(OTHER, declare("web", "db", source_routing=False), least=14, deadly=is_near_routing),
    ),
    "a container that stays": (Killed(replace(FEW, prepare=give_container), BEFORE, least=4, deadly=is_near_routing),),
}


@pytest.mark.parametrize("name", KILLED)
def test_killed_at_every_point(name: str) -> None:
    assert_survived(*KILLED[name])


@pytest.mark.fake_host
def test_nothing_is_left_in_a_namespace_that_is_not_ours() -> None:
    """A container lives on after its networks: its rules and tables are as before."""
    give_container()
    before = take_snapshot()
    two = declare("web", "db", routes=[{"destination": "198.18.0.0/15", "type": "blackhole"}])
    settle(two)
    settle(replace(two, endpoints=[endpoint("a", at("web"))]))
    settle(two)
    settle(None)
    assert_same(before)
    assert_settled(None)


def guest(name: str, metric: int, **options: Any) -> Dict[str, Any]:
    """A network of another scope: its way out is a listed route, for the default route of a container has one owner."""
    number = SUBNETS[name]
    route = {"destination": "0.0.0.0/0", "gateway": "10.%d.0.7" % number, "metric": metric}
    return {"name": name, "ipv4_address": address(name, 4), "interface_name": "%s0" % name, "routes": [route], **options}


@pytest.mark.fake_host
def test_two_scopes_in_one_container() -> None:
    """Each scope removes its own rules, tables and closed destinations, never the other's."""
    give_world()
    sh("ip netns add a; ip -n a link set lo up")
    before = take_snapshot()
    first = declare("web", "db", routes=[{"destination": "198.18.0.0/16", "type": "blackhole"}])
    networks = [network(name, {"subnet": "10.%d.0.0/24" % SUBNETS[name]}, internal=True) for name in ("lan", "back")]
    second = Declaration(networks, [endpoint("a", guest("lan", 50), guest("back", 60), routes=[{"destination": "198.19.0.0/16", "type": "prohibit"}])])
    settle(first)
    settle(second, scope="other")
    assert_settled(first)
    assert sh("ip rule", "a").count("30000:") == 4
    settle(None)
    left = sh("ip rule; ip route show table all", "a")
    assert left.count("30000:") == 2
    assert "prohibit 198.19.0.0/16 proto 76" in left
    # Whose a closed destination of the main table is cannot be told while two scopes are there: the one that stays removes it.
    assert "198.18.0.0/16 table" not in left
    cleared = settle(second, scope="other")
    assert [line for line in cleared if " sysctl " not in line] == ["- route 198.18.0.0/16 in a"]
    settle(None, scope="other")
    assert_same(before)


@pytest.mark.fake_host
def test_another_network_gets_the_default_route_beside_streams() -> None:
    """What the route does not decide goes on: neighbours on each network, and who asked from outside."""
    give_world()

    def first(preferred: str) -> Declaration:
        members = [at(name, gw_priority=int(name == preferred)) for name in ("web", "db")]
        near = [endpoint("on-" + name, {"name": name, "ipv4_address": address(name, 4, 11), "ipv6_address": address(name, 6, 11)}) for name in ("web", "db")]
        return Declaration([open_network("web"), open_network("db")], [endpoint("a", *members), *near], prepare=give_world)

    converge(first("web"))
    before = take_snapshot()
    await_addresses("", "a", "on-web", "on-db")
    streams = [Stream("on-web", "a", address("web", 4)), Stream("on-db", "a", address("db", 6), 4001), Stream("outside", "a", address("web", 4), 4002)]
    moved = settle(first("db"))
    assert len(moved) == 2, moved
    assert all(" route " in line and " in a" in line for line in moved), moved
    assert "via %s dev eth1" % address("db", 4, 1) in sh("ip route show default", "a")
    converge(first("web"))
    for stream in streams:
        beats, longest = stream.finish()
        assert beats > 10
        assert longest < 1.5
    assert_same(before)
