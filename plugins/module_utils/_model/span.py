# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Addresses and subnets as integers, for the places where thousands are compared."""

from __future__ import annotations

import ipaddress
import socket
from functools import lru_cache
from typing import Tuple

Span = Tuple[int, int, int]  # IP version, first, last


@lru_cache(maxsize=65536)
def number(address: str) -> Tuple[int, int]:
    """Return (IP version, integer) of a valid address."""
    version, family = (6, socket.AF_INET6) if ":" in address else (4, socket.AF_INET)
    return version, int.from_bytes(socket.inet_pton(family, address), "big")


@lru_cache(maxsize=16384)
def span(subnet: str) -> Span:
    """Return the whole of a valid subnet; an address with a prefix length stands for its subnet."""
    parsed = ipaddress.ip_network(subnet, strict=False)
    return parsed.version, int(parsed.network_address), int(parsed.broadcast_address)


def stretch(text: str) -> Span:
    """Return the whole of a subnet, or of a range that is written as its first and last address."""
    first, dash, last = text.partition("-")
    return (*number(first), number(last)[1]) if dash else span(text)


@lru_cache(maxsize=16384)
def usable(subnet: str) -> Span:
    """Return what a host may be given: neither the network address nor IPv4's broadcast address."""
    version, first, last = span(subnet)
    return version, first + 1, last - 1 if version == 4 else last


def text(version: int, value: int) -> str:
    """Return the canonical spelling of an address."""
    return str(ipaddress.IPv4Address(value) if version == 4 else ipaddress.IPv6Address(value))


def holds(subnet: str, address: str) -> bool:
    """Tell whether a subnet contains an address."""
    version, first, last = span(subnet)
    family, value = number(address)
    return family == version and first <= value <= last


def overlap(one: str, other: str) -> bool:
    """Tell whether two subnets share an address."""
    version, first, last = span(one)
    family, start, end = span(other)
    return version == family and first <= end and start <= last
