# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from typing import Any, Callable, Dict, List, Tuple

from .._model.document import BridgeNetwork, Document, OverlayNetwork
from .._model.objects import KernelObject
from .._model.snapshot import Facts
from .attachment import Segment, compile_endpoint
from .bridge import compile_bridge
from .host import compile_host
from .overlay import compile_overlay

# One driver is one function: (network, scope, facts) -> its segment and what it needs on the host.
_COMPILERS: Dict[type, Callable[[Any, str, Facts], Tuple[Segment, Tuple[KernelObject, ...]]]] = {
    BridgeNetwork: compile_bridge,
    OverlayNetwork: compile_overlay,
}


def compile_document(document: Document, facts: Facts) -> Tuple[KernelObject, ...]:
    """Return every kernel object a declaration wants on this host."""
    objects: List[KernelObject] = list(compile_host(document, facts))
    segments: Dict[str, Segment] = {}
    for network in document.networks:
        segment, made = _COMPILERS[type(network)](network, document.scope, facts)
        segments[network.name] = segment
        objects.extend(made)
    for endpoint in document.endpoints:
        objects.extend(compile_endpoint(endpoint, segments, document.scope, facts.ipv6))
    return tuple(objects)
