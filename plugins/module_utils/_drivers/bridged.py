# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A segment that endpoints join by a veth pair into a bridge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, Sequence

from .._kinds.veth import Veth
from .._model.addresses import port_mac
from .._model.document import Attachment, Endpoint
from .._model.link import BridgePort, Link
from .._model.network import Network
from .._model.objects import BridgeVlan, KernelObject
from .._model.place import HOST
from .base import Way
from .segment import PLAIN_PORT, Segment, inner_addresses


@dataclass(frozen=True)
class BridgedSegment(Segment):
    """A bridge on the host, and what its ports are like."""

    network: Network
    mtu: int
    bridge: str = ""
    port: BridgePort = PLAIN_PORT

    def join(self, endpoint: Endpoint, attachment: Attachment, mark: str, ipv6: bool) -> Sequence[KernelObject]:
        return [
            Link(
                HOST,
                attachment.host_interface_name,
                kind=Veth(endpoint.place, attachment.interface_name, leads=True),
                mtu=self.mtu_of(endpoint, attachment),
                up=True,
                master=self.bridge,
                alias=mark,
                link_local=False if ipv6 else None,
                port=self.port if attachment.isolated is None else replace(self.port, isolated=attachment.isolated),
                first_mac=port_mac(attachment.host_interface_name),
            ),
            self.inner_link(endpoint, attachment, Veth(HOST, attachment.host_interface_name), mark, ipv6, attachment.mac_address),
            *self._vlans(attachment),
            *inner_addresses(endpoint, attachment, self.network),
        ]

    def _vlans(self, attachment: Attachment) -> Sequence[KernelObject]:
        """Return the VLANs of a port, and those the host's own ports must carry for it."""
        if not self.network.vlan_filtering:
            return ()
        name, native = attachment.host_interface_name, attachment.vlan
        if native is None and not attachment.trunk:
            native = 1
        found = [BridgeVlan(HOST, name, native, untagged=True, native=True)] if native is not None else []
        found += [BridgeVlan(HOST, name, number, untagged=False, native=False) for number in attachment.trunk]
        tagged = sorted({item.vlan_id for item in found} - {1})
        return found + [BridgeVlan(HOST, port, number, untagged=False, native=False) for port in self.network.interfaces for number in tagged]

    def widened(self, network: Network) -> BridgedSegment:
        return replace(self, network=network)


def list_sealed_ways(network: Network) -> List[Way]:
    """Return the way into a closed bridge and, where it lets nothing out, the way back."""
    bridge = network.bridge_name
    in_vrf = network.vrf is not None  # then packets come in by the VRF, as those of its other members do
    ways: List[Way] = [("!" + bridge if not network.isolates and not in_vrf else None, bridge)]
    if network.internal and not in_vrf:
        ways.append((bridge, "!" + bridge))
    return ways
