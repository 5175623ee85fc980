# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Who lives where, as the declarations that are kept on this host have it."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Iterable, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from .._model.document import Document, Endpoint, PublishedPort
from .._model.network import Network
from .._model.place import Place
from .._model.published import share_address


class Site(NamedTuple):
    """One attachment of an endpoint."""

    scope: str
    endpoint: str
    place: Place
    interface: str
    network: Optional[Network] = None  # without: a wire's end
    addresses: Tuple[str, ...] = ()
    prefixed: Tuple[str, ...] = ()  # the same with the prefix length of their subnets, where these are on the link

    def prefix_of(self, address: str) -> str:
        return next((found for found in self.prefixed if found.partition("/")[0] == address), "")


class Far(NamedTuple):
    """An endpoint on another host of an overlay."""

    scope: str
    name: str
    network: str
    device: str  # the tunnel here
    mac: str
    vtep: str
    addresses: Tuple[str, ...]


class Publication(NamedTuple):
    """Ports of this host that lead to an endpoint."""

    scope: str
    endpoint: str
    place: Place
    port: PublishedPort


class Sites(NamedTuple):
    """All scopes together."""

    sites: Tuple[Site, ...] = ()
    far: Tuple[Far, ...] = ()
    published: Tuple[Publication, ...] = ()
    places: Tuple[Place, ...] = ()

    def named(self, name: str, scope: str) -> List[Site]:
        return [site for site in self.sites if site.endpoint == name and scope in ("", site.scope)]

    def far_named(self, name: str, scope: str) -> List[Far]:
        return [far for far in self.far if far.name == name and scope in ("", far.scope)]

    def of_address(self, address: str) -> Optional[Site]:
        return next((site for site in self.sites if address in site.addresses), None)

    def far_of(self, address: str) -> Optional[Far]:
        return next((far for far in self.far if address in far.addresses), None)

    def publication(self, port: int, protocol: str, address: str) -> Optional[Publication]:
        for found in self.published:
            first = found.port.published
            if first <= port < first + found.port.count and found.port.protocol == protocol and share_address(found.port.host_ip, address):
                return found
        return None


def gather_sites(documents: Iterable[Document]) -> Sites:
    sites: List[Site] = []
    far: List[Far] = []
    published: List[Publication] = []
    places: List[Place] = []
    for document in documents:
        networks = {network.name: network for network in document.networks}
        for endpoint in document.endpoints:
            places.append(endpoint.place)
            sites.extend(_sites_of(document, endpoint, networks))
            published.extend(Publication(document.scope, endpoint.name, endpoint.place, port) for port in endpoint.ports)
        for network in document.networks:
            device = getattr(network, "vxlan_name", "")
            far.extend(
                Far(document.scope, other.name, network.name, device, other.mac, other.vtep, other.addresses)
                for other in network.remote_endpoints
                if device and other.vtep != network.vtep_address
            )
    return Sites(tuple(sites), tuple(far), tuple(published), tuple(dict.fromkeys(place for place in places if place)))


def _sites_of(document: Document, endpoint: Endpoint, networks: Mapping[str, Network]) -> Iterator[Site]:
    for item in endpoint.attachments:
        network = networks[item.network]
        prefixed = () if network.opens_ports else tuple(filter(None, (_in_subnet(network, address) for address in item.addresses)))
        yield Site(document.scope, endpoint.name, endpoint.place, item.interface_name, network, item.addresses, prefixed)
    for wire in document.links:
        for end in wire.ends:
            if end.endpoint == endpoint.name:
                plain = tuple(address.partition("/")[0] for address in end.addresses)
                yield Site(document.scope, endpoint.name, endpoint.place, end.interface_name, None, plain, end.addresses)


def _in_subnet(network: Network, address: str) -> str:
    ip = ip_address(address)
    found = (ip_network(subnet.subnet) for subnet in network.subnets)
    return next(("%s/%d" % (address, subnet.prefixlen) for subnet in found if ip.version == subnet.version and ip in subnet), "")
