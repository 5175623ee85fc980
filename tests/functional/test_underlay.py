# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An overlay bound to one interface of the underlay: its packets leave there, whatever the host's routes say."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from typing import Callable, List

import pytest
from harness.declarations import overlay
from harness.engine import Declaration, converge, give_uplink, lines, settle
from harness.host import await_true, sh
from harness.kills import EVERY_POINT
from harness.snapshot import assert_same, differences, take_snapshot
from harness.traffic import Question, Server, ask, await_addresses

pytestmark = pytest.mark.fake_host()
NEAR, OTHER = {4: "192.0.2.1", 6: "2001:db8:2::1"}, {4: "192.0.2.2", 6: "2001:db8:2::2"}


def declare(family: int, **options: str) -> Declaration:
    mesh = overlay(NEAR[family], OTHER[family], "192.0.2.3" if family == 4 else "2001:db8:2::3", **options)
    return replace(mesh, prepare=give_uplink)


def give_other_host(family: int) -> None:
    """Make the second host by hand in the namespace `outside`: an independent witness with the endpoint `far`."""
    sh(
        """
        ip netns add far; ip -n far link set lo up
        ip -n outside link add vx0 type vxlan id 4200 dstport 4789 local %s remote %s
        ip -n outside link set vx0 netns far; ip -n far link set vx0 address 02:00:00:00:60:02 mtu 1430
        ip -n far address add 10.60.0.2/16 dev vx0; ip -n far address add fd60::2/64 dev vx0 nodad; ip -n far link set vx0 up
        for address in 10.60.0.1 fd60::1; do ip -n far neighbour add $address lladdr %s dev vx0 nud permanent; done
        """
        % (OTHER[family], NEAR[family], json.loads(sh("ip -j link show eth0", "near"))[0]["address"])
    )


def raise_both(family: int) -> None:
    settle(declare(family, underlay_interface="eth0"))
    give_other_host(family)
    for name in ("near", "far"):
        Server(name, name, [80])
    await_addresses("near", "far")


QUESTIONS: List[Question] = [("near", "tcp", "10.60.0.2", 80), ("near", "udp", "fd60::2", 80), ("far", "tcp", "10.60.0.1", 80)]
ANSWERS = ["far 10.60.0.1", "far fd60::1", "near 10.60.0.2"]


def test_packets_leave_by_the_interface_that_is_named() -> None:
    give_uplink()
    before = take_snapshot()
    raise_both(4)
    astray = "ip link add wrong0 type bridge; ip link set wrong0 up; ip route add 192.0.2.2 dev wrong0"
    sh(astray)
    assert ask(QUESTIONS, timeout=2) == ANSWERS
    # Without the option the host's routes decide.
    moved = settle(declare(4))
    assert [line for line in moved if " fdb " not in line] == ["~ iptables chain raw/CNET-VX-4789: rules +2 -2"]
    assert ask(QUESTIONS) == [None, None, None]
    settle(declare(4, underlay_interface="eth0"))
    assert ask(QUESTIONS, timeout=2) == ANSWERS
    sh("ip link delete wrong0; ip netns delete far")
    settle(None)
    assert_same(before)


@pytest.mark.parametrize("family", [4, 6])
def test_a_foreign_end_asks_and_answers_by_itself(family: int) -> None:
    """A plain VXLAN device that no plan writes anything down for: ARP and ND go through the tunnel, asked by either side, and nothing is left."""
    give_uplink()
    before = take_snapshot()
    declared = declare(family)
    rows = {"mesh": {**declared.overlays["mesh"], "peers": [{"host": "h2", "vtep": OTHER[family], "foreign": True}]}}  # type: ignore[index]
    rows["mesh"]["endpoints"] = rows["mesh"]["endpoints"][:1]
    declared = replace(declared, overlays=rows)
    settle(declared)
    give_other_host(family)
    sh("for address in 10.60.0.1 fd60::1; do ip -n far neighbour delete $address dev vx0; done")
    for name in ("near", "far"):
        Server(name, name, [80])
    await_addresses("near", "far")
    assert ask([*QUESTIONS, ("far", "tcp", "fd60::1", 80)], timeout=2) == [*ANSWERS, "near fd60::2"]
    sh("ip -n far neighbour flush all; ip -n near neighbour flush all")
    assert ask(list(reversed(QUESTIONS)), timeout=2) == list(reversed(ANSWERS))
    sh("ip netns delete far")
    settle(None)
    assert_same(before)


def test_an_ipv6_underlay() -> None:
    """Here the kernel takes the most specific route whatever the interface, so that only what is asked of it can be seen."""
    give_uplink()
    raise_both(6)
    assert ask(QUESTIONS, timeout=2) == ANSWERS
    assert sh("bridge fdb show dev vx-mesh").count("via eth0 self permanent") == 4
    settle(None)


def test_an_entry_by_another_way_is_drift() -> None:
    give_uplink()
    bound = declare(4, underlay_interface="eth0")
    converge(bound)
    before = take_snapshot()
    entry = "fdb 02:00:00:00:60:02 via 192.0.2.2 on vx-mesh"
    sh("ip link add wrong0 type bridge; ip link set wrong0 up; bridge fdb replace 02:00:00:00:60:02 dev vx-mesh dst 192.0.2.2 via wrong0")
    assert lines(converge(bound)) == ["~ %s: through wrong0 → eth0" % entry]
    sh("bridge fdb append 00:00:00:00:00:00 dev vx-mesh dst 192.0.2.2 via wrong0")
    assert lines(converge(bound)) == ["- fdb 00:00:00:00:00:00 via 192.0.2.2 on vx-mesh"]
    sh("bridge fdb replace 02:00:00:00:60:02 dev vx-mesh dst 192.0.2.2 via wrong0; ip link delete wrong0")
    assert lines(converge(bound)) == ["~ %s: through a link that is gone → eth0" % entry]
    assert_same(before)
    # What only a gone link led to goes by its MAC; the kernel keeps its rows of the flood list as long as the tunnel, and sends nothing by them.
    sh("ip link add wrong0 type bridge; ip link set wrong0 up; bridge fdb add 02:00:00:00:60:77 dev vx-mesh dst 192.0.2.7 via wrong0")
    sh("bridge fdb append 00:00:00:00:00:00 dev vx-mesh dst 192.0.2.7 via wrong0; ip link delete wrong0")
    assert lines(converge(bound)) == ["- fdb 02:00:00:00:60:77 via 192.0.2.7 on vx-mesh"]
    assert sh("bridge fdb show dev vx-mesh").count("192.0.2.7") == 1
    assert lines(converge(bound)) == []
    converge(None)


def cut(_round: int) -> str:
    sh("ip link set eth0 down", "outside")
    return "ip link set eth0 up"


def lose(number: int) -> str:
    """Lose each datagram at first, later some of them, and every second round on the way back."""
    share, chain = ("1.0", "0.3")[number // 2 % 2], ("PREROUTING", "OUTPUT")[number % 2]
    rule = "%s -p udp --dport 4789 -m statistic --mode random --probability " + share + " -j DROP"
    sh("iptables -t raw -A " + rule % chain, "outside")
    return "iptables -t raw -D " + rule % chain


@pytest.mark.parametrize("way", [cut, lose], ids=["cut", "lost"])
def test_a_break_of_the_underlay_heals_by_itself(way: Callable[[int], str]) -> None:
    """Nothing of ours is another afterwards, and nothing has to be run again; a run meanwhile neither fails nor changes anything."""
    give_uplink()
    raise_both(4)
    assert ask(QUESTIONS) == ANSWERS
    before = [line for line in take_snapshot() if line.startswith(("host |", "near |"))]
    for number in range(20 if os.environ.get(EVERY_POINT) else 2):
        mend = way(number)
        if way is cut or number < 2:
            assert ask(QUESTIONS, timeout=0.5) == [None] * len(QUESTIONS)
        assert lines(converge(declare(4, underlay_interface="eth0"))) == []
        sh(mend, "outside")
        await_true(lambda: ask(QUESTIONS, timeout=1.0) == ANSWERS, 3.0, lambda: "it did not heal in 3 seconds")
        assert differences(before, [line for line in take_snapshot() if line.startswith(("host |", "near |"))]) == ""


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("mtu", [1500, 1400])
def test_the_largest_packet_passes_and_one_more_is_told(family: int, mtu: int) -> None:
    """The headers of a tunnel take 50 octets, over IPv6 70: what is larger is refused where it is sent, not lost on the way."""
    inner = mtu - (50 if family == 4 else 70)
    give_uplink(mtu)
    settle(declare(family, underlay_interface="eth0"))
    give_other_host(family)
    sh("ip -n far link set vx0 mtu %d" % inner)
    await_addresses("near", "far")
    for target, headers in (("10.60.0.2", 28), ("fd60::2", 48)):
        assert "mtu %d " % inner in sh("ip link show eth0", "near")
        sh("ping -c 1 -W 2 -M do -s %d %s" % (inner - headers, target), "near")
        refused = subprocess.run(
            ["ip", "netns", "exec", "near", "ping", "-c", "1", "-W", "1", "-M", "do", "-s", str(inner - headers + 1), target],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert refused.returncode
        assert "essage too long" in refused.stdout + refused.stderr
