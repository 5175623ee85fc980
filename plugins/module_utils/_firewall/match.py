# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A rule as numbers, to say beforehand what it does with a packet."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import FrozenSet, Iterable, List, NamedTuple, Optional, Tuple

from .._model.rule import Rule


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


class Match(NamedTuple):
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


def read_match(rule: Rule) -> Optional[Match]:
    """Return what a rule matches; None where it says more than a connection shows, but for a VNI: whoever may send one is let in as far as it goes."""
    if rule.partial or rule.off_path or rule.sealed or rule.of_users or rule.not_bridged:
        return None
    return plain_match(rule)


def plain_match(rule: Rule) -> Match:
    """Return what a rule matches of that which a connection shows."""
    return Match(
        target=rule.target,
        source=_network(rule.source),
        destination=_network(rule.destination),
        came_by=_interface(rule.in_interface),
        leaves_by=_interface(rule.out_interface),
        protocol=rule.protocol,
        ports=rule.destination_ports,
        icmp_type=rule.icmp_type,
        states=frozenset(rule.ct_state) if rule.ct_state else None,
        # What a connection is to, is this host or another one; broadcasts and multicasts are none.
        to_host=True if rule.to_host or rule.not_unicast else None,
        to=(int(ipaddress.ip_address(rule.to)), rule.to_port) if rule.to and rule.target in ("DNAT", "SNAT") else None,
    )


@lru_cache(maxsize=16384)
def read_network(text: str, negated: bool = False) -> Network:
    """Return a subnet as numbers."""
    network = ipaddress.ip_network(text, strict=False)
    shift = network.max_prefixlen - network.prefixlen
    return Network(int(network.network_address) >> shift, shift, negated)


def _network(text: Optional[str]) -> Optional[Network]:
    return read_network(text.lstrip("!"), text.startswith("!")) if text else None


def _interface(name: Optional[str]) -> Optional[Interface]:
    return Interface(name.lstrip("!"), name.startswith("!")) if name else None


def read_matches(rules: Iterable[Rule]) -> List[Match]:
    return [match for match in map(read_match, rules) if match is not None]
