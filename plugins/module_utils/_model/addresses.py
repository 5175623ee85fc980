# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import hashlib
import ipaddress
import re
import socket
from functools import lru_cache
from typing import Optional

A_MAC = "a MAC address"
LINK_LOCAL = "fe80::/10"
_LINK_LOCAL_STARTS = ("fe8", "fe9", "fea", "feb")
_MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}\Z")


@lru_cache(maxsize=65536)
def canonical_ip(text: str) -> str:
    """Return the one spelling of an address; ValueError if it is none."""
    return text if _is_usual(text) else str(ipaddress.ip_address(text))


def _is_usual(text: str) -> bool:
    """Tell whether an address is spelt as the C library would, which takes a tenth of the time; it is wrong about none, but for those with dots in IPv6."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, text)) == text and (family == socket.AF_INET or "." not in text)
    except (OSError, ValueError):
        return False


@lru_cache(maxsize=65536)
def canonical_network(text: str) -> str:
    """Return the one spelling of a subnet; ValueError with host bits set."""
    return str(ipaddress.ip_network(text))


def ip_version(text: str) -> int:
    """Return 4 or 6 for an address or subnet already known to be valid."""
    return 6 if ":" in text else 4


def text_of_ip(value: bytes) -> str:
    """Return an address as text that came as the bytes of a packet."""
    return socket.inet_ntop(socket.AF_INET if len(value) == 4 else socket.AF_INET6, value)


def canonical_mac(text: str) -> str:
    """Return a MAC in lower case with colons; ValueError if it is not six octets."""
    mac = text.lower()
    if not _MAC.match(mac):
        raise ValueError("not a MAC address")
    return mac


def is_link_local(address: str) -> bool:
    """Tell whether an address or subnet, in its one spelling, is in LINK_LOCAL: every link has such, and the kernel gives it one anew."""
    first = address.partition(":")[0]
    return len(first) == 4 and first[:3] in _LINK_LOCAL_STARTS


def derive_mac(*parts: str) -> str:
    """Return a locally administered unicast MAC: `02:` and 40 bits of SHA-256 of the parts."""
    octets = hashlib.sha256("\0".join(parts).encode()).digest()[:5]
    return "02:" + ":".join("%02x" % octet for octet in octets)


def port_mac(name: str) -> str:
    """Return the MAC for a new port of a bridge: so high that a bridge which takes the lowest of its ports keeps the one it has."""
    return "fe:" + derive_mac("port", name)[3:]


def derive_ula(scope: str, network: str) -> str:
    """Return the /64 of RFC 4193 that belongs to (scope, network): fd and 40 bits of hash."""
    octets = hashlib.sha256(("%s\0%s" % (scope, network)).encode()).digest()[:5]
    return str(ipaddress.IPv6Network((b"\xfd" + octets + bytes(10), 64)))


def first_usable(subnet: str) -> Optional[str]:
    """Return the first host address of a subnet, or None where it has none."""
    network = ipaddress.ip_network(subnet)
    if network.num_addresses < 2:
        return None
    return str(network[1] if network.num_addresses > 2 else network[0])


def link_local_of(mac: str) -> str:
    """Return the link-local address that the kernel derives from a MAC."""
    octets = bytes.fromhex(mac.replace(":", ""))
    return socket.inet_ntop(socket.AF_INET6, b"\xfe\x80" + bytes(6) + bytes((octets[0] ^ 2,)) + octets[1:3] + b"\xff\xfe" + octets[3:])
