# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The frames of ARP and neighbour discovery that this collection sends by itself."""

from __future__ import annotations

import socket
import struct

from .._model.checksum import internet_checksum

ETH_P_ALL, ETH_P_ARP, ETH_P_8021Q, ETH_P_IPV6 = 0x0003, 0x0806, 0x8100, 0x86DD
ARP_REQUEST = 1
NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT = 135, 136
NA_OVERRIDE = 0x20000000
NOWHERE_4, NOWHERE_6 = bytes(4), bytes(16)
_BROADCAST = b"\xff" * 6
ALL_NODES_MAC = b"\x33\x33\x00\x00\x00\x01"
_ALL_NODES = socket.inet_pton(socket.AF_INET6, "ff02::1")


def arp_request(mac: bytes, sender: bytes, target: bytes) -> bytes:
    """Ask who has `target`. With the sender's own address it announces; without one (0.0.0.0) it only asks."""
    ethernet = _BROADCAST + mac + struct.pack("!H", ETH_P_ARP)
    return ethernet + struct.pack("!HHBBH", 1, 0x0800, 6, 4, ARP_REQUEST) + mac + sender + bytes(6) + target


def advertisement(mac: bytes, address: bytes) -> bytes:
    """Tell all nodes where an IPv6 address lives."""
    body = struct.pack("!I", NA_OVERRIDE) + address + b"\x02\x01" + mac
    return _icmpv6(mac, address, _ALL_NODES, NEIGHBOUR_ADVERTISEMENT, body)


def solicitation(mac: bytes, target: bytes) -> bytes:
    """Ask, without an address of one's own, who has an IPv6 address; its owner answers to all nodes."""
    group = socket.inet_pton(socket.AF_INET6, "ff02::1:ff00:0")[:13] + target[13:]
    return _icmpv6(mac, NOWHERE_6, group, NEIGHBOUR_SOLICITATION, bytes(4) + target)


def tagged(frame: bytes, vlan: int) -> bytes:
    """Return a frame as it travels in a VLAN."""
    return frame[:12] + struct.pack("!HH", ETH_P_8021Q, vlan) + frame[12:]


def _icmpv6(mac: bytes, source: bytes, destination: bytes, kind: int, body: bytes) -> bytes:
    length = len(body) + 4
    pseudo = source + destination + struct.pack("!II", length, socket.IPPROTO_ICMPV6)
    message = struct.pack("!BBH", kind, 0, internet_checksum(pseudo + struct.pack("!BBH", kind, 0, 0) + body)) + body
    ethernet = b"\x33\x33" + destination[12:] + mac + struct.pack("!H", ETH_P_IPV6)
    return ethernet + struct.pack("!IHBB", 0x60000000, length, socket.IPPROTO_ICMPV6, 255) + source + destination + message
