# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Driver macvlan with host_access on two parents at once, and a host whose own address there changes."""

from __future__ import annotations

from typing import List, Sequence, Tuple

import pytest
from harness.declarations import LAN4, LAN6, endpoint, network
from harness.engine import Declaration, assert_settled, give_uplink, settle
from harness.host import sh
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Question, Server, Stream, ask, await_addresses

pytestmark = pytest.mark.fake_host()
FAR4, FAR6 = {"subnet": "198.51.100.0/24"}, {"subnet": "2001:db8:3::/64"}
Pair = Tuple[str, str]
# What the host and the endpoints have on each of the two.
HOST = {"near": ("192.0.2.1", "2001:db8:2::1"), "far": ("198.51.100.1", "2001:db8:3::1")}
INSIDE = {"near": ("192.0.2.10", "2001:db8:2::10"), "far": ("198.51.100.10", "2001:db8:3::10")}


def give_two_lans() -> None:
    give_uplink()
    sh(
        """
        ip netns add far; ip -n far link set lo up
        ip link add eth1 address 02:00:00:00:03:01 type veth peer name eth0 address 02:00:00:00:03:02 netns far
        ip address add 198.51.100.1/24 dev eth1; ip address add 2001:db8:3::1/64 dev eth1 nodad; ip link set eth1 up
        ip -n far address add 198.51.100.2/24 dev eth0; ip -n far address add 2001:db8:3::2/64 dev eth0 nodad; ip -n far link set eth0 up
        """
    )


def declare(near: Pair = INSIDE["near"], far: Pair = INSIDE["far"]) -> Declaration:
    networks = [
        network("near", LAN4, LAN6, driver="macvlan", parent="eth0", host_access=True),
        network("far", FAR4, FAR6, driver="macvlan", parent="eth1", host_access=True),
    ]
    members = [endpoint("on-" + name, {"name": name, "ipv4_address": four, "ipv6_address": six}) for name, (four, six) in (("near", near), ("far", far))]
    return Declaration(networks, members, prepare=give_two_lans)


def assert_both_ways(lan: str, host: Pair, inside: Pair) -> None:
    there: List[Question] = [("", protocol, address, 80) for address in inside for protocol in ("tcp", "udp")]
    back: List[Question] = [("on-" + lan, protocol, address, 80) for address in host for protocol in ("tcp", "udp")]
    assert ask([*there, *back]) == ["on-%s %s" % (lan, address) for address in _twice(host)] + ["host %s" % address for address in _twice(inside)]


def _twice(addresses: Sequence[str]) -> List[str]:
    return [address for address in addresses for _each in range(2)]


def serve() -> None:
    await_addresses("", "on-near", "on-far", "outside", "far")
    Server("", "host", [80])
    for name in ("on-near", "on-far", "outside", "far"):
        Server(name, name, [80])


def test_the_host_reaches_both_lans_and_is_reached_on_both() -> None:
    give_two_lans()
    before = take_snapshot()
    settle(declare())
    serve()
    for lan in HOST:
        assert_both_ways(lan, HOST[lan], INSIDE[lan])
    assert ask([("on-near", "tcp", "192.0.2.2", 80), ("on-far", "tcp", "198.51.100.2", 80)]) == ["outside 192.0.2.10", "far 198.51.100.10"]
    # Addresses of one change; the other is not touched, nor a stream on it.
    stream = Stream("", "on-far", INSIDE["far"][0])
    changed = settle(declare(near=("192.0.2.20", "2001:db8:2::20")))
    assert not [line for line in changed if "far" in line or line.startswith(("+ macvlan", "- macvlan"))], changed
    assert stream.finish()[0] > 10
    assert_both_ways("near", HOST["near"], ("192.0.2.20", "2001:db8:2::20"))
    settle(declare(far=("198.51.100.30", "2001:db8:3::30")))
    assert_both_ways("near", HOST["near"], INSIDE["near"])
    assert_both_ways("far", HOST["far"], ("198.51.100.30", "2001:db8:3::30"))
    settle(None)
    assert_same(before)


def test_after_the_hosts_own_address_changed_a_run_joins_them_again() -> None:
    give_two_lans()
    settle(declare())
    serve()
    sh("ip address delete 192.0.2.1/24 dev eth0; ip address add 192.0.2.7/24 dev eth0; ip route replace default via 192.0.2.2")
    sh("ip -6 address add 2001:db8:2::7/64 dev eth0 nodad; ip -6 address delete 2001:db8:2::1/64 dev eth0; ip -6 route replace default via 2001:db8:2::2")
    assert ask([("on-near", "tcp", "192.0.2.7", 80)]) == [None]
    changed = settle(declare())
    assert not [line for line in changed if "far" in line or "macvlan" in line], changed
    assert_both_ways("near", ("192.0.2.7", "2001:db8:2::7"), INSIDE["near"])
    assert_both_ways("far", HOST["far"], INSIDE["far"])
    assert_settled(declare())
