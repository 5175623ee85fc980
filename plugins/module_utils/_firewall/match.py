# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A saved line of iptables as what it matches, to say beforehand what rules do with a packet."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Callable, Dict, FrozenSet, List, NamedTuple, Optional, Tuple

from .render import VNI_MATCH

# Matches whose options are read here; a rule with another one counts as matching nothing.
_READ = frozenset(("comment", "conntrack", "tcp", "udp", "sctp", "icmp", "icmp6", "addrtype"))
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_END = re.compile(r"(?:\[(?P<six>[^\]]+)\](?::(?P<port6>[0-9]+))?|(?P<four>[0-9.]+)(?::(?P<port4>[0-9]+))?|(?P<bare>[0-9a-fA-F:]+))\Z")


class Packet(NamedTuple):
    """What the rules of one hook see of a packet. Addresses are numbers."""

    source: int
    destination: int
    protocol: str
    port: int
    icmp_type: int
    came_by: Optional[str]
    leaves_by: Optional[str]
    states: FrozenSet[str]
    to_host: bool  # the destination is an address of the place itself


class Network(NamedTuple):
    """A subnet of one family, or all but it."""

    value: int
    shift: int
    negated: bool = False

    def holds(self, address: int) -> bool:
        return (address >> self.shift == self.value) != self.negated


class Interface(NamedTuple):
    name: str
    negated: bool

    def fits(self, device: Optional[str]) -> bool:
        same = device is not None and (device.startswith(self.name[:-1]) if self.name.endswith("+") else device == self.name)
        return same != self.negated


@dataclass(frozen=True)
class Match:
    """One rule. None matches anything."""

    target: str = ""
    source: Optional[Network] = None
    destination: Optional[Network] = None
    came_by: Optional[Interface] = None
    leaves_by: Optional[Interface] = None
    protocol: Optional[str] = None
    ports: Optional[Tuple[int, int]] = None
    icmp_type: Optional[int] = None
    states: Optional[FrozenSet[str]] = None
    to_host: Optional[bool] = None
    to: Optional[Tuple[int, Optional[int]]] = None  # address, port

    def fits(self, packet: Packet) -> bool:
        return (
            (self.protocol is None or self.protocol == packet.protocol)
            and (self.ports is None or self.ports[0] <= packet.port <= self.ports[1])
            and (self.destination is None or self.destination.holds(packet.destination))
            and (self.source is None or self.source.holds(packet.source))
            and (self.came_by is None or self.came_by.fits(packet.came_by))
            and (self.leaves_by is None or self.leaves_by.fits(packet.leaves_by))
            and (self.states is None or not self.states.isdisjoint(packet.states))
            and (self.icmp_type is None or self.icmp_type == packet.icmp_type)
            and (self.to_host is None or self.to_host == packet.to_host)
        )


def read_match(line: str) -> Optional[Match]:
    """Return what a line matches; None where it says more than is read here."""
    # A connection shows no VNI: whoever may send one is let in as far as it goes.
    words = _QUOTED.sub('""', VNI_MATCH.sub("", line)).split(" ")[2:]
    found: Dict[str, object] = {}
    negated = False
    position = 0
    while position < len(words):
        word = words[position]
        value = words[position + 1] if position + 1 < len(words) else ""
        position += 2
        if word == "!":
            negated = True
            position -= 1
            continue
        if word == "-m" and value in _READ:
            continue
        reader = _READERS.get(word)
        if word == "--notrack" or (reader is None and "target" in found):
            position -= 1  # an option of the target that changes no verdict
            continue
        if reader is None or (negated and word not in _MAY_NEGATE):
            return None
        try:
            found.update(reader(value, negated))
        except ValueError:
            return None
        negated = False
    return Match(**found) if "target" in found else None  # type: ignore[arg-type]


@lru_cache(maxsize=16384)
def read_network(text: str, negated: bool = False) -> Network:
    """Return a subnet as numbers."""
    network = ipaddress.ip_network(text, strict=False)
    shift = network.max_prefixlen - network.prefixlen
    return Network(int(network.network_address) >> shift, shift, negated)


def _read_ports(value: str, _negated: bool) -> Dict[str, object]:
    first, _colon, last = value.partition(":")
    return {"ports": (int(first), int(last or first))}


def _read_kind(value: str, negated: bool) -> Dict[str, object]:
    # What a connection is to, is this host or another one; broadcasts and multicasts are none.
    if (value, negated) not in (("LOCAL", False), ("UNICAST", True)):
        raise ValueError(value)
    return {"to_host": True}


def _read_to(value: str, _negated: bool) -> Dict[str, object]:
    match = _END.match(value)
    if match is None:
        raise ValueError(value)
    address = ipaddress.ip_address(match.group("six") or match.group("four") or match.group("bare"))
    port = match.group("port6") or match.group("port4")
    return {"to": (int(address), int(port) if port else None)}


_READERS: Dict[str, Callable[[str, bool], Dict[str, object]]] = {
    "-s": lambda value, negated: {"source": read_network(value, negated)},
    "-d": lambda value, negated: {"destination": read_network(value, negated)},
    "-i": lambda value, negated: {"came_by": Interface(value, negated)},
    "-o": lambda value, negated: {"leaves_by": Interface(value, negated)},
    "-p": lambda value, _negated: {"protocol": value},
    "--dport": _read_ports,
    "--icmp-type": lambda value, _negated: {"icmp_type": int(value)},
    "--icmpv6-type": lambda value, _negated: {"icmp_type": int(value)},
    "--ctstate": lambda value, _negated: {"states": frozenset(value.split(","))},
    "--dst-type": _read_kind,
    "--comment": lambda _value, _negated: {},
    "-j": lambda value, _negated: {"target": value},
    "--to-destination": _read_to,
    "--to-source": _read_to,
}
_MAY_NEGATE = frozenset(("-s", "-d", "-i", "-o", "--dst-type"))


def read_matches(lines: Tuple[str, ...]) -> List[Match]:
    return [match for match in map(read_match, lines) if match is not None]
