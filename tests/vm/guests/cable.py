# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wire between two guests: every frame is one UDP datagram on the loopback of this network namespace, where a test reads along."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator, Optional

ETHERTYPES = {0x0800: "ipv4", 0x0806: "arp", 0x86DD: "ipv6"}
VLAN_TAGS = (0x8100, 0x88A8)
VXLAN_PORTS = (4789, 8472)
ETH_P_IP = 0x0800


@dataclass(frozen=True)
class Frame:
    """What a frame on the cable says on its first layers."""

    destination: str
    source: str
    vlan: Optional[int]
    kind: str
    payload: bytes

    @property
    def addresses(self) -> tuple[str, str]:
        """Source and destination of a packet or of an ARP request."""
        start, length = {"ipv4": (12, 4), "arp": (14, 10), "ipv6": (8, 16)}.get(self.kind, (0, 0))
        if not length:
            return "", ""
        family, size = (socket.AF_INET6, 16) if self.kind == "ipv6" else (socket.AF_INET, 4)
        first, second = (socket.inet_ntop(family, self.payload[offset : offset + size]) for offset in (start, start + length))
        return first, second

    @property
    def inner(self) -> Optional[Frame]:
        """The frame that a VXLAN packet over IPv4 carries."""
        if self.kind != "ipv4" or self.payload[9] != socket.IPPROTO_UDP:
            return None
        start = (self.payload[0] & 0xF) * 4
        (port,) = struct.unpack_from("!H", self.payload, start + 2)
        return _parsed(self.payload[start + 16 :]) if port in VXLAN_PORTS else None

    @property
    def asks_for_neighbour(self) -> bool:
        """Whether it is of ARP or of neighbour discovery."""
        return self.kind == "arp" or (self.kind == "ipv6" and self.payload[6] == socket.IPPROTO_ICMPV6 and self.payload[40] in (135, 136))


class Cable:
    """What one guest sends, the other gets, and nobody else: a frame that came back to its sender would turn the tables of a bridge upside down."""

    def __init__(self, number: int) -> None:
        self._ports = (4700 + 10 * number, 4701 + 10 * number)

    def netdev(self, name: str, guest: int) -> str:
        """Return the value of QEMU's -netdev for the end at the guest number 1 or 2."""
        here, there = self._ports if guest == 1 else reversed(self._ports)
        return "socket,id=%s,udp=127.0.0.1:%d,localaddr=127.0.0.1:%d" % (name, there, here)

    @contextmanager
    def frames(self) -> Iterator[list[Frame]]:
        """Collect what passes while the block runs."""
        found: list[Frame] = []
        # Sockets of one protocol see what arrives only: every datagram once.
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP)) as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            reader.bind(("lo", ETH_P_IP))
            reader.settimeout(0.1)
            ended = threading.Event()
            thread = threading.Thread(target=self._collect, args=(reader, ended, found), daemon=True)
            thread.start()
            try:
                yield found
                time.sleep(0.2)  # for what is on its way
            finally:
                ended.set()
                thread.join()

    def _collect(self, reader: socket.socket, ended: threading.Event, found: list[Frame]) -> None:
        while not ended.is_set():
            try:
                packet = reader.recv(65535)
            except socket.timeout:
                continue
            udp = (packet[0] & 0xF) * 4
            if packet[9] == socket.IPPROTO_UDP and struct.unpack_from("!H", packet, udp + 2)[0] in self._ports:
                found.append(_parsed(packet[udp + 8 :]))


def _parsed(data: bytes) -> Frame:
    destination, source = (":".join("%02x" % byte for byte in data[start : start + 6]) for start in (0, 6))
    (ethertype,) = struct.unpack_from("!H", data, 12)
    vlan, payload = None, 14
    if ethertype in VLAN_TAGS:
        tag, ethertype = struct.unpack_from("!HH", data, 14)
        vlan, payload = tag & 0xFFF, 18
    return Frame(destination, source, vlan, ETHERTYPES.get(ethertype, "0x%04x" % ethertype), data[payload:])
