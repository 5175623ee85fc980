# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Published ports: one rule for each, and for each source that may use it. At loopback the host itself asks, and nobody else may."""

from __future__ import annotations

from functools import partial
from typing import Dict, FrozenSet, Iterator, List, Optional, Tuple

from .._drivers.segment import find_subnet
from .._model.addresses import ip_version
from .._model.document import Document, Endpoint, PublishedPort
from .._model.network import Network
from .._model.published import LOOPBACK, at_loopback
from .._model.rule import DNAT_CHAIN, INPUT_CHAIN, KNOWN, LOOPBACK_CHAIN, POSTROUTING_CHAIN, Rule

EVERY_ADDRESS = {4: "0.0.0.0", 6: "::"}
NO_SOURCE: Tuple[Optional[str], ...] = (None,)


def compile_published(document: Document, family: int) -> Iterator[Rule]:
    """Return the rules of one family: those that lead ports to endpoints, and what ports at loopback need beside."""
    networks: Dict[str, Network] = {network.name: network for network in document.networks}
    local: Dict[str, Network] = {}
    for endpoint in document.endpoints:
        target = _find_target(endpoint, networks, family) if endpoint.ports else None
        if target is None:
            continue
        network, address = target
        for port in endpoint.ports:
            yield from _port_rules(port, address, family, document.scope, endpoint.name)
        if family == 4 and any(at_loopback(port.host_ip) for port in endpoint.ports):
            local[network.name] = network
    for network in local.values():
        yield from _loopback_rules(network, document.scope)


def find_local_bridges(document: Document) -> FrozenSet[str]:
    """Return the bridges behind which something is published at loopback."""
    networks: Dict[str, Network] = {network.name: network for network in document.networks}
    local = (endpoint for endpoint in document.endpoints if any(at_loopback(port.host_ip) for port in endpoint.ports))
    targets = (_find_target(endpoint, networks, 4) for endpoint in local)
    return frozenset(target[0].bridge_name for target in targets if target is not None)


def _find_target(endpoint: Endpoint, networks: Dict[str, Network], family: int) -> Optional[Tuple[Network, str]]:
    """Return the address that answers for an endpoint, and its network: that which its default route belongs to, so that answers come back the same way."""
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
    if not candidates:
        return None
    order, address = min(candidates)
    return networks[order[-1]], address


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
            LOOPBACK_CHAIN if at_loopback(host_ip) else DNAT_CHAIN,
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


def _loopback_rules(network: Network, scope: str) -> Iterator[Rule]:
    """With route_localnet its endpoints could reach what listens at loopback only. They may answer, to an address of the bridge: none of them knows the way to
    that of loopback."""
    rule = partial(Rule, 4, scope=scope, owner=network.name)
    yield rule("filter", INPUT_CHAIN, 8, "ACCEPT", in_interface=network.bridge_name, destination=LOOPBACK, ct_state=KNOWN)
    yield rule("filter", INPUT_CHAIN, 9, "DROP", in_interface=network.bridge_name, destination=LOOPBACK)
    yield rule("nat", POSTROUTING_CHAIN, 10, "MASQUERADE", out_interface=network.bridge_name, source=LOOPBACK, ct_state=("DNAT",))
