# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What reaches endpoints from beyond their networks: the way out, published ports, and what must stay closed."""

from __future__ import annotations

from typing import Iterator, Optional, Sequence, Set

from ...module_utils._model import span
from ...module_utils._model.addresses import ip_version
from ...module_utils._model.document import PublishedPort
from ...module_utils._model.published import WILDCARDS, at_loopback
from .members import Check, Member, make_check
from .outside import FAMILIES, Outside
from .reading import Host

FIRST_UNPUBLISHED = 61001
PROBED_PROTOCOLS = ("tcp", "udp")


def check_way_out(member: Member, outside: Outside) -> Iterator[Check]:
    for version in FAMILIES:
        other = outside.of(member.host.name, version)
        address = outside.address(other, version) if other else None
        if address is None or any(span.holds(subnet, address) for subnet in member.near_subnets()):
            continue
        way = member.way_out(version)
        if way is not None and any(span.holds(target, address) for target in way.no_masquerade):
            continue  # whether it knows the way back is its own affair
        if way is not None and not member.is_led(address):
            yield make_check(member, "ping", address, "pass", "network %s leads outside, to host %s" % (way.name, other))
        elif member.is_confined and not member.may_pass(address):
            yield make_check(member, "ping", address, "refuse", "only on internal networks, so no way to host %s" % other)


def check_from_own_host(member: Member) -> Iterator[Check]:
    """Yield what the host itself may ask of its containers."""
    for attachment in member.endpoint.attachments:
        network = member.networks[attachment.network]
        for address in attachment.addresses if network.host_reason else ():
            yield make_check(None, "ping", address, "pass", network.host_reason, from_host=member.host.name, to=member)


def check_published(member: Member, neighbours: Sequence[Member], outside: Outside) -> Iterator[Check]:
    """Yield probes of the first and last port of every published range: from another host, from the endpoint itself and from another network."""
    for port in member.endpoint.ports:
        if port.protocol not in PROBED_PROTOCOLS or port.host_ip_nonlocal:
            continue
        if at_loopback(port.host_ip) and _inside(member, 4):
            yield from _published_at_loopback(member, port)
            continue
        for address in _published_addresses(port, member.host, outside):
            if _inside(member, ip_version(address)):
                yield from _published_at(member, port, address, neighbours, outside)


def _published_at_loopback(member: Member, port: PublishedPort) -> Iterator[Check]:
    host, reason = member.host.name, "published as %s" % port
    for step in dict.fromkeys((0, port.count - 1)):
        number, inside = port.published + step, port.target + step
        yield make_check(None, port.protocol, port.host_ip or "", "pass", reason, from_host=host, port=number, to=member, to_port=inside)


def _published_at(member: Member, port: PublishedPort, address: str, neighbours: Sequence[Member], outside: Outside) -> Iterator[Check]:
    version = ip_version(address)
    other = outside.of(member.host.name, version)
    asker = outside.address(other, version) if other else None
    stranger = _stranger(member, neighbours, version)
    for step in dict.fromkeys((0, port.count - 1)):
        number, inside = port.published + step, port.target + step
        if other is not None and asker is not None and not member.is_led(asker):
            allowed = not port.allowed_sources or any(span.holds(source, asker) for source in port.allowed_sources)
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


def _published_addresses(port: PublishedPort, host: Host, outside: Outside) -> Iterator[str]:
    """Yield the host's addresses that take connections to a port, one of each family."""
    if port.host_ip is not None and port.host_ip not in WILDCARDS:
        yield port.host_ip
        return
    for version in FAMILIES:
        own = outside.address(host.name, version)
        if own is not None and (port.host_ip is None or ip_version(port.host_ip) == version):
            yield own


def _inside(member: Member, version: int) -> bool:
    """Tell whether a published port leads to the endpoint in this family, and its answers back."""
    reached = any(
        ip_version(address) == version
        for item in member.endpoint.attachments
        for address in item.addresses
        if (network := member.networks[item.network]).translates and not network.internal and not network.vrf
    )
    return reached and (member.endpoint.source_routing or all(network.translates for network in member.default_networks(version)))


def check_opened(member: Member, outside: Outside) -> Iterator[Check]:
    """Yield what another host with the same routed network may ask of an endpoint at its own address: the ports it opens, and no other."""
    for attachment in member.endpoint.attachments:
        network = member.networks[attachment.network]
        for address in attachment.addresses if network.opens_ports else ():
            other = outside.of(member.host.name, ip_version(address))
            asker = outside.address(other, ip_version(address)) if other else None
            if other is None or asker is None or not any(item.name == network.name and item.opens_ports for item in outside.networks[other]):
                continue
            if network.internal:
                yield make_check(None, "ping", address, "refuse", "network %s is internal" % network.name, from_host=other, to=member)
                continue
            yield from _opened_ports(member, address, other, asker)


def _opened_ports(member: Member, address: str, other: str, asker: str) -> Iterator[Check]:
    opened: Set[int] = set()
    for port in member.endpoint.ports:
        opened.update(range(port.target, port.target + port.count))
        if port.protocol not in PROBED_PROTOCOLS or member.is_led(asker):
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
    taken: Set[int] = set()
    for endpoint in host.endpoints:
        for port in endpoint.ports:
            taken.update(range(port.published, port.published + port.count))
    free = next((number for number in range(FIRST_UNPUBLISHED, 65536) if number not in taken), None)
    for version in FAMILIES:
        other, own = outside.of(host.name, version), outside.address(host.name, version)
        if free is not None and other is not None and own is not None:
            yield make_check(None, "tcp", own, "refuse", "not published", from_host=other, port=free, to_host=host.name)
    for network in host.networks:
        if not (network.is_local and network.is_closed):
            continue
        reached = next((item for endpoint in host.endpoints for item in endpoint.attachments if item.network == network.name and item.addresses), None)
        for address in reached.addresses if reached else ():
            other = outside.anybody(host.name, ip_version(address))
            if other is not None and not any(span.holds(subnet.subnet, address) for there in outside.networks[other] for subnet in there.subnets):
                reason = "an address of network %s, which only host %s reaches" % (network.name, host.name)
                yield make_check(None, "ping", address, "refuse", reason, from_host=other, to_host=host.name, network=network.name)
