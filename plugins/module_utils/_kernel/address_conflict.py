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

from .frames import ALL_NODES_MAC, ETH_P_ALL, ETH_P_ARP, ETH_P_IPV6, NEIGHBOUR_ADVERTISEMENT, NOWHERE_4, arp_request, solicitation, tagged

PATIENCE = 0.3  # seconds for the owner of an address to answer on a local segment
ATTEMPTS = 2
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_AUXDATA = 263, 1, 8
PACKET_MR_MULTICAST = 0
AUXDATA = struct.Struct("=IIIHHHH")  # struct tpacket_auxdata
TP_STATUS_VLAN_VALID = 0x10
VLAN_MASK = 0xFFF


def find_owners(device: str, addresses: Iterable[str], vlan: int = 0) -> Dict[str, str]:
    """Return the MAC of whoever answers for each address on a device of the current namespace, or in a VLAN on it; nobody answers for a free one."""
    wanted = {socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address): address for address in addresses}
    found: Dict[str, str] = {}
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as wire:
        wire.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        # An owner answers a question that comes from nobody to all nodes; a device without IPv6 does not listen to those.
        group = struct.pack("=iHH8s", socket.if_nametoindex(device), PACKET_MR_MULTICAST, len(ALL_NODES_MAC), ALL_NODES_MAC)
        wire.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, group)
        wire.bind((device, ETH_P_ALL))
        mac = wire.getsockname()[4]
        for _attempt in range(ATTEMPTS):
            for packed in wanted:
                frame = arp_request(mac, NOWHERE_4, packed) if len(packed) == 4 else solicitation(mac, packed)
                wire.send(tagged(frame, vlan) if vlan else frame)
            _collect(wire, time.monotonic() + PATIENCE / ATTEMPTS, wanted, found, vlan)
    return found


def _collect(wire: socket.socket, deadline: float, wanted: Dict[bytes, str], found: Dict[str, str], vlan: int) -> None:
    while True:
        left = deadline - time.monotonic()
        if left <= 0:
            return
        wire.settimeout(left)
        try:
            frame, extras, _flags, sender = wire.recvmsg(2048, socket.CMSG_SPACE(AUXDATA.size))
        except socket.timeout:
            return
        # What leaves here is no answer: a container of this host may have the address until the run takes it away.
        claim = _claim(frame) if sender[2] != socket.PACKET_OUTGOING and _vlan_of(extras) == vlan else None
        if claim is not None and claim[0] in wanted:
            found[wanted[claim[0]]] = claim[1]


def _vlan_of(extras: Iterable[Tuple[int, int, bytes]]) -> int:
    """Return the VLAN a frame came in; the kernel takes the tag off and tells it beside the frame."""
    for level, kind, data in extras:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA) and len(data) >= AUXDATA.size:
            status, _length, _held, _mac, _net, tag, _protocol = AUXDATA.unpack_from(data)
            return tag & VLAN_MASK if status & TP_STATUS_VLAN_VALID else 0
    return 0


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
