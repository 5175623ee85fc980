# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routed networks over the fleet: parts, next hops, the lock, and what is refused."""

from __future__ import annotations

import ipaddress
from typing import Any, Dict, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.routed.network import RoutedNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._engine.topology import read_declaration
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.lock import Lock, parse_lock, render_lock
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.planner import FleetPlan
from fleets import endpoint, host, plan, problems

POOL: Dict[str, Any] = {
    "name": "mesh",
    "driver": "routed",
    "ipam_config": [{"subnet": "10.62.0.0/16"}, {"subnet": "fd62::/48"}],
    "host_prefix": {"ipv4": 24, "ipv6": 64},
}


def member(number: int, *endpoints: Dict[str, Any], network: Any = None, **more: Any) -> Any:
    more.setdefault("underlay_addresses", ["192.0.2.%d" % number, "2001:db8:2::%d" % number])
    return host(number, *(endpoints or (endpoint("c%d" % number, "mesh"),)), networks=[network or POOL], **more)


def parts(planned: FleetPlan) -> Dict[str, List[str]]:
    return {name: [item["subnet"] for item in arguments["networks"][0]["ipam_config"]] for name, arguments in planned.arguments().items()}


def test_every_host_gets_a_part_and_the_others_as_peers() -> None:
    planned = plan(member(1), member(2), member(3))
    cut = parts(planned)
    assert len({subnet for held in cut.values() for subnet in held}) == 6
    for held in cut.values():
        assert ipaddress.ip_network(held[0]).subnet_of(ipaddress.ip_network("10.62.0.0/16"))  # type: ignore[arg-type]
        assert [held[0].split("/")[1], held[1].split("/")[1]] == ["24", "64"]
    arguments = planned.arguments()["h2"]
    document = read_declaration(arguments["scope"], arguments["networks"], arguments["endpoints"], planned.overlay_rows())
    network = document.networks[0]
    assert isinstance(network, RoutedNetwork)
    assert [peer.host for peer in network.peers] == ["h1", "h3"]
    assert network.peers[0].next_hops == ("192.0.2.1", "2001:db8:2::1")
    assert list(network.peers[0].subnets) == cut["h1"]
    assert network.reach == ("10.62.0.0/16", "fd62::/48")
    address = document.endpoints[0].attachments[0].ipv4_address
    assert address is not None
    assert ipaddress.ip_address(address) in ipaddress.ip_network(cut["h2"][0])


def test_the_lock_keeps_parts_when_hosts_come_and_go() -> None:
    first = plan(member(1), member(3))
    text = render_lock(first.lock)
    lock = parse_lock(text, scope="main", name="lock")
    assert lock == first.lock
    second = plan(*(member(number) for number in range(1, 40)), lock=lock)
    assert {name: parts(second)[name] for name in ("h1", "h3")} == parts(first)
    assert plan(member(3), lock=second.lock).lock.parts == {"mesh": {"h3": tuple(parts(first)["h3"])}}
    assert "parts:" not in render_lock(Lock("main"))


def test_a_recorded_part_that_no_longer_fits_is_cut_anew() -> None:
    lock = Lock("main", parts={"mesh": {"h1": ("10.99.1.0/24", "fd62::/64")}})
    cut = parts(plan(member(1), lock=lock))["h1"]
    assert cut[0].startswith("10.62.")
    assert cut[1] == "fd62::/64"


def test_written_parts_win_and_the_rest_is_cut_around_them() -> None:
    small = {**POOL, "ipam_config": [{"subnet": "10.62.0.0/22"}], "host_prefix": 24, "host_subnets": {"h2": ["10.62.0.0/23"]}}
    cut = parts(plan(member(1, network=small), member(2, network=small), member(3, network=small)))
    assert cut["h2"] == ["10.62.0.0/23"]
    assert {cut["h1"][0], cut["h3"][0]} == {"10.62.2.0/24", "10.62.3.0/24"}


def test_next_hops_come_from_variable_vtep_lock_and_facts() -> None:
    four = {**POOL, "ipam_config": [{"subnet": "10.62.0.0/16"}], "host_prefix": 24}
    hosts = [
        member(1, network=four, underlay_addresses="192.0.2.101"),
        member(2, network=four, underlay_addresses=None),
        member(3, network=four, underlay_addresses=None, vtep_address=None, default_address="192.0.2.3", default_addresses=("192.0.2.3", "2001:db8::3")),
    ]
    planned = plan(*hosts)
    rows = {row["host"]: row["next_hops"] for row in planned.overlay_rows()["mesh"]["peers"]}
    assert rows == {"h1": ["192.0.2.101"], "h2": ["192.0.2.2"], "h3": ["192.0.2.3"]}
    assert planned.lock.next_hops == {"h3": ("192.0.2.3",)}
    moved = plan(*hosts[:2], member(3, network=four, underlay_addresses=None, vtep_address=None, default_addresses=("192.0.2.33",)), lock=planned.lock)
    assert moved.lock.next_hops == planned.lock.next_hops
    assert "recorded one is used" in moved.warnings[0]


def test_one_host_needs_no_part_and_no_next_hop() -> None:
    alone = {"name": "mesh", "driver": "routed", "ipam_config": [{"subnet": "10.62.0.0/24", "aux_addresses": {"x": "10.62.0.9"}}]}
    planned = plan(member(1, network=alone, underlay_addresses=None, vtep_address=None))
    assert planned.arguments()["h1"]["networks"][0]["ipam_config"] == [{"subnet": "10.62.0.0/24", "aux_addresses": {"x": "10.62.0.9"}}]
    assert planned.lock.parts == {}


WRONG = {
    "needs 3 parts of length /24, has 2": [{**POOL, "ipam_config": [{"subnet": "10.62.0.0/23"}], "host_prefix": 24}] * 3,
    "a part of length /20 is larger than 10.62.0.0/24": [{**POOL, "ipam_config": [{"subnet": "10.62.0.0/24"}], "host_prefix": 20}] * 2,
    "hosts h1 and h2 have the same part": [{"name": "mesh", "driver": "routed", "ipam_config": [{"subnet": "10.62.0.0/24"}]}] * 2,
    "no host of this network has this name": [{**POOL, "host_subnets": {"h9": ["10.62.9.0/24"]}}] * 2,
    "outside the network: 10.62.0.0/16": [{**POOL, "host_subnets": {"h1": ["10.63.9.0/24"]}}] * 2,
    "host h2 has it, and host h1 10.62.8.0/23": [{**POOL, "host_subnets": {"h1": ["10.62.8.0/23"], "h2": ["10.62.9.0/24"]}}] * 2,
    "2 hosts have no IPv6 part, the first is h1": [{**POOL, "host_prefix": {"ipv4": 24}}] * 2,
    "the network has subnets of both families": [{**POOL, "host_prefix": 24}] * 2,
    "expected an integer": [{**POOL, "host_prefix": {"ipv4": "24.0"}}] * 2,
    "must be 8 to 30": [{**POOL, "host_prefix": {"ipv4": 31}}] * 2,
}


@pytest.mark.parametrize("words", WRONG)
def test_wrong_definitions(words: str) -> None:
    found = problems(*(member(number + 1, network=network) for number, network in enumerate(WRONG[words])))
    assert any(words in line for line in found), found


def test_everything_else_wrong_at_once() -> None:
    found = problems(
        member(1, endpoint("a", {"name": "mesh", "ipv4_address": "10.62.255.255"})),
        member(2, underlay_addresses=None, vtep_address="192.0.2.2"),
        member(3, underlay_addresses=["192.0.2.1", "2001:db8:2::3"]),
        host(4, endpoint("w", "web"), networks=[{"name": "web", "ipam_config": [{"subnet": "10.62.7.0/24"}]}]),
        host(5, networks=[{"name": "mesh"}]),
    )
    text = "\n".join(found)
    assert "needs this host's IPv6 underlay address for its IPv6 part" in text
    assert "hosts h1 and h3 have the same underlay address" in text
    assert "overlaps routed network mesh (10.62.0.0/16)" in text
    assert "network mesh is routed on host h1" in text


def test_an_address_outside_the_part_is_refused() -> None:
    fixed = {**POOL, "host_subnets": {"h1": ["10.62.1.0/24", "fd62:0:0:1::/64"]}}
    found = problems(member(1, endpoint("a", {"name": "mesh", "ipv4_address": "10.62.9.9"}), network=fixed), member(2, network=fixed))
    assert len(found) == 1
    assert "outside 10.62.1.0/24, the part of network mesh that host h1 has" in found[0]


def test_a_host_is_not_given_the_whole() -> None:
    with pytest.raises(Exception, match="fleet_plan cuts it from the network"):
        read_declaration("main", [POOL], [], None)
