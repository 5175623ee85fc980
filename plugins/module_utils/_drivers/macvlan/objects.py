# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A network of macvlan links: endpoints are neighbours on the LAN of a link of the host, each with a MAC of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

from ..._kinds.macvlan import Macvlan
from ..._model.document import Attachment, Endpoint
from ..._model.objects import KernelObject
from ..._model.place import HOST
from ..._model.snapshot import Facts
from ..parent import compile_parent
from ..segment import Segment, inner_addresses
from .network import MacvlanNetwork
from .shim import Shim, compile_shim


@dataclass(frozen=True)
class MacvlanSegment(Segment):
    """The link the endpoints' links stand on, and the host's own way to them where it has one."""

    network: MacvlanNetwork
    lower: str
    mtu: int
    shim: Optional[Shim] = None

    def join(self, endpoint: Endpoint, attachment: Attachment, mark: str, ipv6: bool) -> Sequence[KernelObject]:
        kind = Macvlan(
            lower=self.lower,
            lower_place=HOST,
            mode=self.network.mode,
            source_macs=attachment.source_macs or None,
            broadcast_queue_length=self.network.broadcast_queue_length,
            broadcast_limit=self.network.broadcast_limit,
        )
        objects: List[KernelObject] = [
            self.inner_link(endpoint, attachment, kind, mark, ipv6, attachment.mac_address),
            *inner_addresses(endpoint, attachment, self.network),
        ]
        if self.shim is not None:
            objects.extend(self.shim.lead_to(endpoint, attachment, self.network))
        return objects


def compile_macvlan(network: MacvlanNetwork, scope: str, facts: Facts) -> Tuple[MacvlanSegment, Tuple[KernelObject, ...]]:
    parent = compile_parent(network, scope, facts)
    objects = list(parent.made)
    shim = None
    if network.host_access:
        shim, link = compile_shim(network, parent, scope, facts)
        objects.append(link)
    return MacvlanSegment(network, parent.name, parent.mtu, shim), tuple(objects)
