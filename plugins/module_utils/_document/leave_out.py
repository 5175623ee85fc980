# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A declaration without some of its networks, links and endpoints, and what each of the former needs of the kernel."""

from __future__ import annotations

from dataclasses import replace
from typing import Collection, Dict, FrozenSet, List, Mapping, Tuple

from .._model.document import Document, Endpoint, Wire
from .._model.network import Network
from .._model.snapshot import Facts

NETWORKS, LINKS, ENDPOINTS = "networks", "links", "endpoints"
Item = Tuple[str, str]  # one of these, and a name


def needed_features(document: Document, facts: Facts) -> Dict[Item, FrozenSet[str]]:
    """Return what each network and link needs that not every kernel has."""
    found = {(NETWORKS, network.name): frozenset(network.find_features(facts.links)) for network in document.networks}
    found.update({(LINKS, wire.name): frozenset(("vxlan",)) for wire in document.links if wire.tunnel is not None})
    return {item: features for item, features in found.items() if features}


def leave_out(document: Document, items: Collection[Item]) -> Tuple[Document, List[str]]:
    """Return the declaration without these networks, links and endpoints and what needs them, and the paths of what went along."""
    if not items:
        return document, []
    taken: List[str] = []
    lost = {name for kind, name in items if kind == ENDPOINTS}
    sharing = {endpoint.name for endpoint in document.endpoints if endpoint.name not in lost and (endpoint.network_mode or "").partition(":")[2] in lost}
    taken.extend("endpoints[%s]" % name for name in sorted(sharing))
    lost |= sharing
    document = replace(document, endpoints=tuple(endpoint for endpoint in document.endpoints if endpoint.name not in lost))
    networks: Dict[str, Network] = {network.name: network for network in document.networks}
    gone = {name for name in networks if (NETWORKS, name) in items}
    wires, cut = [], []
    for wire in document.links:
        if (LINKS, wire.name) in items:
            cut.append(wire)
        elif any(end.network in gone or end.endpoint in lost for end in wire.ends):
            cut.append(wire)
            taken.append("links[%s]" % wire.name)
        else:
            wires.append(wire)
    rest = {name: network for name, network in networks.items() if name not in gone}
    endpoints = tuple(_reduce(endpoint, rest, networks, cut, taken) for endpoint in document.endpoints)
    return replace(document, networks=tuple(rest.values()), endpoints=endpoints, links=tuple(wires)), taken


def _reduce(endpoint: Endpoint, rest: Mapping[str, Network], networks: Mapping[str, Network], cut: List[Wire], taken: List[str]) -> Endpoint:
    path = "endpoints[%s]" % endpoint.name
    lost = {item.interface_name for item in endpoint.attachments if item.network not in rest}
    taken.extend("%s.networks[%s]" % (path, item.network) for item in endpoint.attachments if item.network not in rest)
    lost |= {end.interface_name for wire in cut for end in wire.ends if end.endpoint == endpoint.name}
    if not lost:
        return endpoint
    gone = {address.partition("/")[0] for item in endpoint.attachments if item.network not in rest for address in item.addresses}
    gone |= {address.partition("/")[0] for wire in cut for end in wire.ends if end.endpoint == endpoint.name for address in end.addresses}
    routes = tuple(route for route in endpoint.routes if route.src not in gone and lost.isdisjoint(route.interfaces))
    taken.extend("%s.routes[%d]" % (path, index) for index, route in enumerate(endpoint.routes) if route not in routes)
    keeps_ports = not endpoint.ports or _answers(endpoint, rest, networks)
    if not keeps_ports:
        taken.append(path + ".ports")
    return replace(
        endpoint,
        attachments=tuple(item for item in endpoint.attachments if item.network in rest),
        routes=routes,
        masquerade=tuple(name for name in endpoint.masquerade if name in rest),
        ports=endpoint.ports if keeps_ports else (),
    )


def _answers(endpoint: Endpoint, rest: Mapping[str, Network], networks: Mapping[str, Network]) -> bool:
    """Tell whether ports still lead to the endpoint in the way they did: by translation, else at its own address."""
    left = [rest[item.network] for item in endpoint.attachments if item.network in rest]
    if any(networks[item.network].translates for item in endpoint.attachments):
        return any(network.translates and not network.internal and not network.on_lan for network in left)
    return any(network.opens_ports and not network.internal for network in left)
