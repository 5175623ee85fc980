# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import socket
import struct
from typing import List, Tuple

_LISTENING = {"tcp": "0A", "udp": "07"}


def listening_sockets() -> List[Tuple[str, str, int]]:
    """Return (protocol, address, port) of every local socket of this namespace that waits for strangers."""
    found: List[Tuple[str, str, int]] = []
    for protocol, state in _LISTENING.items():
        for suffix in ("", "6"):
            try:
                with open("/proc/self/net/%s%s" % (protocol, suffix), encoding="ascii") as table:
                    lines = table.read().splitlines()[1:]
            except OSError:
                continue
            for line in lines:
                columns = line.split()
                if columns[3] == state:
                    address, port = columns[1].split(":")
                    found.append((protocol, _address(address), int(port, 16)))
    return found


def _address(text: str) -> str:
    """The kernel prints each 32-bit word in the machine's own byte order."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    packed = struct.pack("=%dI" % len(words), *words)
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)
