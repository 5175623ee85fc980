# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""One namespace behind several places."""

from __future__ import annotations

from typing import Dict, Iterable, List

from .._kernel.namespace import NamespaceHandles
from .._kernel.observe import Observer
from .._model.errors import Conflict, NamespaceMissing
from .._model.place import Place


def refuse_shared(handles: NamespaceHandles, places: Iterable[str]) -> None:
    """Raise Conflict where two declared places are the same namespace: each would take the other's links for leftovers."""
    owners: Dict[int, str] = {}
    conflicts: List[str] = []
    for place in places:
        identity = handles.identify(place)
        if identity is not None and owners.setdefault(identity, place) != place:
            words = "%s and %s are the same network namespace; declare one endpoint with all networks, and network_mode: container:ENDPOINT for the other"
            conflicts.append(words % (owners[identity], place))
    if conflicts:
        raise Conflict(conflicts)


def observe_named(observer: Observer, handles: NamespaceHandles, named: Iterable[str], known: Iterable[str]) -> None:
    """Read the marks in named namespaces, except those that were read already, by this name or as the namespace of a container."""
    seen = set(known)
    identities = {handles.identify(place) for place in seen if not Place(place).is_named}
    for place in named:
        if place in seen:
            continue
        try:
            if identities and handles.identify(place) in identities:
                continue
        except NamespaceMissing:
            pass  # of another tool; the observer passes it over too
        observer.observe_mark(place)
