# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Gateways that cannot be reached, routes that exclude each other, and networks that would share a routing table."""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

from .._model import span
from .._model.addresses import ip_version
from .._model.document import Attachment, Endpoint, StaticRoute
from .._model.joined import whole_networks
from .._model.names import SOURCE_TABLE_COUNT, SOURCE_TABLES, source_table
from .._model.network import Network
from .._model.objects import MAIN_TABLE
from .._model.routing import DEFAULT_ROUTE
from .ipam import host_address_fault
from .routes import LINK_LOCALS, attached_subnets, interface_towards, next_hops
from .scene import Scene

# The metric of the routes the kernel makes for connected subnets.
CONNECTED_METRIC = {4: 0, 6: 256}
Placed = Tuple[str, StaticRoute, Optional[Attachment]]


def _placed(scene: Scene, endpoint: Endpoint) -> Iterator[Placed]:
    """Yield every route of an endpoint with its path and the attachment it is of."""
    for attachment in endpoint.attachments:
        path = scene.attachment(endpoint, attachment) + ".routes"
        yield from ((scene.item(path, index), route, attachment) for index, route in enumerate(attachment.routes))
    path = scene.endpoint(endpoint) + ".routes"
    yield from ((scene.item(path, index), route, None) for index, route in enumerate(endpoint.routes))


def _interfaces(scene: Scene, endpoint: Endpoint) -> List[str]:
    names = [attachment.interface_name for attachment in endpoint.attachments]
    names += [end.interface_name for wire in scene.document.links for end in wire.ends if end.endpoint == endpoint.name]
    return names + [device.interface_name for device in endpoint.devices]


def _check_gateway(scene: Scene, endpoint: Endpoint, placed: Placed, networks: Mapping[str, Network]) -> None:
    path, route, attachment = placed
    own = _own_addresses(scene, endpoint)
    if route.src is not None and route.src not in own:
        scene.report(path + ".src", route.src, "the endpoint has no such address", "it has: %s" % (", ".join(own) or "none"))
    for index, hop in enumerate(route.nexthops):
        _check_hop(scene, endpoint, ("%s.nexthops[%d]" % (path, index), route._replace(gateway=hop.gateway, interface=hop.interface), attachment), networks)
    _check_hop(scene, endpoint, placed, networks)


def _own_addresses(scene: Scene, endpoint: Endpoint) -> List[str]:
    found = [address for item in endpoint.attachments for address in item.addresses]
    found += [address for wire in scene.document.links for end in wire.ends if end.endpoint == endpoint.name for address in end.addresses]
    return [address.partition("/")[0] for address in (*found, *(address for device in endpoint.devices for address in device.addresses))]


def _check_hop(scene: Scene, endpoint: Endpoint, placed: Placed, networks: Mapping[str, Network]) -> None:
    path, route, attachment = placed
    if route.interface is not None and route.interface not in _interfaces(scene, endpoint):
        known = ", ".join(_interfaces(scene, endpoint)) or "none"
        scene.report(path + ".interface", route.interface, "the endpoint has no such interface", "it has: %s" % known)
        return
    if route.gateway is None:
        return
    family = ip_version(route.gateway)
    if attachment is None:
        hops = list(next_hops(endpoint, networks, scene.document.links, family))
    else:
        hops = [(attachment.interface_name, subnet) for subnet in attached_subnets(attachment, networks[attachment.network], family)]
    if span.holds(LINK_LOCALS[6], route.gateway):
        if attachment is None and route.interface is None:
            scene.report(path + ".gateway", route.gateway, "a link-local gateway needs its interface", "add interface, or write the route below networks")
        return
    if route.interface is not None:
        hops = [hop for hop in hops if hop[0] == route.interface]
    if route.onlink and attachment is None and route.interface is None:
        scene.report(path + ".gateway", route.gateway, "with onlink a gateway needs its interface", "add interface, or write the route below networks")
    elif not route.onlink and interface_towards(route.gateway, iter(hops)) is None:
        where = 'its attachment to network "%s"' % attachment.network if attachment else "the endpoint"
        near = "it reaches %s" % ", ".join(subnet for _name, subnet in hops[:3]) if hops else "it has no IPv%d address" % family
        scene.report(path + ".gateway", route.gateway, "%s does not reach this gateway directly" % where, near)
        return
    # A wire's subnet may be of two addresses, both of which are hosts.
    wide = [subnet for _name, subnet in hops if span.holds(subnet, route.gateway) and span.span(subnet)[2] - span.span(subnet)[1] > 1]
    fault = next((host_address_fault(route.gateway, subnet) for subnet in wide), None)
    own = {address for item in endpoint.attachments for address in item.addresses}
    if route.gateway in own:
        scene.report(path + ".gateway", route.gateway, "this is the endpoint's own address", "write the router's address")
    elif fault:
        scene.report(path + ".gateway", route.gateway, fault, "write the router's address")


def _ways_out(endpoint: Endpoint, networks: Mapping[str, Network]) -> Iterator[Tuple[int, str]]:
    """Yield (family, network) where an attachment brings a gateway of its own."""
    for attachment in endpoint.attachments:
        network = networks[attachment.network]
        for family in (4, 6) if not network.internal else ():
            subnets = attached_subnets(attachment, network, family, first_only=True)
            if subnets and (
                network.needs_no_gateway or any(item.gateway not in (None, *attachment.addresses) for item in network.subnets if item.subnet in subnets)
            ):
                yield family, attachment.network


def _check_unique(scene: Scene, endpoint: Endpoint, networks: Mapping[str, Network]) -> None:
    """Report routes of one destination and metric; the kernel keeps one of them."""
    owners: Dict[Tuple[str, int, int], str] = {}
    for family, network in _ways_out(endpoint, networks):
        owners.setdefault((DEFAULT_ROUTE[family], 0, MAIN_TABLE), 'the default route by network "%s"' % network)
    for attachment in endpoint.attachments:
        for family in (4, 6):
            for subnet in attached_subnets(attachment, networks[attachment.network], family):
                owners.setdefault((subnet, CONNECTED_METRIC[family], MAIN_TABLE), 'the way to network "%s" itself' % attachment.network)
    for path, route, _attachment in _placed(scene, endpoint):
        owner = owners.setdefault((route.destination, route.metric, route.table), path)
        if owner != path:
            words = owner if owner.startswith("the ") else "the route " + owner
            scene.report(path, route.destination, "%s has this destination and metric too" % words, "give it another metric, or remove one")


def _check_default_routes(scene: Scene, endpoint: Endpoint, networks: Mapping[str, Network]) -> None:
    """Report a default route that is asked for where none can be, or twice."""
    offering = {network for _family, network in _ways_out(endpoint, networks)}
    wanted = [attachment for attachment in endpoint.attachments if attachment.default_route]
    for attachment in wanted:
        path = scene.attachment(endpoint, attachment) + ".default_route"
        if attachment.network not in offering and scene.network(networks[attachment.network]) not in scene.troubled:
            scene.report(path, True, 'network "%s" has no gateway for this endpoint' % attachment.network, "give the network one, or remove the key")
    for attachment in wanted[1:]:
        path = scene.attachment(endpoint, attachment) + ".default_route"
        scene.report(path, True, 'network "%s" of this endpoint has it too' % wanted[0].network, "keep one; gw_priority decides among the others")


def _check_tables(scene: Scene, endpoint: Endpoint, placed: Iterable[Placed]) -> None:
    tables: Dict[int, str] = {}
    for path, route, _attachment in placed if endpoint.source_routing else ():
        if route.table >= SOURCE_TABLES and route.table < SOURCE_TABLES + SOURCE_TABLE_COUNT:
            rule = "source routing numbers its tables %d to %d" % (SOURCE_TABLES, SOURCE_TABLES + SOURCE_TABLE_COUNT - 1)
            scene.report(path + ".table", route.table, rule, "use another one, or source_routing: false")
    for attachment in endpoint.attachments:
        other = tables.setdefault(source_table(scene.document.scope, attachment.network), attachment.network)
        if other != attachment.network and endpoint.source_routing:
            rule = 'source routing gives it the same routing table as network "%s"' % other
            scene.report(scene.attachment(endpoint, attachment), attachment.network, rule, "rename one of the networks")


def check_routes(scene: Scene) -> None:
    networks = whole_networks(scene.document.networks, scene.document.links)
    for endpoint in scene.document.endpoints:
        placed = list(_placed(scene, endpoint))
        for item in placed:
            if item[0] not in scene.troubled:
                _check_gateway(scene, endpoint, item, networks)
        if placed:
            _check_unique(scene, endpoint, networks)
        if any(attachment.default_route for attachment in endpoint.attachments):
            _check_default_routes(scene, endpoint, networks)
        if placed or len(endpoint.attachments) > 1:
            _check_tables(scene, endpoint, placed)
