# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Whether `lo` of the current namespace is up: read and set like a setting, so that it is given back like one."""

from __future__ import annotations

import fcntl
import socket
import struct

UP, DOWN = "up", "down"
SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914
IFF_UP = 1
REQUEST = struct.Struct("16sH22x")


def read_state() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        return UP if _flags(line) & IFF_UP else DOWN


def write_state(value: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        flags = _flags(line)
        fcntl.ioctl(line, SIOCSIFFLAGS, REQUEST.pack(b"lo", flags | IFF_UP if value == UP else flags & ~IFF_UP))


def _flags(line: socket.socket) -> int:
    return int(REQUEST.unpack(fcntl.ioctl(line, SIOCGIFFLAGS, REQUEST.pack(b"lo", 0)))[1])
