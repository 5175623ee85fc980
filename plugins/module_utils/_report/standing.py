# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a run made of a declaration: the endpoints and links as they stand, with all that was derived for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Collection, Dict, List, Tuple

from .._document.living import Declared
from .._model.document import Document, Endpoint, WireEnd


def describe_standing(declared: Declared, left_links: Collection[Tuple[str, str]] = ()) -> Dict[str, Any]:
    """Return what the run made of the declaration, without what was left out."""
    document = declared.standing
    if left_links:
        lost = {(endpoint.name, name) for endpoint in document.endpoints for place, name in left_links if place == endpoint.place}
        wires = tuple(wire for wire in document.links if not any((end.endpoint, end.interface_name) in lost for end in wire.ends))
        document = replace(document, endpoints=tuple(_without(endpoint, left_links) for endpoint in document.endpoints), links=wires)
    return {"endpoints": _describe_endpoints(document), "links": _describe_links(document)}


def _without(endpoint: Endpoint, left_links: Collection[Tuple[str, str]]) -> Endpoint:
    return replace(endpoint, attachments=tuple(item for item in endpoint.attachments if (endpoint.place, item.interface_name) not in left_links))


def _describe_endpoints(document: Document) -> List[Dict[str, Any]]:
    """Return the endpoints with everything that was allocated or derived for them."""
    lans = {network.name for network in document.networks if network.has_parent}
    return [
        {
            "name": endpoint.name,
            "place": endpoint.place,
            "networks": [
                {
                    "name": attachment.network,
                    "interface_name": attachment.interface_name,
                    "host_interface_name": None if attachment.network in lans else attachment.host_interface_name,
                    "ipv4_address": attachment.ipv4_address,
                    "ipv6_address": attachment.ipv6_address,
                    "addresses": list(attachment.more),
                    "mac_address": attachment.mac_address,
                }
                for attachment in endpoint.attachments
            ],
            "ports": [str(port) for port in endpoint.ports],
            "labels": dict(endpoint.labels),
        }
        for endpoint in document.endpoints
    ]


def _describe_links(document: Document) -> List[Dict[str, Any]]:
    """Return the wires and tunnels with everything that was derived for them."""
    return [{"name": wire.name, "ends": [_describe_end(end) for end in wire.ends]} for wire in document.links]


def _describe_end(end: WireEnd) -> Dict[str, Any]:
    if end.network is not None:
        return {"network": end.network, "interface_name": end.interface_name}
    where: Dict[str, Any] = {"host": True} if end.host else {"endpoint": end.endpoint}
    return {**where, "interface_name": end.interface_name, "mac_address": end.mac_address, "addresses": list(end.addresses)}
