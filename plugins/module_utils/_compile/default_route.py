# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""An endpoint's default routes: which network gives them, and what becomes of those that are there already.

A route of somebody else is never changed: ours stays away, or goes before it.
"""

from __future__ import annotations

from typing import Iterable, List, Mapping, NamedTuple, Sequence, Tuple

from .._drivers.segment import Segment
from .._model.addresses import ip_version
from .._model.document import Attachment, Endpoint
from .._model.evolve import evolve
from .._model.objects import Route
from .._model.routing import DEFAULT_ROUTE, HALVES, USUAL_METRIC, WAYS_OUT, plain_metric
from .._model.snapshot import Facts, WayOut

BEST_METRIC = {4: 0, 6: 1}


class Offer(NamedTuple):
    """A way out by one attachment."""

    attachment: Attachment
    route: Route


def list_offers(endpoint: Endpoint, segments: Mapping[str, Segment], family: int) -> List[Offer]:
    """Return the default route of a family by every network that offers one, the best first.

    Before others stands who asks for it, then the highest gw_priority, then a network that leads out, then dual stack, then the first by name.
    """
    found: List[Tuple[Tuple[bool, int, bool, bool, str], Offer]] = []
    for attachment in endpoint.attachments:
        segment = segments[attachment.network]
        gateway = segment.gateway(attachment, family) if attachment.up else None
        if gateway is not None:
            dual = all(segment.gateway(attachment, other) is not None for other in (4, 6))
            internal = segment.network.internal
            order = (not attachment.default_route, -attachment.gw_priority, internal, not dual, attachment.network)
            found.append((order, Offer(attachment, Route(endpoint.place, DEFAULT_ROUTE[family], gateway=gateway, device=attachment.interface_name))))
    return [offer for _order, offer in sorted(found, key=lambda pair: pair[0])]


def compile_default_routes(offers: Sequence[Offer], family: int, rivals: Sequence[WayOut], scope: str) -> List[Route]:
    """Return the default route of the best offer that wants it: none where somebody else gave one and ours was not asked for."""
    offer = next((item for item in offers if item.attachment.default_route is not False), None)
    if offer is None:
        return []
    route = evolve(offer.route, metric=plain_metric(offer.attachment.metric or 0, family))
    others = [way for way in rivals if way.scope != scope]
    if not offer.attachment.default_route:
        # Of two declarations for one container, the first one keeps it.
        stands = any(way.scope == scope and way.route.key == route.key for way in rivals)
        yields = any(way.scope is None and _is_default(way) for way in others) or (not stands and any(map(_is_default, others)))
        return [] if yields else [route]
    if offer.attachment.metric is not None:
        return [route]
    best = min((way.route.metric or USUAL_METRIC[family] for way in others if _is_default(way)), default=None)
    if best is None or USUAL_METRIC[family] < best:
        return [route]
    if best > BEST_METRIC[family]:
        return [evolve(route, metric=best - 1)]
    return [evolve(route, destination=half) for half in HALVES[family]]


def _is_default(way: WayOut) -> bool:
    return way.route.destination in DEFAULT_ROUTE.values()


def find_rivals(endpoint: Endpoint, family: int, facts: Facts, scope: str) -> List[WayOut]:
    """Return the ways out of a family that a container has already, ours among them: also by interfaces of ours whose marks it wiped or forged."""
    own = {attachment.interface_name for attachment in endpoint.attachments}
    found = [way for way in facts.ways_out.get(endpoint.place, ()) if ip_version(way.route.destination) == family]
    return [way._replace(scope=scope) if way.route.protocol is None and way.route.device in own else way for way in found]


def main_devices(routes: Iterable[Route]) -> List[str]:
    """Return the interfaces of the ways out among routes."""
    return [route.device for route in routes if route.device and route.destination in WAYS_OUT]
