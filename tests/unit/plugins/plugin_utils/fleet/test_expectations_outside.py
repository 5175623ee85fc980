# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probes from outside in both families, full packets on every kind of network, and what is said of the rest."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.expectations import ALL_PAIRS_LIMIT
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.lock import Lock
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.outside import Outside
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.reading import HostVariables
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.unprobed import list_unprobed
from fleets import endpoint, host, plan
from probe_tables import ONLY_V4, WEB, at, table

DUAL = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"}]}
OTHER = {"name": "other", "ipam_config": [{"subnet": "10.40.0.0/24"}, {"subnet": "fd00:40::/64"}]}
INNER = {"name": "inner", "internal": True, "ipam_config": [{"subnet": "10.30.0.0/24"}, {"subnet": "fd00:30::/64"}]}
LAN = {"name": "lan", "driver": "macvlan", "parent": "eth1", "ipam_config": [{"subnet": "198.51.100.0/24"}, {"subnet": "2001:db8:51::/64"}]}
WIDE = {"name": "wide", "driver": "routed", "ipam_config": [{"subnet": "10.70.0.0/16"}], "host_prefix": 24}
PARTS = {"h1": ["10.70.1.0/24"], "h2": ["10.70.2.0/24"], "h3": ["10.70.3.0/24"]}


def both(number: int) -> List[str]:
    return ["192.0.2.%d" % number, "2001:db8::%d" % number]


def dual(name: str, number: int, **more: Any) -> Dict[str, Any]:
    return endpoint(name, at("web", "10.20.0.%d" % number, ipv6_address="fd00:20::%d" % number), **more)


def fleet(ports: Any, **second: Any) -> Dict[Tuple[str, str, str, Any], str]:
    second = second or {"underlay_addresses": both(2)}
    first = host(
        1, dual("a", 10, ports=ports), endpoint("b", at("other", "10.40.0.2", ipv6_address="fd00:40::2")), networks=[DUAL, OTHER], underlay_addresses=both(1)
    )
    return table(first, host(2, networks=[], **second))


def ports_of(found: Dict[Tuple[str, str, str, Any], str], source: str) -> Dict[Tuple[str, Any], str]:
    return {key[2:]: expect for key, expect in found.items() if key[0] == source and key[3]}


def test_published_ports_in_both_families() -> None:
    found = fleet(["8080:80"])
    expected = {("192.0.2.1", 8080): "pass", ("2001:db8::1", 8080): "pass"}
    assert ports_of(found, "h1/a") == ports_of(found, "h1/b") == expected
    closed = {("192.0.2.1", 61001): "refuse", ("2001:db8::1", 61001): "refuse"}
    assert ports_of(found, "h2/") == {**expected, **closed}


@pytest.mark.parametrize(
    ("published", "address"), [("0.0.0.0:8080:80", "192.0.2.1"), ("[::]:8080:80", "2001:db8::1"), ("[2001:db8::9]:8080:80", "2001:db8::9")]
)
def test_a_port_of_one_family(published: str, address: str) -> None:
    assert {key: expect for key, expect in ports_of(fleet([published]), "h2/").items() if key[1] == 8080} == {(address, 8080): "pass"}


def test_a_port_at_loopback_is_asked_for_by_its_own_host_alone() -> None:
    found = fleet(["127.0.0.1:8080:80"])
    assert {key: expect for key, expect in found.items() if key[3] == 8080} == {("h1/", "tcp", "127.0.0.1", 8080): "pass"}


def test_an_address_that_may_come_later_is_not_asked() -> None:
    port = {"published": 8080, "target": 80, "host_ip": "192.0.2.1"}
    assert ("h2/", "tcp", "192.0.2.1", 8080) in fleet([port])
    assert [key for key in fleet([{**port, "host_ip_nonlocal": True}]) if key[3] == 8080] == []


def test_who_sees_the_endpoint_itself_may_not_know_the_way_back() -> None:
    networks = [{**DUAL, "no_masquerade": [address]} for address in ("192.0.2.0/24", "198.51.100.0/24")]
    tables = [table(host(1, dual("a", 10), networks=[item], underlay_addresses=both(1)), host(2, networks=[], underlay_addresses=both(2))) for item in networks]
    assert [("192.0.2.2" in {key[2] for key in found if key[0] == "h1/a"}) for found in tables] == [False, True]
    assert ["2001:db8::2" in {key[2] for key in found if key[0] == "h1/a"} for found in tables] == [True, True]


def test_allowed_sources_are_asked_by_the_family_of_the_address() -> None:
    found = fleet([{"published": 8080, "target": 80, "allowed_sources": ["2001:db8::2"]}])
    assert (found["h2/", "tcp", "192.0.2.1", 8080], found["h2/", "tcp", "2001:db8::1", 8080]) == ("refuse", "pass")


def test_the_way_out_in_both_families() -> None:
    inner = endpoint("i", at("inner", "10.30.0.2", ipv6_address="fd00:30::2"))
    first = host(1, dual("a", 10), inner, networks=[DUAL, INNER], underlay_addresses=both(1))
    found = table(first, host(2, networks=[], underlay_addresses=both(2)))
    for address in both(2):
        assert (found["h1/a", "ping", address, None], found["h1/i", "ping", address, None]) == ("pass", "refuse")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"vtep_address": "2001:db8::7", "underlay_addresses": ["192.0.2.8", "2001:db8::8"]}, ("192.0.2.8", "2001:db8::7")),
        ({"vtep_address": "192.0.2.7", "default_addresses": ("192.0.2.7", "2001:db8::9")}, ("192.0.2.7", "2001:db8::9")),
        ({"vtep_address": "192.0.2.7", "default_addresses": ("10.0.2.15", "2001:db8::9")}, ("192.0.2.7", None)),
        ({"vtep_address": "192.0.2.7", "underlay_addresses": "192.0.2.7", "default_addresses": ("192.0.2.7", "2001:db8::9")}, ("192.0.2.7", None)),
        ({"vtep_address": None, "underlay_addresses": "2001:DB8:0::8"}, (None, "2001:db8::8")),
        ({"vtep_address": None, "underlay_addresses": [7, "nonsense"]}, (None, None)),
        ({"vtep_address": None, "default_address": "192.0.2.9"}, ("192.0.2.9", None)),
    ],
)
def test_where_addresses_are_known_from(variables: Dict[str, Any], expected: Tuple[Any, Any]) -> None:
    outside = Outside(plan(host(1, networks=[], **variables)))
    assert (outside.address("h1", 4), outside.address("h1", 6)) == expected


def test_the_lock_file_knows_next_hops() -> None:
    network = dict(WIDE, host_subnets={"h1": PARTS["h1"], "h2": PARTS["h2"]})
    hosts = [HostVariables("h%d" % n, [network], [], default_addresses=("192.0.2.%d" % n,)) for n in (1, 2)]
    recorded = plan(*hosts).lock
    assert recorded.next_hops
    later = plan(*[HostVariables(item.name, item.networks, []) for item in hosts], lock=recorded)
    assert Outside(later).address("h1", 4) == "192.0.2.1"


def test_an_address_that_all_hosts_have_is_no_outside() -> None:
    """As behind the address translation of virtual machines."""
    hosts = [
        host(number, dual("e%d" % number, 9 + number), networks=[DUAL], vtep_address=None, default_addresses=("10.0.2.15", "fec0::%d" % number))
        for number in (1, 2)
    ]
    outside = Outside(plan(*hosts))
    assert (outside.of("h1", 4), outside.of("h1", 6)) == (None, "h2")


def mtu_pairs(*hosts: HostVariables) -> List[Tuple[str, str]]:
    return sorted((key[0], key[2]) for key in table(*hosts) if key[1] == "mtu")


def test_full_packets_once_for_each_pair_of_hosts_and_family() -> None:
    def members(number: int) -> List[Dict[str, Any]]:
        addresses = [("%d%d" % (number, index), "198.51.100.%d%d" % (number, index), "2001:db8:51::%d%d" % (number, index)) for index in (1, 2)]
        return [endpoint("e" + name, at("lan", ipv4, ipv6_address=ipv6)) for name, ipv4, ipv6 in addresses]

    found = mtu_pairs(*[host(number, *members(number), networks=[LAN]) for number in (1, 2, 3)])
    ways = [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (3, 3)]
    assert len(found) == 2 * len(ways)
    assert ("h1/e11", "198.51.100.12") in found
    assert ("h1/e11", "2001:db8:51::21") in found


def test_full_packets_between_the_parts_of_a_routed_network() -> None:
    network = dict(WIDE, host_subnets=PARTS)
    hosts = [host(number, endpoint("e%d" % number, at("wide", "10.70.%d.2" % number)), networks=[network]) for number in (1, 2, 3)]
    assert mtu_pairs(*hosts) == [("h1/e1", "10.70.2.2"), ("h1/e1", "10.70.3.2"), ("h2/e2", "10.70.3.2")]


def test_full_packets_where_nothing_passes_are_not_asked_for() -> None:
    quiet = dict(WEB, enable_icc=False)
    assert mtu_pairs(host(1, endpoint("a", at("web", "10.20.0.2")), endpoint("b", at("web", "10.20.0.3")), networks=[quiet])) == []
    private = dict(LAN, mode="private")
    assert mtu_pairs(host(1, endpoint("a", at("lan", "198.51.100.2")), endpoint("b", at("lan", "198.51.100.3")), networks=[private])) == []


def test_bridges_of_one_name_are_measured_on_each_host() -> None:
    hosts = [host(number, *[endpoint("e%d" % index, at("web", "10.20.0.%d" % index)) for index in (2, 3)], networks=[WEB]) for number in (1, 2)]
    assert mtu_pairs(*hosts) == [("h1/e2", "10.20.0.3"), ("h2/e2", "10.20.0.3")]


def test_nothing_is_left_out_where_all_is_probed() -> None:
    hosts = [host(number, dual("a%d" % number, 9 + number, ports=["8080:80"]), networks=[DUAL], underlay_addresses=both(number)) for number in (1, 2)]
    assert list_unprobed(plan(*hosts)) == []


def test_what_is_not_probed_is_said() -> None:
    ports = ["%d:71/sctp" % number for number in range(7001, 7009)]
    one = list_unprobed(plan(host(1, dual("a", 10, ports=[*ports, "80:80"]), networks=[DUAL])))
    assert len(one) == 3
    assert one[0].startswith("published ports of a protocol that probe does not speak: ")
    assert one[0].endswith(" of a on h1, and 3 more")
    assert [text[:4] for text in one[1:]] == ["IPv4", "IPv6"]
    assert all("there is none" in text for text in one[1:])
    two = list_unprobed(plan(host(1, dual("a", 10), networks=[DUAL]), host(2, networks=[])))
    assert len(two) == 1
    assert "IPv6 from and to the outside: fewer than two hosts have a known IPv6 address" in two[0]
    only_v4 = plan(host(1, endpoint("a", at("web", "10.20.0.2")), networks=[WEB]), host(2, networks=[]))
    assert list_unprobed(only_v4) == []
    many = [endpoint("e%d" % number, "mesh") for number in range(ALL_PAIRS_LIMIT + 1)]
    assert [text[:10] for text in list_unprobed(plan(host(1, *many, networks=[ONLY_V4]), host(2, networks=[]), lock=Lock("main")))] == ["every pair"]
