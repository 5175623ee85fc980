# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wire between guests: every frame is one UDP multicast datagram on the loopback of this network namespace, so a test reads along without a tap."""

from __future__ import annotations

import socket
import struct
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator, Optional

ETHERTYPES = {0x0800: "ipv4", 0x0806: "arp", 0x86DD: "ipv6"}
VLAN_TAGS = (0x8100, 0x88A8)
VXLAN_PORTS = (4789, 8472)


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
    """A hub; QEMU and `frames` join it by its multicast address."""

    def __init__(self, number: int) -> None:
        self._group = "239.255.76.%d" % number
        self._port = 4700 + number

    @staticmethod
    def prepare() -> None:
        """Let multicast go over the loopback of this throw-away namespace."""
        subprocess.run(["ip", "route", "replace", "239.255.76.0/24", "dev", "lo"], check=True)

    def netdev(self, name: str) -> str:
        """Return the value of QEMU's -netdev."""
        return "socket,id=%s,mcast=%s:%d,localaddr=127.0.0.1" % (name, self._group, self._port)

    @contextmanager
    def frames(self) -> Iterator[list[Frame]]:
        """Collect what passes while the block runs."""
        found: list[Frame] = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
            reader.bind((self._group, self._port))
            reader.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(self._group) + socket.inet_aton("127.0.0.1"))
            reader.settimeout(0.1)
            ended = threading.Event()
            thread = threading.Thread(target=_collect, args=(reader, ended, found), daemon=True)
            thread.start()
            try:
                yield found
                time.sleep(0.2)  # for what is on its way
            finally:
                ended.set()
                thread.join()


def _collect(reader: socket.socket, ended: threading.Event, found: list[Frame]) -> None:
    while not ended.is_set():
        try:
            found.append(_parsed(reader.recv(65535)))
        except socket.timeout:
            continue


def _parsed(data: bytes) -> Frame:
    destination, source = (":".join("%02x" % byte for byte in data[start : start + 6]) for start in (0, 6))
    (ethertype,) = struct.unpack_from("!H", data, 12)
    vlan, payload = None, 14
    if ethertype in VLAN_TAGS:
        tag, ethertype = struct.unpack_from("!HH", data, 14)
        vlan, payload = tag & 0xFFF, 18
    return Frame(destination, source, vlan, ETHERTYPES.get(ethertype, "0x%04x" % ethertype), data[payload:])
