# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The routes and rules that an endpoint's declaration lists."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator, List

from .._model.document import Endpoint, StaticRoute
from .._model.objects import Hop, PolicyRule, Route
from .._model.routing import DEFAULT_ROUTE


def compile_routes(endpoint: Endpoint) -> List[Route]:
    """Return the routes of all attachments, then those of the endpoint itself."""
    listed = [route for attachment in endpoint.attachments for route in attachment.routes]
    return [_compile_route(endpoint.place, route) for route in (*listed, *endpoint.routes)]


def _compile_route(place: str, route: StaticRoute) -> Route:
    found = Route(place, route.destination, route.table, route.metric, type=route.type)
    if route.type != "unicast":
        return found
    found = replace(found, gateway=route.gateway or "", device=route.interface, source=route.src or "", onlink=route.onlink, nexthops=())
    return found.along(Hop(hop.interface or "", hop.gateway or "", hop.weight) for hop in route.nexthops) if route.nexthops else found


def compile_rules(endpoint: Endpoint, ipv6: bool) -> Iterator[PolicyRule]:
    """Yield the rules of an endpoint, for both families where no subnet says which one."""
    for rule in endpoint.rules:
        for family in rule.families if ipv6 else rule.families[:1]:
            yield PolicyRule(
                endpoint.place,
                family,
                rule.priority,
                rule.source or DEFAULT_ROUTE[family],
                rule.table,
                rule.in_interface,
                rule.destination or "",
                rule.out_interface,
                rule.mark,
                rule.mask,
            )
