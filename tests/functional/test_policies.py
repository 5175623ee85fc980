# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies on one host, by real packets and by the steps that they take."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

import pytest
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, converge, give_uplink, settle
from harness.flows import Ask, Clients, Echo
from harness.host import filter_bridged_frames, sh
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Question, Server, ask, await_addresses

pytestmark = pytest.mark.fake_host()
BACKENDS = ("iptables", "nftables")
DB4, DB6 = {"subnet": "10.22.0.0/24", "gateway": "10.22.0.1"}, {"subnet": "fd00:22::/64", "gateway": "fd00:22::1"}


def at(name: str, number: int, net: str = "web", **options: Any) -> Dict[str, Any]:
    block = {"web": 20, "db": 22}[net]
    attached = {"name": net, "ipv4_address": "10.%d.0.%d" % (block, number), "ipv6_address": "fd00:%d::%d" % (block, number)}
    return endpoint(name, attached, **options)


def declare(backend: str, policies: Sequence[Dict[str, Any]] = (), web: Optional[Dict[str, Any]] = None, db: Optional[Dict[str, Any]] = None) -> Declaration:
    networks = [network("web", V4, V6, **(web or {})), network("db", DB4, DB6, **(db or {}))]
    endpoints = [
        at("a", 10, groups=["front"], ports=["8080:80/tcp"]),
        at("b", 11, groups=["front", "back"]),
        at("c", 12),
        at("d", 10, "db", groups=["store"]),
    ]
    return Declaration(networks, endpoints, policies=policies, firewall=backend)


def both(source: str, protocol: str, block: int, number: int, port: int) -> List[Question]:
    return [(source, protocol, "10.%d.0.%d" % (block, number), port), (source, protocol, "fd00:%d::%d" % (block, number), port)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_first(backend: str) -> None:
    give_uplink()
    filter_bridged_frames(True)
    before = take_snapshot()
    policies = [
        {"name": "no-c", "from": {"endpoints": ["c"]}, "to": {"endpoints": ["b"]}, "action": "deny"},
        {"name": "front-store", "from": {"groups": ["front"]}, "to": {"groups": ["store"]}, "ports": ["80/tcp"], "action": "allow", "log": True},
    ]
    settle(declare(backend, policies))
    for name in "abcd":
        Server(name, name, [80, 81])
    await_addresses("a", "b", "c", "d", "")
    questions: List[Question] = [
        *both("c", "tcp", 20, 11, 80),
        *both("a", "tcp", 20, 11, 80),
        *both("a", "tcp", 22, 10, 80),
        *both("b", "tcp", 22, 10, 80),
        *both("a", "tcp", 22, 10, 81),
        *both("c", "tcp", 22, 10, 80),
    ]
    found = [answer and answer.split()[0] for answer in ask(questions, 1.5)]
    print(sh("iptables-save; nft list ruleset"))
    assert found == [None] * 2 + ["b"] * 2 + ["d"] * 4 + [None] * 4
    settle(None)
    assert_same(before)
