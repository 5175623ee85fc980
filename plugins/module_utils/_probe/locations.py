# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Containers that a probe starts from."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Sequence, Tuple

from .._model.errors import ContainerNetError
from .._model.place import Place
from .._runtime.containers import Containers
from .check import Check, Location, Responder


def find_locations(checks: Sequence[Check], responders: Sequence[Responder]) -> Tuple[Tuple[Check, ...], Tuple[Responder, ...]]:
    """Open the containers; the descriptors stay open as long as this process lives. One that cannot be used fails its own checks only."""
    found: Dict[Place, Location] = {}

    def find(location: Location) -> Location:
        if not location.container:
            return location
        if location.container not in found:
            found[location.container] = _open(location.container)
        return replace(found[location.container], label=location.label)

    return (
        tuple(replace(check, origin=find(check.origin)) for check in checks),
        tuple(replace(responder, location=find(responder.location)) for responder in responders),
    )


def _open(container: Place) -> Location:
    try:
        with Containers() as containers:
            return Location("/proc/self/fd/%d" % (containers.open(container) or 0))
    except ContainerNetError as error:
        return Location(fault=str(error))
