# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Connections as the kernel follows them, and what decides about them."""

from __future__ import annotations

import socket
from typing import Mapping, NamedTuple, Tuple

from .rule import Rule

PROTOCOLS: Mapping[int, str] = {1: "icmp", 6: "tcp", 17: "udp", 33: "dccp", 58: "ipv6-icmp", 132: "sctp", 136: "udplite"}


class Flow(NamedTuple):
    """One connection: as it was asked, and as its answers come, which tells how it is translated. Addresses are packed; without ports these are 0."""

    protocol: int
    source: bytes
    source_port: int
    destination: bytes
    port: int
    answerer: bytes  # the destination behind all translation
    answer_port: int
    answered: bytes  # the source behind all translation
    answered_port: int
    icmp_type: int = -1
    payload: bytes = b""  # the kernel's own words, by which it finds the flow again

    @property
    def family(self) -> int:
        return 4 if len(self.source) == 4 else 6

    @property
    def way(self) -> Tuple[int, bytes, int, bytes, int]:
        """Return the tuple of the packets that ask."""
        return self.protocol, self.source, self.source_port, self.destination, self.port

    @property
    def mirrored(self) -> Tuple[int, bytes, int, bytes, int]:
        """Return the tuple of a flow that the answers would make, were this one forgotten."""
        return self.protocol, self.answerer, self.answer_port, self.answered, self.answered_port


class Ground(NamedTuple):
    """What decides about the packets of one place: rules, ways, addresses."""

    chains: Tuple[Tuple[int, str, str, Tuple[Rule, ...]], ...] = ()  # family, table, name, rules
    heads: Tuple[Tuple[int, str, str], ...] = ()  # family, table, name of the chains that packets come to
    ways: Tuple[Tuple[str, str], ...] = ()  # subnet, device
    own: Tuple[str, ...] = ()  # addresses of the place
    vrfs: Tuple[Tuple[str, str], ...] = ()  # device, the VRF it is in
    subnets: Tuple[str, ...] = ()  # that links of ours lead to
    inside: Tuple[str, ...] = ()  # addresses we gave to containers

    def loses(self, after: "Ground") -> bool:
        """Tell whether an address that we gave is there no more afterwards."""
        return bool(set(self.subnets) - set(after.subnets) or set(self.inside) - set(after.inside))


def show_end(address: bytes, port: int) -> str:
    """Return `address:port`, or the address alone where there is no port."""
    text = socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)
    if not port:
        return text
    return "[%s]:%d" % (text, port) if len(address) == 16 else "%s:%d" % (text, port)
