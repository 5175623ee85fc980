# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Interfaces that are to be down: the kernel takes no route that leads over one."""

from __future__ import annotations

from typing import Iterable, Iterator

from .._model.document import Document
from .._model.objects import KernelObject, Route


def leave_out_ways_by_lowered(document: Document, objects: Iterable[KernelObject]) -> Iterator[KernelObject]:
    """Yield all objects but such routes; one by several next hops keeps the others."""
    lowered = {(endpoint.place, item.interface_name) for endpoint in document.endpoints for item in endpoint.attachments if not item.up}
    for item in objects:
        if isinstance(item, Route):
            left = [device for device in item.devices if (item.place, device) not in lowered]
            if len(left) < len(item.devices):
                if left and item.nexthops:
                    yield item.along(hop for hop in item.nexthops if hop.device in left)
                continue
        yield item
