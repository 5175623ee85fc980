# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routes inside a container: what they do to packets, and that a changed one leaves the others alone."""

from __future__ import annotations

import errno
import socket
from typing import Any, Dict, List, Optional, Sequence, Tuple

import pytest
from harness.declarations import V4, V6, endpoint, network
from harness.drifts import Drift, assert_mended
from harness.engine import Declaration, assert_settled, converge, give_uplink, settle, settle_back
from harness.host import entered, sh
from harness.kills import Killed, assert_survived
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, Stream, ask_one, await_addresses

A, ROUTER, SECOND = ({"name": "web", "ipv4_address": "10.20.0.%d" % n, "ipv6_address": "fd00:20::%d" % n} for n in (10, 254, 253))
FORWARDING = {"net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1}
FAR = {4: "10.99.0.1", 6: "fd00:99::1"}


def declare(routes: Sequence[Dict[str, Any]], own: Sequence[Dict[str, Any]] = ()) -> Declaration:
    """`a` with routes, and two routers beside it."""
    first = endpoint("a", {**A, "routes": list(own)} if own else A, **({"routes": list(routes)} if routes else {}))
    routers = [endpoint(name, at, sysctls=FORWARDING) for name, at in (("r1", ROUTER), ("r2", SECOND))]
    return Declaration([network("web", V4, V6)], [first, *routers], prepare=give_uplink)


def via(router: str, destination: str, **options: Any) -> Dict[str, Any]:
    gateway = ("fd00:20::%s" if ":" in destination else "10.20.0.%s") % router
    return {"destination": destination, "gateway": gateway, **options}


def closed(destination: str, kind: str, **options: Any) -> Dict[str, Any]:
    return {"destination": destination, "type": kind, **options}


FIRST, FIRST_6 = via("254", "10.99.0.0/16"), via("254", "fd00:99::/64")
BLACK, BLACK_6 = closed("198.51.100.0/24", "blackhole"), closed("2001:db8:51::/64", "blackhole")
BASE = declare([FIRST_6, BLACK, BLACK_6], [FIRST])


def give_far_places() -> None:
    for router in ("r1", "r2"):
        sh("ip address add 10.99.0.1/16 dev lo; ip address add fd00:99::1/64 dev lo nodad", router)


def who(family: int) -> Optional[str]:
    with entered("a"):
        return ask_one(("a", "tcp", FAR[family], 80), 1.4)


def refusal(destination: str) -> Optional[int]:
    """Return the error that the container's own kernel gives for a destination."""
    family = socket.AF_INET6 if ":" in destination else socket.AF_INET
    with entered("a"), socket.socket(family, socket.SOCK_DGRAM) as client:
        return client.connect_ex((destination, 9))


@pytest.mark.fake_host
def test_packets_take_them() -> None:
    give_uplink()
    settle(BASE)
    give_far_places()
    await_addresses("a", "r1", "r2")
    for router in ("r1", "r2"):
        Server(router, router, [80])
    assert [str(who(family)).partition(" ")[0] for family in (4, 6)] == ["r1", "r1"]
    # The lower metric wins, whichever comes first in the list.
    beside = [via("253", "10.99.0.0/16", metric=5), via("253", "fd00:99::/64", metric=5)]
    settle(declare([*beside, via("254", "fd00:99::/64", metric=50)], [via("254", "10.99.0.0/16", metric=50)]))
    assert [str(who(family)).partition(" ")[0] for family in (4, 6)] == ["r2", "r2"]
    settle(declare(beside[:1]))
    assert str(who(4)).startswith("r2 ")
    assert who(6) is None


@pytest.mark.fake_host
def test_closed_destinations_answer_as_their_type_says() -> None:
    give_uplink()
    subnets = {"blackhole": ("198.51.100.0/24", "2001:db8:51::/64"), "unreachable": ("198.18.0.0/16", "2001:db8:18::/64")}
    subnets["prohibit"] = ("198.19.0.0/16", "2001:db8:19::/64")
    settle(declare([closed(subnet, kind) for kind, pair in subnets.items() for subnet in pair]))
    expected = {"blackhole": errno.EINVAL, "unreachable": errno.EHOSTUNREACH, "prohibit": errno.EACCES}
    for kind, pair in subnets.items():
        for subnet in pair:
            assert refusal(subnet.replace("0.0/16", "0.9").replace("0/24", "9").replace("::/64", "::9")) == expected[kind], subnet


# What is declared instead of BASE, and every step that takes.
CHANGES: Dict[str, Tuple[Declaration, List[str]]] = {
    "a gateway": (
        declare([FIRST_6, BLACK, BLACK_6], [via("253", "10.99.0.0/16")]),
        ["~ route 10.99.0.0/16 in a: gateway 10.20.0.254 → 10.20.0.253"],
    ),
    "a gateway v6": (
        declare([via("253", "fd00:99::/64"), BLACK, BLACK_6], [FIRST]),
        ["~ route fd00:99::/64 in a: gateway fd00:20::254 → fd00:20::253"],
    ),
    "a metric": (declare([FIRST_6, BLACK, BLACK_6], [dict(FIRST, metric=7)]), ["+ route 10.99.0.0/16 metric 7 in a", "- route 10.99.0.0/16 in a"]),
    "the kernel's own metric": (declare([dict(FIRST_6, metric=1024), BLACK, BLACK_6], [FIRST]), []),
    "from one list to the other": (declare([FIRST, FIRST_6, BLACK, BLACK_6]), []),
    "a type": (
        declare([FIRST_6, closed("198.51.100.0/24", "prohibit"), closed("2001:db8:51::/64", "unreachable")], [FIRST]),
        ["~ route 198.51.100.0/24 in a: type blackhole → prohibit", "~ route 2001:db8:51::/64 in a: type blackhole → unreachable"],
    ),
    "one less": (declare([FIRST_6, BLACK_6], [FIRST]), ["- route 198.51.100.0/24 in a"]),
    "one less v6": (declare([FIRST_6, BLACK], [FIRST]), ["- route 2001:db8:51::/64 in a"]),
    "one more": (
        declare([FIRST_6, BLACK, BLACK_6, closed("0.0.0.0/0", "unreachable", metric=4000)], [FIRST]),
        ["+ route 0.0.0.0/0 metric 4000 in a"],
    ),
    "from closed to open": (
        declare([FIRST_6, via("254", "198.51.100.0/24"), via("254", "2001:db8:51::/64")], [FIRST]),
        ["~ route 198.51.100.0/24 in a", "~ route 2001:db8:51::/64 in a"],
    ),
    "from open to closed": (
        declare([closed("fd00:99::/64", "blackhole"), BLACK, BLACK_6], [closed("10.99.0.0/16", "blackhole")]),
        ["~ route 10.99.0.0/16 in a", "~ route fd00:99::/64 in a"],
    ),
    "none": (declare([]), ["- route %s in a" % each for each in ("10.99.0.0/16", "fd00:99::/64", "198.51.100.0/24", "2001:db8:51::/64")]),
}


@pytest.mark.fake_host
def test_only_that_changes_and_the_others_stay() -> None:
    give_uplink()
    settle(BASE)
    give_far_places()
    before = take_snapshot()
    await_addresses("a", "r1")
    for what, (changed, expected) in CHANGES.items():
        streams = [Stream("a", "r1", "10.20.0.254", 4000), Stream("a", "r1", "fd00:20::254", 4006)]
        streams += [Stream("a", "r1", FAR[4], 4010)] if what in ("one less", "one more", "a type") else []
        applied = settle(changed)
        # A closed destination has no gateway and no device, which an open one has: what changes with the type is not listed here.
        assert sorted(line if line in expected else line.partition(": ")[0] for line in applied) == sorted(expected), what
        settle_back(BASE, before)
        for stream in streams:
            assert stream.finish()[0] > 5, what


DRIFTS: Dict[str, Drift] = {
    "route gone": ("ip route delete 10.99.0.0/16", ["+ route 10.99.0.0/16 in a"]),
    "route gone v6": ("ip -6 route delete fd00:99::/64", ["+ route fd00:99::/64 in a"]),
    "blackhole gone": ("ip route delete blackhole 198.51.100.0/24", ["+ route 198.51.100.0/24 in a"]),
    "blackhole gone v6": ("ip -6 route delete blackhole 2001:db8:51::/64", ["+ route 2001:db8:51::/64 in a"]),
    "gateway elsewhere": (
        "ip route replace 10.99.0.0/16 via 10.20.0.7 proto 76",
        ["~ route 10.99.0.0/16 in a: gateway 10.20.0.7 → 10.20.0.254"],
    ),
    "one more of ours": ("ip route add 203.0.113.0/24 via 10.20.0.7 proto 76", ["- route 203.0.113.0/24 in a"]),
    "a blackhole more of ours": ("ip -6 route add blackhole 2001:db8:113::/64 proto 76", ["- route 2001:db8:113::/64 in a"]),
}


@pytest.mark.fake_host
def test_drift() -> None:
    give_uplink()
    converge(BASE)
    assert_mended(BASE, DRIFTS, space="a")
    # What is not ours is no drift.
    sh("ip route add blackhole 203.0.113.0/24 proto static", "a")
    assert_settled(BASE)


@pytest.mark.fake_host
def test_a_route_of_somebody_else_is_not_replaced() -> None:
    give_uplink()
    sh("ip netns add a; ip -n a link set lo up; ip -n a route add unreachable 10.99.0.0/16 proto static")
    done = converge(BASE)
    assert "route 10.99.0.0/16 in a exists and was not made by this collection" in "".join(done.warnings)
    assert "unreachable 10.99.0.0/16 proto static" in sh("ip route", "a")
    assert converge(BASE).steps == ()


@pytest.mark.fake_host
def test_nothing_is_left_in_a_namespace_that_is_not_ours() -> None:
    give_uplink()
    sh("ip netns add a; ip -n a link set lo up; ip -n a route add blackhole 203.0.113.0/24")
    before = take_snapshot()
    settle(BASE)
    settle(None)
    assert_same(before)


OPEN = CHANGES["from closed to open"][0]
KILLED = (Killed(BASE, OPEN, least=2), Killed(OPEN, BASE, least=2), Killed(BASE, CHANGES["none"][0], least=2))


def test_killed_at_every_point() -> None:
    assert_survived(*KILLED)
