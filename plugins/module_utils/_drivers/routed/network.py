# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from ..._model.names import routed_interface_name
from ..._model.network import Network, UsedLink

# Who stands at the other end of the wire.
NEXT_DOOR = {4: "169.254.1.1/32", 6: "fe80::1/128"}


@dataclass(frozen=True)
class RoutedPeer:
    """Another host of a routed network: where its part of the subnets lies."""

    host: str
    next_hops: Tuple[str, ...]  # its addresses on the underlay, at most one of each family
    subnets: Tuple[str, ...]


@dataclass(frozen=True)
class RoutedNetwork(Network):
    """Containers behind point-to-point links, reached by routes: no bridge, no NAT. Its subnets are this host's part."""

    driver = "routed"
    opens_ports = True
    names_interfaces = True
    needs_no_gateway = True
    host_is_router = True
    is_forwarded = True

    reach: Tuple[str, ...] = ()  # the subnets of the whole network; its members may talk to each other
    peers: Tuple[RoutedPeer, ...] = ()
    proxy_interfaces: Tuple[str, ...] = ()  # where this host answers ARP and ND for its endpoints
    host_prefixes: Tuple[Tuple[int, int], ...] = ()  # (IP version, length) of each host's part; only for a fleet's plan
    host_subnets: Tuple[Tuple[str, Tuple[str, ...]], ...] = ()  # (host, its part); only for a fleet's plan

    @property
    def home_devices(self) -> Tuple[str, ...]:
        return self.proxy_interfaces

    @property
    def used_links(self) -> Tuple[UsedLink, ...]:
        return tuple(UsedLink("proxy_interfaces", name, index) for index, name in enumerate(self.proxy_interfaces))

    @property
    def named_on_host(self) -> Tuple[str, ...]:
        return self.proxy_interfaces

    @property
    def is_closed(self) -> bool:
        return self.internal

    @property
    def host_reason(self) -> str:
        return "network %s is routed by this host" % self.name

    def next_door(self, family: int) -> Optional[str]:
        return NEXT_DOOR[family]

    def name_interface(self, scope: str, endpoint: str) -> str:
        return routed_interface_name(scope, endpoint, self.name)
