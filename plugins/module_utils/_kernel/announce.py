# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Tell neighbours at once where an address now lives: gratuitous ARP and unsolicited neighbour advertisement."""

from __future__ import annotations

import socket
import struct
from typing import Iterable

from .._model.objects import Address

ETH_P_ALL, ETH_P_ARP, ETH_P_IPV6 = 0x0003, 0x0806, 0x86DD
_BROADCAST = b"\xff" * 6
_ALL_NODES = socket.inet_pton(socket.AF_INET6, "ff02::1")
_ALL_NODES_MAC = b"\x33\x33\x00\x00\x00\x01"
NA_OVERRIDE = 0x20000000


def announce_addresses(addresses: Iterable[Address]) -> None:
    """Send one announcement for each address of the current namespace; a link that is down has nobody to tell."""
    for address in addresses:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as wire:
            try:
                wire.bind((address.device, ETH_P_ALL))
                mac = wire.getsockname()[4]
                ip = address.address.split("/")[0]
                wire.send(_advertisement(mac, ip) if ":" in ip else _gratuitous_arp(mac, ip))
            except OSError:
                continue


def _gratuitous_arp(mac: bytes, ip: str) -> bytes:
    packed = socket.inet_pton(socket.AF_INET, ip)
    ethernet = _BROADCAST + mac + struct.pack("!H", ETH_P_ARP)
    return ethernet + struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac + packed + bytes(6) + packed


def _advertisement(mac: bytes, ip: str) -> bytes:
    packed = socket.inet_pton(socket.AF_INET6, ip)
    body = struct.pack("!I", NA_OVERRIDE) + packed + b"\x02\x01" + mac
    message = struct.pack("!BBH", 136, 0, 0) + body
    pseudo = packed + _ALL_NODES + struct.pack("!II", len(message), 58)
    message = struct.pack("!BBH", 136, 0, _checksum(pseudo + message)) + body
    ethernet = _ALL_NODES_MAC + mac + struct.pack("!H", ETH_P_IPV6)
    return ethernet + struct.pack("!IHBB", 0x60000000, len(message), 58, 255) + packed + _ALL_NODES + message


def _checksum(data: bytes) -> int:
    total: int = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
