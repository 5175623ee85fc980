# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Mapping, Optional, Tuple

from ..._model.document import DEFAULT_UDP_PORT
from ..._model.link import Link
from ..._model.network import MadeLink, Network, RemoteEndpoint, TunnelEnds, UsedLink


@dataclass(frozen=True)
class Peer:
    """Another host of an overlay."""

    host: str
    vtep: str
    foreign: bool = False  # it asks and answers ARP and ND as any machine does, and nobody writes down for it what is where


@dataclass(frozen=True)
class OverlayNetwork(Network):
    """One layer 2 on many hosts: a bridge on each, and VXLAN between them."""

    driver = "overlay"
    is_bridged = True
    is_tunnelled = True
    has_members_only = True

    bridge_name: str = ""
    anti_spoofing: bool = True
    vxlan_name: str = ""
    vni: int = 0
    udp_port: int = DEFAULT_UDP_PORT
    vtep_address: str = ""
    underlay_interface: Optional[str] = None
    peers: Tuple[Peer, ...] = ()
    remote_endpoints: Tuple[RemoteEndpoint, ...] = ()
    internal: bool = True

    @property
    def home_devices(self) -> Tuple[str, ...]:
        return (self.bridge_name,)

    @property
    def answers_locally(self) -> bool:
        """Whether ARP and ND are answered on this host. The kernel then takes every ARP packet out of the tunnel, answers to foreign ends as well."""
        return not any(peer.foreign for peer in self.peers)

    @property
    def has_way_out(self) -> bool:
        return True

    @property
    def made_links(self) -> Tuple[MadeLink, ...]:
        return (MadeLink("bridge_name", self.bridge_name, "the bridge of"), MadeLink("vxlan_name", self.vxlan_name, "the VXLAN device of"))

    @property
    def used_links(self) -> Tuple[UsedLink, ...]:
        return (UsedLink("underlay_interface", self.underlay_interface),) if self.underlay_interface else ()

    @property
    def named_on_host(self) -> Tuple[str, ...]:
        return (self.underlay_interface,) if self.underlay_interface else ()

    @property
    def tunnel_port(self) -> Optional[int]:
        return self.udp_port

    @property
    def tunnels(self) -> Tuple[TunnelEnds, ...]:
        others = [peer.vtep for peer in self.peers if self.vtep_address and peer.vtep != self.vtep_address]
        return tuple(TunnelEnds(other, self.vtep_address, self.underlay_interface, self.vni) for other in others)

    def find_features(self, _links: Mapping[str, Link]) -> List[str]:
        return ["vxlan"]
