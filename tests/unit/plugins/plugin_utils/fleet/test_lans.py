# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A LAN is one for all hosts: its addresses are handed out once, and never those of the hosts."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.lock import Lock, parse_lock, render_lock
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.planner import FleetPlan
from fleets import WEB, endpoint, host, plan, problems

Kind = Callable[..., Dict[str, Any]]


def lan(subnet: str = "192.0.2.0/24", **more: Any) -> Dict[str, Any]:
    return {"name": "lan", "driver": "macvlan", "parent": "eth1", "ipam_config": [{"subnet": subnet, **more}]}


def bridged(subnet: str = "192.0.2.0/24", **more: Any) -> Dict[str, Any]:
    return {"name": "lan", "interfaces": ["eth1"], "ipam_config": [{"subnet": subnet, **more}]}


KINDS = pytest.mark.parametrize("lan", [lan, bridged], ids=["macvlan", "bridge"])


def given(found: FleetPlan, network: str = "lan") -> Dict[str, Optional[str]]:
    """Return the IPv4 address of every `host/endpoint` on a network."""
    return {
        "%s/%s" % (name, item["name"]): place.get("ipv4_address")
        for name, arguments in found.arguments().items()
        for item in arguments["endpoints"]
        for place in item["networks"]
        if place["name"] == network
    }


def crowd(number: int, count: int) -> List[Dict[str, Any]]:
    return [endpoint("e%d-%d" % (number, index), "lan") for index in range(count)]


@KINDS
def test_addresses_are_unique_in_the_fleet_and_none_is_a_hosts_own(lan: Kind) -> None:
    networks = [lan("192.0.2.0/27")]
    found = given(plan(*(host(number, *crowd(number, 8), networks=networks) for number in (1, 2, 3))))
    assert len(found) == len(set(found.values())) == 24
    assert not {"192.0.2.%d" % number for number in (1, 2, 3)} & set(found.values())


def test_a_bridge_network_and_an_internal_one_stay_per_host() -> None:
    inside = {**lan("198.51.100.0/30"), "internal": True}
    del inside["parent"]
    small = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/30"}]}
    found = plan(*(host(number, endpoint("api", "lan", "web"), networks=[inside, small]) for number in (1, 2)))
    assert set(given(found, "web").values()) == {"10.20.0.2"}
    assert set(given(found).values()) < {"198.51.100.1", "198.51.100.2"}


def test_hosts_with_ranges_of_their_own_keep_to_them_and_never_give_an_address_twice() -> None:
    ranges = {1: "192.0.2.64/29", 2: "192.0.2.72/29", 3: "192.0.2.64/28"}
    found = given(plan(*(host(number, *crowd(number, 5), networks=[lan(ip_range=ranges[number])]) for number in ranges)))
    assert len(set(found.values())) == 15
    assert all(64 <= int((found["h1/e1-%d" % index] or "").split(".")[3]) < 72 for index in range(5))


@KINDS
def test_an_address_is_recorded_by_endpoint_and_stays_when_the_endpoint_moves_or_a_neighbour_comes(lan: Kind) -> None:
    first = plan(host(1, endpoint("api", "lan"), networks=[lan()]), host(2, networks=[lan()]))
    assert list(first.lock.addresses["lan"]) == ["api"]
    lock = parse_lock(render_lock(first.lock), scope="main", name="lock")
    moved = plan(host(1, *crowd(1, 50), networks=[lan()]), host(2, endpoint("api", "lan"), networks=[lan()]), lock=lock)
    assert given(moved)["h2/api"] == given(first)["h1/api"]
    assert len(set(given(moved).values())) == 51


def test_a_recorded_address_is_not_given_to_a_host_with_another_range() -> None:
    lock = Lock("main", addresses={"lan": {"api": ("192.0.2.65",)}})
    one, two = lan(ip_range="192.0.2.64/30"), lan(ip_range="192.0.2.64/29")
    found = given(plan(host(1, *crowd(1, 3), networks=[one]), host(2, endpoint("api", "lan"), networks=[two]), lock=lock))
    assert found["h2/api"] == "192.0.2.65"
    assert len(set(found.values())) == 4


@KINDS
def test_one_name_on_two_sites_is_two_lans(lan: Kind) -> None:
    here, there = {"name": "lan", "ipv4_address": "192.0.2.40"}, {"name": "lan", "ipv4_address": "198.51.100.40"}
    found = plan(host(1, endpoint("a", here), networks=[lan()]), host(2, endpoint("b", there), networks=[lan("198.51.100.0/24")]))
    assert set(given(found).values()) == {"192.0.2.40", "198.51.100.40"}


@KINDS
@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        (
            endpoint("a", {"name": "lan", "ipv4_address": "192.0.2.40"}),
            endpoint("b", {"name": "lan", "ipv4_address": "192.0.2.40"}),
            'hostvars[h2].fleet_endpoints[b].networks[lan].ipv4_address: got string "192.0.2.40": '
            "endpoint a of host h1 has the same on network lan; use another, or remove it to have one chosen",
        ),
        (
            endpoint("a", {"name": "lan", "mac_address": "02:00:00:00:00:05"}),
            endpoint("b", {"name": "lan", "mac_address": "02:00:00:00:00:05"}),
            'hostvars[h2].fleet_endpoints[b].networks[lan].mac_address: got string "02:00:00:00:00:05": '
            "endpoint a of host h1 has the same on network lan; use another, or remove it to have one chosen",
        ),
        (
            endpoint("a", {"name": "lan", "ipam": "none"}),
            endpoint("a", {"name": "lan", "ipam": "none"}),
            'hostvars[h2].fleet_endpoints[a].networks[lan]: got string "a": host h1 has an endpoint of the same name on network lan; rename one of them',
        ),
        (
            endpoint("a", {"name": "lan", "ipv4_address": "192.0.2.2"}),
            endpoint("b", "lan"),
            'hostvars[h1].fleet_endpoints[a].networks[lan].ipv4_address: got string "192.0.2.2": '
            "host h2 itself has this address; use another, or remove it to have one chosen",
        ),
    ],
)
def test_what_two_hosts_cannot_both_have(lan: Kind, one: Dict[str, Any], two: Dict[str, Any], expected: str) -> None:
    assert problems(host(1, one, networks=[lan()]), host(2, two, networks=[lan()])) == [expected]


@KINDS
def test_the_underlay_may_be_the_lan(lan: Kind) -> None:
    mesh = {"name": "mesh", "driver": "overlay", "ipam_config": [{"subnet": "10.60.0.0/16"}]}
    found = plan(*(host(number, endpoint("e%d" % number, "lan", "mesh"), networks=[lan(), mesh]) for number in (1, 2)))
    for arguments in found.arguments().values():
        read_document(arguments)


def test_a_bridge_that_routes_a_wire_of_its_own_stays_per_host() -> None:
    inside = {**bridged("198.51.100.0/30"), "gateway_on_host": True}
    found = given(plan(*(host(number, endpoint("api", "lan"), networks=[inside]) for number in (1, 2))))
    assert list(found) == ["h1/api", "h2/api"]
    assert set(found.values()) == {"198.51.100.2"}


def test_a_tunnel_may_lead_over_the_lan() -> None:
    tunnel = {"name": "way", "ends": [{"endpoint": "a", "interface_name": "t0"}], "tunnel": {"vni": 7, "remote": "192.0.2.2"}}
    for network in (lan(), bridged(), {**lan(), "driver": "ipvlan"}):
        read_document({"networks": [network], "endpoints": [endpoint("a", "lan")], "links": [tunnel]})
    with pytest.raises(InputError, match=r'lies in the subnet .* of network "lan"'):
        read_document({"networks": [{**bridged(), "gateway_on_host": True}], "endpoints": [endpoint("a", "lan")], "links": [tunnel]})


def test_an_ipvlan_endpoint_is_planned_without_a_mac() -> None:
    network = {**lan(), "driver": "ipvlan"}
    arguments = plan(host(1, endpoint("a", "lan"), networks=[network, WEB])).arguments()["h1"]
    assert "mac_address" not in arguments["endpoints"][0]["networks"][0]
    read_document(arguments)


def part(name: str, ip_range: str, **more: Any) -> Dict[str, Any]:
    return {"name": name, "driver": "macvlan", "parent": "eth1", "ipam_config": [{"subnet": "192.0.2.0/27", "ip_range": ip_range, **more}]}


def test_two_networks_of_one_lan_never_give_or_have_an_address_twice() -> None:
    networks = [part("lan", "192.0.2.8/30"), part("more", "192.0.2.12/30", gateway="192.0.2.9")]
    known = [endpoint("a", "lan"), endpoint("b", {"name": "more", "ipv4_address": "192.0.2.8"})]
    found = plan(host(1, *known, networks=networks), host(2, endpoint("c", "lan"), endpoint("d", "more"), networks=networks))
    assert set(given(found).values()) == {"192.0.2.10", "192.0.2.11"}
    taken = host(2, endpoint("c", {"name": "lan", "ipv4_address": "192.0.2.8"}), networks=networks)
    with pytest.raises(InputError, match="endpoint b of host h1 has the same"):
        plan(host(1, *known, networks=networks), taken)


def test_two_networks_of_one_lan_on_one_host() -> None:
    document = read_document(
        {
            "networks": [part("lan", "192.0.2.8/30"), part("more", "192.0.2.12/30", gateway="192.0.2.9")],
            "endpoints": [endpoint("a", "lan"), endpoint("b", {"name": "more", "ipv4_address": "192.0.2.8"}), endpoint("c", "lan")],
        }
    )
    assert {item.attachments[0].ipv4_address for item in document.endpoints} == {"192.0.2.8", "192.0.2.10", "192.0.2.11"}
