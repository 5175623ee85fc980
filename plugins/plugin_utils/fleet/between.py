# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What two endpoints of a fleet must be able to do, and what they must not. What the declaration leaves open is not probed."""

from __future__ import annotations

from typing import Iterator

from ...module_utils._model import span
from ...module_utils._model.addresses import ip_version
from ...module_utils._model.document import Attachment
from ...module_utils._model.network import Network
from .members import Check, Fleet, Member, make_check


def check_pair(source: Member, target: Member, fleet: Fleet) -> Iterator[Check]:
    """Yield a ping to every address of the target that tells something."""
    near = tuple(source.near_subnets())
    for attachment in target.endpoint.attachments:
        network = target.networks[attachment.network]
        for address in attachment.addresses:
            if source.is_on(network, target.host):
                yield from _on_one_network(source, target, network, attachment, address, fleet)
            elif fleet.are_joined(source, target, network):
                yield from _on_joined_networks(source, target, network, address)
            elif any(span.holds(subnet, address) for subnet in near):
                continue  # on this host the address means another endpoint
            elif source.is_confined and not source.may_pass(address):
                yield make_check(source, "ping", address, "refuse", "only on internal networks", to=target)
            elif network.is_closed and not (source.may_pass(address) and fleet.has_routers(target, network)):
                yield make_check(source, "ping", address, "refuse", "not on network %s" % network.name, to=target)


def _on_one_network(source: Member, target: Member, network: Network, attachment: Attachment, address: str, fleet: Fleet) -> Iterator[Check]:
    mine = source.attachment(network.name)
    own = None if mine is None else mine.ipv4_address if ip_version(address) == 4 else mine.ipv6_address
    if mine is None or own is None or source.is_led(address):
        return
    local = source.host is target.host
    closed = network.refusal(mine, attachment) if local else None
    if closed is not None:
        yield make_check(source, "ping", address, "refuse", closed, to=target)
    elif network.reaches(mine, attachment, local) and (_same_subnet(network, own, address) or _is_led_by_host(source, network)):
        yield make_check(source, "ping", address, "pass", "both on network %s" % network.name, to=target)
        if not _takes_full_packets(attachment, mine):
            return
        if network.is_tunnelled and not local:
            yield make_check(source, "mtu", address, "pass", "the tunnel takes full packets of network %s" % network.name, to=target)
        elif fleet.is_first_pair(source, target, network, ip_version(address)):
            yield make_check(source, "mtu", address, "pass", "full packets pass on network %s" % network.name, to=target)


def _takes_full_packets(target: Attachment, source: Attachment) -> bool:
    """Tell whether the target's interface takes what fits into the source's."""
    return target.mtu is None or (source.mtu is not None and source.mtu <= target.mtu)


def _same_subnet(network: Network, one: str, other: str) -> bool:
    if network.needs_no_gateway:
        return True
    return any(span.holds(subnet.subnet, one) and span.holds(subnet.subnet, other) for subnet in network.subnets)


def _is_led_by_host(source: Member, network: Network) -> bool:
    """Tell whether the host takes packets from one subnet of a network to another."""
    return network.gateway_on_host and not network.internal and len(source.endpoint.attachments) == 1


def _on_joined_networks(source: Member, target: Member, network: Network, address: str) -> Iterator[Check]:
    """Two networks that a wire joins are one layer 2; who has an address of the same subnet is a neighbour."""
    everyone = [*source.networks.values(), *target.networks.values()]
    if source.is_led(address) or any(item.isolates or item.vlan_filtering for item in everyone):
        return
    own = [held for item in source.endpoint.attachments if item.network in source.joined(network.name) for held in item.addresses]
    subnets = [subnet.subnet for item in source.host.networks if item.name in source.joined(network.name) for subnet in item.subnets]
    if any(span.holds(subnet, address) and span.holds(subnet, held) for subnet in subnets for held in own):
        yield make_check(source, "ping", address, "pass", "a link joins network %s" % network.name, to=target)
