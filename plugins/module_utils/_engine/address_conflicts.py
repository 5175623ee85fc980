# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Addresses that are new on a segment others use too may be held there by somebody else: a foreign bridge, or a LAN of the host."""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from .._model.errors import Conflict
from .._model.link import Link
from .._model.mark import SHARED_ROLE, read_mark
from .._model.objects import Address, BridgeVlan, KernelObject, ProxyNeighbour, is_foreign
from .._model.place import HOST
from .._model.snapshot import Snapshot
from .._plan.step import CREATE, Step
from .parts import find_owners

Way = Tuple[str, int]  # the host's link to ask on, and the VLAN to ask in; 0 is none
NATIVE_VLAN = 1


def refuse_address_conflicts(steps: Sequence[Step], desired: Sequence[KernelObject], snapshot: Snapshot) -> None:
    """Ask every segment that others use too for the addresses a plan would add there.

    Whoever answers with the very MAC the new interface will have is the same endpoint on the host it moves away from.
    """
    conflicts: List[str] = []
    for (device, vlan), addresses in _new_addresses(steps, _Segments(desired, snapshot)).items():
        for address, mac in find_owners(device, addresses, vlan).items():
            if mac != addresses[address]:
                where = "%s.%d" % (device, vlan) if vlan else device
                conflicts.append("address %s is in use on %s by %s; choose another one" % (address, where, mac))
    if conflicts:
        raise Conflict(conflicts)


def _new_addresses(steps: Sequence[Step], segments: _Segments) -> Dict[Way, Dict[str, Optional[str]]]:
    """Return new addresses by the way to ask for them, each with the MAC it will have where the segment is a LAN."""
    found: Dict[Way, Dict[str, Optional[str]]] = {}
    for step in steps:
        item = step.subject
        if step.action != CREATE or not isinstance(item, (Address, ProxyNeighbour)) or is_foreign(item):
            continue
        if item.place == HOST:
            name, mac = item.device, None
        else:
            name, mac = segments.behind(item.place, item.device)
        for way in segments.ways(name):
            found.setdefault(way, {})[item.address.split("/")[0]] = mac
    return found


class _Segments:
    """Where the host meets the neighbours of what is desired."""

    def __init__(self, desired: Sequence[KernelObject], snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._links = {(item.place, item.name): item for item in desired if isinstance(item, Link)}
        self._ports: Dict[str, List[str]] = {}
        for link in self._links.values():
            if link.place == HOST and link.master and link.leads_outside:
                self._ports.setdefault(link.master, []).append(link.name)
        self._native = {item.device: item.vlan_id for item in desired if isinstance(item, BridgeVlan) and item.place == HOST and item.native}
        self._behind = dict(self._look_behind())

    def _look_behind(self) -> Iterator[Tuple[Tuple[str, str], Tuple[str, Optional[str]]]]:
        for link in self._links.values():
            if link.peer is not None and link.place == HOST and self._native.get(link.name, NATIVE_VLAN) == NATIVE_VLAN:
                inner = self._links.get(link.peer)
                # On a bridge of somebody else, two scopes may give one address with the MAC that follows from it.
                mac = inner.mac if inner is not None and self._ports.get(link.master or "") else None
                yield link.peer, (link.master or "", mac)
            elif link.nature.takes_all and link.nature.lower_place == HOST:
                yield (link.place, link.name), (link.nature.lower or "", link.mac)

    def behind(self, place: str, device: str) -> Tuple[str, Optional[str]]:
        """Return the host's link that an interface has its neighbours behind, if any, and the MAC they will know it by."""
        return self._behind.get((place, device), ("", None))

    def ways(self, name: str) -> Iterator[Way]:
        """Yield how to ask the neighbours behind a link of the host; behind a bridge of ours they are behind the host's ports."""
        current = self._snapshot.link(HOST, name)
        if current is not None and _is_others(current):
            if current.up:
                yield name, 0
            return
        for port in self._ports.get(name, ()):
            yield from self.ways(port)
        wanted = self._links.get((HOST, name))
        if current is None and wanted is not None and wanted.nature.vlan_id:
            lower = self._snapshot.link(HOST, wanted.nature.lower or "")
            if lower is not None and lower.up:
                yield lower.name, wanted.nature.vlan_id


def _is_others(link: Link) -> bool:
    """Tell whether others are behind a link: it is the host's own, or a VLAN on such a one."""
    mark = read_mark(link.alias)
    return mark is None or mark.role == SHARED_ROLE
