# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Endpoints that use another's namespace: it must be declared, and lead somewhere."""

from __future__ import annotations

from typing import Dict, List

from .._model.document import Document, Endpoint
from .modes import shared_endpoint
from .scene import Scene


def check_modes(scene: Scene) -> None:
    endpoints = {endpoint.name: endpoint for endpoint in scene.document.endpoints}
    for endpoint in scene.document.endpoints:
        other = shared_endpoint(endpoint.network_mode)
        path = scene.endpoint(endpoint) + ".network_mode"
        if other is None:
            continue
        if other not in endpoints:
            if "%s[%s]" % (scene.endpoints, other) not in scene.troubled:
                declared = ", ".join(sorted(name for name in endpoints if name != endpoint.name)) or "none"
                scene.report(path, endpoint.network_mode, "no such endpoint is declared on this host", "declared: %s" % declared)
            continue
        chain = _chain(endpoint, endpoints)
        if chain[-1] in chain[:-1]:
            circle = chain[chain.index(chain[-1]) :]
            if endpoint.name in circle:
                scene.report(
                    path, endpoint.network_mode, "uses its own namespace in a circle: %s" % " -> ".join(circle), "give one of them a container of its own"
                )


def _chain(endpoint: Endpoint, endpoints: Dict[str, Endpoint]) -> List[str]:
    """Return the names from an endpoint to the one that has the namespace, or to the first that comes twice."""
    chain = [endpoint.name]
    while True:
        other = shared_endpoint(endpoint.network_mode)
        if other is None or other not in endpoints:
            return chain
        chain.append(other)
        if other in chain[:-1]:
            return chain
        endpoint = endpoints[other]


def namespace_owner(endpoint: Endpoint, document: Document) -> Endpoint:
    """Return the endpoint whose namespace an endpoint uses, in a document without faults."""
    endpoints = {item.name: item for item in document.endpoints}
    return endpoints[_chain(endpoint, endpoints)[-1]]
