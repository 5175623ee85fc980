# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a packet meets in a namespace, read at this moment; nothing is changed and nothing sent."""

from __future__ import annotations

import socket
import sys
from types import MappingProxyType
from typing import Dict, Iterable, Iterator, Mapping

from .._model.addresses import ip_version, text_of_ip
from .._model.kind import Attributes
from .._model.live import FORWARDS, ForwardingRow, NeighbourRow, RouteAnswer, RouteQuestion, RouteRow, Space
from .._model.routing import FORWARDING
from . import netlink, parse
from .door import Line, read_attributes
from .layout import Layouts
from .netlink import NLM_F_REQUEST, NUD_NOARP, NUD_PERMANENT
from .rule_row import parse_whole_rule
from .sockets import listening_sockets
from .sysctl import link_sysctl_path, read_sysctl

LOOKUP_TABLE = 0x1000  # the answer names the table
NUD_VALID = 0x02 | 0x04 | 0x08 | 0x10 | NUD_NOARP | NUD_PERMANENT
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
BRIDGED = {4: "net/bridge/bridge-nf-call-iptables", 6: "net/bridge/bridge-nf-call-ip6tables"}
WHOLE = (*FORWARDING.values(), "net/ipv4/conf/all/rp_filter", *BRIDGED.values())
OF_LINKS = ("ipv4/forwarding", "ipv4/rp_filter", "ipv4/arp_ignore", "ipv4/proxy_arp")
_LINKS = Layouts(16, (3,), (18, 5, 1))


def read_space(line: Line) -> Space:
    """Read the namespace that the process is in."""
    names: Dict[int, str] = {}
    blocked: Dict[str, int] = {}
    for payload in line.dump(netlink.link_message(netlink.RTM_GETLINK, 0, [])):
        word, state = _LINKS.read(payload)
        name = names[_number(payload[4:8])] = word.rstrip(b"\0").decode("utf-8", "replace")
        if state and state[0] != FORWARDS:
            blocked[name] = state[0]
    paths = [*WHOLE, *(link_sysctl_path(name, setting) for name in names.values() for setting in OF_LINKS)]
    settings = {path: value for path, value in ((path, read_sysctl(path)) for path in paths) if value is not None}
    return Space(
        routes=tuple(_read_routes(line, names)),
        rules=tuple(filter(None, map(parse_whole_rule, line.dump(netlink.rule_message(netlink.RTM_GETRULE, 0, [], family=0, prefix=0, action=0))))),
        neighbours=tuple(_read_neighbours(line, names)),
        forwarding=tuple(_read_forwarding(line, names)),
        blocked=MappingProxyType(blocked),
        settings=MappingProxyType(settings),
        listening=frozenset(listening_sockets()),
    )


def _read_routes(line: Line, names: Mapping[int, str]) -> Iterator[RouteRow]:
    request = netlink.route_message(netlink.RTM_GETROUTE, 0, [], family=0, prefix=0, table=0, protocol=0, scope=0, route_type=0)
    for payload in line.dump(request):
        found = parse.parse_route(payload, any_type=True) if payload[0] in FAMILIES.values() else None
        if found is not None:
            yield RouteRow(found.destination, found.table, found.metric, names.get(found.device, ""), found.gateway or "", found.type or "unicast")


def _read_neighbours(line: Line, names: Mapping[int, str]) -> Iterator[NeighbourRow]:
    for family in FAMILIES.values():
        for entry in _dump_neighbours(line, family):
            if entry.ip and entry.mac and entry.state & NUD_VALID:
                yield NeighbourRow(names.get(entry.device, ""), entry.ip, entry.mac, bool(entry.state & NUD_PERMANENT))


def _read_forwarding(line: Line, names: Mapping[int, str]) -> Iterator[ForwardingRow]:
    for entry in _dump_neighbours(line, netlink.AF_BRIDGE):
        if entry.ip or entry.has_master:
            yield ForwardingRow(names.get(entry.device, ""), entry.mac, entry.ip or "", bool(entry.state & (NUD_NOARP | NUD_PERMANENT)))


def _dump_neighbours(line: Line, family: int) -> Iterable[parse.RawNeighbour]:
    return parse.parse_neighbours(line.dump(netlink.neighbour_message(netlink.RTM_GETNEIGH, 0, [], index=0, family=family, state=0)))


def ask_route(line: Line, question: RouteQuestion, numbers: Mapping[str, int]) -> RouteAnswer:
    """Ask the kernel which way a packet would go; `numbers` are those of the links here."""
    version = ip_version(question.destination)
    length = 32 if version == 4 else 128
    asked = (("RTA_SRC", question.source), ("RTA_IIF", numbers.get(question.came_by, 0)), ("RTA_MARK", question.mark))
    attributes: Attributes = [("RTA_DST", question.destination), *(pair for pair in asked if pair[1])]
    request = netlink.route_message(
        netlink.RTM_GETROUTE,
        NLM_F_REQUEST,
        attributes,
        family=FAMILIES[version],
        prefix=length,
        source_prefix=length if question.source else 0,
        table=0,
        protocol=0,
        scope=0,
        route_type=0,
        route_flags=LOOKUP_TABLE if version == 4 else 0,  # of IPv6 the answer always does
    )
    try:
        payload = line.ask(request)
    except OSError as error:
        return RouteAnswer(errno=error.errno or 1)
    found = read_attributes(payload, 12, len(payload))
    names = {number: name for name, number in numbers.items()}
    number = {key: _number(found[key]) for key in (4, 15) if key in found}
    metrics = read_attributes(found.get(8, b""), 0, len(found.get(8, b"")))
    via = found.get(18, b"")
    return RouteAnswer(
        device=names.get(number.get(4, 0), ""),
        gateway=text_of_ip(found[5]) if 5 in found else text_of_ip(via[2:]) if len(via) in (6, 18) else "",
        source=text_of_ip(found[7]) if 7 in found else "",
        table=number.get(15, payload[4]),
        is_local=payload[7] == 2,
        mtu=_number(metrics.get(2, b"")),
    )


def _number(value: bytes) -> int:
    return int.from_bytes(value[:4], sys.byteorder)
