# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bridges in VRFs: who reaches whom, and that others in the VRF are left alone. tests/vm runs this file where this kernel has no VRFs."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Tuple

import pytest
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, check, converge, give_uplink
from harness.host import on_fake_host, sh
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Question, Server, ask, await_addresses


def _has_vrf() -> bool:
    return os.system("ip link add tried0 type vrf table 1001 2>/dev/null && ip link delete tried0") == 0


@pytest.fixture(scope="module", autouse=True)
def _vrf() -> None:
    if not on_fake_host(_has_vrf):
        pytest.skip("tests/vm runs this on a kernel with VRFs, which this one lacks")


A, B, C = ("10.20.0.11", "fd00:20::11"), ("10.20.0.12", "fd00:20::12"), ("10.21.0.13", "fd00:21::13")
GATEWAY = ("10.20.0.1", "fd00:20::1")
NEAR, FAR = ("198.51.100.1", "2001:db8:9::1"), ("198.51.100.2", "2001:db8:9::2")  # eth1 of the host, and who is behind it
OTHER = ("203.0.113.2", "2001:db8:a::2")  # who is behind eth2
OUTSIDE = ("192.0.2.2", "2001:db8:2::2")
PORT = 80
Answer = Tuple[str, Tuple[str, str], str]  # from, to, who answers and whom he sees; "" is nobody


def at(name: str, addresses: Tuple[str, str]) -> Dict[str, str]:
    return {"name": name, "ipv4_address": addresses[0], "ipv6_address": addresses[1]}


def in_vrf(vrf: str, table: int, **options: Any) -> Declaration:
    there = {"vrf": vrf, "vrf_table": table}
    second = network("db", {"subnet": "10.21.0.0/24"}, {"subnet": "fd00:21::/64"}, **there)
    return Declaration(
        [network("web", V4, V6, **there, **options), second], [endpoint("a", at("web", A)), endpoint("b", at("web", B)), endpoint("c", at("db", C))]
    )


def give_tenants() -> None:
    """Two more neighbours of the host, who reach each other and the containers by it if they are let."""
    # What the first VRF brings along stays.
    sh("ip link add first type vrf table 1; ip link delete first")
    sh("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.tcp_l3mdev_accept=1 net.ipv4.udp_l3mdev_accept=1")
    for device, space, four, six in (("eth1", "far", "198.51.100.", "2001:db8:9::"), ("eth2", "other", "203.0.113.", "2001:db8:a::")):
        sh(
            """
            ip netns add {1}; ip -n {1} link set lo up
            ip link add {0} type veth peer name eth0 netns {1}
            ip -n {1} address add {2}2/24 dev eth0; ip -n {1} address add {3}2/64 dev eth0 nodad; ip -n {1} link set eth0 up
            ip -n {1} route add default via {2}1; ip -n {1} -6 route add default via {3}1
            """.format(device, space, four, six)
        )


def join(device: str, vrf: str, four: str, six: str) -> None:
    sh("ip link set {0} master {1}; ip link set {0} up; ip address add {2}1/24 dev {0}; ip -6 address add {3}1/64 dev {0} nodad".format(device, vrf, four, six))


def join_both(vrf: str, table: int) -> None:
    join("eth1", vrf, "198.51.100.", "2001:db8:9::")
    join("eth2", vrf, "203.0.113.", "2001:db8:a::")
    sh("ip route add default via {0} table {2}; ip -6 route add default via {1} table {2}".format(*FAR, table))


def serve() -> None:
    await_addresses("", "a", "b", "c")
    for space in ("", "a", "b", "c", "outside", "far", "other"):
        Server(space, space or "host", [PORT])


def assert_answers(rows: List[Answer]) -> None:
    questions: List[Question] = [(source, "tcp", address, PORT) for source, target, _who in rows for address in target]
    wanted = [who for _source, _target, who in rows for _each in range(2)]
    found = []
    for answer, who in zip(ask(questions, timeout=2.0), wanted):
        name, _space, seen = (answer or "").partition(" ")
        found.append("%s %s" % (name, "near" if seen in NEAR else "self") if " " in who else name)
    assert list(zip(questions, found)) == list(zip(questions, wanted))


INSIDE: List[Answer] = [("a", B, "b"), ("b", A, "a"), ("a", C, ""), ("c", A, ""), ("a", GATEWAY, "")]
# With the neighbours in the VRF, and the way out by one of them.
TOGETHER: List[Answer] = [
    *INSIDE,
    ("a", FAR, "far near"),
    ("a", OTHER, "other"),
    ("a", OUTSIDE, ""),
    ("far", A, ""),
    ("other", A, ""),
    ("far", GATEWAY, ""),
    ("far", OTHER, "other self"),
    ("other", FAR, "far self"),
    ("far", NEAR, "host"),
]


def assert_pings() -> None:
    for address in GATEWAY:
        sh("ping -c1 -W5 %s" % address, "a")
    for address in (*A, *C):
        sh("ping -c1 -W5 -I red %s" % address)


@pytest.mark.fake_host
def test_a_vrf_of_ours_leads_nowhere_until_it_is_told() -> None:
    give_uplink()
    give_tenants()
    converge(in_vrf("red", 1001))
    serve()
    assert_pings()
    assert_answers([*INSIDE, ("a", OUTSIDE, ""), ("outside", A, "")])
    assert "unreachable" in sh("ping -c1 -W5 192.0.2.2 2>&1 || true", "a").lower()
    join_both("red", 1001)
    assert_answers(TOGETHER)
    assert check(in_vrf("red", 1001)) == []
    # The default MTU is that of the VRF's way out, not of the host's.
    sh("ip link set eth1 mtu 1400")
    assert "~ bridge br-web: mtu 1500 → 1400" in check(in_vrf("red", 1001))
    sh("ip link set eth1 mtu 1500; ip link set eth0 mtu 1400")
    assert check(in_vrf("red", 1001)) == []
    sh("ip link set eth0 mtu 1500")
    sh("ip route delete default via %s table 1001; ip -6 route delete default via %s table 1001" % FAR)
    for device in ("eth1", "eth2"):
        sh("ip link set {0} nomaster; ip address flush dev {0}; ip link set {0} down".format(device))
    converge(None)
    assert sh("ip route show table 1001 2>/dev/null || true; ip -6 route show table 1001 2>/dev/null || true") == ""
    assert "red" not in sh("ip link")


@pytest.mark.fake_host
def test_others_in_a_vrf_of_somebody_else_are_left_alone() -> None:
    give_uplink()
    give_tenants()
    sh("ip link add red type vrf table 1002; ip link set red up")
    join_both("red", 1002)
    before = take_snapshot()
    converge(in_vrf("red", 1002))
    serve()
    assert_pings()
    assert_answers(TOGETHER)
    assert_strange_sources_stay_inside()
    converge(in_vrf("red", 1002, internal=True))
    assert_answers([("a", B, "b"), ("a", FAR, ""), ("far", A, ""), ("far", GATEWAY, ""), ("c", FAR, "far near"), ("far", NEAR, "host")])
    converge(in_vrf("red", 1002, host_access="all"))
    assert_answers([("a", GATEWAY, "host"), ("a", NEAR, "host"), ("far", GATEWAY, ""), ("c", GATEWAY, "")])
    converge(None)
    assert_same(before)


def assert_strange_sources_stay_inside() -> None:
    def echoes() -> int:
        names, values = [line.split() for line in sh("cat /proc/net/snmp", "far").splitlines() if line.startswith("Icmp:")]
        return int(values[names.index("InEchos")])

    sh("ip address add 100.64.0.1/32 dev eth0", "a")
    seen = echoes()
    sh("ping -c2 -i0.2 -W1 -I 100.64.0.1 198.51.100.2 || true", "a")
    assert echoes() == seen
    sh("ping -c1 -W5 198.51.100.2", "a")
    assert echoes() == seen + 1
