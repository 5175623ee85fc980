# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Endpoints come and go, round after round: in the end the host is as if built at once, and nothing has grown."""

from __future__ import annotations

import gc
import os
import random
from typing import List, NamedTuple, Set

import pytest
from harness.declarations import V6, endpoint, network
from harness.engine import Declaration, converge, give_uplink, lines
from harness.host import on_fake_host, sh
from harness.kills import EVERY_POINT
from harness.snapshot import Snapshot, differences, take_snapshot

ENDPOINTS, ROUNDS = (1000, 200) if os.environ.get(EVERY_POINT) else (30, 8)
MOVED = max(1, ENDPOINTS // 20)  # in each round
GROWTH = 1.2  # what a process may hold more after all rounds than after the first ones


class Held(NamedTuple):
    """What a process has, and what it has made on the host."""

    pages: int
    descriptors: int
    rules: int


def address_of(number: int) -> str:
    return "10.%d.%d.%d" % (20 + number % 2 * 2, 1 + number // 200, 1 + number % 200)


def crowd(present: Set[int]) -> Declaration:
    # A bridge of Linux has 1,023 ports at most.
    nets = [network("web", {"subnet": "10.20.0.0/16"}, V6), network("db", {"subnet": "10.22.0.0/16"})]
    members = [endpoint("n%d" % number, {"name": ("web", "db")[number % 2], "ipv4_address": address_of(number)}) for number in sorted(present)]
    for number, member in zip(sorted(present), members):
        if number % 2 == 0:
            member["networks"][0]["ipv6_address"] = "fd00:20::1:%x" % (number + 1)
        if number % 10 == 0:
            member["ports"] = ["%d:80" % (20000 + number)]
    return Declaration(nets, members)


def measure() -> Held:
    gc.collect()
    with open("/proc/self/statm", encoding="ascii") as stream:
        pages = int(stream.read().split()[1])
    return Held(pages, len(os.listdir("/proc/self/fd")), int(sh("iptables-save | grep -c ^-A")))


def build(present: Set[int]) -> Snapshot:
    def body() -> Snapshot:
        give_uplink()
        converge(crowd(present))
        return take_snapshot(sysctls=False)

    return on_fake_host(body, timeout=1800.0)


@pytest.mark.fake_host(timeout=7200.0)
def test_round_after_round() -> None:
    chance = random.Random(20260704)
    give_uplink()
    before = take_snapshot(sysctls=False)
    everybody = set(range(ENDPOINTS))
    away: Set[int] = set()
    converge(crowd(everybody))
    held: List[Held] = []
    steps = 0
    for _round in range(ROUNDS):
        away = set(chance.sample(sorted(everybody), MOVED))
        steps += len(lines(converge(crowd(everybody - away))))
        held.append(measure())
    assert steps > ROUNDS * MOVED
    assert lines(converge(crowd(everybody - away))) == []
    assert differences(build(everybody - away), take_snapshot(sysctls=False)) == ""
    warm = held[len(held) // 4]
    assert held[-1].pages <= warm.pages * GROWTH
    assert held[-1].descriptors == warm.descriptors
    assert abs(held[-1].rules - warm.rules) <= MOVED * 4
    converge(None)
    assert differences(before, take_snapshot(sysctls=False)) == ""
