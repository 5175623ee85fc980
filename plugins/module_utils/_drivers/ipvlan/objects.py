# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A network of ipvlan links: endpoints are on the LAN of a link of the host and share its MAC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

from ..._kinds.ipvlan import Ipvlan
from ..._model.document import Attachment, Endpoint
from ..._model.objects import KernelObject
from ..._model.place import HOST
from ..._model.snapshot import Facts
from ..parent import compile_parent
from ..segment import Segment, inner_addresses
from .network import IpvlanNetwork

ON_THE_DEVICE = ""


@dataclass(frozen=True)
class IpvlanSegment(Segment):
    """The link the endpoints' links stand on."""

    network: IpvlanNetwork
    lower: str
    mtu: int

    def join(self, endpoint: Endpoint, attachment: Attachment, mark: str, ipv6: bool) -> Sequence[KernelObject]:
        kind = Ipvlan(lower=self.lower, lower_place=HOST, mode=self.network.mode, flag=self.network.flag)
        return [
            self.inner_link(endpoint, attachment, kind, mark, ipv6),
            *inner_addresses(endpoint, attachment, self.network),
        ]

    def gateway(self, attachment: Attachment, family: int) -> Optional[str]:
        """In modes l3 and l3s the parent's routes decide: everything goes out by the interface, without a next hop."""
        if self.network.internal or not self.network.needs_no_gateway:
            return super().gateway(attachment, family)
        return ON_THE_DEVICE if (attachment.ipv4_address if family == 4 else attachment.ipv6_address) else None


def compile_ipvlan(network: IpvlanNetwork, scope: str, facts: Facts) -> Tuple[IpvlanSegment, Tuple[KernelObject, ...]]:
    parent = compile_parent(network, scope, facts)
    return IpvlanSegment(network, parent.name, parent.mtu), parent.made
