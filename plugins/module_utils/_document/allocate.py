# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Addresses for endpoints: the explicit one wins, else the recorded one, else the one it has, else a position derived from the names."""

from __future__ import annotations

from types import MappingProxyType
from typing import Collection, Dict, List, Mapping, Optional, Sequence, Tuple

from .._model import span
from .._model.addresses import canonical_ip, derive_mac, ip_version
from .._model.document import Attachment, Endpoint
from .._model.errors import Problem
from .._model.evolve import evolve
from .._model.names import derive_seed
from .._model.network import Network, Subnet
from .._model.shared_lan import reserved_addresses, shared_lans
from .trouble import troubled_paths

Taken = Mapping[str, Mapping[str, Tuple[str, ...]]]
NOTHING_TAKEN: Taken = MappingProxyType({})
Place = Tuple[int, int]  # index of the endpoint, index of its attachment


class _Pool:
    """The addresses of one subnet. A used number points onward, so the next free one is found without walking."""

    def __init__(self, subnet: Subnet) -> None:
        self.version, self.first, self.last = span.usable(subnet.subnet)
        _version, low, high = span.stretch(subnet.ip_range or subnet.subnet)
        self.low, self.high = max(low, self.first), min(high, self.last)
        self._next: Dict[int, int] = {}

    def holds(self, number: int) -> bool:
        return self.first <= number <= self.last

    def gives(self, number: int) -> bool:
        """Tell whether an address may be given to who does not ask for it."""
        return self.low <= number <= self.high

    def is_free(self, number: int) -> bool:
        return number not in self._next

    def reserve(self, number: int) -> None:
        self._next.setdefault(number, number + 1)

    def take(self, seed: int) -> Optional[int]:
        """Reserve and return the first free number from a position on, beginning anew at the end; None when full."""
        size = self.high - self.low + 1
        if size <= 0:
            return None
        number = self._first_free(self.low + seed % size)
        if number > self.high:
            number = self._first_free(self.low)
        if number > self.high:
            return None
        self.reserve(number)
        return number

    def _first_free(self, number: int) -> int:
        passed = []
        while number in self._next:
            passed.append(number)
            number = self._next[number]
        for used in passed:
            self._next[used] = number
        return number


class _Space:
    """All pools of one network and one IP version."""

    def __init__(self, network: Network, version: int) -> None:
        self.network = network
        self.version = version
        # In the order of their addresses: the order in which they are declared means nothing.
        subnets = sorted((subnet for subnet in network.subnets if span.span(subnet.subnet)[0] == version), key=lambda subnet: span.span(subnet.subnet))
        self.pools = [_Pool(subnet) for subnet in subnets]
        for subnet in subnets:
            for address in (subnet.gateway,) + tuple(address for _name, address in subnet.aux_addresses):
                if address:
                    self.reserve(address)
        for remote in network.remote_endpoints:
            for address in remote.addresses:
                if ip_version(address) == version:
                    self.reserve(address)

    def reserve(self, address: str) -> None:
        version, number = span.number(address)
        if version == self.version:
            for pool in self.pools:
                pool.reserve(number)

    def claim(self, address: str, *, recorded: bool) -> Optional[str]:
        """Reserve an address if it is still valid and free; one that is not `recorded` has to be in the range that is given from."""
        try:
            address = canonical_ip(address)
        except ValueError:
            return None
        version, number = span.number(address)
        if version != self.version:
            return None
        for pool in self.pools:
            if (pool.holds(number) if recorded else pool.gives(number)) and pool.is_free(number):
                pool.reserve(number)
                return address
        return None

    def take(self, seed: int) -> Optional[str]:
        for pool in self.pools:
            number = pool.take(seed)
            if number is not None:
                return span.text(self.version, number)
        return None

    def allocate(self, wanting: List[Tuple[str, Place]], recorded: Mapping[str, Tuple[str, ...]], living: Mapping[str, Tuple[str, ...]]) -> Dict[Place, str]:
        """Return an address for each (endpoint, place) as far as they reach."""
        granted: Dict[Place, str] = {}
        # Recorded addresses of all endpoints, then living ones, come before any new one, so that a newcomer never displaces an old one.
        for name, place in wanting:
            self._claim_first(place, recorded.get(name, ()), granted, recorded=True)
        # Who has one address comes before who has several: those may be somebody else's.
        for name, place in sorted(wanting, key=lambda want: len(living.get(want[0], ()))):
            self._claim_first(place, living.get(name, ()), granted, recorded=False)
        for name, place in wanting:
            if place not in granted:
                taken = self.take(derive_seed(self.network.name, name))
                if taken is None:
                    break
                granted[place] = taken
        return granted

    def _claim_first(self, place: Place, addresses: Sequence[str], granted: Dict[Place, str], *, recorded: bool) -> None:
        for address in addresses:
            claimed = self.claim(address, recorded=recorded) if place not in granted else None
            if claimed:
                granted[place] = claimed


def _explicit(attachment: Attachment, version: int) -> Optional[str]:
    return attachment.ipv4_address if version == 4 else attachment.ipv6_address


def _report_shortage(space: _Space, needed: int, granted: int, path: str, problems: List[Problem]) -> None:
    subnets = ", ".join(subnet.subnet for subnet in space.network.subnets if span.span(subnet.subnet)[0] == space.version)
    rule = "needs %d free IPv%d addresses, has %d" % (needed, space.version, granted)
    problems.append(Problem("%s[%s].ipam_config" % (path, space.network.name), subnets, rule, "use a larger subnet or ip_range"))


def _filled(attachment: Attachment, endpoint: str, network: Network, ipv4_address: Optional[str], ipv6_address: Optional[str]) -> Attachment:
    first = attachment.ipv4_address or ipv4_address or attachment.ipv6_address or ipv6_address
    return evolve(
        attachment,
        ipv4_address=attachment.ipv4_address or ipv4_address,
        ipv6_address=attachment.ipv6_address or ipv6_address,
        given=bool(ipv4_address or ipv6_address),
        mac_address=attachment.mac_address or (None if network.shares_mac else derive_mac(attachment.network, first or endpoint)),
    )


def allocate(
    networks: Sequence[Network],
    endpoints: Sequence[Endpoint],
    *,
    taken: Taken = NOTHING_TAKEN,
    living: Taken = NOTHING_TAKEN,
    reserved: Collection[str] = (),
    problems: List[Problem],
    path: str = "networks",
) -> Tuple[Endpoint, ...]:
    """Return the endpoints, in their order, with every address and MAC filled in.

    `taken` holds the addresses recorded earlier, by network and endpoint. `living` holds those that endpoints have at present: they
    stay as far as they are in what is given from. `reserved` are those no endpoint gets. `path` is that of the networks, where a
    shortage is reported. Attachments to networks that are not given stay as they are.
    """
    by_network: Dict[str, List[Tuple[str, Place, Attachment]]] = {network.name: [] for network in networks}
    for index, endpoint in enumerate(endpoints):
        for position, attachment in enumerate(endpoint.attachments):
            if attachment.network in by_network:
                by_network[attachment.network].append((endpoint.name, (index, position), attachment))
    troubled = troubled_paths(problems)
    lans = shared_lans(networks)
    granted: Dict[int, Dict[Place, str]] = {4: {}, 6: {}}
    for network in networks:
        members = sorted(by_network[network.name], key=lambda member: member[:2])
        for version in (4, 6):
            wanting = [(name, place) for name, place, attachment in members if attachment.ipam == "allocate" and not _explicit(attachment, version)]
            space = _Space(network, version) if wanting else None
            if space is None or not space.pools:
                continue
            for address in reserved:
                space.reserve(address)
            for _name, _place, attachment in members:
                for explicit in filter(None, (_explicit(attachment, version), *attachment.further)):
                    space.reserve(explicit)
            for other in networks if network.name in lans else ():
                if other is not network and other.name in lans[network.name]:
                    _reserve_beside(space, other, by_network[other.name], granted[version])
            found = space.allocate(wanting, taken.get(network.name, {}), living.get(network.name, {}))
            granted[version].update(found)
            if len(found) < len(wanting) and "%s[%s].ipam_config" % (path, network.name) not in troubled:
                _report_shortage(space, len(wanting), len(found), path, problems)
    return _apply(endpoints, {network.name: network for network in networks}, granted[4], granted[6])


def _reserve_beside(space: _Space, other: Network, members: Sequence[Tuple[str, Place, Attachment]], granted: Mapping[Place, str]) -> None:
    """Leave alone what another network on the same LAN has, or keeps."""
    for address in reserved_addresses(other):
        space.reserve(address)
    for _name, place, attachment in members:
        for address in (*attachment.addresses, *filter(None, (granted.get(place),))):
            space.reserve(address)


def _apply(endpoints: Sequence[Endpoint], known: Mapping[str, Network], ipv4: Mapping[Place, str], ipv6: Mapping[Place, str]) -> Tuple[Endpoint, ...]:
    result = []
    for index, endpoint in enumerate(endpoints):
        attachments = tuple(
            _filled(attachment, endpoint.name, known[attachment.network], ipv4.get((index, position)), ipv6.get((index, position)))
            if attachment.network in known
            else attachment
            for position, attachment in enumerate(endpoint.attachments)
        )
        result.append(evolve(endpoint, attachments=attachments))
    return tuple(result)
