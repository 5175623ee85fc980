# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Source routing: an endpoint with several gateways, ours or of others, answers by the interface the question came in on.

Every attachment with a way out has a routing table of its own, which packets from its addresses use.
"""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import Dict, Iterable, Iterator, List, Mapping, Sequence, Tuple

from .._drivers.segment import Segment
from .._model.addresses import ip_version
from .._model.document import Document, Endpoint
from .._model.names import source_table
from .._model.objects import MAIN_TABLE, Address, KernelObject, PolicyRule, Route
from .._model.routing import DEFAULT_ROUTE
from .._model.snapshot import Facts, WayOut
from .default_route import compile_default_routes, find_rivals, list_offers, main_devices
from .parts import has_choice

# Before the main table (32766), and behind what programs inside a container put first.
PRIORITY = 30000
LONGEST_PREFIX = {4: 32, 6: 128}


def compile_source_routing(document: Document, segments: Mapping[str, Segment], made: Iterable[KernelObject], facts: Facts) -> List[KernelObject]:
    """Return the tables and rules of all endpoints; `made` is what they have in their main tables."""
    led = {place for place, ways in facts.ways_out.items() if any(way.scope != document.scope for way in ways)}
    several = [item for item in document.endpoints if item.source_routing and (item.place in led or has_choice(item))]
    held: Dict[str, List[KernelObject]] = {endpoint.place: [] for endpoint in several}
    for item in made if several else ():
        if item.place in held:
            held[item.place].append(item)
    objects: List[KernelObject] = []
    lans = {network.name for network in document.networks if network.on_lan}
    for endpoint in several:
        hosted = {item.interface_name for item in endpoint.attachments if item.network not in lans}
        for family, default in DEFAULT_ROUTE.items():
            routes = [item for item in held[endpoint.place] if isinstance(item, Route) and ip_version(item.destination) == family]
            addresses = [item for item in held[endpoint.place] if isinstance(item, Address) and ip_version(item.address) == family]
            offers, rivals = list_offers(endpoint, segments, family), find_rivals(endpoint, family, facts, document.scope)
            own = compile_default_routes(offers, family, rivals, document.scope)
            listed = [part for route in routes if route not in own and route.table == MAIN_TABLE for part in _by_device(route)]
            known = {(route.device, route.destination, route.metric): route for route in (*(offer.route for offer in offers), *listed)}
            devices = tuple(dict.fromkeys(device for device, destination, _metric in known if device and destination == default))
            foreign = [way for way in rivals if way.scope != document.scope]
            # Who is on a LAN with the container is there beside the host, too, and may ask by a published port.
            outside = {address.device for address in addresses} - hosted
            first = set(main_devices((*own, *listed))[:1])
            for device in devices if foreign or outside.union(devices) - first else ():
                table = source_table(document.scope, _owner(endpoint, device))
                here = [address for address in addresses if address.device == device]
                objects.extend(_table(table, here, [route for route in known.values() if route.device in (device, None)]))
                objects.extend(PolicyRule(endpoint.place, family, PRIORITY, _alone(address.address), table) for address in here)
            if first:
                objects.extend(_ways_of_others(document.scope, endpoint.place, family, foreign))
    return objects


def _by_device(route: Route) -> List[Route]:
    """Return what of a route leads over each of its devices; itself where there is none."""
    return [part for part in map(route.over, sorted(route.devices)) if part is not None] or [route]


def _ways_of_others(scope: str, place: str, family: int, ways: Sequence[WayOut]) -> Iterator[KernelObject]:
    """Yield what keeps answers from addresses of others on the way those had before ours went first."""
    for way in ways:
        if way.scope is None and way.route.device and way.addresses:
            table = source_table(scope, "/" + way.route.device)
            here = [Address(place, way.route.device, address) for address in way.addresses if ip_version(address) == family]
            yield from _table(table, here, [replace(way.route, protocol=None)])
            yield from (PolicyRule(place, family, PRIORITY, _alone(address.address), table) for address in here)


def _owner(endpoint: Endpoint, device: str) -> str:
    """Return what an interface's table is named after: its network, else the interface itself, with a sign no network's name has."""
    return next((item.network for item in endpoint.attachments if item.interface_name == device), "/" + device)


def _table(table: int, addresses: Sequence[Address], routes: Sequence[Route]) -> List[Route]:
    """Return what main knows of one interface, with its own default route; a destination that is closed is closed here too."""
    found: Dict[Tuple[str, int], Route] = {}
    for address in addresses:
        subnet = ipaddress.ip_network(address.address, strict=False)
        if subnet.num_addresses > 1:
            found[str(subnet), 0] = Route(address.place, str(subnet), table, device=address.device)
    for route in routes:
        found[route.destination, route.metric] = replace(route, table=table)
    return list(found.values())


def _alone(address: str) -> str:
    """Return an address as a subnet of one."""
    plain = address.split("/")[0]
    return "%s/%d" % (plain, LONGEST_PREFIX[ip_version(plain)])
