# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network
from types import MappingProxyType
from typing import Any, Collection, Dict, FrozenSet, Iterable, List, Mapping, NamedTuple, Optional, Set, Tuple, Type, TypeVar

from .addresses import ip_version, is_link_local
from .firewall import FirewallObject
from .link import Link
from .mark import Mark, read_mark
from .objects import MAIN_TABLE, Address, KernelObject, PolicyRule, Route
from .place import HOST
from .renaming import Names
from .routing import DEFAULT_ROUTE, WAYS_OUT
from .rows import unfolded
from .rule import ALL_USERS, Users
from .translation import NOBODY, Holdings

Key = Tuple[object, ...]
Object = TypeVar("Object", bound=KernelObject)


class Way(NamedTuple):
    """What takes packets of the host beside single routes of its main table: more than one next hop, or a table that a rule leads to."""

    destination: str
    devices: Tuple[str, ...]
    table: int
    ahead: bool  # every packet asks this table before the main one, so a longer prefix there does not help


@dataclass
class Snapshot:
    """What the kernel holds, as far as it was read. `mine` are the keys that carry our protocol number or a mark."""

    objects: Dict[Key, KernelObject] = field(default_factory=dict)
    mine: Set[Key] = field(default_factory=set)
    places: Set[str] = field(default_factory=set)  # existing namespaces that were read
    missing: Set[str] = field(default_factory=set)  # named namespaces that do not exist yet
    ipv6: bool = True
    ways: Tuple[Way, ...] = ()  # of the host
    tunnels: Tuple[Link, ...] = ()  # VXLAN devices in namespaces that were not read, on the underlay of a wanted one
    sockets: Mapping[Tuple[str, int, int], str] = field(default_factory=dict)  # (place, IP version, UDP port) that no link explains -> which process, if known
    names: Names = field(default_factory=Names)  # of links that are still to be renamed: here they are called as they will be
    # By place, but without it: rules of others that say the same as one of ours would. The kernel takes none twice.
    twins: Dict[str, FrozenSet[PolicyRule]] = field(default_factory=dict)
    _kinds: Dict[type, Dict[Key, Any]] = field(default_factory=dict)
    _links: Dict[str, Dict[str, Link]] = field(default_factory=dict)  # place -> name -> link
    _namesakes: Dict[Tuple[str, str], Link] = field(default_factory=dict)

    def add(self, found: KernelObject, *, mine: bool = False) -> None:
        key = found.key
        self.objects[key] = found
        self._kinds.setdefault(type(found), {})[key] = found
        if isinstance(found, Link):
            self._links.setdefault(found.place, {})[found.name] = found
            self._namesakes.update({(found.place, name): found for name in found.other_names})
        if mine:
            self.mine.add(key)

    def under(self, names: Names) -> Snapshot:
        """Return the same with links under the names they will have."""
        if not names.changes:
            return self
        return self._copy(((names.follow(item), key in self.mine) for key, item in self.objects.items()), names)

    def unfolded(self) -> Snapshot:
        """Return the same with each row as an object."""
        return self._copy(((row, key in self.mine) for key, item in self.objects.items() for row in unfolded((item,))), self.names)

    def _copy(self, items: Iterable[Tuple[KernelObject, bool]], names: Names) -> Snapshot:
        found = replace(self, objects={}, mine=set(), names=names, _kinds={}, _links={}, _namesakes={})
        for item, mine in items:
            found.add(item, mine=mine)
        return found

    def of(self, kind: Type[Object]) -> Collection[Object]:
        """Return all objects of one kind."""
        return self._kinds.get(kind, {}).values()

    def has_twin(self, rule: PolicyRule) -> bool:
        """Tell whether somebody else has the same rule."""
        return replace(rule, place="") in self.twins.get(rule.place, ())

    def firewall(self) -> Iterable[FirewallObject]:
        """Return what the firewalls that were read hold of ours."""
        return [item for kind, items in self._kinds.items() if issubclass(kind, FirewallObject) for item in items.values()]

    def link(self, place: str, name: str) -> Optional[Link]:
        return self._links.get(place, {}).get(name)

    def namesake(self, place: str, name: str) -> Optional[Link]:
        """Return the link that has a name beside its own: no other can have it, either."""
        return self._namesakes.get((place, name))

    def links(self, place: Optional[str] = None) -> Iterable[Link]:
        """Return the links of one place, or of all."""
        places = self._links.values() if place is None else [self._links.get(place, {})]
        return [link for links in places for link in links.values()]

    def mark(self, key: Key) -> Optional[Mark]:
        """Return the mark of a link or named namespace."""
        found = self.objects.get(key)
        return read_mark(getattr(found, "alias", None) or getattr(found, "mark", None))


class Resident(NamedTuple):
    """A link in a container, with the addresses on it that are ours."""

    place: str
    interface: str
    mark: Optional[Mark]
    addresses: Tuple[str, ...]  # first those that what it sends comes from


class WayOut(NamedTuple):
    """A route out of a container that stands."""

    route: Route
    scope: Optional[str]  # whose it is; None: somebody else's
    addresses: Tuple[str, ...]  # somebody else's on the interface it leads over, with prefix length


class Facts(NamedTuple):
    """What the compiler may know of the host: plain values taken from a snapshot."""

    links: Mapping[str, Link] = MappingProxyType({})
    addresses: Tuple[Tuple[str, str], ...] = ()  # (device, address/prefix)
    routes: Tuple[Tuple[str, str], ...] = ()  # (destination, device)
    forwarding_off: FrozenSet[int] = frozenset()  # families whose forwarding was off before this collection enabled it
    ipv6: bool = True
    accept_ra: Tuple[Tuple[str, str], ...] = ()  # (device with an IPv6 default route, its accept_ra)
    bridge_netfilter: bool = False  # bridged frames pass the IP firewall too
    sees_bridged_frames: bool = False  # in both families, where there are two
    bridge_filter: bool = False  # they may come to: br_netfilter is there, switched on or off
    users: Users = ALL_USERS
    lent: Tuple[Link, ...] = ()  # the host's own links that are handed over at present
    pci: Tuple[Tuple[str, str], ...] = ()  # (device, PCI address)
    wireless: FrozenSet[str] = frozenset()  # links that are radios
    holdings: Holdings = NOBODY  # only for who publishes ports or names addresses of the host
    residents: Tuple[Resident, ...] = ()  # only of endpoints' places that stand
    ways_out: Mapping[str, Tuple[WayOut, ...]] = MappingProxyType({})  # of the same, by place
    entries: Tuple[KernelObject, ...] = ()  # the host's addresses and routes with all that is known of them
    ways: Tuple[Way, ...] = ()

    def device_of(self, address: str) -> Optional[Link]:
        """Return the link that carries an address."""
        for device, held in self.addresses:
            if held.split("/")[0] == address:
                return self.links.get(device)
        return None

    def device_towards(self, address: str) -> Optional[str]:
        """Return the link that packets to an address leave by."""
        ip = ip_address(address)
        found = [(network.prefixlen, device) for network, device in ((ip_network(to), device) for to, device in self.routes) if device and ip in network]
        return max(found, key=lambda pair: pair[0])[1] if found else None

    def address_on(self, device: str, version: int) -> Optional[str]:
        """Return the first address of a family that a link has and that others reach."""
        held = (address.split("/")[0] for name, address in self.addresses if name == device)
        return next((address for address in held if ip_version(address) == version and not is_link_local(address)), None)

    def default_device(self) -> Optional[str]:
        """Return the link with the default route, IPv4's before IPv6's."""
        return next((device for default in DEFAULT_ROUTE.values() for destination, device in self.routes if destination == default and device), None)

    def default_mtu(self, version: int = 4, table: int = MAIN_TABLE) -> Optional[int]:
        """Return the MTU of the link with the default route of a table."""
        for destination, device in self.routes if table == MAIN_TABLE else self._routes_of(table):
            if destination == DEFAULT_ROUTE[version] and device in self.links:
                return self.links[device].mtu
        return None

    def _routes_of(self, table: int) -> Tuple[Tuple[str, str], ...]:
        return tuple((item.destination, item.device or "") for item in self.entries if isinstance(item, Route) and (item.table, item.type) == (table, None))


def find_residents(snapshot: Snapshot) -> Tuple[Resident, ...]:
    """Return the links of all containers that were read, as far as they have addresses of ours."""
    held: Dict[Tuple[str, str], List[Tuple[bool, str]]] = {}
    for found in snapshot.of(Address):
        if found.key in snapshot.mine and found.place != HOST:
            held.setdefault((found.place, found.device), []).append((bool(found.secondary), found.address.partition("/")[0]))
    return tuple(
        Resident(place, device, snapshot.mark(("Link", place, device)), tuple(address for _secondary, address in sorted(addresses)))
        for (place, device), addresses in sorted(held.items())
    )


def find_ways_out(snapshot: Snapshot) -> Dict[str, Tuple[WayOut, ...]]:
    """Return by place the default routes of all containers that were read, and the halves that go before them."""
    routes: List[Tuple[Key, Route]] = []
    others: Dict[Tuple[str, Optional[str]], List[str]] = {}
    for route in snapshot.of(Route):
        if route.place != HOST and route.table == MAIN_TABLE and route.type is None and route.destination in WAYS_OUT:
            routes.append((route.key, route))
    for item in snapshot.of(Address):
        if item.place != HOST and item.key not in snapshot.mine and not is_link_local(item.address):
            others.setdefault((item.place, item.device), []).append(item.address)
    found: Dict[str, Tuple[WayOut, ...]] = {}
    for key, route in routes:
        mark = snapshot.mark(("Link", route.place, route.device)) if key in snapshot.mine else None
        way = WayOut(route, mark.scope if mark is not None else None, tuple(sorted(others.get((route.place, route.device), ()))))
        found[route.place] = (*found.get(route.place, ()), way)
    return found


def host_facts(snapshot: Snapshot) -> Facts:
    """Return what a snapshot tells of the host's own namespace; settings are for the caller to add."""
    addresses = [item for item in snapshot.of(Address) if item.place == HOST]
    routes = [item for item in snapshot.of(Route) if item.place == HOST]
    return Facts(
        links={link.name: link for link in snapshot.links(HOST)},
        addresses=tuple((item.device, item.address) for item in addresses),
        routes=tuple((item.destination, item.device or "") for item in routes if item.table == MAIN_TABLE and item.type is None),
        ipv6=snapshot.ipv6,
        entries=(*addresses, *routes),
        ways=snapshot.ways,
    )
