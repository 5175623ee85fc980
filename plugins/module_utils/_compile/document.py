# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from typing import Dict, List, Tuple

from .._drivers.segment import Segment
from .._drivers.table import driver_of
from .._model.document import Document
from .._model.objects import KernelObject
from .._model.routing import DEFAULT_ROUTE
from .._model.snapshot import Facts
from .attachment import compile_endpoint
from .default_route import compile_default_routes, find_rivals, list_offers
from .host import compile_host
from .neighbours import compile_neighbours
from .parts import compile_devices, compile_source_routing, compile_wires, join_segments, leave_out_ways_by_lowered, open_loopback, quieten_bridges
from .small_mtu import ask_no_ipv6_of_small_links


def compile_document(document: Document, facts: Facts) -> Tuple[KernelObject, ...]:
    """Return every kernel object a declaration wants on this host."""
    objects: List[KernelObject] = list(compile_host(document, facts))
    segments: Dict[str, Segment] = {}
    for network in document.networks:
        segment, made = driver_of(network).compile(network, document.scope, facts)
        segments[network.name] = segment
        objects.extend(made)
    join_segments(document, segments)
    # Networks may share a parent that is made for them.
    objects = open_loopback(document, {item.key: item for item in objects}.values())
    for endpoint in document.endpoints:
        objects.extend(compile_endpoint(endpoint, segments, document.scope, facts.ipv6))
        for family in DEFAULT_ROUTE:
            offers, rivals = list_offers(endpoint, segments, family), find_rivals(endpoint, family, facts, document.scope)
            objects.extend(compile_default_routes(offers, family, rivals, document.scope))
        objects.extend(compile_devices(endpoint, document.scope, facts))
    objects.extend(compile_wires(document, segments, facts))
    objects.extend(compile_source_routing(document, segments, objects, facts))
    objects.extend(compile_neighbours(document, facts))
    return ask_no_ipv6_of_small_links(quieten_bridges(document, leave_out_ways_by_lowered(document, objects), segments))
