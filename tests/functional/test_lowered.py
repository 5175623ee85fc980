# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Interfaces that are declared down: made so, lowered and raised in place, and everything else goes on without them."""

from __future__ import annotations

from typing import Any

import pytest
from harness.declarations import LAN4, LAN6, endpoint, network
from harness.engine import Declaration, check, converge, give_uplink, lines, settle, settle_back
from harness.host import sh
from harness.snapshot import assert_same, take_snapshot

pytestmark = pytest.mark.fake_host()
WEB = network("web", {"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"})
DB = network("db", {"subnet": "10.22.0.0/24"}, {"subnet": "fd00:22::/64"})
LAN = network("lan", LAN4, LAN6, driver="macvlan")
ROUTED = network("mesh", {"subnet": "10.62.1.0/24"}, {"subnet": "fd62:1::/64"}, driver="routed")
WAYS = [
    {"destination": "10.99.0.0/16", "nexthops": [{"gateway": "10.20.0.254"}, {"gateway": "10.22.0.254"}]},
    {"destination": "10.98.0.0/16", "gateway": "10.20.0.254"},
]


def declare(**options: Any) -> Declaration:
    """`a` on four networks, of which the first three may be down."""
    at = [{"name": "web", "ipv4_address": "10.20.0.10", "ipv6_address": "fd00:20::10", **options}]
    at += [{"name": "lan", "ipv4_address": "192.0.2.10", "ipv6_address": "2001:db8:2::10", **options}]
    at += [{"name": "mesh", "ipv4_address": "10.62.1.10", "ipv6_address": "fd62:1::10", **options}]
    at += [{"name": "db", "ipv4_address": "10.22.0.10", "ipv6_address": "fd00:22::10"}]
    return Declaration([WEB, LAN, ROUTED, DB], [endpoint("a", *at, routes=WAYS)], prepare=give_uplink)


def test_lowered_and_raised_in_place() -> None:
    declare().prepare()
    empty = take_snapshot()
    settle(declare())
    before = take_snapshot()
    applied = settle(declare(up=False))
    assert {"~ veth eth0 in a: up on → off", "~ macvlan eth1 in a: up on → off", "~ veth eth2 in a: up on → off"} <= set(applied)
    assert sh("ip -br link show eth0; ip -br link show eth1; ip -br link show eth2", "a").count(" DOWN ") == 3
    assert "10.99.0.0/16 via 10.22.0.254 dev eth3" in sh("ip route", "a")
    assert "default via 10.22.0.1 dev eth3" in sh("ip route", "a")
    assert check(declare(up=True)) == check(declare())
    settle_back(declare(), before)
    settle(declare(up=False))
    settle(None)
    assert_same(empty)


def test_made_down_and_raised_by_hand() -> None:
    down = declare(up=False)
    down.prepare()
    settle(down)
    before = take_snapshot()
    assert "10.20.0.10/24" in sh("ip address show eth0", "a")
    assert "fd00:20::10/64" in sh("ip address show eth0", "a")
    sh("ip link set eth0 up", "a")
    assert [line for line in lines(converge(down)) if "veth" in line] == ["~ veth eth0 in a: up on → off"]
    assert_same(before)
