# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Read namespaces into a snapshot: one socket inside each, raw dumps."""

from __future__ import annotations

import socket
from functools import partial
from typing import Callable, Collection, Dict, Iterable, List, Mapping, Optional, Set, Tuple

from .._model.addresses import ip_version, is_link_local
from .._model.errors import NamespaceMissing
from .._model.evolve import evolve
from .._model.kind import Tunnel
from .._model.link import Link
from .._model.mark import PROTOCOL, UNMARKED_ROLE, mark_ports, read_mark
from .._model.names import SCOPE_METRICS
from .._model.objects import (
    FLOOD_MAC,
    GONE,
    LOCAL_TABLE,
    LOOPBACK,
    MAIN_TABLE,
    Address,
    AddressDetails,
    BridgeVlan,
    Hop,
    KernelObject,
    Namespace,
    Neighbour,
    PolicyRule,
    ProxyNeighbour,
    Route,
    Sysctl,
)
from .._model.place import HOST, Place
from .._model.routing import DEFAULT_ROUTE, plain_metric
from .._model.rows import Rows
from .._model.snapshot import Key, Snapshot
from . import netlink, parse
from .door import Door, Line
from .loans import Loans, name_at_home
from .loopback import DOWN, UP
from .lowers import Lowers
from .namespace import NamespaceHandles
from .need import NOTHING, LinkSettings, Need
from .netlink import NTF_PROXY, NTF_SELF, NUD_NOARP, NUD_PERMANENT
from .pairs import find_peers
from .release import kernel_release
from .rule import parse_any_rule, read_rules
from .sysctl import has_ipv6, link_sysctl_path, read_sysctl
from .ways import find_ways, leads_elsewhere

RTEXT_FILTER_SKIP_STATS = 8
IFAPROT_KERNEL_LO = 1
ROUTED = (socket.AF_INET, socket.AF_INET6)
NO_DETAILS = AddressDetails()
AT_ONCE = frozenset(("", "noqueue", "noop"))  # without a queueing discipline of its own
ROUTE_TABLE = 4  # where in a route the low byte of its table's number stands

More = Callable[[str, Need, Snapshot], None]
# by number of the device; the tunnel that it is, if it is one
Tables = Mapping[int, Tuple[Rows, Optional[Tunnel]]]


class Observer:
    """Reads places one by one into its snapshot: links and what hangs on them first, then `observe_more` is asked for the rest."""

    def __init__(self, door: Door, handles: NamespaceHandles, loans: Loans, read_placeholder: Callable[[str], Optional[str]], observe_more: More) -> None:
        self.snapshot = Snapshot(ipv6=has_ipv6())
        self._door = door
        self._handles = handles
        self._loans = loans
        self.pretenders: Dict[Tuple[str, str], str] = {}  # who says that it was lent, but was not, and what it says
        self._read_placeholder = read_placeholder
        self._observe_more = observe_more
        self._raw: Dict[str, List[parse.RawLink]] = {}
        self._lowers = Lowers(self._raw, self._is_beyond)
        self._address_protocols = True
        self._requests = (
            netlink.link_message(netlink.RTM_GETLINK, 0, [("IFLA_EXT_MASK", RTEXT_FILTER_SKIP_STATS)]),
            netlink.address_message(netlink.RTM_GETADDR, 0, [], index=0, family=0, prefix=0),
            _route_request(MAIN_TABLE, 0),
            netlink.rule_message(netlink.RTM_GETRULE, 0, [], family=socket.AF_UNSPEC, prefix=0, action=0),
            _route_request(0, PROTOCOL),
            _route_request(0, 0),
            netlink.neighbour_message(netlink.RTM_GETNEIGH, 0, [], index=0, family=socket.AF_UNSPEC, state=0, entry_flags=NTF_PROXY),
        )

    def observe_place(self, place: str, need: Need = NOTHING) -> bool:
        """Read one namespace; return False if it does not exist. Of containers, proxies are only read where tables are needed."""
        if self._handles.find(place) is None:
            self.snapshot.missing.add(place)
            return False
        with self._handles.inside(place), self._door.open(place) as line:
            links = self._observe_links(place, line)
            self._observe_addresses(place, line, links)
            deeply = need.tables is not None or place == HOST
            self._observe_routes(place, line, links, need.tables or ())
            self._observe_entries(place, line, links)
            self._observe_vlans(place, line, links)
            self._observe_limits(place, line, links)
            if deeply:
                self._observe_proxies(place, line, links)
            self._observe_settings(place, need.settings)
            self._observe_more(place, need, self.snapshot)
        self.snapshot.places.add(place)
        return True

    def observe_mark(self, place: str) -> None:
        """Read only who made a named namespace, and which links live in it; skip what is none, it may be anybody's."""
        try:
            known = self._handles.find(place) is not None
        except NamespaceMissing:
            return
        if not known:
            mark = self._read_placeholder(place)
            if mark is not None:
                self.snapshot.add(Namespace(place, mark), mine=True)
            return
        with self._handles.inside(place), self._door.open(place) as line:
            self._observe_links(place, line)

    def observe_settings(self, place: str, need: Need) -> None:
        """Read of a place that was read before what only became interesting once the declaration was compiled. Most of it came with the links."""
        if not (need.sysctls or need.wanted) and self._has_come(place, need.settings):
            self._observe_settings(place, need.settings)
            return
        with self._handles.inside(place):
            self._observe_settings(place, need.settings)
            self._observe_more(place, need, self.snapshot)

    def _observe_links(self, place: str, line: Line) -> Dict[int, str]:
        raw = [parse.parse_link(place, payload) for payload in line.dump(self._requests[0])]
        self._raw[place] = raw
        names = {found.number: found.link.name for found in raw}
        namespace = self._handles.identify(place) or 0
        for position, found in enumerate(raw):
            link = evolve(found.link, master=names.get(found.master_index, "")) if found.master_index else found.link
            loan, says = self._loans.recognise(found, namespace), name_at_home(link.alias)
            if loan is None and says is not None:
                self.pretenders[place, link.name] = says
                link = evolve(link, alias="")
            if loan is not None:
                from .nic import read_nic

                link = read_nic(link, *loan)
                raw[position] = found._replace(link=link)
            elif link.nature.stands and (found.lower_index or found.elsewhere is not None):
                link = self._lowers.resolve(link, found, lambda number: self._is_host(number, line))
            mine = read_mark(link.alias) is not None
            self.snapshot.add(link, mine=mine)
            if place != HOST and link.name == "lo":
                self.snapshot.add(Sysctl(place, LOOPBACK, UP if link.up else DOWN))
                if Place(place).is_named:
                    self.snapshot.add(Namespace(place, link.alias or ""), mine=mine)
        return names

    def _observe_addresses(self, place: str, line: Line, names: Mapping[int, str]) -> None:
        payloads = line.dump(self._requests[1])
        found = [parse.parse_address(payload) for payload in payloads]
        if place == HOST:
            self._address_protocols = _keeps_protocols([protocol for _index, address, protocol, _secondary in found if address == "::1/128"])
        for (index, address, protocol, secondary), payload in zip(found, payloads):
            device = names.get(index, "")
            link = ("Link", place, device)
            details = parse.parse_address_details(payload, device) if place == HOST or link not in self.snapshot.mine else NO_DETAILS
            mine = protocol == PROTOCOL if self._address_protocols else self._seems_mine(device, address, details, link)
            self.snapshot.add(Address(place, device, address, protocol=None if mine else protocol, details=details, secondary=secondary), mine=mine)

    def _seems_mine(self, device: str, address: str, details: AddressDetails, link: Key) -> bool:
        """Linux before 5.18 keeps no protocol. There, what stands on a link of ours is ours, but for what came with a port of the host."""
        if link not in self.snapshot.mine:
            return details.metric >= SCOPE_METRICS
        return device != "lo" and not is_link_local(address) and not mark_ports(self.snapshot.mark(link))

    def _observe_routes(self, place: str, line: Line, names: Mapping[int, str], tables: Collection[int]) -> None:
        # The host may have tables full of routes that are nobody's business here; of a container one question for all is cheaper than two.
        main = _dump_routes(line, self._requests[2] if place == HOST else self._requests[5])
        if place == HOST:
            self._add_routes(place, main, names, lambda found: found.table == MAIN_TABLE)
        else:
            wanted = {MAIN_TABLE, *tables}
            payloads = [payload for payload in main if payload[ROUTE_TABLE] != LOCAL_TABLE]
            self._add_routes(place, payloads, names, lambda found: found.table in wanted or found.protocol == PROTOCOL)
        raw_rules = line.dump(self._requests[3])
        if place == HOST:
            self._observe_ways(line, main, raw_rules, names)
        ours, twins = read_rules(tuple(raw_rules))
        for rule in ours:
            self.snapshot.add(evolve(rule, place=place), mine=True)
        if place != HOST:
            self.snapshot.twins[place] = twins
            return
        # Of ours in any table, for nothing else may lead there, or nothing any more.
        self._add_routes(place, _dump_routes(line, self._requests[4]), names, lambda found: found.table != MAIN_TABLE and found.protocol == PROTOCOL)
        for table in sorted(set(tables) - {MAIN_TABLE}):
            self._add_routes(place, _dump_routes(line, _route_request(table, 0)), names, lambda found: found.protocol != PROTOCOL)
        # The ways out of VRFs, for what depends on them.
        for table in sorted(filter(None, {link.nature.table for link in self.snapshot.links(place)})):
            self._add_routes(place, _dump_routes(line, _route_request(table, 0)), names, partial(_is_way_out, table))

    def _observe_ways(self, line: Line, main: List[bytes], raw_rules: Iterable[bytes], names: Mapping[int, str]) -> None:
        rules = [rule for rule in map(parse_any_rule, raw_rules) if rule is not None]
        payloads = _dump_routes(line, self._requests[5]) if leads_elsewhere(rules) else main
        self.snapshot.ways = tuple(dict.fromkeys(find_ways(payloads, rules, names)))

    def _add_routes(self, place: str, payloads: Iterable[bytes], names: Mapping[int, str], is_wanted: Callable[[parse.RawRoute], bool]) -> None:
        for payload in payloads:
            found = parse.parse_route(payload, any_type=place != HOST)
            if found is None or not is_wanted(found):
                continue
            metric = plain_metric(found.metric, ip_version(found.destination))
            device = names.get(found.device, "")
            mine = found.protocol == PROTOCOL and found.type not in parse.OTHER_TYPES.values()
            route = Route(
                place,
                found.destination,
                found.table,
                metric,
                found.gateway or "",
                device,
                found.type,
                found.source or "",
                found.onlink,
                protocol=None if mine else found.protocol,
                nexthops=(),
            )
            if found.hops:
                route = route.along(Hop(names.get(hop.device, ""), hop.gateway, hop.weight) for hop in found.hops)
            self.snapshot.add(route, mine=mine)

    def _observe_entries(self, place: str, line: Line, names: Mapping[int, str]) -> None:
        """Read neighbours and forwarding entries, only of links of ours that have some, and of ports that a rule of ours leads to."""
        ours = {name: _link(self.snapshot, place, name).nature for name in names.values() if ("Link", place, name) in self.snapshot.mine}
        ruled = any(rule.place == place and rule.interface for rule in self.snapshot.of(PolicyRule))
        devices = {name for name, kind in ours.items() if kind.has_neighbours or (ruled and kind.is_end)}
        if not devices:
            return
        tables = {index: (Rows(place, name), ours[name].tunnel) for index, name in names.items() if name in devices}
        if any(tunnel is not None for _rows, tunnel in tables.values()):
            self._read_forwarding(line, tables, names)
        for family in (socket.AF_INET, socket.AF_INET6):
            self._read_neighbours(line, family, tables)
        for rows, _tunnel in tables.values():
            if any((rows.flood, rows.far, rows.ports, rows.neighbours)):
                self.snapshot.add(rows, mine=True)

    def _read_forwarding(self, line: Line, tables: Tables, names: Mapping[int, str]) -> None:
        for entry in parse.parse_neighbours(line.dump(_neighbour_request(netlink.AF_BRIDGE))):
            if entry.device not in tables:
                continue
            rows, tunnel = tables[entry.device]
            if not (entry.flags & NTF_SELF and entry.ip):
                if entry.has_master and entry.state & NUD_NOARP:
                    rows.ports[entry.mac] = None
            elif entry.state & NUD_PERMANENT:
                through = names.get(entry.through, GONE) if entry.through else ""
                if entry.mac != FLOOD_MAC:
                    rows.far[entry.mac] = (entry.ip, through)
                # The row of the tunnel's own far end belongs to the tunnel. One whose way out is gone the kernel does not delete, and sends nothing by it.
                elif through != GONE and not (tunnel is not None and entry.ip in (tunnel.remote, tunnel.group)):
                    rows.flood[entry.ip, through] = None

    def _read_neighbours(self, line: Line, family: int, tables: Tables) -> None:
        for entry in parse.parse_neighbours(line.dump(_neighbour_request(family))):
            if entry.device in tables and entry.state & NUD_PERMANENT and entry.ip:
                rows, tunnel = tables[entry.device]
                if entry.protocol == PROTOCOL or tunnel is not None:
                    rows.neighbours[entry.ip] = entry.mac
                else:
                    self.snapshot.add(Neighbour(rows.place, rows.device, entry.ip, entry.mac))

    def _observe_vlans(self, place: str, line: Line, names: Mapping[int, str]) -> None:
        """Read the VLANs of ports, only where a bridge tells them apart. On the ports of others they are the kernel's default and nobody's."""
        filtering = {link.name for link in self.snapshot.links(place) if link.nature.vlan_filtering}
        if not filtering:
            return
        from . import bridge_vlan

        for payload in line.dump(bridge_vlan.vlans_request()):
            index, vlans = bridge_vlan.parse_vlans(payload)
            device = names.get(index, "")
            told_apart = device in filtering or getattr(self.snapshot.link(place, device), "master", None) in filtering
            for number, untagged, native in vlans:
                mine = told_apart and ("Link", place, device) in self.snapshot.mine
                self.snapshot.add(BridgeVlan(place, device, number, untagged, native), mine=mine)

    def _observe_limits(self, place: str, line: Line, names: Mapping[int, str]) -> None:
        """Read what links of ours, and any in a container, send by; only where the links themselves tell that one does not send at once."""
        slow = {found.number for found in self._raw[place] if found.queueing not in AT_ONCE and (place != HOST or found.link.key in self.snapshot.mine)}
        if not slow:
            return
        from . import limit

        for found in limit.parse_limits(line.dump(limit.limits_request())):
            if found.device in slow:
                self.snapshot.add(evolve(found.limit, place=place, device=names[found.device]), mine=found.mine)

    def _observe_proxies(self, place: str, line: Line, names: Mapping[int, str]) -> None:
        for entry in parse.parse_neighbours(line.dump(self._requests[6])):
            device = names.get(entry.device, "")
            if entry.ip and device:
                self.snapshot.add(ProxyNeighbour(place, device, entry.ip), mine=entry.protocol == PROTOCOL)

    def _has_come(self, place: str, settings: LinkSettings) -> bool:
        """Tell whether settings of links need not be looked up below /proc."""
        wanted = {name: names for (where, name), names in settings.items() if where == place}
        return all(found.setting(name) is not None for found in self._raw[place] for name in wanted.get(found.link.name, ()))

    def _observe_settings(self, place: str, settings: LinkSettings) -> None:
        if not settings:
            return
        raw = {found.link.name: found for found in self._raw[place]}
        for (where, name), wanted in settings.items():
            link = self.snapshot.link(place, name)
            if where == place and link is not None:
                found = ((setting, raw[name].setting(setting) or read_sysctl(link_sysctl_path(name, setting))) for setting in wanted)
                pairs = tuple((setting, value) for setting, value in found if value is not None)
                self.snapshot.add(evolve(link, sysctls=pairs), mine=link.key in self.snapshot.mine)

    def join_pairs(self) -> None:
        """Tell veth ends who their peer is, once all places are read; an end whose peer was not read has the peer ''. Find lower links in places read later."""
        for late in self._lowers.resolve_late(self.snapshot):
            self.snapshot.add(late, mine=late.key in self.snapshot.mine)
        for end, peer in find_peers(self._raw, self._is_beyond):
            link = _link(self.snapshot, *end)
            link = evolve(link, kind=link.nature.joined_to(*(peer or ("", ""))))
            mark = read_mark(_link(self.snapshot, *peer).alias) if peer is not None and peer[0] != end[0] != HOST else None
            if peer is not None and peer[0] != HOST and read_mark(link.alias) is not None:
                mark = None  # of a wire between containers, either may lie
            if mark is not None and getattr(read_mark(link.alias), "scope", None) not in (mark.scope, ""):
                # Who is in a container can change the alias of its end, but not of the host's.
                self.snapshot.add(evolve(link, alias=str(mark._replace(role=UNMARKED_ROLE))), mine=True)
            else:
                self.snapshot.add(link)

    def _is_host(self, number: int, line: Line) -> bool:
        """Tell whether the place of a line knows the host by this number."""
        descriptor = self._handles.find(HOST)
        return descriptor is not None and parse.parse_namespace_number(line.ask(netlink.namespace_number_message(descriptor))) == number

    def _is_beyond(self, place: str, number: int, other: str) -> bool:
        """Tell whether a place knows another one by this number."""
        descriptor = self._handles.find(other)
        if descriptor is None:
            return False
        with self._handles.inside(place), self._door.open(place) as line:
            return parse.parse_namespace_number(line.ask(netlink.namespace_number_message(descriptor))) == number


def deep_places(wanted: Iterable[KernelObject]) -> Dict[str, Set[int]]:
    """Return the places of which a declaration needs more than is usually read, each with the routing tables it uses there."""
    found: Dict[str, Set[int]] = {}
    for item in wanted:
        if isinstance(item, Route) and item.table != MAIN_TABLE:
            found.setdefault(item.place, set()).add(item.table)
        elif isinstance(item, ProxyNeighbour):
            found.setdefault(item.place, set())
    return found


def _keeps_protocols(loopback: List[int]) -> bool:
    """Tell whether this kernel keeps an address's protocol (Linux >= 5.18): it then notes its own on ::1."""
    if loopback:
        return IFAPROT_KERNEL_LO in loopback
    return kernel_release() >= (5, 18)


def _link(snapshot: Snapshot, place: str, name: str) -> Link:
    link = snapshot.link(place, name)
    if link is None:
        raise KeyError((place, name))
    return link


def _is_way_out(table: int, found: parse.RawRoute) -> bool:
    return found.table == table and found.protocol != PROTOCOL and found.destination in DEFAULT_ROUTE.values()


def _neighbour_request(family: int) -> bytes:
    return netlink.neighbour_message(netlink.RTM_GETNEIGH, 0, [], index=0, family=family, state=0)


def _route_request(table: int, protocol: int) -> bytes:
    """Ask for the routes of one table or of one protocol, of all families at once."""
    return netlink.route_message(netlink.RTM_GETROUTE, 0, [], family=socket.AF_UNSPEC, prefix=0, table=table, protocol=protocol, scope=0, route_type=0)


def _dump_routes(line: Line, request: bytes) -> List[bytes]:
    """Return the routes of IPv4, then of IPv6; the kernel also tells of multicast routing and MPLS."""
    return [payload for payload in line.dump(request) if payload[0] in ROUTED]
