# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import socket
import struct
from dataclasses import replace
from functools import lru_cache
from typing import Optional, Tuple

from .._model.kind import Attributes
from .._model.mark import PROTOCOL
from .._model.objects import Hop, Route
from .._model.routing import USUAL_METRIC
from . import netlink

TYPES = {"unicast": 1, "blackhole": 6, "unreachable": 7, "prohibit": 8}
RTNH_F_ONLINK = 4
RTA_GATEWAY = 5
_HOP = struct.Struct("=HBBi")
_ATTRIBUTE = struct.Struct("=HH")
SCOPE_UNIVERSE, SCOPE_LINK, SCOPE_NOWHERE = 0, 253, 255


def _message(message_type: int, flags: int, route: Route, index: Optional[int], indices: Tuple[int, ...]) -> bytes:
    """Containers of one network have the same routes; interface numbers stand for the device, and for those of several next hops."""
    return _encode(message_type, flags, replace(route, place="", device=None), None if indices else index, indices)


@lru_cache(maxsize=256)
def _encode(message_type: int, flags: int, route: Route, index: Optional[int], indices: Tuple[int, ...]) -> bytes:
    destination, prefix = route.destination.split("/")
    family = socket.AF_INET6 if ":" in destination else socket.AF_INET
    attributes: Attributes = []
    if int(prefix):
        attributes.append(("RTA_DST", destination))
    flags_of_hop = RTNH_F_ONLINK if route.onlink else 0
    if indices:
        hops = (_encode_hop(at, flags_of_hop, hop, family) for at, hop in zip(indices, route.nexthops or ()))
        attributes.append(("RTA_MULTIPATH", b"".join(hops)))
    elif route.gateway:
        attributes.append(("RTA_GATEWAY", route.gateway))
    if index is not None:
        attributes.append(("RTA_OIF", index))
    # Where a message names no metric, a new IPv6 route gets the usual one, and a deleted one may have any.
    metric = route.metric or (USUAL_METRIC[6] if message_type == netlink.RTM_DELROUTE and family == socket.AF_INET6 else 0)
    if metric:
        attributes.append(("RTA_PRIORITY", metric))
    if route.source:
        attributes.append(("RTA_PREFSRC", route.source))
    if route.table > 255:
        attributes.append(("RTA_TABLE", route.table))
    scope, kind = SCOPE_UNIVERSE, route.type or "unicast"
    if message_type == netlink.RTM_DELROUTE:
        scope = SCOPE_NOWHERE
    elif family == socket.AF_INET and not route.gateway and not indices and kind == "unicast":
        scope = SCOPE_LINK
    return netlink.route_message(
        message_type,
        flags,
        attributes,
        family=family,
        prefix=int(prefix),
        table=route.table,
        protocol=PROTOCOL if route.protocol is None else route.protocol,
        scope=scope,
        route_type=TYPES[kind],
        route_flags=0 if indices else flags_of_hop,
    )


def _encode_hop(index: int, flags: int, hop: Hop, family: int) -> bytes:
    address = socket.inet_pton(family, hop.gateway) if hop.gateway else b""
    gateway = _ATTRIBUTE.pack(_ATTRIBUTE.size + len(address), RTA_GATEWAY) + address if address else b""
    return _HOP.pack(_HOP.size + len(gateway), flags if address else 0, hop.weight - 1, index) + gateway


def create_route(route: Route, index: Optional[int], indices: Tuple[int, ...] = ()) -> bytes:
    return _message(netlink.RTM_NEWROUTE, netlink.CREATE_NEW, route, index, indices)


def change_route(route: Route, index: Optional[int], indices: Tuple[int, ...] = ()) -> bytes:
    return _message(netlink.RTM_NEWROUTE, netlink.CREATE_OR_REPLACE, route, index, indices)


def delete_route(route: Route, index: Optional[int], indices: Tuple[int, ...] = ()) -> bytes:
    return _message(netlink.RTM_DELROUTE, netlink.NLM_F_REQUEST, route, index, indices)
