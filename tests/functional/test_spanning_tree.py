# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of a bridge: the spanning tree and its companions, changed in place, and left alone while the tree changes."""

from __future__ import annotations

from typing import Any

import pytest
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, check, converge, give_uplink, lines, settle
from harness.host import await_true, sh
from harness.snapshot import assert_same, take_snapshot


def web(*endpoints: str, **options: Any) -> Declaration:
    return Declaration([network("web", V4, V6, **options)], [endpoint(name, "web") for name in endpoints or ("a",)])


@pytest.mark.fake_host
def test_settings_in_place() -> None:
    give_uplink()
    before = take_snapshot()

    settle(web(stp=False, priority=4096, ageing_time=60, multicast_snooping=False))
    assert settle(web(stp=True, priority=8192, ageing_time=300, multicast_snooping=True)) == [
        "~ bridge br-web: stp off → on, ageing_time 60 → 300, multicast_snooping off → on, priority 4096 → 8192"
    ]
    settle(web(stp=False))
    settle(None)
    assert_same(before)


def shows(*words: str) -> bool:
    shown = sh("ip -d link show br-web")
    return all(word in shown for word in words)


def told() -> str:
    return sh("ip -d link show br-web; bridge link")


@pytest.mark.fake_host
def test_a_changing_tree_is_no_drift() -> None:
    """The kernel then shows twice the forward delay as the ageing time, right after a port has gone."""
    two, one = web("a", "b", stp=True, ageing_time=60), web("a", stp=True, ageing_time=60)
    converge(two)
    assert shows("ageing_time 6000", "topology_change 0")
    sh("ip link set br-web type bridge forward_delay 200")
    await_true(lambda: shows("ageing_time 400", "topology_change 1"), 60, told)
    assert check(two) == []
    await_true(lambda: sh("bridge link").count("state forwarding") == 2, 60, told)
    assert not [line for line in lines(converge(one)) if "ageing_time" in line]
    assert shows("ageing_time 400", "topology_change 1")
    assert check(one) == []
    # A tree that rests hides nothing.
    sh("ip link set br-web type bridge stp_state 0 ageing_time 4000")
    assert [line for line in check(one) if "ageing_time 40 → 60" in line]
