# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two networks that divide one subnet of a LAN between them."""

from __future__ import annotations

from typing import Optional

import pytest
from harness.declarations import LAN4, LAN6, endpoint, network
from harness.engine import Declaration, converge, give_uplink, lines, settle, settle_back
from harness.host import sh
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, ask, await_addresses

pytestmark = pytest.mark.fake_host()


def declare(*names: str, mode: Optional[str] = None) -> Declaration:
    ranges = {"lan": ("192.0.2.64/26", "2001:db8:2::100-2001:db8:2::1ff"), "more": ("192.0.2.128/26", "2001:db8:2::200-2001:db8:2::2ff")}
    options = {"driver": "macvlan", "parent": "eth0"}
    networks = [network(name, {**LAN4, "ip_range": ranges[name][0]}, {**LAN6, "ip_range": ranges[name][1]}, **options) for name in names]
    if mode:
        networks[-1]["mode"] = mode
    return Declaration(networks, [endpoint("in-%s" % name, name) for name in names])


def test_their_endpoints_are_neighbours() -> None:
    give_uplink()
    empty = take_snapshot()
    settle(declare("lan"))
    alone = take_snapshot()
    settle(declare("lan", "more"))
    assert lines(converge(declare("lan", "more"))) == []
    addresses = [sh("ip -br address show eth0", "in-" + name).split()[2:4] for name in ("lan", "more")]
    assert all(len(set(row)) == 2 for row in addresses)
    Server("in-more", "in-more", [80])
    await_addresses("in-lan", "in-more", "outside")
    questions = [(source, "tcp", address.partition("/")[0], 80) for source in ("in-lan", "outside") for address in addresses[1]]
    assert [(answer or "").partition(" ")[0] for answer in ask(questions)] == ["in-more"] * 4
    settle(declare("lan", "more", mode="private"))
    assert [bool(answer) for answer in ask(questions)] == [False, False, True, True]
    settle_back(declare("lan"), alone)
    settle(None)
    assert_same(empty)
