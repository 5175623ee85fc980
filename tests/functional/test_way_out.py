# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of packets on the way out of a network: whose source they keep, and how large the segments of TCP are."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from functools import partial
from typing import Dict, List, Tuple

import pytest
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, converge, give_uplink, settle
from harness.host import Child, inside, sh
from harness.traffic import Question, Server, ask, await_addresses

pytestmark = pytest.mark.fake_host()

FIREWALLS = ["iptables", "nftables"]
A = {4: "10.20.0.10", 6: "fd00:20::10"}
HOST = {4: "192.0.2.1", 6: "2001:db8:2::1"}
OUTSIDE = {4: "192.0.2.2", 6: "2001:db8:2::2"}
VPN = {4: "203.0.113.5", 6: "fd09::5"}  # another address of the outside
LAN = {4: "192.0.2.0/24", 6: "2001:db8:2::/64"}


def declare(firewall: str, **options: object) -> Declaration:
    a = endpoint("a", {"name": "web", "ipv4_address": A[4], "ipv6_address": A[6]}, ports=["8080:80"])
    return Declaration([network("web", V4, V6, **options)], [a], firewall=firewall)


def make_the_outside_know_the_way() -> None:
    give_uplink()
    sh(
        """
        ip address add 203.0.113.5/32 dev lo; ip address add fd09::5/128 dev lo nodad
        ip route add 10.20.0.0/24 via 192.0.2.1; ip route add fd00:20::/64 via 2001:db8:2::1
        """,
        "outside",
    )


def towards(addresses: Dict[int, str]) -> List[Question]:
    return [("a", "tcp", address, 80) for address in addresses.values()]


@pytest.mark.parametrize("firewall", FIREWALLS)
def test_who_knows_the_way_back_sees_the_endpoint_itself(firewall: str) -> None:
    make_the_outside_know_the_way()
    declared = declare(firewall, no_masquerade=["203.0.113.0/24", "fd09::/64"])
    settle(declared)
    Server("a", "a", [80])
    Server("outside", "outside", [80])
    await_addresses("", "a", "outside")
    sh("ip route add 203.0.113.0/24 via 192.0.2.2; ip route add fd09::/64 via 2001:db8:2::2")
    seen = ["outside " + source for source in (A[4], A[6], HOST[4], HOST[6])]
    # Who is known by its address opens nothing: it does not come in by itself, nor does anybody else.
    in_by_itself: List[Question] = [("outside", "tcp", A[family], 80) for family in (4, 6)]
    sh("ip route replace 10.20.0.0/24 via 192.0.2.1 src 203.0.113.5; ip route replace fd00:20::/64 via 2001:db8:2::1 src fd09::5", "outside")
    published: List[Question] = [("outside", "tcp", HOST[family], 8080) for family in (4, 6)]
    assert ask([*towards(VPN), *towards(OUTSIDE), *in_by_itself, *published]) == [*seen, None, None, "a " + OUTSIDE[4], "a " + OUTSIDE[6]]
    # Without the list the source is hidden from all.
    hidden = ["outside " + HOST[4], "outside " + HOST[6]] * 2
    settle(declare(firewall))
    assert ask([*towards(VPN), *towards(OUTSIDE), *in_by_itself]) == [*hidden, None, None]
    # What kept it out is the list's own: with the interface trusted it comes in.
    settle(declare(firewall, no_masquerade=["203.0.113.0/24", "fd09::/64"], trusted_interfaces=["eth0"]))
    assert ask(in_by_itself) == ["a " + VPN[4], "a " + VPN[6]]


@pytest.mark.parametrize("firewall", FIREWALLS)
def test_one_family_is_masqueraded_and_the_other_routed(firewall: str) -> None:
    make_the_outside_know_the_way()
    settle(declare(firewall, no_masquerade=["::/0"]))
    Server("a", "a", [80])
    Server("outside", "outside", [80])
    await_addresses("", "a", "outside")
    questions: List[Question] = [*towards(OUTSIDE), ("outside", "tcp", A[6], 80), ("outside", "tcp", HOST[6], 8080)]
    assert ask(questions) == ["outside " + HOST[4], "outside " + A[6], None, "a " + OUTSIDE[6]]


def _take(port: int, six: bool, tell: int) -> int:
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("::" if six else "0.0.0.0", port))
        server.listen()
        os.write(tell, b"+")
        connection, _peer = server.accept()
        with connection:
            return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)


def _connect(address: str, port: int) -> int:
    with socket.create_connection((address, port), timeout=5) as connection:
        return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)


def segments(server: str, client: str, address: str, port: int) -> Tuple[int, int]:
    """Return how large the segments are that the one who is asked sends, and those of the one who asks."""
    ready, tell = os.pipe()
    taker = Child(lambda: _take(80, ":" in address, tell), server)
    os.close(tell)
    assert os.read(ready, 1) == b"+"
    os.close(ready)
    asker = inside(client, partial(_connect, address, port))
    return taker.result(10), asker


STAMP = 12  # bytes of a segment that are no data
HEADERS = {4: 40, 6: 60}


@pytest.mark.parametrize("firewall", FIREWALLS)
def test_segments_fit_the_way_both_ways_whoever_begins(firewall: str) -> None:
    """The host's own cable is narrower than both ends believe, and nobody tells them."""
    give_uplink()
    sh("ip link set eth0 mtu 1400")
    wide = {family: 1500 - HEADERS[family] - STAMP for family in (4, 6)}
    narrow = {family: 1400 - HEADERS[family] - STAMP for family in (4, 6)}
    plain = declare(firewall, mtu=1500)
    b = endpoint("b", {"name": "web", "ipv4_address": "10.20.0.11", "ipv6_address": "fd00:20::11"})
    for clamp, expected in ((None, wide), ("pmtu", narrow), (1300, {4: 1300 - STAMP, 6: 1300 - STAMP}), (9000, wide)):
        options = {} if clamp is None else {"mss_clamp": clamp}
        converge(replace(declare(firewall, mtu=1500, **options), endpoints=[*plain.endpoints, b]))
        await_addresses("", "a", "b", "outside")
        for family in (4, 6):
            assert segments("outside", "a", OUTSIDE[family], 80) == (expected[family], expected[family]), (clamp, family)
            assert segments("a", "outside", HOST[family], 8080) == (expected[family], expected[family]), (clamp, family)
            assert segments("a", "b", A[family], 80) == (wide[family], wide[family]), (clamp, family)
