# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Frames from who is no peer, sent to every address by which the socket of a tunnel can be reached: none enters, and all do once the guard is gone."""

from __future__ import annotations

import re
import socket
import struct
from typing import Dict, List, Tuple

import pytest
from harness.declarations import overlay
from harness.engine import Declaration, converge, lines, settle
from harness.host import entered, sh

pytestmark = pytest.mark.fake_host()

VNI, PORT = 4200, 4789
VTEP, PEER = {4: "192.0.2.1", 6: "2001:db8:2::1"}, {4: "192.0.2.3", 6: "2001:db8:2::3"}
STRANGER = {4: "192.0.2.2", 6: "2001:db8:2::2"}
FRAME = b"\xff" * 6 + bytes.fromhex("020000000099") + b"\x08\x06" + bytes.fromhex("0001080006040001") + bytes(20)
HEADER = struct.pack("!II", 0x08000000, VNI << 8)
# By family: where a neighbour sends, and where somebody on the host does.
TARGETS: Dict[int, Tuple[List[str], List[str]]] = {
    4: (["192.0.2.1", "192.0.2.7", "192.0.2.255", "255.255.255.255", "224.0.0.1"], ["127.0.0.1", "127.0.0.9", "192.0.2.1", "192.0.2.7"]),
    6: (["2001:db8:2::1", "2001:db8:2::7", "fe80::7", "ff02::1"], ["::1", "2001:db8:2::1", "2001:db8:2::7"]),
}


def send(space: str, target: str, source: str = "") -> None:
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    with entered(space), socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if source:
            sender.bind((source, 0))
        link = socket.if_nametoindex("eth0") if target.startswith(("fe80", "ff02")) else 0
        if target.startswith("224."):
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", bytes(4), bytes(4), socket.if_nametoindex("eth0")))
        sender.sendto(HEADER + FRAME, (target, PORT, 0, link) if family == socket.AF_INET6 else (target, PORT))


def received() -> int:
    """Return how many frames the tunnel has taken in."""
    return int(re.search(r"RX: +bytes +packets[^\n]*\n +\d+ +(\d+)", sh("ip -s link show vx-mesh"))[1])  # type: ignore[index]


def entering(version: int) -> List[str]:
    """Return from where and to where a frame gets in."""
    found = []
    for space, targets in zip(("outside", ""), TARGETS[version]):
        for target in targets:
            before = received()
            send(space, target, STRANGER[version] if space and not target.startswith("fe80") else "")
            sh("sleep 0.05")
            if received() != before:
                found.append("%s to %s" % (space or "here", target))
    return found


def everywhere(version: int) -> List[str]:
    return ["%s to %s" % (space, target) for space, targets in zip(("outside", "here"), TARGETS[version]) for target in targets]


@pytest.mark.parametrize("version", [4, 6])
def test_no_stranger_writes_into_a_tunnel(version: int) -> None:
    declaration: Declaration = overlay(VTEP[version], PEER[version], "192.0.2.4" if version == 4 else "2001:db8:2::4")
    declaration.prepare()
    sh(
        """
        ip address add 192.0.2.7/24 dev eth0; ip address add 2001:db8:2::7/64 dev eth0 nodad; ip address add fe80::7/64 dev eth0 nodad
        ip -n outside address add 192.0.2.3/24 dev eth0; ip -n outside address add 2001:db8:2::3/64 dev eth0 nodad
        ip -n outside route add 255.255.255.255 dev eth0; ip -n outside route add 224.0.0.1 dev eth0
        """
    )
    settle(declaration)
    assert entering(version) == []
    before = received()
    send("outside", VTEP[version], source=PEER[version])
    sh("sleep 0.05")
    assert received() == before + 1  # a true peer
    # Without the guard, each of them gets in: the probes can fail.
    tool = "iptables" if version == 4 else "ip6tables"
    sh("%s -t raw -F CNET-VX-%d" % (tool, PORT))
    assert entering(version) == everywhere(version)
    assert lines(converge(declaration))
    assert entering(version) == []


def test_what_passes_through_is_somebody_elses() -> None:
    """A router between two other hosts lets their VXLAN pass."""
    declaration = overlay(VTEP[4], PEER[4], "192.0.2.4")
    declaration.prepare()
    sh(
        """
        ip netns add beyond; ip link add to-beyond type veth peer name eth0 netns beyond; ip link set to-beyond up; ip address add 203.0.113.1/24 dev to-beyond
        ip -n beyond link set lo up; ip -n beyond link set eth0 up
        ip -n beyond address add 203.0.113.2/24 dev eth0; ip -n beyond route add default via 203.0.113.1
        ip -n outside route add 203.0.113.0/24 via 192.0.2.1; sysctl -qw net.ipv4.ip_forward=1
        """
    )
    settle(declaration)
    with entered("beyond"), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
        there.bind(("203.0.113.2", PORT))
        there.settimeout(5)
        send("outside", "203.0.113.2")
        assert there.recv(200) == HEADER + FRAME
