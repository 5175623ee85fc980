# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Which published ports are ports of the host."""

from __future__ import annotations

from typing import Dict, Iterator, Mapping, Optional, Tuple

from .addresses import ip_version
from .document import Document, Endpoint, PublishedPort
from .network import Network

WILDCARDS = ("0.0.0.0", "::")
LOOPBACK = "127.0.0.0/8"  # there the host reaches itself, and nobody else does; IPv6 has no way from ::1 to a container


def at_loopback(host_ip: Optional[str]) -> bool:
    """Tell whether a port is published where only the host itself asks for it."""
    return host_ip is not None and host_ip.startswith("127.")


def takes_host_ports(endpoint: Endpoint, networks: Mapping[str, Network]) -> bool:
    """Tell whether an endpoint's ports are ports of the host: not where they are only opened at its own addresses."""
    found = [networks[item.network] for item in endpoint.attachments if item.network in networks]
    return any(network.translates for network in found) or not any(network.opens_ports for network in found)


def share_address(one: Optional[str], other: Optional[str]) -> bool:
    """Tell whether two publications with these host_ip are asked at one address."""
    if one == other:
        return True
    if at_loopback(one) or at_loopback(other):
        return False
    if one is None or other is None:
        return True
    return ip_version(one) == ip_version(other) and (one in WILDCARDS or other in WILDCARDS)


def published_ports(document: Document) -> Iterator[Tuple[str, Endpoint, PublishedPort]]:
    """Yield (path, endpoint, port) of what takes a port of the host."""
    networks: Dict[str, Network] = {network.name: network for network in document.networks}
    for endpoint in document.endpoints:
        for index, port in enumerate(endpoint.ports) if takes_host_ports(endpoint, networks) else ():
            yield "endpoints[%s].ports[%d]" % (endpoint.name, index), endpoint, port


def fixed_sources(document: Document) -> Iterator[Tuple[str, Network]]:
    """Yield (path, network) of what names source addresses."""
    for network in document.networks:
        if network.snat_addresses and not network.internal:
            yield "networks[%s].snat_address" % network.name, network
