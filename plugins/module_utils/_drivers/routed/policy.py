# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The firewall of routed networks: closed but for the ports an endpoint opens, without translation."""

from __future__ import annotations

from functools import partial
from typing import Iterator, List, Optional, Tuple

from ..._model.addresses import ip_version
from ..._model.document import Document, Endpoint, PublishedPort
from ..._model.rule import FORWARD_CHAIN, INPUT_CHAIN, INSIDE_CHAIN, KNOWN, RAW_CHAIN, ROUTED_INTERFACES, Rule
from ..base import Way
from ..icmp import ICMP, list_discovery_rules
from .network import RoutedNetwork
from .objects import GATEWAY

ANYBODY: Tuple[Optional[str], ...] = (None,)


def list_routed_rules(network: RoutedNetwork, family: int, document: Document) -> Iterator[Rule]:
    rule = partial(Rule, family, scope=document.scope, owner=network.name)
    doors = find_doors(network, document)
    own = tuple(item.subnet for item in network.subnets_of(family))
    reach = tuple(subnet for subnet in network.reach if ip_version(subnet) == family)
    for door in doors:
        yield rule("filter", INSIDE_CHAIN, 10, "DROP", in_interface=door)
        # Whoever is on a wire may only use the address that leads back to it.
        yield rule("raw", RAW_CHAIN, 8, "DROP", in_interface=door, off_path=True)
        yield from _input_rules(partial(rule, "filter", INPUT_CHAIN, in_interface=door), family)
    for subnet in reach:
        yield rule("raw", RAW_CHAIN, 8, "DROP", source=subnet, off_path=True)
    yield from _forward_rules(network, family, document, doors, own, reach)


def find_doors(network: RoutedNetwork, document: Document) -> Tuple[str, ...]:
    """Return what the host's ends of the endpoints are called: one pattern, and those with a name of their own."""
    prefix = ROUTED_INTERFACES[:-1]
    named = {item.host_interface_name for endpoint in document.endpoints for item in endpoint.attachments if item.network == network.name}
    return (ROUTED_INTERFACES, *sorted(name for name in named if not name.startswith(prefix)))


def list_sealed_ways(network: RoutedNetwork, document: Document) -> List[Way]:
    doors = find_doors(network, document)
    ways: List[Way] = [(None, door) for door in doors]
    return ways + [(door, None) for door in doors] if network.internal else ways


def _input_rules(rule: "partial[Rule]", family: int) -> Iterator[Rule]:
    """What containers may ask of the host itself: answers, and whether it is there."""
    if family == 6:
        yield from list_discovery_rules(rule)
    yield rule(10, "ACCEPT", ct_state=KNOWN)
    yield rule(20, "ACCEPT", destination=GATEWAY[family], protocol=ICMP[family])
    yield rule(40, "DROP")


def _forward_rules(
    network: RoutedNetwork, family: int, document: Document, doors: Tuple[str, ...], own: Tuple[str, ...], reach: Tuple[str, ...]
) -> Iterator[Rule]:
    rule = partial(Rule, family, "filter", FORWARD_CHAIN, scope=document.scope, owner=network.name)
    for subnet, door in ((subnet, door) for subnet in own for door in doors):
        towards = partial(rule, out_interface=door, destination=subnet)
        away = partial(rule, in_interface=door, source=subnet)
        for member in reach:
            for way in _members_come_by(network, doors):
                yield towards(8, "ACCEPT", in_interface=way, source=member)
            # The member's own host decides whether it is let in.
            yield away(8, "ACCEPT", destination=member)
        for part in _other_parts(network, family):
            yield towards(8, "ACCEPT", source=part)
        if network.internal:
            yield towards(9, "DROP")
            yield away(9, "DROP")
            continue
        for direction in (towards, away):
            yield direction(10, "ACCEPT", ct_state=KNOWN)
            yield direction(12, "DROP", ct_state=("INVALID",))
        yield towards(31, "ACCEPT", protocol=ICMP[family])
        yield towards(39, "DROP")
        yield away(50, "ACCEPT")
    if not network.internal:
        yield from _open_ports(network, family, document)
    for door in doors:
        yield rule(51, "DROP", in_interface=door)


def _members_come_by(network: RoutedNetwork, doors: Tuple[str, ...]) -> Tuple[Optional[str], ...]:
    """On a segment where we answer for the containers, others may have addresses of the subnet too: there only our own wires tell a member."""
    return doors if network.proxy_interfaces else (None,)


def _other_parts(network: RoutedNetwork, family: int) -> Iterator[str]:
    if network.proxy_interfaces:
        for peer in network.peers:
            yield from (subnet for subnet in peer.subnets if ip_version(subnet) == family)


def _open_ports(network: RoutedNetwork, family: int, document: Document) -> Iterator[Rule]:
    for endpoint in document.endpoints:
        for address in _addresses(endpoint, network.name, family) if endpoint.ports else ():
            for port in endpoint.ports:
                yield from _port_rules(port, address, family, document.scope, endpoint.name)


def _addresses(endpoint: Endpoint, network: str, family: int) -> List[str]:
    return [address for item in endpoint.attachments if item.network == network for address in item.addresses if ip_version(address) == family]


def _port_rules(port: PublishedPort, address: str, family: int, scope: str, owner: str) -> Iterator[Rule]:
    sources = ANYBODY
    if port.allowed_sources:
        # No source of this family: nobody may come this way.
        sources = tuple(source for source in port.allowed_sources if ip_version(source) == family)
    ports = (port.target, port.target + port.count - 1)
    for source in sources:
        yield Rule(
            family,
            "filter",
            FORWARD_CHAIN,
            30,
            "ACCEPT",
            scope,
            owner,
            source=source,
            destination=address,
            protocol=port.protocol,
            destination_ports=ports,
        )
