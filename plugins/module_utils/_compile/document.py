# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from typing import Dict, List, Tuple

from .._model.document import Document, OverlayNetwork
from .._model.objects import KernelObject
from .._model.snapshot import Facts
from .attachment import Segment, compile_endpoint
from .bridge import compile_bridge
from .host import compile_host
from .overlay import compile_overlay


def compile_document(document: Document, facts: Facts) -> Tuple[KernelObject, ...]:
    """Return every kernel object a declaration wants on this host. A driver is one function."""
    objects: List[KernelObject] = list(compile_host(document, facts))
    segments: Dict[str, Segment] = {}
    for network in document.networks:
        if isinstance(network, OverlayNetwork):
            segment, made = compile_overlay(network, document.scope, facts)
        else:
            segment, made = compile_bridge(network, document.scope, facts)
        segments[network.name] = segment
        objects.extend(made)
    for endpoint in document.endpoints:
        objects.extend(compile_endpoint(endpoint, segments, document.scope, facts.ipv6))
    return tuple(objects)
