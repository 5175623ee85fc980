# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Host ports for publications that name none: the recorded one, else the one that stands, else a free one from a place derived from the names."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Callable, DefaultDict, Dict, Iterable, List, Mapping, NamedTuple, Optional, Set, Tuple

from .._model.addresses import ip_version
from .._model.document import Document, PublishedPort
from .._model.errors import Problem
from .._model.limits import CHOSEN_PORTS, PORTS
from .._model.names import derive_seed
from .._model.published import WILDCARDS, share_address, takes_host_ports
from .._model.translation import NOBODY, Holdings, Translation

Recorded = Mapping[str, Mapping[str, int]]  # endpoint, publication as it is wished -> first port of the host
NOTHING_RECORDED: Recorded = MappingProxyType({})
Place = Tuple[int, int]  # index of the endpoint, index of its port
_SIZE = CHOSEN_PORTS[1] - CHOSEN_PORTS[0] + 1


class _Wanting(NamedTuple):
    endpoint: str
    wish: str
    place: Place
    port: PublishedPort

    def start(self, scope: str) -> int:
        return CHOSEN_PORTS[0] + derive_seed(scope, self.endpoint, self.wish) % _SIZE


class _Space:
    """The host ports of one protocol."""

    def __init__(self) -> None:
        self._hosts: Dict[int, List[Optional[str]]] = {}  # the host_ip of whoever publishes a port
        self._used = bytearray(PORTS[1] + 1)
        self._avoided = bytearray(PORTS[1] + 1)  # these, and what is somebody else's

    def reserve(self, first: int, port: PublishedPort) -> None:
        for number in range(first, first + port.count):
            self._hosts.setdefault(number, []).append(port.host_ip)
        for held in (self._used, self._avoided):
            held[first : first + port.count] = b"\1" * port.count

    def avoid(self, first: int, last: int) -> None:
        self._avoided[first : last + 1] = b"\1" * (last + 1 - first)

    def claim(self, first: int, port: PublishedPort) -> bool:
        """Reserve a block if nobody else publishes one of it at the same address."""
        numbers = range(first, first + port.count)
        if first < PORTS[0] or numbers[-1] > PORTS[1]:
            return False
        if any(share_address(port.host_ip, host) for number in numbers for host in self._hosts.get(number, ())):
            return False
        self.reserve(first, port)
        return True

    def take(self, start: int, port: PublishedPort) -> Optional[int]:
        """Reserve the first block from a place on that nobody has at any address. What somebody else has comes last: who checks the host says whose it is."""
        for held in (self._avoided, self._used):
            for begin in (start, CHOSEN_PORTS[0]):
                first = held.find(bytes(port.count), begin, CHOSEN_PORTS[1] + 1)
                if first >= 0:
                    self.reserve(first, port)
                    return first
        return None


def choose_ports(
    document: Document, *, recorded: Recorded = NOTHING_RECORDED, holdings: Holdings = NOBODY, problems: List[Problem], path: str = "endpoints"
) -> Document:
    """Return the document with a host port for each publication that names none.

    `recorded` are those of earlier plans, `holdings` is what stands on the host. `path` is that of the endpoints, where a shortage is reported.
    """
    networks = {network.name: network for network in document.networks}
    spaces: DefaultDict[str, _Space] = DefaultDict(_Space)
    wanting: List[_Wanting] = []
    found: Dict[Place, PublishedPort] = {}
    for index, endpoint in enumerate(document.endpoints):
        takes = takes_host_ports(endpoint, networks)
        for position, port in enumerate(endpoint.ports):
            if takes and (port.given or not port.published):
                wanting.append(_Wanting(endpoint.name, port.wish, (index, position), port))
            elif takes:
                spaces[port.protocol].reserve(port.published, port)
            elif not port.published:
                # It is opened at the endpoint's own address, and no port of the host is taken.
                found[index, position] = replace(port, published=port.target)
    for protocol in sorted({want.port.protocol for want in wanting}):
        _avoid(spaces[protocol], protocol, holdings)
    wanting.sort(key=lambda want: want[:2])
    living = _by_owner(holdings.published)
    chosen: Dict[Place, int] = {}
    # Recorded ports of all, then those that stand, come before any new one, so that a newcomer never displaces an old one.
    _claim(wanting, lambda want: _recorded(want, recorded), spaces, chosen)
    _claim(wanting, lambda want: _standing(want, document.scope, living.get(want.endpoint, ())), spaces, chosen)
    short: Set[str] = set()
    for want in wanting:
        first = chosen.get(want.place)
        if first is None and want.port.protocol not in short:
            first = spaces[want.port.protocol].take(want.start(document.scope), want.port)
        if first is not None:
            found[want.place] = replace(want.port, published=first, given=True)
        elif want.port.protocol not in short:
            short.add(want.port.protocol)
            rule = "no %s of the host from %d to %d is free" % ("port" if want.port.count == 1 else "%d ports in a row" % want.port.count, *CHOSEN_PORTS)
            problems.append(Problem("%s[%s].ports[%d]" % (path, want.endpoint, want.place[1]), want.wish, rule, "name a port of the host"))
    return replace(
        document,
        endpoints=tuple(
            replace(endpoint, ports=tuple(found.get((index, position), port) for position, port in enumerate(endpoint.ports)))
            for index, endpoint in enumerate(document.endpoints)
        ),
    )


def _avoid(space: _Space, protocol: str, holdings: Holdings) -> None:
    for held, _address, number in holdings.listening:
        if held == protocol:
            space.avoid(number, number)
    for item in (*holdings.translations, *holdings.beside):
        if item.protocol in (None, "all", protocol):
            space.avoid(*item.ports)


def _claim(wanting: Iterable[_Wanting], candidates: Callable[[_Wanting], Iterable[int]], spaces: Mapping[str, _Space], chosen: Dict[Place, int]) -> None:
    for want in wanting:
        for first in candidates(want) if want.place not in chosen else ():
            if spaces[want.port.protocol].claim(first, want.port):
                chosen[want.place] = first
                break


def _recorded(want: _Wanting, recorded: Recorded) -> Tuple[int, ...]:
    first = recorded.get(want.endpoint, {}).get(want.wish)
    return () if first is None else (first,)


def _by_owner(published: Iterable[Translation]) -> Dict[str, List[Translation]]:
    found: Dict[str, List[Translation]] = {}
    for item in published:
        found.setdefault(item.owner, []).append(item)
    return found


def _standing(want: _Wanting, scope: str, published: Iterable[Translation]) -> List[int]:
    """Return the first ports of what stands for a publication. One that was asked for by number may be among them: what was chosen is next to its start."""
    port, start = want.port, want.start(scope)
    host = None if port.host_ip in WILDCARDS else port.host_ip
    firsts = {
        item.ports[0]
        for item in published
        if (item.protocol, item.host, item.target) == (port.protocol, host, port.target)
        and (port.host_ip is None or ip_version(port.host_ip) == item.family)
        and CHOSEN_PORTS[0] <= item.ports[0] <= CHOSEN_PORTS[1] + 1 - port.count
    }
    return sorted(firsts, key=lambda first: (first - start) % _SIZE)
