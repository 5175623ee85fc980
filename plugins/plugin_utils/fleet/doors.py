# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What reaches endpoints from beyond their networks: the way out, published ports, and what must stay closed."""

from __future__ import annotations

from typing import Dict, Iterator, Optional, Sequence, Set

from ...module_utils._document import span
from ...module_utils._model.addresses import ip_version
from ...module_utils._model.document import BridgeNetwork, MacvlanNetwork, PublishedPort, RoutedNetwork
from .members import Check, Member, Outside, make_check
from .reading import Host

FIRST_UNPUBLISHED = 61001
WILDCARDS = ("0.0.0.0", "::")


def check_way_out(member: Member, outside: Outside) -> Iterator[Check]:
    other = outside.of(member.host.name)
    if other is None:
        return
    address = outside.addresses[other]
    if any(span.holds(subnet, address) for subnet in member.near_subnets()):
        return
    way = member.way_out(ip_version(address))
    if way is not None and not member.is_led(address):
        yield make_check(member, "ping", address, "pass", "network %s leads outside, to host %s" % (way.name, other))
    elif member.is_confined and not member.may_pass(address):
        yield make_check(member, "ping", address, "refuse", "only on internal networks, so no way to host %s" % other)


def check_from_own_host(member: Member) -> Iterator[Check]:
    """Yield what the host itself may ask of its containers."""
    for attachment in member.endpoint.attachments:
        network = member.networks[attachment.network]
        reason = None
        if isinstance(network, MacvlanNetwork) and network.host_access:
            reason = "network %s has host_access: true" % network.name
        elif isinstance(network, RoutedNetwork):
            reason = "network %s is routed by this host" % network.name
        for address in attachment.addresses if reason else ():
            yield make_check(None, "ping", address, "pass", str(reason), from_host=member.host.name, to=member)


def check_published(member: Member, neighbours: Sequence[Member], outside: Outside) -> Iterator[Check]:
    """Yield probes of the first and last port of every published range: from another host, from the endpoint itself and from another network."""
    own = outside.addresses.get(member.host.name)
    other = outside.of(member.host.name)
    for port in member.endpoint.ports:
        address = _published_address(port, own)
        if port.protocol not in ("tcp", "udp") or address is None or not _inside(member, ip_version(address)):
            continue
        stranger = _stranger(member, neighbours, ip_version(address))
        for step in dict.fromkeys((0, port.count - 1)):
            number, inside = port.published + step, port.target + step
            if other is not None and not member.is_led(outside.addresses[other]):
                allowed = not port.allowed_sources or any(span.holds(source, outside.addresses[other]) for source in port.allowed_sources)
                reason = "published as %s" % port if allowed else "published as %s, not for host %s" % (port, other)
                expect = "pass" if allowed else "refuse"
                yield make_check(None, port.protocol, address, expect, reason, from_host=other, port=number, to=member, to_port=inside)
            if port.allowed_sources:
                continue
            if _goes_by_host(member, address):
                yield make_check(member, port.protocol, address, "pass", "its own published port %s" % port, port=number, to=member, to_port=inside)
            if stranger is not None and _goes_by_host(stranger, address):
                yield make_check(stranger, port.protocol, address, "pass", "published as %s" % port, port=number, to=member, to_port=inside)


def _goes_by_host(member: Member, address: str) -> bool:
    """Tell whether an endpoint's packets to an address surely come to its host by a bridge network."""
    near = any(span.holds(subnet, address) for subnet in member.near_subnets())
    return member.way_out(ip_version(address)) is not None and not near and not member.is_led(address)


def _stranger(member: Member, neighbours: Sequence[Member], version: int) -> Optional[Member]:
    """Return an endpoint of the host that shares no network with another and goes out through the host."""
    return next((item for item in neighbours if not set(item.networks) & set(member.networks) and item.way_out(version)), None)


def _published_address(port: PublishedPort, own: Optional[str]) -> Optional[str]:
    if port.host_ip is None:
        return own
    if port.host_ip in WILDCARDS:
        return own if own and ip_version(own) == ip_version(port.host_ip) else None
    return port.host_ip


def _inside(member: Member, version: int) -> bool:
    """Tell whether a published port leads to the endpoint in this family, and its answers back."""
    reached = any(
        ip_version(address) == version
        for item in member.endpoint.attachments
        for address in item.addresses
        if isinstance(network := member.networks[item.network], BridgeNetwork) and not network.internal and not network.vrf
    )
    return reached and (member.endpoint.source_routing or all(isinstance(network, BridgeNetwork) for network in member.default_networks(version)))


def check_opened(member: Member, outside: Outside) -> Iterator[Check]:
    """Yield what another host with the same routed network may ask of an endpoint at its own address: the ports it opens, and no other."""
    other = outside.of(member.host.name)
    if other is None:
        return
    there: Dict[str, object] = {network.name: network for network in outside.networks[other]}
    for attachment in member.endpoint.attachments:
        network = member.networks[attachment.network]
        if not isinstance(network, RoutedNetwork) or not isinstance(there.get(network.name), RoutedNetwork):
            continue
        for address in attachment.addresses:
            if ip_version(address) != ip_version(outside.addresses[other]):
                continue  # the other host asks from an address that is not known here
            if network.internal:
                yield make_check(None, "ping", address, "refuse", "network %s is internal" % network.name, from_host=other, to=member)
                continue
            yield from _opened_ports(member, address, other, outside.addresses[other])


def _opened_ports(member: Member, address: str, other: str, asker: str) -> Iterator[Check]:
    opened: Set[int] = set()
    for port in member.endpoint.ports:
        opened.update(range(port.target, port.target + port.count))
        if port.protocol not in ("tcp", "udp") or member.is_led(asker):
            continue
        allowed = not port.allowed_sources or any(span.holds(source, asker) for source in port.allowed_sources)
        for target in dict.fromkeys((port.target, port.target + port.count - 1)):
            reason = "opened as %s" % port if allowed else "opened as %s, not for host %s" % (port, other)
            yield make_check(None, port.protocol, address, "pass" if allowed else "refuse", reason, from_host=other, port=target, to=member, to_port=target)
    free = next((number for number in range(FIRST_UNPUBLISHED, 65536) if number not in opened), None)
    if free is not None:
        yield make_check(None, "tcp", address, "refuse", "not opened", from_host=other, port=free, to_host=member.host.name)


def check_unpublished(host: Host, outside: Outside) -> Iterator[Check]:
    """Yield, from another host, a port that nobody published and the bare addresses of one endpoint of every bridge network."""
    other = outside.of(host.name)
    if other is None:
        return
    taken: Set[int] = set()
    for endpoint in host.endpoints:
        for port in endpoint.ports:
            taken.update(range(port.published, port.published + port.count))
    free = next((number for number in range(FIRST_UNPUBLISHED, 65536) if number not in taken), None)
    if free is not None:
        yield make_check(None, "tcp", outside.addresses[host.name], "refuse", "not published", from_host=other, port=free, to_host=host.name)
    held = [subnet.subnet for network in outside.networks[other] for subnet in network.subnets]
    for network in host.networks:
        if not isinstance(network, BridgeNetwork) or network.trusted_interfaces or network.interfaces or network.vrf:
            continue
        reached = next((item for endpoint in host.endpoints for item in endpoint.attachments if item.network == network.name and item.addresses), None)
        for address in reached.addresses if reached else ():
            if not any(span.holds(subnet, address) for subnet in held):
                reason = "an address of network %s, which only host %s reaches" % (network.name, host.name)
                yield make_check(None, "ping", address, "refuse", reason, from_host=other, to_host=host.name)
