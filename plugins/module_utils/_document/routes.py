# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The routes of an endpoint: read from its own list and from those of its attachments, then led to an interface."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Iterator, Mapping, Optional, Sequence, Tuple

from .._model import span
from .._model.addresses import LINK_LOCAL, ip_version
from .._model.document import Attachment, Document, Endpoint, NextHop, StaticRoute, Wire
from .._model.errors import Problem
from .._model.network import Network
from .._model.objects import LOCAL_TABLE, MAIN_TABLE
from .._model.routing import plain_metric
from .._schema.reading import Problems, Read, Shape, reader
from .._schema.schema import Field, Schema
from .entry import Entry, list_of, read_entry, read_list
from .scalars import canonical_reader, choice, integer, read_address, read_boolean, read_interface_name, read_source, read_unicast_address
from .spelling import Fault, canonical_address, unicast_fault

LINK_LOCALS = {4: "169.254.0.0/16", 6: LINK_LOCAL}
Hop = Tuple[str, str]  # interface, the subnet behind it
_read_table_number = integer(1, 2**32 - 1)
_OWN_INTERFACE = ("a route of an attachment leaves by that attachment's interface", "remove it")


def _next_hop(text: str) -> str:
    """Return a gateway's address; a link-local one is usual."""
    address = canonical_address(text)
    fault = None if span.holds(LINK_LOCALS[ip_version(address)], address) else unicast_fault(address)
    if fault or address in ("0.0.0.0", "::"):
        raise fault or Fault("the unspecified address is no gateway", "write the router's address")
    return address


@reader(_read_table_number.shape)
def read_table(value: object, path: str, problems: Problems) -> Optional[int]:
    number = _read_table_number(value, path, problems)
    if number == LOCAL_TABLE:
        problems.append(Problem(path, value, "the kernel keeps the addresses of the namespace itself in this table", "use another one"))
        return None
    return number


DESTINATION = Field("destination", read_source, None, "Subnet that the route leads to.", required=True)
GATEWAY = Field("gateway", canonical_reader("an IP address", _next_hop, read_address.shape.pattern), None, "Address of the router behind which it lies.")
TYPE = Field(
    "type",
    choice("unicast", "blackhole", "unreachable", "prohibit"),
    "unicast",
    "What becomes of packets to it. Only V(unicast) has a gateway; the others drop them, silently or with an answer.",
)
METRIC = Field("metric", integer(0, 2**32 - 1), 0, "Of routes to one destination, that with the lowest counts.")
INTERFACE = Field("interface", read_interface_name, None, "Interface inside by which it leaves.", default_words="the one that reaches the gateway")
TABLE = Field(
    "table",
    read_table,
    MAIN_TABLE,
    "Routing table that it is in: 254 is the one that every packet asks, others are asked by V(rules). 255 is the kernel's own, and 1000000 to 17777215 are"
    " those of V(source_routing).",
)
SRC = Field(
    "src",
    read_unicast_address,
    None,
    "Address of the endpoint that is preferred for what is sent by it.",
    default_words="as the kernel chooses",
)
ONLINK = Field("onlink", read_boolean, False, "Whether the gateway is a neighbour although no subnet of the endpoint holds it. The interface must be known.")
WEIGHT = Field("weight", integer(1, 256), 1, "Share of the packets.")
NEXT_HOP = Schema("an entry of nexthops", (GATEWAY, INTERFACE, WEIGHT))
ATTACHMENT_NEXT_HOP = Schema("an entry of nexthops of a network", (GATEWAY, WEIGHT), {INTERFACE.key: _OWN_INTERFACE})


def _nexthops(schema: Schema) -> Field[Tuple[NextHop, ...]]:
    @reader(Shape("dict", schema=schema))
    def read_hop(value: object, path: str, problems: Problems) -> Optional[NextHop]:
        entry = read_entry(value, path, problems, schema)
        if entry is None:
            return None
        hop = NextHop(entry.get(GATEWAY), entry.get(INTERFACE), entry.get(WEIGHT))
        if not entry.raw.keys() & {GATEWAY.key, INTERFACE.key}:
            entry.refuse("a next hop needs a gateway or an interface", "add one of the two")
            return None
        return hop

    words = "Two or more next hops that share the packets, in place of V(gateway) and V(interface)."
    return Field("nexthops", list_of(read_hop), (), words, example="[{gateway: 10.20.0.253}, {gateway: 10.20.0.254, weight: 2}]")


NEXTHOPS, ATTACHMENT_NEXTHOPS = _nexthops(NEXT_HOP), _nexthops(ATTACHMENT_NEXT_HOP)
ROUTE = Schema("an entry of routes", (DESTINATION, GATEWAY, TYPE, METRIC, INTERFACE, TABLE, SRC, ONLINK, NEXTHOPS))
ATTACHMENT_ROUTE = Schema(
    "an entry of routes of a network",
    (DESTINATION, GATEWAY, TYPE, METRIC, TABLE, SRC, ONLINK, ATTACHMENT_NEXTHOPS),
    {INTERFACE.key: _OWN_INTERFACE},
)


def _check_hops(entry: Entry, hops: Tuple[NextHop, ...], own_interface: bool, family: int) -> None:
    """Report what several next hops do not go with, and what they must not be."""
    for key in ("gateway", "interface"):
        if key in entry.raw:
            entry.report(key, "a route with nexthops has it in each of them", "move it there")
    for index, hop in enumerate(hops):
        path = "%s.nexthops[%d]" % (entry.path, index)
        if hop.gateway is not None and ip_version(hop.gateway) != family:
            rule = "an IPv%d gateway for an IPv%d destination" % (ip_version(hop.gateway), family)
            entry.problems.append(Problem(path + ".gateway", hop.gateway, rule, "use one family"))
        elif any(_is_same(hop, other) for other in hops[:index]):
            entry.problems.append(Problem(path, hop.gateway or hop.interface, "this next hop is in the list already", "remove one"))
        elif hop.gateway is None and family == 6 and not own_interface:
            entry.problems.append(Problem(path, hop.interface, "this one of several next hops needs a gateway", "add it"))
    if len(hops) == 1 and len(entry.raw["nexthops"]) == 1:  # type: ignore[arg-type]
        entry.report("nexthops", "this is one next hop", "write gateway and interface at the route, or add another one")
    elif not entry.raw["nexthops"]:
        entry.report("nexthops", "no next hop is given", "add two, or write gateway")


def _is_same(hop: NextHop, other: NextHop) -> bool:
    return hop.gateway == other.gateway and (hop.interface == other.interface or None in (hop.interface, other.interface))


def _read_route(value: object, path: str, problems: Problems, schema: Schema) -> Optional[StaticRoute]:
    entry = read_entry(value, path, problems, schema)
    if entry is None:
        return None
    destination = entry.get(DESTINATION)
    gateway = entry.get(GATEWAY)
    kind = TYPE.read(entry.raw["type"], path + ".type", problems) if "type" in entry.raw else TYPE.default
    metric = entry.get(METRIC)
    interface = entry.get(INTERFACE)
    hops = entry.get(NEXTHOPS if NEXTHOPS in schema.fields else ATTACHMENT_NEXTHOPS)
    src, onlink = entry.get(SRC), entry.get(ONLINK)
    misplaced = entry.raw.keys() & schema.elsewhere.keys()  # that is told already, and what follows from it is not
    if not misplaced and kind is not None and kind != "unicast":
        for key in ("gateway", "interface", "nexthops", "src", "onlink"):
            if key in entry.raw:
                entry.report(key, "a route of type %s leads nowhere" % kind, "remove it")
    elif not misplaced and kind is not None and not entry.raw.keys() & {"gateway", "interface", "nexthops"}:
        entry.refuse("a route needs a gateway, or a type other than unicast", "add gateway, or type: blackhole")
    if destination is None or kind is None:
        return None
    if kind == "unicast" and isinstance(entry.raw.get("nexthops"), list):
        _check_hops(entry, hops, schema is ATTACHMENT_ROUTE, ip_version(destination))
    elif onlink and kind == "unicast" and "gateway" not in entry.raw:
        entry.report("onlink", "it says that a gateway is a neighbour, and there is none", "add gateway, or remove it")
    if src is not None and ip_version(src) != ip_version(destination):
        entry.report("src", "an IPv%d address for the IPv%d destination %s" % (ip_version(src), ip_version(destination), destination), "use one family")
    if gateway is not None and ip_version(gateway) != ip_version(destination):
        entry.report("gateway", "an IPv%d gateway for the IPv%d destination %s" % (ip_version(gateway), ip_version(destination), destination), "use one family")
    return StaticRoute(destination, gateway, kind, plain_metric(metric, ip_version(destination)), interface, entry.get(TABLE), src, onlink, hops)


def _routes(schema: Schema) -> Read[Tuple[StaticRoute, ...]]:
    """Return a reader of a list of routes."""

    def read(value: object, path: str, problems: Problems) -> Optional[Tuple[StaticRoute, ...]]:
        items = read_list(value, path, problems)
        if items is None:
            return None
        found: Dict[Tuple[str, int, int], int] = {}
        result = []
        for index, item in enumerate(items):
            place = "%s[%d]" % (path, index)
            route = _read_route(item, place, problems, schema)
            if route is None:
                continue
            key = (route.destination, route.metric, route.table)
            if key in found:
                problems.append(Problem(place, route.destination, "entry %d of this list has the same destination and metric" % found[key], "remove one"))
                continue
            found[key] = index
            result.append(route)
        return tuple(result)

    return Read(read, Shape("list", elements=Shape("dict", schema=schema)))


read_routes = _routes(ROUTE)
read_attachment_routes = _routes(ATTACHMENT_ROUTE)


def attached_subnets(attachment: Attachment, network: Network, family: int, *, first_only: bool = False) -> Tuple[str, ...]:
    """Return the subnets that the attachment's addresses of a family lie in, or its first one; all of the network where that is not known yet."""
    subnets = tuple(subnet.subnet for subnet in network.subnets_of(family))
    address = attachment.ipv4_address if family == 4 else attachment.ipv6_address
    if attachment.ipam != "allocate":
        return ()
    next_door = network.next_door(family)
    if next_door is not None:
        return (next_door,) if subnets else ()
    if address is None:
        return subnets
    held = [address, *(() if first_only else (item for item in attachment.more if "/" not in item))]
    return tuple(subnet for subnet in subnets if any(span.holds(subnet, item) for item in held))


def next_hops(endpoint: Endpoint, networks: Mapping[str, Network], links: Sequence[Wire], family: int) -> Iterator[Hop]:
    """Yield what an endpoint reaches without a gateway."""
    for attachment in endpoint.attachments:
        if attachment.network in networks:
            for subnet in attached_subnets(attachment, networks[attachment.network], family):
                yield attachment.interface_name, subnet
    for wire in links:
        for end in wire.ends:
            if end.endpoint == endpoint.name:
                yield from ((end.interface_name, address) for address in end.addresses if ip_version(address) == family)
    for device in endpoint.devices:
        yield from ((device.interface_name, address) for address in device.addresses if ip_version(address) == family)


def interface_towards(gateway: str, hops: Iterator[Hop]) -> Optional[str]:
    """Return the interface behind which a gateway lives."""
    return next((interface for interface, subnet in hops if span.holds(subnet, gateway)), None)


def lead_routes(document: Document) -> Document:
    """Return a valid document whose unicast routes all name the interface they leave by."""
    networks = {network.name: network for network in document.networks}

    def lead(endpoint: Endpoint) -> Endpoint:
        if not endpoint.routes and not any(attachment.routes for attachment in endpoint.attachments):
            return endpoint

        def find(gateway: str) -> Optional[str]:
            return interface_towards(gateway, next_hops(endpoint, networks, document.links, ip_version(gateway)))

        attachments = tuple(replace(item, routes=tuple(_lead(route, item.interface_name) for route in item.routes)) for item in endpoint.attachments)
        own = (
            _lead(route, find(route.gateway))
            if route.gateway and not route.interface
            else route._replace(nexthops=tuple(hop if hop.interface else hop._replace(interface=find(hop.gateway or "")) for hop in route.nexthops))
            for route in endpoint.routes
        )
        return replace(endpoint, attachments=attachments, routes=tuple(own))

    return replace(document, endpoints=tuple(map(lead, document.endpoints)))


def _lead(route: StaticRoute, interface: Optional[str]) -> StaticRoute:
    if route.type != "unicast":
        return route
    return route._replace(interface=interface, nexthops=tuple(hop._replace(interface=interface) for hop in route.nexthops))
