# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the probes of LANs, routed networks, wires, routers and several networks of one endpoint promise."""

from __future__ import annotations

from typing import Any, Dict

import pytest
from fleets import endpoint, host
from probe_tables import BACK, FAR_WEB, ONLY_V4, WEB, at, table

LAN = {"name": "lan", "driver": "macvlan", "parent": "eth1", "ipam_config": [{"subnet": "198.51.100.0/24", "gateway": "198.51.100.1"}]}
NO_GATEWAY = [{"subnet": "198.51.100.0/24"}]
ROUTED = {"name": "wide", "driver": "routed", "ipam_config": [{"subnet": "10.70.0.0/16"}], "host_prefix": 24}
PARTS = {"h1": ["10.70.1.0/24"], "h2": ["10.70.2.0/24"]}


def lan(**options: Any) -> Dict[str, Any]:
    return dict(LAN, **options)


def ipvlan(**options: Any) -> Dict[str, Any]:
    return dict(LAN, driver="ipvlan", **options)


def pings(found: Dict[Any, str], *names: str) -> Dict[Any, str]:
    """Return the pings from some sources, by source and address."""
    return {(key[0], key[2]): expect for key, expect in found.items() if key[1] == "ping" and (not names or key[0] in names)}


def trio(network: Any, **more: Any) -> Dict[Any, str]:
    """Two endpoints of a LAN on one host and one on another; who pings whom."""
    first = host(1, endpoint("a", at("lan", "198.51.100.10")), endpoint("b", at("lan", "198.51.100.11")), networks=[network], **more)
    second = host(2, endpoint("c", at("lan", "198.51.100.12")), networks=[network], **more)
    found = pings(table(first, second))
    words = {"198.51.100.10": "a", "198.51.100.11": "b", "198.51.100.12": "c"}
    return {(source[-1], words[address]): expect for (source, address), expect in found.items() if address in words and source != "h1/" and source != "h2/"}


ALL = {(one, other): "pass" for one in "abc" for other in "abc" if one != other}
NEAR = (("a", "b"), ("b", "a"))
FAR = {pair: "pass" for pair in ALL if pair not in NEAR}


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (lan(), ALL),
        (lan(mode="private"), {**FAR, **dict.fromkeys(NEAR, "refuse")}),
        (lan(mode="vepa"), FAR),
        (ipvlan(), ALL),
        (ipvlan(flag="private"), {**FAR, **dict.fromkeys(NEAR, "refuse")}),
        (ipvlan(flag="vepa"), FAR),
        (ipvlan(mode="l3", ipam_config=NO_GATEWAY), dict.fromkeys(NEAR, "pass")),
    ],
    ids=["bridge", "private", "vepa", "ipvlan", "ipvlan-private", "ipvlan-vepa", "ipvlan-l3"],
)
def test_a_lan_on_two_hosts(network: Dict[str, Any], expected: Dict[Any, str]) -> None:
    assert trio(network) == expected


def test_senders_that_are_told_apart() -> None:
    """`a` and `c` hear each other over the wire; `b` hears both, and nobody hears it."""
    macs = {name: "02:00:00:00:00:0%s" % name for name in "abc"}
    heard = {"a": "c", "b": "ac", "c": "a"}
    ends = {
        name: endpoint(name, at("lan", "198.51.100.1%d" % index, mac_address=macs[name], source_macs=[macs[other] for other in heard[name]]))
        for index, name in enumerate("abc")
    }
    network = lan(mode="source")
    found = pings(table(host(1, ends["a"], ends["b"], networks=[network]), host(2, ends["c"], networks=[network])), "h1/a", "h1/b", "h2/c")
    wanted = {("h1/a", "198.51.100.12"): "pass", ("h2/c", "198.51.100.10"): "pass", ("h1/a", "198.51.100.11"): "refuse", ("h1/b", "198.51.100.10"): "refuse"}
    assert found == wanted


def test_an_internal_lan_is_one_for_each_host() -> None:
    inner = {"name": "lan", "driver": "macvlan", "internal": True, "ipam_config": NO_GATEWAY}
    found = trio(inner)
    assert found == dict.fromkeys(NEAR, "pass")


def test_lans_of_one_name_and_other_subnets_are_two() -> None:
    other = lan(ipam_config=[{"subnet": "203.0.113.0/24"}])
    found = table(host(1, endpoint("a", at("lan", "198.51.100.10")), networks=[LAN]), host(2, endpoint("c", at("lan", "203.0.113.10")), networks=[other]))
    assert ("h1/a", "ping", "203.0.113.10", None) not in found


def test_host_access() -> None:
    open_lan, plain = lan(host_access=True), lan()
    for network, expected in ((open_lan, {("h1/", "198.51.100.10"): "pass"}), (plain, {})):
        assert pings(table(host(1, endpoint("a", at("lan", "198.51.100.10")), networks=[network])), "h1/") == expected


def test_a_lan_is_no_certain_way_out_and_none_is_shut_off_from_it() -> None:
    """What lies behind the LAN's gateway, and who reaches its endpoints, is not ours to say."""
    both = endpoint("a", at("web", "10.20.0.2"), at("lan", "198.51.100.10", gw_priority=5))
    first = host(1, both, endpoint("b", at("web", "10.20.0.3")), networks=[WEB, LAN])
    second = host(2, endpoint("c", at("web", "10.21.0.2")), networks=[FAR_WEB])
    found = pings(table(first, second))
    assert ("h1/a", "192.0.2.2") not in found
    assert found["h1/b", "192.0.2.2"] == "pass"
    assert ("h1/b", "198.51.100.10") not in found
    assert ("h2/c", "198.51.100.10") not in found
    # But nobody reaches a bridge of ours from there.
    assert found["h1/a", "10.21.0.2"] == "refuse"


def test_the_bridge_is_the_way_out_where_its_priority_is_highest() -> None:
    first = host(1, endpoint("a", at("web", "10.20.0.2", gw_priority=5), at("lan", "198.51.100.10")), networks=[WEB, LAN])
    assert pings(table(first, host(2, networks=[])))["h1/a", "192.0.2.2"] == "pass"


@pytest.mark.parametrize(("source_routing", "expected"), [(True, "pass"), (False, None)])
def test_published_ports_beside_another_default_route(source_routing: bool, expected: Any) -> None:
    """The answer finds its way back through the bridge only with source routing."""
    both = endpoint("a", at("web", "10.20.0.2"), at("lan", "198.51.100.10", gw_priority=5), ports=["8080:80"], source_routing=source_routing)
    found = table(host(1, both, networks=[WEB, LAN]), host(2, networks=[]))
    assert found.get(("h2/", "tcp", "192.0.2.1", 8080)) == expected
    assert ("h1/a", "tcp", "192.0.2.1", 8080) not in found


def test_who_is_on_the_lan_of_the_hosts_asks_them_directly() -> None:
    underlay = lan(ipam_config=[{"subnet": "192.0.2.0/24", "gateway": "192.0.2.250"}])
    both = endpoint("a", at("web", "10.20.0.2", gw_priority=5), at("lan", "192.0.2.90"), ports=["8080:80"])
    found = table(host(1, both, networks=[WEB, underlay]), host(2, networks=[]))
    assert found["h2/", "tcp", "192.0.2.1", 8080] == "pass"
    assert ("h1/a", "tcp", "192.0.2.1", 8080) not in found
    assert ("h1/a", "ping", "192.0.2.2", None) not in found


def test_listed_routes_decide_for_themselves() -> None:
    routes = [{"destination": "192.0.2.0/24", "type": "blackhole"}, {"destination": "10.21.0.0/16", "gateway": "10.20.0.254"}]
    first = host(1, endpoint("a", at("web", "10.20.0.2"), routes=routes, ports=["8080:80"]), networks=[WEB])
    found = table(first, host(2, endpoint("c", at("web", "10.21.0.2")), networks=[FAR_WEB]))
    assert ("h1/a", "ping", "192.0.2.2", None) not in found
    assert ("h2/", "tcp", "192.0.2.1", 8080) not in found
    # The route may lead to a router, but no router stands on that network.
    assert found["h1/a", "ping", "10.21.0.2", None] == "refuse"


def routed_fleet(*, ports: Any = (), **options: Any) -> Dict[Any, str]:
    network = dict(ROUTED, host_subnets=PARTS, **options)
    first = host(1, endpoint("a", at("wide", "10.70.1.2"), ports=list(ports)), endpoint("b", at("web", "10.20.0.3")), networks=[network, WEB])
    return table(first, host(2, endpoint("c", at("wide", "10.70.2.2")), networks=[network]))


def test_members_of_a_routed_network() -> None:
    found = pings(routed_fleet())
    assert found["h1/a", "10.70.2.2"] == found["h2/c", "10.70.1.2"] == "pass"
    assert found["h1/", "10.70.1.2"] == found["h2/", "10.70.2.2"] == "pass"
    assert ("h1/b", "10.70.1.2") not in found


def test_opened_ports_of_a_routed_network() -> None:
    closed = {"published": 90, "target": 90, "allowed_sources": ["203.0.113.0/24"]}
    found = routed_fleet(ports=["80:80", "53-56:53-56/udp", closed])
    opened = {key[1:]: expect for key, expect in found.items() if key[0] == "h2/" and key[2] == "10.70.1.2"}
    assert opened == {
        ("tcp", "10.70.1.2", 80): "pass",
        ("udp", "10.70.1.2", 53): "pass",
        ("udp", "10.70.1.2", 56): "pass",
        ("tcp", "10.70.1.2", 90): "refuse",
        ("tcp", "10.70.1.2", 61001): "refuse",
    }
    assert not [key for key in found if key[2] == "192.0.2.1" and key[3] in (80, 53)]


def test_an_internal_routed_network() -> None:
    found = pings(routed_fleet(internal=True))
    assert found["h1/a", "10.70.2.2"] == "pass"
    assert found["h2/", "10.70.1.2"] == "refuse"
    assert found["h1/b", "10.70.1.2"] == "refuse"


WIRE = {
    "name": "w",
    "ends": [
        {"endpoint": "a", "interface_name": "w0", "addresses": ["10.5.0.1/30", "fd05::1/64"]},
        {"endpoint": "b", "interface_name": "w0", "addresses": ["10.5.0.2/30", "fd06::1/64"]},
    ],
}


def test_a_wire_between_endpoints() -> None:
    """Both ways in the family whose addresses share a subnet."""
    found = pings(table(host(1, endpoint("a"), endpoint("b"), networks=[], links=[WIRE])))
    assert found == {("h1/a", "10.5.0.2"): "pass", ("h1/b", "10.5.0.1"): "pass"}


def test_a_wire_to_a_network() -> None:
    wire = {"name": "w", "ends": [{"endpoint": "r", "interface_name": "w0", "addresses": ["10.20.0.77/24"]}, {"network": "web"}]}
    found = pings(table(host(1, endpoint("a", at("web", "10.20.0.2")), endpoint("r"), networks=[WEB], links=[wire])), "h1/a", "h1/r")
    assert found == {("h1/a", "10.20.0.77"): "pass", ("h1/r", "10.20.0.2"): "pass"}


def test_a_wire_of_the_host() -> None:
    """The host asks; who may ask the host is up to a firewall that is not ours."""
    far = {"endpoint": "a", "addresses": ["10.5.0.2/30", "fd05::2/64", "10.6.0.2/30"]}
    wire = {"name": "adm", "ends": [{"host": True, "addresses": ["10.5.0.1/30", "fd05::1/64"]}, far]}
    assert pings(table(host(1, endpoint("a"), networks=[], links=[wire]))) == {("h1/", "10.5.0.2"): "pass", ("h1/", "fd05::2"): "pass"}
    led = endpoint("a", routes=[{"destination": "10.5.0.1/32", "gateway": "10.6.0.1"}])
    assert pings(table(host(1, led, networks=[], links=[wire]))) == {("h1/", "fd05::2"): "pass"}


def test_joined_networks() -> None:
    """Whose addresses share a subnet are neighbours; of the others nothing is certain."""
    one, two = dict(WEB), {"name": "two", "internal": True}
    wire = {"name": "w", "ends": [{"network": "web"}, {"network": "two"}]}
    endpoints = [endpoint("a", at("web", "10.20.0.2")), endpoint("b", at("two", "10.20.0.3"))]
    found = pings(table(host(1, *endpoints, networks=[one, two], links=[wire])))
    assert found["h1/a", "10.20.0.3"] == found["h1/b", "10.20.0.2"] == "pass"


def test_a_router_between_networks() -> None:
    """Whoever has a route to the router is not promised to be shut off; who has none is."""
    left, right = BACK, {"name": "right", "internal": True, "ipam_config": [{"subnet": "10.50.0.0/24"}]}
    router = endpoint("r", at("back", "10.30.0.9"), at("right", "10.50.0.9"), forwarding=True)
    led = endpoint("a", at("back", "10.30.0.2"), routes=[{"destination": "10.50.0.0/24", "gateway": "10.30.0.9"}])
    found = pings(table(host(1, router, led, endpoint("b", at("right", "10.50.0.2")), endpoint("c", at("back", "10.30.0.3")), networks=[left, right])))
    assert ("h1/a", "10.50.0.2") not in found
    assert found["h1/b", "10.30.0.2"] == found["h1/c", "10.50.0.2"] == "refuse"
    assert found["h1/r", "10.50.0.2"] == found["h1/a", "10.30.0.9"] == "pass"


def test_a_router_that_is_the_gateway() -> None:
    """Its networks, and those joined to them, may reach what it reaches; the host's own isolation says nothing there."""
    inner = {"name": "inner", "gateway_on_host": False, "ipam_config": [{"subnet": "10.30.0.0/24", "gateway": "10.30.0.1"}]}
    router = endpoint("r", at("web", "10.20.0.9"), at("inner", "10.30.0.1"), forwarding=True)
    wire = {"name": "w", "ends": [{"network": "inner"}, {"network": "annex"}]}
    members = [router, endpoint("a", at("inner", "10.30.0.2")), endpoint("b", at("annex", "10.30.0.3")), endpoint("c", at("web", "10.20.0.2"))]
    found = pings(table(host(1, *members, networks=[WEB, inner, {"name": "annex"}], links=[wire]), host(2, networks=[])))
    assert ("h1/a", "10.20.0.2") not in found
    assert ("h1/b", "10.20.0.2") not in found
    assert found["h1/a", "10.30.0.3"] == found["h1/b", "10.30.0.2"] == found["h1/b", "10.30.0.1"] == "pass"
    assert found["h1/c", "10.30.0.2"] == "refuse"
    assert found["h1/r", "192.0.2.2"] == "pass"
    assert ("h1/a", "192.0.2.2") not in found


def test_who_has_no_namespace_of_his_own_is_not_probed() -> None:
    endpoints = [endpoint("a", at("web", "10.20.0.2")), {"name": "s", "network_mode": "container:a"}, {"name": "o", "network_mode": "host"}]
    quiet = {"name": "n", "network_mode": "none", "container": {"netns": "n"}}
    found = table(host(1, *endpoints, quiet, networks=[WEB]))
    assert found == {("h1/n", "ping", "10.20.0.2", None): "refuse"}


def test_tunnels_whose_ends_name_each_other() -> None:
    def tunnel(number: int, remote: str) -> Dict[str, Any]:
        end = {"endpoint": "e%d" % number, "interface_name": "t0", "addresses": ["10.8.0.%d/24" % number]}
        return {"name": "t", "ends": [end], "tunnel": {"vni": 77, "remote": remote}}

    hosts = [host(number, endpoint("e%d" % number), networks=[ONLY_V4], links=[tunnel(number, "192.0.2.%d" % (3 - number))]) for number in (1, 2)]
    assert pings(table(*hosts), "h1/e1", "h2/e2") == {("h1/e1", "10.8.0.2"): "pass", ("h2/e2", "10.8.0.1"): "pass"}
    away = [hosts[0], host(2, endpoint("e2"), networks=[ONLY_V4], links=[tunnel(2, "192.0.2.9")])]
    assert pings(table(*away), "h1/e1", "h2/e2") == {}


APART = {"isolated": True}


@pytest.mark.parametrize(
    ("network", "first", "second", "expected"),
    [
        ({}, APART, APART, "refuse"),
        ({}, APART, {}, "pass"),
        ({"enable_icc": False}, {}, {}, "refuse"),
        ({"enable_icc": False}, {"isolated": False}, {}, None),
    ],
)
def test_ports_that_are_isolated_alone(network: Any, first: Any, second: Any, expected: Any) -> None:
    web = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}], **network}
    ends = [endpoint(name, dict(at("web", "10.20.0.%d" % number), **keys)) for name, number, keys in (("a", 10, first), ("b", 11, second))]
    found = pings(table(host(1, *ends, networks=[web])), "h1/a", "h1/b")
    assert {(key, found.get(key)) for key in (("h1/a", "10.20.0.11"), ("h1/b", "10.20.0.10"))} == {
        (("h1/a", "10.20.0.11"), expected),
        (("h1/b", "10.20.0.10"), expected),
    }


def test_no_full_packets_into_a_smaller_interface() -> None:
    ends = [endpoint("a", at("lan", "198.51.100.10")), endpoint("b", dict(at("lan", "198.51.100.11"), mtu=1400))]
    found = table(host(1, *ends, networks=[lan()]))
    assert [key[:3] for key in found if key[1] == "mtu"] == [("h1/b", "mtu", "198.51.100.10")]
