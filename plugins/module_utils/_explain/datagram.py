# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""One packet of a connection, as it is at one point of its way."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Dict, FrozenSet, NamedTuple, Optional

from .._firewall.match import Packet
from .._model.addresses import ip_version

NEW, KNOWN = "NEW", "ESTABLISHED"
ECHO = {4: ("icmp", 8, 0), 6: ("ipv6-icmp", 128, 129)}  # protocol, question, answer
EPHEMERAL = 40000  # where answers go to
ROOT = 0


class Datagram(NamedTuple):
    source: str  # "": the kernel chooses
    destination: str
    protocol: str
    port: int = 0
    icmp_type: int = -1
    size: int = 0  # bytes, with the IP header
    state: str = NEW
    mark: int = 0
    vni: Optional[int] = None  # of what a tunnel sends
    user: Optional[int] = ROOT

    @property
    def family(self) -> int:
        return ip_version(self.destination)

    @property
    def is_first(self) -> bool:
        return self.state == NEW

    def answered(self) -> Datagram:
        """Return the answer."""
        kind = ECHO[self.family][2] if self.icmp_type >= 0 else -1
        return self._replace(source=self.destination, destination=self.source, port=EPHEMERAL if self.port else 0, icmp_type=kind, state=KNOWN, mark=0)

    def seen(self, came_by: Optional[str], leaves_by: Optional[str], to_host: bool, states: FrozenSet[str]) -> Packet:
        """Return what rules see of it."""
        source = int(ip_address(self.source)) if self.source else 0
        destination = int(ip_address(self.destination))
        return Packet(source, destination, self.protocol, self.port, self.icmp_type, came_by, leaves_by, states | {self.state}, to_host)

    def describe(self) -> str:
        where = ("[%s]:%d" if self.family == 6 else "%s:%d") % (self.destination, self.port) if self.port and self.is_first else self.destination
        return "%s → %s" % (self.source or "?", where)


class Translations:
    """What each place changed in the first packet, so that it is undone in the answer."""

    def __init__(self) -> None:
        self._sources: Dict[str, Dict[str, str]] = {}  # place -> new source -> old one
        self._targets: Dict[str, Dict[str, str]] = {}  # place -> new destination -> old one

    def note_source(self, place: str, old: str, new: str) -> None:
        self._sources.setdefault(place, {})[new] = old

    def note_target(self, place: str, old: str, new: str) -> None:
        self._targets.setdefault(place, {})[new] = old

    def states(self, place: str) -> FrozenSet[str]:
        return frozenset(word for word, found in (("SNAT", self._sources), ("DNAT", self._targets)) if place in found)

    def undo_source(self, place: str, answer: Datagram) -> Datagram:
        """The answer goes to whom the question really came from."""
        return answer._replace(destination=self._sources.get(place, {}).get(answer.destination, answer.destination))

    def undo_target(self, place: str, answer: Datagram) -> Datagram:
        """The answer comes from whom was asked."""
        return answer._replace(source=self._targets.get(place, {}).get(answer.source, answer.source))
