# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a declaration asks of the host itself: forwarding, without losing a default route learned from router advertisements."""

from __future__ import annotations

from typing import List, Tuple

from .._model.document import Document
from .._model.objects import KernelObject, Sysctl
from .._model.place import HOST
from .._model.routing import FORWARDING, accept_ra_path
from .._model.snapshot import Facts


def forwarded_families(document: Document) -> Tuple[int, ...]:
    """Return the families in which some network needs the host to forward."""
    families = {6 if ":" in s.subnet else 4 for n in document.networks if n.is_forwarded for s in n.subnets}
    return tuple(sorted(families))


def compile_host(document: Document, facts: Facts, place: str = HOST) -> Tuple[KernelObject, ...]:
    objects: List[KernelObject] = []
    for family in forwarded_families(document):
        if family == 6 and not facts.ipv6:
            continue
        if family == 6 and place == HOST:
            # With forwarding on, the kernel ignores advertisements and drops the route they gave, unless accept_ra is 2.
            for device, value in facts.accept_ra:
                if value in ("1", "2"):
                    objects.append(Sysctl(HOST, accept_ra_path(device), "2", restore=True))
        objects.append(Sysctl(place, FORWARDING[family], "1", restore=True))
    return tuple(objects)
