# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's own news: who was touched, heard by somebody who does not know our code."""

from __future__ import annotations

import socket
import struct
import time
from typing import List, NamedTuple, Set

# Links, addresses, routes, rules and neighbours of both families.
_GROUPS = 0x1 | 0x4 | 0x10 | 0x40 | 0x80 | 0x100 | 0x400 | 0x80000
_HEADER = struct.Struct("=IHHII")
LINK, ADDRESS, NEIGHBOUR = (16, 17), (20, 21), (28, 29)
PERMANENT = 0x80


class Event(NamedTuple):
    """A message of the kernel: its type, the interface it is about (0 for none that counts), and its payload for a reader."""

    kind: int
    index: int
    payload: str


class Events:
    """Listens to routing netlink from now on, in the namespace it was made in."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind((0, _GROUPS))
        self._socket.setblocking(False)

    def read(self) -> List[Event]:
        """Return everything heard since the last call."""
        found: List[Event] = []
        while True:
            try:
                data = self._socket.recv(1 << 20)
            except BlockingIOError:
                return found
            offset = 0
            while offset + 16 <= len(data):
                length, kind, _flags, _sequence, _port = _HEADER.unpack_from(data, offset)
                payload = data[offset + 16 : offset + length]
                found.append(Event(kind, _index(kind, payload), payload.hex()))
                offset += (length + 3) & ~3

    def settle(self, quiet: float = 0.5) -> None:
        """Wait until the kernel has finished what came before, such as looking for duplicates of fresh addresses."""
        deadline, heard = time.monotonic() + 10, time.monotonic()
        while time.monotonic() - heard < quiet:
            assert time.monotonic() < deadline, "the kernel never falls silent"
            if self.read():
                heard = time.monotonic()
            time.sleep(0.02)

    def touched(self, indices: Set[int]) -> List[Event]:
        return [event for event in self.read() if event.index in indices]


def _index(kind: int, payload: bytes) -> int:
    if kind in NEIGHBOUR and not struct.unpack_from("=H", payload, 8)[0] & PERMANENT:
        return 0  # the kernel's own finding out who is where
    if kind in LINK and payload[0] == socket.AF_INET6:
        return 0  # the kernel telling how far IPv6 is on a link, when its timers say so
    if kind in LINK or kind in ADDRESS or kind in NEIGHBOUR:
        return int(struct.unpack_from("=i", payload, 4)[0])
    offset = 12  # a route or rule: the device is an attribute
    while offset + 4 <= len(payload):
        length, number = struct.unpack_from("=HH", payload, offset)
        if length < 4:
            break
        if number == 4 and length == 8:
            return int(struct.unpack_from("=i", payload, offset + 4)[0])
        offset += (length + 3) & ~3
    return 0
