# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Endpoints that use another's namespace, held against the containers as they run."""

from __future__ import annotations

from typing import List, Optional, Tuple

from .._document.check_modes import namespace_owner
from .._document.modes import HOST, NONE, is_apart
from .._model.document import Document, Endpoint
from .._model.errors import InputError, NamespaceMissing, Problem
from .._model.place import HOST as HOST_PLACE
from .._model.place import MACHINE, PODMAN
from .._runtime.containers import identify_namespace

WAIT_LIMIT = 3600


def check_sharing(document: Document, problems: List[Problem]) -> None:
    """Report containers that do not share the namespace their network_mode says."""
    for endpoint in document.endpoints:
        if endpoint.place and not is_apart(endpoint.network_mode):
            problem = _sharing_problem(endpoint, namespace_owner(endpoint, document))
            if problem is not None:
                problems.append(problem)


def _sharing_problem(endpoint: Endpoint, owner: Endpoint) -> Optional[Problem]:
    kind, name = endpoint.place.kind, endpoint.place.reference
    path = "endpoints[%s].container.%s" % (endpoint.name, kind)
    runs = "the container does not share %s" % ("the host's network namespace" if owner.network_mode == HOST else "the namespace of endpoint %s" % owner.name)
    fix = "start it so (%s), or correct network_mode" % _how(endpoint, owner)
    try:
        here = identify_namespace(endpoint.place)
        there = identify_namespace(HOST_PLACE if owner.network_mode == HOST else owner.place)
    except NamespaceMissing as error:
        return Problem(path, name, str(error))
    return None if here == there else Problem(path, name, runs, fix)


def _how(endpoint: Endpoint, owner: Endpoint) -> str:
    if owner.network_mode == HOST:
        return "--network host"
    name = owner.place.reference
    if owner.place.kind == endpoint.place.engine != MACHINE:
        return "--network container:%s" % name
    return "--network ns:/run/netns/%s" % name if endpoint.place.engine == PODMAN and owner.place.is_named else "in that namespace"


def idle_places(document: Document) -> Tuple[str, ...]:
    """Return the containers of endpoints that shall have no network: what stands there is read, to be removed."""
    return tuple(endpoint.place for endpoint in document.endpoints if endpoint.network_mode == NONE and not endpoint.place.is_named)


def validate_wait_timeout(seconds: float) -> None:
    if not 0 <= seconds <= WAIT_LIMIT:
        raise InputError((Problem("wait_timeout", seconds, "0 to %d seconds" % WAIT_LIMIT, "0 does not wait"),))
