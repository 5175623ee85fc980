# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Published ports: one rule for each, and for each source that may use it."""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional, Tuple

from .._drivers.segment import find_subnet
from .._model.addresses import ip_version
from .._model.document import Document, Endpoint, PublishedPort
from .._model.network import Network
from .._model.rule import DNAT_CHAIN, Rule

EVERY_ADDRESS = {4: "0.0.0.0", 6: "::"}
NO_SOURCE: Tuple[Optional[str], ...] = (None,)


def compile_published(document: Document, family: int) -> Iterator[Rule]:
    """Return the DNAT rules of one family."""
    networks: Dict[str, Network] = {network.name: network for network in document.networks}
    for endpoint in document.endpoints:
        address = _published_address(endpoint, networks, family) if endpoint.ports else None
        for port in endpoint.ports if address is not None else ():
            yield from _port_rules(port, address or "", family, document.scope, endpoint.name)


def _published_address(endpoint: Endpoint, networks: Dict[str, Network], family: int) -> Optional[str]:
    """Return the address that answers for an endpoint: the one its default route belongs to, so that answers come back the same way."""
    candidates: List[Tuple[Tuple[bool, int, bool, bool, str], str]] = []
    for attachment in endpoint.attachments:
        network = networks[attachment.network]
        address = attachment.ipv4_address if family == 4 else attachment.ipv6_address
        if address is None or not network.publishes:
            continue
        subnet = find_subnet(network, address)
        routed = subnet is not None and subnet.gateway is not None
        order = (not attachment.up, -attachment.gw_priority, not routed, None in (attachment.ipv4_address, attachment.ipv6_address), network.name)
        candidates.append((order, address))
    return min(candidates)[1] if candidates else None


def _port_rules(port: PublishedPort, address: str, family: int, scope: str, owner: str) -> Iterator[Rule]:
    if port.host_ip is not None and ip_version(port.host_ip) != family:
        return
    host_ip = None if port.host_ip == EVERY_ADDRESS[family] else port.host_ip
    sources = NO_SOURCE
    if port.allowed_sources:
        # No source of this family: nobody may come this way.
        sources = tuple(source for source in port.allowed_sources if ip_version(source) == family)
    for source in sources:
        yield Rule(
            family,
            "nat",
            DNAT_CHAIN,
            10 if host_ip else 20,
            "DNAT",
            scope,
            owner,
            source=source,
            destination=host_ip,
            protocol=port.protocol,
            destination_ports=(port.published, port.published + port.count - 1),
            to=address,
            to_port=port.target,
        )
