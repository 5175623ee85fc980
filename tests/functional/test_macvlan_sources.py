# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers on a LAN that take in the frames of some senders only."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional

import pytest
from harness.declarations import lan
from harness.engine import Declaration, converge, give_uplink, lines, settle, settle_back
from harness.host import await_true, sh
from harness.module import run_module
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, ask, await_addresses

pytestmark = pytest.mark.fake_host()
NOBODY, SOMEBODY = "02:00:00:00:0f:01", "02:00:00:00:0f:0f"
STEP = "~ macvlan eth0 in a: "


def sources(*macs: str, mode: str = "source") -> Declaration:
    """`a` on the LAN of eth0, which hears these."""
    declaration = lan("a", parent="eth0", mode=mode)
    if macs:
        declaration.endpoints[0]["networks"][0]["source_macs"] = list(macs)
    return declaration


def neighbour() -> str:
    return str(json.loads(sh("ip -j link show eth0", "outside"))[0]["address"])


def held() -> Optional[str]:
    """Return what the kernel says of the interface's senders."""
    data = json.loads(sh("ip -j -d link show eth0", "a"))[0]["linkinfo"]["info_data"]
    assert data["mode"] == "source"
    return sh("ip -d link show eth0", "a").partition(" remotes (")[2].split("numtxqueues")[0]


QUESTIONS = [("outside", protocol, address, 80) for address in ("192.0.2.10", "2001:db8:2::10") for protocol in ("tcp", "udp")]


def assert_heard() -> None:
    """A neighbour that was not found is asked for again in its own time, and a busy kernel takes its own to pass the question on."""
    await_true(lambda: all(ask(QUESTIONS)), 15.0, lambda: "answers: %s" % ask(QUESTIONS))


def assert_not_heard() -> None:
    assert not any(ask(QUESTIONS))


def test_who_is_heard_changes_in_place() -> None:
    give_uplink()
    empty = take_snapshot()
    mac = neighbour()
    settle(sources(NOBODY))
    before = take_snapshot()
    Server("a", "a", [80])
    await_addresses("a", "outside")
    assert_not_heard()
    assert [line for line in settle(sources(SOMEBODY, mac, NOBODY)) if "source_macs" in line]
    assert all(each in (held() or "") for each in (NOBODY, SOMEBODY, mac))
    assert_heard()
    settle_back(sources(NOBODY), before)
    assert_not_heard()
    settle(sources(mode="bridge"))
    assert_heard()
    settle(sources(mac))
    assert_heard()
    settle(None)
    assert_same(empty)


def test_senders_that_somebody_added_are_seen() -> None:
    give_uplink()
    settle(sources(NOBODY))
    before = take_snapshot()
    sh("ip link set eth0 type macvlan macaddr add %s" % SOMEBODY, "a")
    assert lines(converge(sources(NOBODY))) == [STEP + "source_macs +0 -1"]
    assert_same(before)
    sh("ip link set eth0 type macvlan macaddr flush", "a")
    assert lines(converge(sources(NOBODY))) == [STEP + "source_macs +1 -0"]
    assert_same(before)


def run_twice(**options: Any) -> List[str]:
    """Look at one device of the module of that name, make it, and see that a second task does nothing."""
    before = take_snapshot()
    device = {"name": "eth0", "namespace": "a", **options}
    planned = run_module("macvlan", check=True, **device)
    assert_same(before)
    done = run_module("macvlan", **device)
    assert not done.get("failed"), done["msg"]
    assert done["actions"] == planned["actions"]
    again = run_module("macvlan", **device)
    assert (again["actions"], again["statistics"]["netlink_changes"]) == ([], 0)
    assert {item["macvlan"]["exists"] for item in (planned, done, again)} == {"parent" in options}
    return list(done["actions"])


def test_the_module_changes_who_is_heard_in_place() -> None:
    give_uplink()
    sh("ip netns add a; ip -n a link set lo up")
    empty = take_snapshot()
    mac = neighbour()
    device = {"parent": "eth0", "addresses": ["192.0.2.10/24", "2001:db8:2::10/64"]}
    assert run_twice(**device, mode="source", source_macs=[NOBODY])[0] == "+ macvlan eth0 in a"
    before = take_snapshot()
    Server("a", "a", [80])
    await_addresses("a", "outside")
    assert_not_heard()
    assert run_twice(**device, mode="source", source_macs=[SOMEBODY.upper(), NOBODY, mac]) == [STEP + "source_macs +2 -0"]
    assert all(each in (held() or "") for each in (NOBODY, SOMEBODY, mac))
    assert_heard()
    assert run_twice(**device, mode="source", source_macs=[mac, NOBODY, SOMEBODY]) == []
    sh("ip link set eth0 type macvlan macaddr del %s" % mac, "a")
    assert_not_heard()
    assert run_twice(**device, mode="source", source_macs=[mac, NOBODY, SOMEBODY]) == [STEP + "source_macs +1 -0"]
    assert_heard()
    assert run_twice(**device, mode="source", source_macs=[NOBODY]) == [STEP + "source_macs +0 -2"]
    assert_same(before)
    assert_not_heard()
    assert run_twice(**device) == [STEP + "mode source → bridge"]
    assert_heard()
    assert run_twice(**device, mode="source", source_macs=[mac])
    assert_heard()
    assert run_twice(state="absent", mode="source") == ["- macvlan eth0 in a"]
    assert_same(empty)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mode": "source"}, "source_macs: got null: in mode source the device takes in only frames of the MACs named here; name at least one"),
        ({"mode": "source", "source_macs": []}, "name at least one"),
        ({"mode": "source", "source_macs": ["01:00:5e:00:00:01"]}, 'source_macs[0]: got string "01:00:5e:00:00:01": must be a unicast address'),
        ({"mode": "source", "source_macs": [NOBODY, 41135085296]}, "source_macs[1]: got string"),
        ({"mode": "source", "source_macs": [NOBODY, SOMEBODY, "02-00-00-00-0f-01"]}, "source_macs[2]: "),
        ({"mode": "source", "source_macs": [SOMEBODY, SOMEBODY.upper()]}, "the same as entry 0 of this list; remove one"),
        ({"source_macs": [NOBODY]}, "only mode source tells senders apart; remove it, or write mode: source"),
        ({"mode": "private", "source_macs": [NOBODY]}, "only mode source tells senders apart"),
    ],
)
def test_the_module_refuses_senders(options: Dict[str, Any], words: str) -> None:
    give_uplink()
    before = take_snapshot()
    result = run_module("macvlan", name="mv9", parent="eth0", **options)
    assert result["failed"]
    assert words in result["msg"]
    assert "nothing was changed" in result["msg"]
    assert_same(before)
