# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in the header of packets that endpoints send through the host, whatever they wrote themselves, in both families and by both backends."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from functools import partial
from typing import Any, Dict, Optional, Tuple

import pytest
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, converge, give_uplink, lines, settle, settle_back
from harness.host import Child, inside, sh
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import await_addresses

pytestmark = pytest.mark.fake_host()

Arrived = Dict[Tuple[str, int], Optional[int]]
OUTSIDE = {4: "10.62.9.9", 6: "fd62:9::9"}
WROTE = 10  # what every endpoint asks for itself: af11
# Name -> what is declared, and what arrives.
MARKS: Dict[str, Tuple[Any, int]] = {"a": ("ef", 46), "b": (None, WROTE), "c": (0, 0), "d": ("af41", 34), "r": (63, 63)}


def declare(firewall: str, **changed: Any) -> Declaration:
    marks = {name: changed.get(name, mark) for name, (mark, _arrives) in MARKS.items()}
    networks = [
        network("web", V4, V6),
        network("mesh", {"subnet": "10.62.1.0/24"}, {"subnet": "fd62:1::/64"}, driver="routed", reach=["10.62.0.0/16", "fd62::/16"]),
    ]
    options = {name: {"name": "mesh" if name == "r" else "web", **({} if mark is None else {"dscp": mark})} for name, mark in marks.items()}
    return Declaration(networks, [endpoint(name, options[name]) for name in marks], firewall=firewall)


def give_listener() -> None:
    """Give the world an address that routed endpoints may send to."""
    give_uplink()
    sh("ip -n outside address add %s/32 dev lo; ip -n outside address add %s/128 dev lo nodad" % (OUTSIDE[4], OUTSIDE[6]))


SOCKETS = {
    4: (socket.AF_INET, socket.IPPROTO_IP, socket.IP_RECVTOS, socket.IP_TOS),
    6: (socket.AF_INET6, socket.IPPROTO_IPV6, socket.IPV6_RECVTCLASS, socket.IPV6_TCLASS),
}


def receive(family: int, tell: int) -> Dict[str, Optional[int]]:
    kind, level, wanted, _written = SOCKETS[family]
    found: Dict[str, Optional[int]] = {}
    with socket.socket(kind, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(level, wanted, 1)
        receiver.settimeout(10)
        receiver.bind((OUTSIDE[family], 7000))
        os.write(tell, b"+")
        while len(found) < len(MARKS):
            data, ancillary, _flags, _source = receiver.recvmsg(64, 64)
            found[data.decode()] = ancillary[0][2][0] >> 2 if ancillary else None
    return found


def send(name: str, family: int) -> None:
    kind, level, _wanted, written = SOCKETS[family]
    with socket.socket(kind, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(level, written, WROTE << 2)
        sender.sendto(name.encode(), (OUTSIDE[family], 7000))


def arriving() -> Arrived:
    """Return what arrives outside of each endpoint in each family."""
    await_addresses(*MARKS)
    found: Arrived = {}
    for family in SOCKETS:
        ready, tell = os.pipe()
        receiver = Child(partial(receive, family, tell), "outside")
        os.close(tell)
        assert os.read(ready, 1) == b"+"
        os.close(ready)
        for name in MARKS:
            inside(name, partial(send, name, family))
        found.update({(name, family): mark for name, mark in receiver.result(30).items()})
    return found


def expected(**changed: int) -> Arrived:
    return {(name, family): changed.get(name, arrives) for family in SOCKETS for name, (_mark, arrives) in MARKS.items()}


@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
def test_packets_carry_what_was_declared(firewall: str) -> None:
    give_listener()
    plain = declare(firewall, **dict.fromkeys(MARKS))
    settle(plain)
    before = take_snapshot()
    assert arriving() == expected(**dict.fromkeys(MARKS, WROTE))
    made = settle(declare(firewall))
    assert made
    assert all("DSCP" in line or "mangle" in line for line in made)
    assert arriving() == expected()
    # One of them changes: nothing but its chains.
    assert len(settle(declare(firewall, a="cs1", b="cs2"))) == 2
    assert arriving() == expected(a=8, b=16)
    settle_back(plain, before)


@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
def test_what_was_flushed_is_mended_and_all_of_it_goes(firewall: str) -> None:
    give_uplink()
    empty = take_snapshot()
    settle(declare(firewall))
    sh("iptables -t mangle -F CNET-DSCP" if firewall == "iptables" else "nft flush chain inet container_net mangle4-CNET-DSCP")
    (line,) = lines(converge(declare(firewall)))
    assert line.endswith("mangle/CNET-DSCP: rules +4 -0" if firewall == "iptables" else "mangle4-CNET-DSCP: rules +4 -0")
    settle(replace(Declaration(), firewall=firewall))
    assert_same(empty)
