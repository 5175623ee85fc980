# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Source routing: an endpoint with several gateways answers by the interface the question came in on.

Every attachment with a way out has a routing table of its own, which packets from its addresses use.
"""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import Dict, Iterable, List, Mapping, Sequence, Tuple

from .._model.addresses import ip_version
from .._model.document import Document, Endpoint, is_on_lan
from .._model.names import source_table
from .._model.objects import Address, KernelObject, PolicyRule, Route
from .attachment import Segment, list_gateways
from .routes import DEFAULT_ROUTE

# Before the main table (32766), and behind what programs inside a container put first.
PRIORITY = 30000
LONGEST_PREFIX = {4: 32, 6: 128}


def compile_source_routing(document: Document, segments: Mapping[str, Segment], made: Iterable[KernelObject]) -> List[KernelObject]:
    """Return the tables and rules of all endpoints; `made` is what they have in their main tables."""
    several = [item for item in document.endpoints if item.source_routing and (len(item.attachments) > 1 or item.devices or item.routes)]
    held: Dict[str, List[KernelObject]] = {endpoint.place: [] for endpoint in several}
    for item in made if several else ():
        if item.place in held:
            held[item.place].append(item)
    objects: List[KernelObject] = []
    lans = {network.name for network in document.networks if is_on_lan(network)}
    for endpoint in several:
        hosted = {item.interface_name for item in endpoint.attachments if item.network not in lans}
        for family, default in DEFAULT_ROUTE.items():
            routes = [item for item in held[endpoint.place] if isinstance(item, Route) and ip_version(item.destination) == family]
            addresses = [item for item in held[endpoint.place] if isinstance(item, Address) and ip_version(item.address) == family]
            known = {(route.device, route.destination, route.metric): route for route in (*list_gateways(endpoint, segments, family), *routes)}
            devices = tuple(dict.fromkeys(device for device, destination, _metric in known if device and destination == default))
            # Who is on a LAN with the container is there beside the host, too, and may ask by a published port.
            outside = {address.device for address in addresses} - hosted
            for device in devices if outside.union(devices) - set(devices[:1]) else ():
                table = source_table(document.scope, _owner(endpoint, device))
                own = [address for address in addresses if address.device == device]
                objects.extend(_table(table, own, [route for route in known.values() if route.device in (device, None)]))
                objects.extend(PolicyRule(endpoint.place, family, PRIORITY, _alone(address), table) for address in own)
    return objects


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


def _alone(address: Address) -> str:
    """Return an address as a subnet of one."""
    plain = address.address.split("/")[0]
    return "%s/%d" % (plain, LONGEST_PREFIX[ip_version(plain)])
