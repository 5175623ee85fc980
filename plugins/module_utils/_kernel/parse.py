# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Netlink payloads to kernel objects; only what is compared is read."""

from __future__ import annotations

import socket
import struct
from functools import lru_cache
from typing import Iterable, Iterator, Mapping, NamedTuple, Optional, Tuple, Type

from .._kinds.payload import flag
from .._kinds.table import find_kind
from .._model.addresses import text_of_ip
from .._model.kind import LinkKind
from .._model.link import BridgePort, Link, Tuning
from .._model.mark import PROTOCOL, UNFINISHED
from .._model.objects import AddressDetails
from .door import read_all, read_attributes
from .layout import Layouts
from .link import CREATION_GROUP, DELETION_GROUP, GENERATE_NOTHING, IFF_ALLMULTI, IFF_PROMISC

IFF_UP = 1
IFA_F_SECONDARY, IFA_F_DEPRECATED = 0x01, 0x20
# Home address, managed temporary addresses, no route of the subnet, joined groups; the others are states.
KEPT_ADDRESS_FLAGS = 0x10 | 0x100 | 0x200 | 0x400
_U32 = struct.Struct("=I")
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBI")
_ROUTE = struct.Struct("=BBBBBBBBI")
_HOP = struct.Struct("=HBBi")
RTNH_F_ONLINK = 4
_NEIGHBOUR = struct.Struct("=BxxxiHBB")


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode("utf-8", "replace")


def _u32(value: Optional[bytes], default: int = 0) -> int:
    return _U32.unpack(value)[0] if value else default


def _s32(value: Optional[bytes]) -> Optional[int]:
    return int(struct.unpack("=i", value)[0]) if value else None


def _mac(value: bytes) -> str:
    return value.hex(":")


# Where a setting stands in the arrays that come with every link (linux/ip.h counts from 1, linux/ipv6.h from 0).
# Reading them here saves a slow look-up below /proc for each setting of each link.
SETTINGS = {
    "ipv4/rp_filter": 7,
    "ipv4/promote_secondaries": 19,
    "ipv4/arp_notify": 21,
    "ipv6/accept_ra": 3,
    "ipv6/disable_ipv6": 26,
    "ipv6/ndisc_notify": 29,
}


class RawLink(NamedTuple):
    """A link, the numbers that other objects refer to it by, and its settings as arrays by family."""

    link: Link
    number: int
    peer_index: int
    master_index: int
    lower_index: int
    elsewhere: Optional[int]  # what the link's namespace calls the one that its peer or lower link lives in; None: the same one
    settings: Mapping[str, bytes]
    kind: str  # as the kernel calls it; a card has none
    hardware: str  # the device and the burnt-in address of a card, as far as the kernel tells them
    queueing: str = ""  # the kind of its queueing discipline

    def setting(self, name: str) -> Optional[str]:
        """Return a setting such as `ipv6/accept_ra`, or None if it must be read below /proc."""
        position, array = SETTINGS.get(name), self.settings.get(name[:4], b"")
        if position is None or len(array) < 4 * position + 4:
            return None
        return str(struct.unpack_from("=i", array, 4 * position)[0])


_LINKS = Layouts(
    16,
    *((1,), (3,), (4,), (5,), (10,), (13,), (20,), (27,), (37,), (52,)),
    *((18, 1), (18, 2), (18, 4), (18, 5), (18, 5, 4), (18, 5, 8), (18, 5, 9), (18, 5, 33)),
    *((26, socket.AF_INET, 1), (26, socket.AF_INET6, 2), (26, socket.AF_INET6, 8)),
    *((6,), (57,), (56,), (54,)),
)


def parse_link(place: str, payload: bytes) -> RawLink:
    _family, _type, number, flags, _change = _LINK.unpack_from(payload)
    values = _LINKS.read(payload)
    mac, name, mtu, below, master, queue, alias, group, elsewhere, others = values[:10]
    word, data, port_of, port, hairpin, learning, flood, isolated = values[10:18]
    inet, inet6, generates, queueing, *hardware = values[18:]
    kind_name = _text(word) if word else None
    known, kind, attributes = _read_kind(kind_name, data)
    group_number = _u32(group)
    below_number = _u32(below)
    link = Link(
        place=place,
        name=_text(name),
        kind=kind,
        mtu=_u32(mtu),
        mac=_mac(mac) if mac else None,
        up=bool(flags & IFF_UP),
        alias=_text(alias) if alias else UNFINISHED if group_number == CREATION_GROUP else "",
        master="",
        link_local=generates[0] != GENERATE_NOTHING if generates else None,
        port=_port(hairpin, learning, flood, isolated) if port and _text(port_of) == "bridge" else None,
        tuning=_tuning(flags & (IFF_PROMISC | IFF_ALLMULTI), _u32(queue)),
        index=number,
        other_names=tuple(_text(value) for value in read_all(others, 53)),
        condemned=group_number == DELETION_GROUP,
    )
    return RawLink(
        link,
        number,
        below_number,
        _u32(master),
        known.find_lower(attributes, below_number) if known is not None else 0,
        _s32(elsewhere),
        {"ipv4": inet, "ipv6": inet6},
        kind_name or "",
        _hardware(*hardware) if kind_name is None else "",
        _text(queueing),
    )


@lru_cache(maxsize=64)
def _read_kind(word: Optional[str], attributes: bytes) -> Tuple[Optional[Type[LinkKind]], Optional[LinkKind], Mapping[int, bytes]]:
    """Return a kind, what a link of it says, and its attributes; those of most links are the same."""
    known, data = find_kind(word), read_attributes(attributes, 0, len(attributes))
    return known, known.parse(data) if known is not None else None, data


@lru_cache(maxsize=64)
def _tuning(flags: int, queue: int) -> Tuning:
    return Tuning(bool(flags & IFF_PROMISC), bool(flags & IFF_ALLMULTI), queue)


def _hardware(bus: bytes, device: bytes, burnt_in: bytes) -> str:
    return " ".join(filter(None, (_text(bus), _text(device), _mac(burnt_in))))


@lru_cache(maxsize=64)
def _port(hairpin: bytes, learning: bytes, flood: bytes, isolated: bytes) -> BridgePort:
    return BridgePort(hairpin=flag(hairpin or None), learning=flag(learning or None), flood=flag(flood or None), isolated=flag(isolated or None))


def parse_namespace_number(payload: bytes) -> Optional[int]:
    """Return a namespace's number in another one, or None where it has none: below zero the kernel also says of links whose namespace is gone."""
    number = _s32(read_attributes(payload, 4, len(payload)).get(1))
    return number if number is not None and number >= 0 else None


_ADDRESSES = Layouts(_ADDRESS.size, (1,), (2,), (11,))


def parse_address(payload: bytes) -> Tuple[int, str, int, bool]:
    """Return (interface index, address/prefix, protocol number, whether others are preferred for what is sent)."""
    family, prefix, flags, _scope, index = _ADDRESS.unpack_from(payload)
    address, local, protocol = _ADDRESSES.read(payload)
    secondary = flags & (IFA_F_DEPRECATED if family == socket.AF_INET6 else IFA_F_SECONDARY)
    return index, "%s/%d" % (text_of_ip(local or address), prefix), protocol[0] if protocol else 0, bool(secondary)


def parse_address_details(payload: bytes, device: str) -> AddressDetails:
    """Return what its owner said about an address on a device."""
    _family, _prefix, flags, scope, _index = _ADDRESS.unpack_from(payload)
    found = read_attributes(payload, 8, len(payload))
    name = _text(found[3]) if 3 in found else device
    return AddressDetails(
        broadcast=text_of_ip(found[4]) if 4 in found else None,
        peer=text_of_ip(found[1]) if 2 in found and found[1] != found[2] else None,
        name=name if name != device else None,
        metric=_u32(found.get(9)),
        scope=scope,
        flags=_u32(found.get(8), flags) & KEPT_ADDRESS_FLAGS,
    )


def text_of_subnet(raw: Optional[bytes], family: int, prefix: int) -> str:
    """Return a subnet in its usual spelling; without an address it begins at the family's zero."""
    return "%s/%d" % (text_of_ip(raw or bytes(4 if family == socket.AF_INET else 16)), prefix)


# What a route does with a packet, apart from the local, broadcast and multicast ones of the kernel itself.
OTHER_TYPES = {1: "multipath", 2: "local", 3: "broadcast", 4: "anycast", 5: "multicast", 9: "throw", 10: "nat"}
ROUTE_TYPES = {1: None, 6: "blackhole", 7: "unreachable", 8: "prohibit"}


class RawHop(NamedTuple):
    """One of several next hops."""

    device: int
    gateway: str
    weight: int
    flags: int


class RawRoute(NamedTuple):
    """A route with its device as a number; one that refuses packets has none."""

    destination: str
    table: int
    metric: int
    gateway: Optional[str]
    device: int
    protocol: int
    type: Optional[str]  # None: it leads somewhere
    source: Optional[str]
    onlink: bool = False
    hops: Tuple[RawHop, ...] = ()


_ROUTES = Layouts(_ROUTE.size, (1,), (4,), (5,), (6,), (7,), (9,), (15,))


def parse_route(payload: bytes, *, any_type: bool = False) -> Optional[RawRoute]:
    """Return a route; None for local, broadcast, multicast and cached ones and, unless they are ours, multipath ones; but those may be asked for."""
    family, prefix, _src, _tos, table, protocol, _scope, route_type, flags = _ROUTE.unpack_from(payload)
    if (route_type not in ROUTE_TYPES and not any_type) or flags & 0x200:
        return None
    target, device, gateway, metric, source, multipath, table_number = _ROUTES.read(payload)
    hops = tuple(_read_hops(multipath)) if protocol == PROTOCOL and multipath and route_type == 1 else ()
    other = OTHER_TYPES.get(route_type, str(route_type)) if route_type not in ROUTE_TYPES or (route_type == 1 and not device and not hops) else None
    if other is not None and not any_type:
        return None
    return RawRoute(
        text_of_subnet(target, family, prefix),
        _u32(table_number, table),
        _u32(metric),
        text_of_ip(gateway) if gateway else None,
        # IPv6 names `lo` for a route that leads nowhere.
        _u32(device) if route_type == 1 and other is None and not hops else 0,
        protocol,
        other or ROUTE_TYPES[route_type],
        text_of_ip(source) if source else None,
        bool((hops[0].flags if hops else flags) & RTNH_F_ONLINK),
        hops,
    )


def _read_hops(data: bytes) -> Iterator[RawHop]:
    while len(data) >= _HOP.size:
        length, flags, hops, index = _HOP.unpack_from(data)
        length = max(length, _HOP.size)
        found = read_attributes(data, _HOP.size, min(length, len(data)))
        yield RawHop(index, text_of_ip(found[5]) if 5 in found else "", hops + 1, flags)
        data = data[length + 3 & ~3 :]


class RawWay(NamedTuple):
    """Any route that takes packets, with the numbers of all its devices."""

    destination: str
    table: int
    indices: Tuple[int, ...]
    protocol: int


def parse_way(payload: bytes) -> Optional[RawWay]:
    """Return where a route leads, by one next hop or many; None for those of the kernel itself and for what sends packets on to the next table."""
    family, prefix, _src, _tos, table, protocol, _scope, route_type, flags = _ROUTE.unpack_from(payload)
    if route_type not in ROUTE_TYPES or flags & 0x200:
        return None
    found = read_attributes(payload, 12, len(payload))
    destination = text_of_subnet(found.get(1), family, prefix)
    indices = [_u32(found[4])] if 4 in found and route_type == 1 else []
    indices.extend(hop.device for hop in _read_hops(found.get(9, b"")))
    return RawWay(destination, _u32(found.get(15), table), tuple(indices), protocol)


class RawNeighbour(NamedTuple):
    """A neighbour or forwarding entry with its device as a number."""

    family: int
    device: int
    state: int
    flags: int
    ip: Optional[str]
    mac: str
    has_master: bool
    protocol: int
    through: int


def parse_neighbours(payloads: Iterable[bytes]) -> Iterator[RawNeighbour]:
    """Yield the entries of a table."""
    layouts = Layouts(_NEIGHBOUR.size, (1,), (2,), (8,), (9,), (12,))
    for payload in payloads:
        family, index, state, flags, _type = _NEIGHBOUR.unpack_from(payload)
        address, mac, through, master, protocol = layouts.read(payload)
        yield RawNeighbour(
            family,
            index,
            state,
            flags,
            text_of_ip(address) if address and any(address) else None,
            _mac(mac),
            bool(master),
            protocol[0] if protocol else 0,
            _u32(through),
        )
