# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The routes that an endpoint's declaration lists."""

from __future__ import annotations

from typing import List

from .._model.document import Endpoint, StaticRoute
from .._model.objects import Route


def compile_routes(endpoint: Endpoint) -> List[Route]:
    """Return the routes of all attachments, then those of the endpoint itself."""
    listed = [route for attachment in endpoint.attachments for route in attachment.routes]
    return [_compile_route(endpoint.place, route) for route in (*listed, *endpoint.routes)]


def _compile_route(place: str, route: StaticRoute) -> Route:
    return Route(place, route.destination, metric=route.metric, gateway=route.gateway, device=route.interface, type=route.type)
