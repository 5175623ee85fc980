# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Read namespaces into a snapshot: one socket inside each, raw dumps."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import replace
from typing import Callable, Dict, Iterable, List, Mapping, Optional, Tuple

from .._model.errors import NamespaceMissing
from .._model.link import Link, Veth, Vxlan
from .._model.mark import PROTOCOL, read_mark
from .._model.objects import HOST, Address, FdbEntry, Namespace, Neighbour, Route, Sysctl
from .._model.snapshot import Snapshot
from . import parse, wire
from .door import Door, Line
from .namespace import Rooms
from .neighbour import NTF_SELF, NUD_NOARP, NUD_PERMANENT
from .pairs import find_peers
from .sysctl import has_ipv6, link_sysctl_path, read_sysctl

RTEXT_FILTER_SKIP_STATS = 8
MAIN_TABLE = 254
IFAPROT_KERNEL_LO = 1

# (place, link name) -> sysctl settings the declaration cares about
LinkSettings = Mapping[Tuple[str, str], Iterable[str]]


class Observer:
    """Reads places one by one into its snapshot."""

    def __init__(self, door: Door, rooms: Rooms, read_placeholder: Callable[[str], Optional[str]]) -> None:
        self.snapshot = Snapshot(ipv6=has_ipv6())
        self._door = door
        self._rooms = rooms
        self._read_placeholder = read_placeholder
        self._raw: Dict[str, List[parse.RawLink]] = {}
        self._address_protocols = True
        self._requests = (
            wire.link_message(wire.RTM_GETLINK, 0, [("IFLA_EXT_MASK", RTEXT_FILTER_SKIP_STATS)]),
            wire.address_message(wire.RTM_GETADDR, 0, [], index=0, family=0, prefix=0),
            [_route_request(family) for family in (socket.AF_INET, socket.AF_INET6)],
        )

    def observe_place(self, place: str, settings: LinkSettings, sysctls: Iterable[str] = ()) -> bool:
        """Read one namespace; return False if it does not exist."""
        if self._rooms.find(place) is None:
            self.snapshot.missing.add(place)
            return False
        with self._rooms.inside(place), self._door.open(place) as line:
            links = self._observe_links(place, line)
            self._observe_addresses(place, line, links)
            self._observe_routes(place, line, links)
            self._observe_entries(place, line, links)
            self._observe_settings(place, settings)
            for path in sysctls:
                value = read_sysctl(path)
                if value is not None:
                    self.snapshot.add(Sysctl(place, path, value))
        self.snapshot.places.add(place)
        return True

    def observe_mark(self, place: str) -> None:
        """Read only who made a named namespace, and which links live in it; skip what is none, it may be anybody's."""
        try:
            known = self._rooms.find(place) is not None
        except NamespaceMissing:
            return
        if not known:
            mark = self._read_placeholder(place)
            if mark is not None:
                self.snapshot.add(Namespace(place, mark), mine=True)
            return
        with self._rooms.inside(place), self._door.open(place) as line:
            self._observe_links(place, line)

    def observe_host_settings(self, settings: LinkSettings, sysctls: Iterable[str]) -> None:
        """Read what only became interesting once the declaration was compiled."""
        self._observe_settings(HOST, settings)
        for path in sysctls:
            value = read_sysctl(path)
            if value is not None:
                self.snapshot.add(Sysctl(HOST, path, value))

    def _observe_links(self, place: str, line: Line) -> Dict[int, str]:
        raw = [parse.parse_link(place, payload) for payload in line.dump(self._requests[0])]
        self._raw[place] = raw
        names = {found.index: found.link.name for found in raw}
        for found in raw:
            link = replace(found.link, master=names.get(found.master_index, ""))
            if isinstance(link.kind, Vxlan) and found.lower_index:
                link = replace(link, kind=replace(link.kind, device=names.get(found.lower_index)))
            self.snapshot.add(link, mine=read_mark(link.alias) is not None)
            if place.startswith("netns:") and link.name == "lo":
                self.snapshot.add(Namespace(place, link.alias or ""), mine=read_mark(link.alias) is not None)
        return names

    def _observe_addresses(self, place: str, line: Line, names: Mapping[int, str]) -> None:
        found = [parse.parse_address(payload) for payload in line.dump(self._requests[1])]
        if place == HOST:
            self._address_protocols = _keeps_protocols([protocol for _index, address, protocol in found if address == "::1/128"])
        for index, address, protocol in found:
            device = names.get(index, "")
            mine = protocol == PROTOCOL
            if not self._address_protocols:
                # Linux before 5.18 keeps no protocol; there, what stands on a link of ours is ours.
                mine = ("Link", place, device) in self.snapshot.mine and device != "lo" and not address.startswith("fe80:")
            self.snapshot.add(Address(place, device, address), mine=mine)

    def _observe_routes(self, place: str, line: Line, names: Mapping[int, str]) -> None:
        for request in self._requests[2] if self.snapshot.ipv6 else self._requests[2][:1]:
            for payload in line.dump(request):
                found = parse.parse_route(payload)
                if found is None or found.table != MAIN_TABLE:
                    continue
                metric = 0 if ":" in found.destination and found.metric == 1024 else found.metric
                route = Route(place, found.destination, found.table, metric, found.gateway or "", names.get(found.index, ""))
                self.snapshot.add(route, mine=found.protocol == PROTOCOL)

    def _observe_entries(self, place: str, line: Line, names: Mapping[int, str]) -> None:
        """Read neighbours and forwarding entries, only where a VXLAN device of ours lives."""
        devices = {name for name in names.values() if ("Link", place, name) in self.snapshot.mine and isinstance(_link(self.snapshot, place, name).kind, Vxlan)}
        if not devices:
            return
        for family in (wire.AF_BRIDGE, socket.AF_INET, socket.AF_INET6):
            request = wire.neighbour_message(wire.RTM_GETNEIGH, 0, [], index=0, family=family, state=0)
            for payload in line.dump(request):
                entry = parse.parse_neighbour(payload)
                device = names.get(entry.index, "")
                if device in devices:
                    self._add_entry(place, device, entry)

    def _add_entry(self, place: str, device: str, entry: parse.RawNeighbour) -> None:
        if entry.family != wire.AF_BRIDGE:
            if entry.state & NUD_PERMANENT and entry.ip:
                self.snapshot.add(Neighbour(place, device, entry.ip, entry.mac), mine=True)
        elif entry.flags & NTF_SELF and entry.ip:
            if entry.state & NUD_PERMANENT:
                self.snapshot.add(FdbEntry(place, device, entry.mac, entry.ip), mine=True)
        elif entry.has_master and entry.state & NUD_NOARP:
            self.snapshot.add(FdbEntry(place, device, entry.mac), mine=True)

    def _observe_settings(self, place: str, settings: LinkSettings) -> None:
        raw = {found.link.name: found for found in self._raw[place]}
        for (where, name), wanted in settings.items():
            link = self.snapshot.link(place, name)
            if where == place and link is not None:
                found = ((setting, raw[name].setting(setting) or read_sysctl(link_sysctl_path(name, setting))) for setting in wanted)
                pairs = tuple((setting, value) for setting, value in found if value is not None)
                self.snapshot.add(replace(link, sysctls=pairs), mine=link.key in self.snapshot.mine)

    def join_pairs(self) -> None:
        """Tell veth ends who their peer is, once all places are read; an end whose peer was not read has the peer ''."""
        for end, peer in find_peers(self._raw, self._is_beyond):
            link = _link(self.snapshot, *end)
            self.snapshot.add(replace(link, kind=Veth(*(peer or ("", "")))))

    def _is_beyond(self, place: str, number: int, other: str) -> bool:
        """Tell whether a place knows another one by this number."""
        descriptor = self._rooms.find(other)
        if descriptor is None:
            return False
        with self._rooms.inside(place), self._door.open(place) as line:
            return parse.parse_namespace_number(line.ask(wire.namespace_number_message(descriptor))) == number


def _keeps_protocols(loopback: List[int]) -> bool:
    """Tell whether this kernel keeps an address's protocol (Linux >= 5.18): it then notes its own on ::1."""
    if loopback:
        return IFAPROT_KERNEL_LO in loopback
    return tuple(int(number) for number in re.findall(r"\d+", os.uname().release)[:2]) >= (5, 18)


def _link(snapshot: Snapshot, place: str, name: str) -> Link:
    link = snapshot.link(place, name)
    if link is None:
        raise KeyError((place, name))
    return link


def _route_request(family: int) -> bytes:
    return wire.route_message(wire.RTM_GETROUTE, 0, [], family=family, prefix=0, table=MAIN_TABLE, protocol=0, scope=0, route_type=0)
