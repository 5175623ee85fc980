# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ipvlan, VLAN devices, dummy links, VRFs and VLANs of bridge ports: made, changed, mended, killed. tests/vm runs this file where this kernel lacks them."""

from __future__ import annotations

import os
from typing import Any, Dict, List

import pytest
from harness.declarations import endpoint, network
from harness.engine import Declaration, check, converge, give_uplink, lines, settle
from harness.host import on_fake_host, sh
from harness.kills import Killed, assert_survived
from harness.snapshot import assert_same, differences, take_snapshot
from harness.traffic import Stream

TRIED = ("link eth0 type ipvlan mode l2", "link eth0 type vlan id 30", "type dummy", "type vrf table 1001", "type bridge vlan_filtering 1")


def _lacking() -> List[str]:
    sh("ip link add eth0 type veth peer name other")
    return [words for words in TRIED if os.system("ip link add tried0 %s 2>/dev/null && ip link delete tried0" % words)]


@pytest.fixture(scope="module", autouse=True)
def _kinds() -> None:
    lacking = on_fake_host(_lacking)
    if lacking:
        pytest.skip("tests/vm runs this on a kernel that has what this one lacks: %s" % "; ".join(lacking))


def prepare() -> None:
    """Give the host an uplink. With the first VRF the kernel adds a rule and keeps it."""
    give_uplink()
    sh("ip link add first type vrf table 1; ip link delete first")


def net(number: int, driver: str, **options: Any) -> Dict[str, Any]:
    return network("net%d" % number, {"subnet": "10.%d.0.0/24" % number}, {"subnet": "fd00:%d::/64" % number}, driver=driver, **options)


def join(number: int, last: int = 11, **options: Any) -> Dict[str, Any]:
    """Attach as the interface `if` and the number of the network."""
    fixed = {"ipv4_address": "10.%d.0.%d" % (number, last), "ipv6_address": "fd00:%d::%d" % (number, last), "interface_name": "if%d" % number}
    return {"name": "net%d" % number, **fixed, **options}


STEADY = net(50, "ipvlan", parent="eth0.50")
FIRST = Declaration(
    [
        STEADY,
        net(30, "macvlan", parent="eth0.30"),
        net(31, "macvlan", parent="eth0.31"),
        net(40, "ipvlan", parent="eth0.40"),
        net(60, "macvlan", internal=True),
        net(61, "ipvlan", internal=True),
        net(70, "bridge", vrf="blue", vrf_table=1001),
        net(80, "bridge", vlan_filtering=True),
    ],
    [
        endpoint("a", join(50), join(30), join(31), join(40), join(60), join(61), join(70), join(80, vlan=10, host_interface_name="port80")),
        endpoint("b", join(50, 12)),
    ],
    prepare=prepare,
)
# Each kind changes in some way, and one network goes.
SECOND = Declaration(
    [
        STEADY,
        net(30, "macvlan", parent="eth0.33"),
        net(31, "macvlan", parent="eth0.31", mtu=1400),
        net(40, "ipvlan", parent="eth0.40", mode="l3s", flag="private"),
        net(60, "ipvlan", internal=True),
        net(70, "bridge", vrf="green", vrf_table=1002),
        net(80, "bridge", vlan_filtering=True),
    ],
    [
        endpoint("a", join(50), join(30), join(31), join(40), join(60), join(70), join(80, vlan=20, trunk=[30, 31], host_interface_name="port80")),
        endpoint("b", join(50, 12)),
    ],
    prepare=prepare,
)
CHANGES = [
    "- vlan eth0.30",
    "+ vlan eth0.33",
    "~ macvlan if31 in a: mtu 1500 → 1400",
    "~ ipvlan if40 in a: mode l2 → l3s, flag bridge → private",
    "- macvlan if60 in a",
    "+ ipvlan if60 in a",
    "- dummy dm-net61",
    "- vrf blue",
    "+ vrf green",
]


@pytest.mark.fake_host
def test_made_changed_and_gone() -> None:
    """Looking tells what will be done, a second run does nothing, a connection that is not meant goes on, and what is gone is gone."""
    prepare()
    before = take_snapshot()
    settle(FIRST)
    stream = Stream("a", "b", "10.50.0.12")
    done = settle(SECOND)
    assert [step for step in CHANGES if step not in done] == [], done
    assert [step for step in done if "if50" in step or "eth0.50" in step] == []
    assert stream.finish()[0] > 10
    converge(None)
    assert_same(before)


# What somebody does, and a step that mends it.
DRIFT = {
    "ip link delete eth0.30": "+ macvlan if30 in a",
    "ip link set eth0.31 down": "~ vlan eth0.31: up off → on",
    "ip -n a link set if40 type ipvlan mode l3": "~ ipvlan if40 in a: mode l3 → l2",
    "ip link delete dm-net60": "+ dummy dm-net60",
    "ip -n a link delete if61": "+ ipvlan if61 in a",
    "ip link delete blue": "+ vrf blue",
    "bridge vlan delete vid 10 dev port80": "+ vlan 10 on port80",
    "bridge vlan add vid 99 dev port80": "- vlan 99 on port80",
}


@pytest.mark.fake_host
def test_mended() -> None:
    """Somebody removes or changes a thing of each kind; the next run says so and mends exactly that."""
    prepare()
    converge(FIRST)
    clean = take_snapshot()
    for script in DRIFT:
        sh(script)
    planned = check(FIRST)
    assert [step for step in DRIFT.values() if step not in planned] == [], planned
    assert lines(converge(FIRST)) == planned
    assert_same(clean)


@pytest.mark.fake_host
def test_a_vlan_device_goes_with_the_last_scope_on_it() -> None:
    """That of somebody else stays."""
    give_uplink()
    sh("ip link add eth0.31 link eth0 address 02:00:00:00:02:31 type vlan id 31; ip link set eth0.31 up; ip address add 198.51.100.9/24 dev eth0.31")
    before = take_snapshot()
    converge(Declaration([net(30, "macvlan", parent="eth0.30"), net(31, "macvlan", parent="eth0.31")], [endpoint("a", join(30), join(31))]))
    with_first = take_snapshot()
    converge(Declaration([net(40, "macvlan", parent="eth0.30")], [endpoint("b", join(40))]), scope="second")
    converge(None)
    assert "eth0.30@" in sh("ip -br link")
    converge(None, scope="second")
    assert differences(before, with_first)
    assert_same(before)


@pytest.mark.fake_host
def test_an_internal_network_leads_nowhere() -> None:
    """Not even with a route that somebody adds inside, and on a host that forwards."""
    give_uplink()
    sh("echo 1 > /proc/sys/net/ipv4/ip_forward")
    networks = [net(60, "macvlan", internal=True), net(61, "ipvlan", internal=True), net(62, "ipvlan", internal=True, mode="l3")]
    converge(Declaration(networks, [endpoint("a", join(60), join(61), join(62)), endpoint("b", join(60, 12), join(61, 12), join(62, 12))]))
    for number in (60, 61, 62):
        assert _pings("10.%d.0.12" % number), number
        assert sh("ip route show default", "a") == ""
        sh("ip route add default dev if%d src 10.%d.0.11" % (number, number), "a")
        for outside in ("192.0.2.1", "192.0.2.2"):
            assert not _pings(outside), number
        sh("ip route delete default", "a")


def _pings(address: str) -> bool:
    return os.system("ip netns exec a ping -q -c 1 -W 1 %s >/dev/null" % address) == 0


def is_netlink(point: str) -> bool:
    return "netlink" in point


KILLED = (
    Killed(Declaration(prepare=prepare), FIRST, least=60, deadly=is_netlink, quick=3),
    Killed(FIRST, SECOND, least=30, deadly=is_netlink, quick=3),
)


def test_killed() -> None:
    assert_survived(*KILLED)
