# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An endpoint on two routed networks, whose gateways have one address."""

from __future__ import annotations

from typing import Any, Dict

import pytest
from harness.declarations import endpoint
from harness.engine import Declaration, give_uplink, settle
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, Stream, ask, await_addresses

pytestmark = pytest.mark.fake_host()


def routed(name: str, number: int) -> Dict[str, Any]:
    return {"name": name, "driver": "routed", "ipam_config": [{"subnet": "10.%d.0.0/24" % number}, {"subnet": "fd00:%d::/64" % number}]}


def at(name: str, number: int, last: int) -> Dict[str, Any]:
    return {"name": name, "ipv4_address": "10.%d.0.%d" % (number, last), "ipv6_address": "fd00:%d::%d" % (number, last)}


BOTH = endpoint("both", at("red", 62, 10), at("blue", 63, 10))
RED, BLUE = endpoint("r", at("red", 62, 11)), endpoint("b", at("blue", 63, 11))
NETWORKS = [routed("red", 62), routed("blue", 63)]


def test_it_reaches_the_members_of_both() -> None:
    give_uplink()
    before = take_snapshot()
    settle(Declaration(NETWORKS, [BOTH, RED, BLUE]))
    for name in ("both", "r", "b"):
        Server(name, name, [80])
    await_addresses("", "both", "r", "b")
    for source, number, target, answer in (("both", 62, 11, "r"), ("both", 63, 11, "b"), ("r", 62, 10, "both"), ("b", 63, 10, "both")):
        questions = [(source, "tcp", "10.%d.0.%d" % (number, target), 80), (source, "udp", "fd00:%d::%d" % (number, target), 80)]
        answers = [(text or "").partition(" ")[0] for text in ask(questions, timeout=2)]
        assert answers == [answer, answer], (source, number)
    # One network less: the other keeps its way.
    stream = Stream("both", "r", "10.62.0.11")
    settle(Declaration(NETWORKS, [endpoint("both", at("red", 62, 10)), RED, BLUE]))
    assert stream.finish()[0] > 10
    settle(None)
    assert_same(before)
