# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A network without a bridge: every endpoint is a point-to-point link and a route, other hosts' parts are routes to these hosts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Iterator, List, Optional, Sequence, Tuple

from ..._kinds.veth import Veth
from ..._model.addresses import derive_mac, ip_version
from ..._model.document import Attachment, Endpoint
from ..._model.errors import EnvironmentUnfit
from ..._model.link import Link
from ..._model.names import routed_interface_name, scope_metric
from ..._model.objects import Address, KernelObject, ProxyNeighbour, Route, Sysctl
from ..._model.place import HOST
from ..._model.snapshot import Facts
from ..mtu import STANDARD_MTU
from ..segment import Segment, rank_addresses
from ..settings import interface_sysctls
from .network import RoutedNetwork

# The same on every host's end: each stands on a wire of its own.
GATEWAY = {4: "169.254.1.1", 6: "fe80::1"}
GATEWAY_PREFIX = {4: 32, 6: 64}
WHOLE = {4: 32, 6: 128}
# In IPv4 a packet must come in where the way back leads; the firewall says so for both families.
STRICT = ("ipv4/rp_filter", "1")


def alone(address: str) -> str:
    """Return an address as a subnet of one."""
    return "%s/%d" % (address, WHOLE[ip_version(address)])


@dataclass(frozen=True)
class RoutedSegment(Segment):
    """What an endpoint gets: a wire to the host, its address, and the ways to the other members."""

    network: RoutedNetwork
    scope: str
    mtu: int
    sources: Tuple[Tuple[int, str], ...]  # the host's own address by family, for what it asks its containers

    def join(self, endpoint: Endpoint, attachment: Attachment, mark: str, ipv6: bool) -> Sequence[KernelObject]:
        outer, inner = attachment.host_interface_name, attachment.interface_name
        families = {ip_version(address) for address in attachment.addresses}
        objects: List[KernelObject] = [
            Link(
                HOST,
                outer,
                kind=Veth(endpoint.place, inner, leads=True),
                mtu=self.mtu_of(endpoint, attachment),
                # Fixed: the container may know its gateway's MAC from before, by whatever name.
                mac=derive_mac("gateway", routed_interface_name(self.scope, endpoint.name, self.network.name)),
                up=True,
                alias=mark,
                link_local=False if ipv6 else None,
                sysctls=interface_sysctls(attachment.addresses, ipv6=ipv6) + ((STRICT,) if 4 in families else ()),
            ),
            self.inner_link(endpoint, attachment, Veth(HOST, outer), mark, ipv6, attachment.mac_address),
        ]
        objects.extend(Address(HOST, outer, "%s/%d" % (GATEWAY[family], GATEWAY_PREFIX[family])) for family in sorted(families))
        objects.extend(rank_addresses(endpoint, attachment, [alone(address) for address in attachment.addresses]))
        if 4 in families:
            # The gateway is the same on each such network, so that its routes differ by their metric alone.
            objects.append(Route(endpoint.place, alone(GATEWAY[4]), metric=endpoint.attachments.index(attachment), device=inner))
        for subnet in self.network.reach:
            if ip_version(subnet) in families:
                objects.append(Route(endpoint.place, subnet, gateway=GATEWAY[ip_version(subnet)], device=inner))
        for address in attachment.addresses:
            objects.append(Route(HOST, alone(address), device=outer, source=dict(self.sources).get(ip_version(address))))
            objects.extend(ProxyNeighbour(HOST, interface, address) for interface in self.network.proxy_interfaces)
        return objects

    def gateway(self, attachment: Attachment, family: int) -> Optional[str]:
        address = attachment.ipv4_address if family == 4 else attachment.ipv6_address
        return None if self.network.internal or address is None else GATEWAY[family]


def compile_routed(network: RoutedNetwork, scope: str, facts: Facts) -> Tuple[RoutedSegment, Tuple[KernelObject, ...]]:
    """Return the segment that endpoints join, the routes to the other hosts' parts, and what keeps unused addresses of this part from leaving."""
    metric = scope_metric(scope)
    objects: List[KernelObject] = []
    for subnet in network.subnets:
        objects.append(Route(HOST, subnet.subnet, metric=metric, type="unreachable"))
    for peer in network.peers:
        hops = {ip_version(address): address for address in peer.next_hops}
        objects.extend(Route(HOST, subnet, metric=metric, gateway=hops[ip_version(subnet)]) for subnet in peer.subnets)
    for interface in network.proxy_interfaces:
        if interface not in facts.links:
            raise EnvironmentUnfit("network %s: this host has no interface %s to answer on; nothing was changed" % (network.name, interface))
        if any(ip_version(subnet.subnet) == 6 for subnet in network.subnets):
            objects.append(Sysctl(HOST, "net/ipv6/conf/%s/proxy_ndp" % interface, "1", restore=True))
    return RoutedSegment(network, scope, network.mtu or _usual_mtu(network, facts), tuple(_sources(network, facts))), tuple(objects)


def _underlays(network: RoutedNetwork, facts: Facts) -> Iterator[str]:
    """Yield the links that lead to the other hosts, and those whose neighbours take the containers for their own."""
    yield from network.proxy_interfaces
    hops = [ipaddress.ip_address(hop) for peer in network.peers for hop in peer.next_hops]
    for device, held in facts.addresses:
        if any(hop in ipaddress.ip_interface(held).network for hop in hops):
            yield device


def _usual_mtu(network: RoutedNetwork, facts: Facts) -> int:
    found = [facts.links[name].mtu or STANDARD_MTU for name in _underlays(network, facts) if name in facts.links]
    return min(found) if found else facts.default_mtu() or facts.default_mtu(6) or STANDARD_MTU


def _sources(network: RoutedNetwork, facts: Facts) -> Iterator[Tuple[int, str]]:
    """Yield one address of the host for each family, of the underlay if there is one: without it the host would ask as 169.254.1.1."""
    devices = [*_underlays(network, facts), facts.default_device() or ""]
    for family in (4, 6):
        found = [address for device in devices for address in [facts.address_on(device, family)] if address]
        if found:
            yield family, found[0]
