# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ports of bridges that a wire makes: names of the user's choice, and rings that STP keeps open."""

from __future__ import annotations

import json
import re
import time
from typing import Any, Dict, List

import pytest
from harness.declarations import V4, endpoint, network
from harness.engine import Declaration, converge, lines, settle
from harness.host import await_true, sh
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, Stream, ask

pytestmark = pytest.mark.fake_host()
SWITCHES = ("s1", "s2", "s3")


def on(name: str, number: int) -> Dict[str, Any]:
    return endpoint("c%d" % number, {"name": name, "ipv4_address": "10.20.0.%d" % (10 + number)})


def patched(**port: str) -> Declaration:
    """An endpoint by a wire on a bridge, beside another one that is plainly on it."""
    patch = {"name": "patch", "ends": [{"network": "s1", **port}, {"endpoint": "c2", "addresses": ["10.20.0.12/24"]}]}
    return Declaration([network("s1", V4)], [on("s1", 1), endpoint("c2")], links=[patch])


def test_a_port_has_the_name_it_is_given() -> None:
    before = take_snapshot()
    settle(patched(interface_name="port7"))
    assert "master br-s1" in sh("ip -o link show port7")
    Server("c2", "c2", [80])
    assert ask([("c1", "tcp", "10.20.0.12", 80)]) == ["c2 10.20.0.11"]
    sh("ip link set port7 nomaster")
    assert settle(patched(interface_name="port7")) == ["~ veth port7: master none → br-s1"]
    stream = Stream("", "c1", "10.20.0.11")
    renamed = settle(patched(interface_name="port8"))
    assert ["port7 → port8" in line for line in renamed] == [True]
    assert stream.finish()[0] > 10
    assert "port7" not in sh("ip -o link")
    settle(patched())
    assert "port8" not in sh("ip -o link")
    settle(None)
    assert_same(before)


def ring() -> Declaration:
    """Three bridges, each joined with the next: with STP one of the six ports stays shut."""
    networks: List[Dict[str, Any]] = [network("s1", V4, stp=True), network("s2", stp=True), network("s3", stp=True)]
    joints = zip(SWITCHES, (*SWITCHES[1:], SWITCHES[0]))
    links = [{"name": one + other, "ends": [{"network": one}, {"network": other}]} for one, other in joints]
    members = [on("s1", 1), endpoint("c2", {"name": "s2", "ipv4_address": "10.20.0.12"}), endpoint("c3", {"name": "s3", "ipv4_address": "10.20.0.13"})]
    return Declaration(networks, members, links=links)


def states() -> List[str]:
    """Return the states of the ports that lead from bridge to bridge."""
    found = re.findall(r": (cn-\w+)@cn-\w+: .* state (\w+)", sh("bridge link"))
    return sorted(state for _name, state in found)


def frames() -> int:
    """Return how many frames came in at the first bridge."""
    return int(json.loads(sh("ip -j -s link show br-s1"))[0]["stats64"]["rx"]["packets"])


def test_stp_keeps_a_ring_open() -> None:
    before = take_snapshot()
    settle(ring())
    sh("".join("ip link set br-%s type bridge forward_delay 200 hello_time 100\n" % name for name in SWITCHES))
    await_true(lambda: states() == ["blocking"] + ["forwarding"] * 5, 20, lambda: sh("bridge -d link"))
    for name in ("c2", "c3"):
        Server(name, name, [80])
    assert ask([("c1", "tcp", "10.20.0.12", 80), ("c1", "tcp", "10.20.0.13", 80), ("c2", "tcp", "10.20.0.13", 80)], timeout=2) == [
        "c2 10.20.0.11",
        "c3 10.20.0.11",
        "c3 10.20.0.12",
    ]
    # A storm would fill every wire: what passes here are a few frames of STP.
    sent = frames()
    time.sleep(0.3)
    assert frames() - sent < 50
    assert lines(converge(ring())) == []
    settle(None)
    assert_same(before)
