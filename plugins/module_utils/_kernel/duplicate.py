# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Ask a segment that others use too whether somebody holds an address already (as RFC 5227 and RFC 4862 ask)."""

from __future__ import annotations

import socket
import struct
import time
from typing import Dict, Iterable, Optional, Tuple

from .frames import ETH_P_ALL, ETH_P_ARP, ETH_P_IPV6, NEIGHBOUR_ADVERTISEMENT, NOWHERE_4, arp_request, solicitation

PATIENCE = 0.3  # seconds for the owner of an address to answer on a local segment
ATTEMPTS = 2


def find_owners(device: str, addresses: Iterable[str]) -> Dict[str, str]:
    """Return the MAC of whoever answers for each address on a device of the current namespace; nobody answers for a free one."""
    wanted = {socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address): address for address in addresses}
    found: Dict[str, str] = {}
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as wire:
        wire.bind((device, ETH_P_ALL))
        mac = wire.getsockname()[4]
        for _attempt in range(ATTEMPTS):
            for packed in wanted:
                wire.send(arp_request(mac, NOWHERE_4, packed) if len(packed) == 4 else solicitation(mac, packed))
            _collect(wire, time.monotonic() + PATIENCE / ATTEMPTS, wanted, found)
    return found


def _collect(wire: socket.socket, deadline: float, wanted: Dict[bytes, str], found: Dict[str, str]) -> None:
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return
        wire.settimeout(left)
        try:
            frame = wire.recv(2048)
        except socket.timeout:
            return
        claim = _claim(frame)
        if claim is not None and claim[0] in wanted:
            found[wanted[claim[0]]] = claim[1]


def _claim(frame: bytes) -> Optional[Tuple[bytes, str]]:
    """Return the address that a frame claims, and who sends it."""
    if len(frame) < 42:
        return None
    kind = struct.unpack_from("!H", frame, 12)[0]
    sender = ":".join("%02x" % octet for octet in frame[6:12])
    if kind == ETH_P_ARP:
        return frame[28:32], sender
    if kind == ETH_P_IPV6 and len(frame) >= 78 and frame[20] == socket.IPPROTO_ICMPV6 and frame[54] == NEIGHBOUR_ADVERTISEMENT:
        return frame[62:78], sender
    return None
