# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the kernel removes on its own while the steps on links run; it is neither there to compare nor left to delete."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface
from typing import Collection, FrozenSet, Mapping, NamedTuple, Optional, Set, Tuple

from .._model.link import BridgePort, Link, LinkKey
from .._model.objects import Address, BridgeVlan, FdbEntry, KernelObject, Neighbour, ProxyNeighbour, Route, Sysctl, interface_of
from .._model.snapshot import Key, Snapshot

FRESH_PORT = BridgePort(hairpin=False, isolated=False, learning=True, flood=True)


class Losses(NamedTuple):
    """What becomes of links: they go, leave a bridge or join one, are lowered, get another MAC, or, tunnels, send from another address.

    Where one joins or leaves a VRF, and on some to rename it, the kernel lowers a link for a moment.
    """

    gone: FrozenSet[LinkKey]
    unplugged: FrozenSet[LinkKey]
    lowered: FrozenSet[LinkKey]
    renumbered: FrozenSet[LinkKey] = frozenset()
    relocated: FrozenSet[LinkKey] = frozenset()
    orphaned: FrozenSet[Tuple[str, str]] = frozenset()  # IPv4 addresses that go with their links: routes that prefer them go, too

    def take(self, item: KernelObject) -> bool:
        """Tell whether an object vanishes."""
        if isinstance(item, Sysctl):
            return (item.place, interface_of(item.path)) in self.gone
        where = (item.place, getattr(item, "device", None) or "")
        if isinstance(item, Route) and (item.place, item.source) in self.orphaned:
            return True
        if isinstance(item, Route) and item.nexthops:
            return self._take_hops(item)
        if where in self.gone:
            return True
        if isinstance(item, FdbEntry):
            return not item.remote and where in self.unplugged
        if isinstance(item, BridgeVlan):
            return where in self.unplugged
        if isinstance(item, Neighbour):
            return where in self.lowered or where in self.renumbered
        return where in self.lowered and (isinstance(item, (Route, ProxyNeighbour)) or (isinstance(item, Address) and ":" in item.address))

    def touch(self, place: str, device: str) -> bool:
        """Tell whether rows of a link may vanish or be outdated."""
        return any((place, device) in links for links in (self.gone, self.unplugged, self.lowered, self.renumbered, self.relocated))

    def _take_hops(self, route: Route) -> bool:
        """An IPv4 route goes with the first of its devices, an IPv6 one with the last. Those that are only lowered wait for it, unless all are."""
        devices = {(route.place, device) for device in route.devices}
        gone = devices & self.gone
        return gone == devices or bool(gone and ":" not in route.destination) or devices <= self.gone | self.lowered

    def outdate(self, row: FdbEntry) -> bool:
        """Tell whether a row must be made anew: the kernel keeps the way to a far end with the source address it had, until the routes change."""
        return bool(row.remote) and (row.place, row.device) in self.relocated

    def left_of_route(self, route: Route) -> Route:
        """Return a route by the next hops that stay."""
        stay = [hop for hop in route.nexthops or () if (route.place, hop.device) not in self.gone]
        return route if len(stay) == len(route.nexthops or ()) else route.along(stay)

    def left_of(self, link: Link) -> Link:
        """Return a link as the others leave it: without a bridge that goes, and with the flags of a fresh port where it changes its bridge."""
        if (link.place, link.name) not in self.unplugged:
            return link
        return replace(link, master="" if (link.place, link.master) in self.gone else link.master, port=FRESH_PORT)


def foresee_losses(wanted: Mapping[Key, KernelObject], snapshot: Snapshot, gone: Set[LinkKey]) -> Losses:
    unplugged: Set[LinkKey] = set()
    lowered: Set[LinkKey] = set()
    renumbered: Set[LinkKey] = set()
    relocated: Set[LinkKey] = set()
    renamed = {(place, new) for (place, _old), new in snapshot.names.renamed.items()}
    for link in snapshot.links():
        item = wanted.get(link.key)
        name = (link.place, link.name)
        if (link.place, link.master) in gone:
            unplugged.add(name)
            if _is_domain(link.place, link.master, wanted, snapshot):
                lowered.add(name)
        if snapshot.names.lowers and link.up and name in renamed:
            lowered.add(name)
        if isinstance(item, Link):
            if item.master is not None and item.master != link.master:
                unplugged.add(name)
                if any(_is_domain(link.place, master, wanted, snapshot) for master in (item.master, link.master)):
                    lowered.add(name)
            if item.up is False and link.up:
                lowered.add(name)
            if item.mac is not None and item.mac != link.mac:
                renumbered.add(name)
            asked, held = item.nature.tunnel, link.nature.tunnel
            if asked is not None and held is not None and asked.local not in (None, held.local):
                relocated.add(name)
    orphaned = _orphaned(snapshot, gone) if gone else frozenset()
    return Losses(frozenset(gone), frozenset(unplugged), frozenset(lowered), frozenset(renumbered), frozenset(relocated - gone), orphaned)


def deprived_routes(wanted: Mapping[Key, KernelObject], snapshot: Snapshot, prunable: Collection[Key], losses: Losses) -> Set[Key]:
    """Return the IPv6 routes that forget the address they prefer when a step removes it from somewhere, though it stays elsewhere or with another prefix."""
    preferring = {key: (item.place, item.source) for key, item in wanted.items() if isinstance(item, Route) and ":" in (item.source or "")}
    going = [item for item in snapshot.of(Address) if item.key in prunable and item.key not in wanted and not losses.take(item)] if preferring else []
    removed = {(item.place, item.address.partition("/")[0]) for item in going}
    return {key for key, preferred in preferring.items() if preferred in removed}


def promoted_addresses(wanted: Mapping[Key, KernelObject], snapshot: Snapshot, prunable: Collection[Key]) -> Set[Key]:
    """Return the secondary IPv4 addresses whose primary one goes: the kernel would put the first of them into its place."""
    behind = {key: item for key, item in wanted.items() if isinstance(item, Address) and item.secondary and ":" not in item.address}
    going = [item for item in snapshot.of(Address) if item.secondary is False and item.key in prunable and item.key not in wanted] if behind else []
    left = {(item.place, item.device, ip_interface(item.address).network) for item in going}
    return {key for key, item in behind.items() if (item.place, item.device, ip_interface(item.address).network) in left}


def _orphaned(snapshot: Snapshot, gone: Set[LinkKey]) -> FrozenSet[Tuple[str, str]]:
    """Return the IPv4 addresses that no link keeps."""
    held = [((item.place, item.device), item.address.partition("/")[0]) for item in snapshot.of(Address) if ":" not in item.address]
    return frozenset({(where[0], ip) for where, ip in held if where in gone} - {(where[0], ip) for where, ip in held if where not in gone})


def _is_domain(place: str, name: Optional[str], wanted: Mapping[Key, KernelObject], snapshot: Snapshot) -> bool:
    item = wanted.get(("Link", place, name)) or snapshot.link(place, name or "")
    return isinstance(item, Link) and item.nature.is_domain
