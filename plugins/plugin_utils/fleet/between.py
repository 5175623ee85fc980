# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What two endpoints of a fleet must be able to do, and what they must not. What the declaration leaves open is not probed."""

from __future__ import annotations

from typing import Iterator, Optional

from ...module_utils._document import span
from ...module_utils._model.addresses import ip_version
from ...module_utils._model.document import (
    LAN_NETWORKS,
    Attachment,
    BridgeNetwork,
    IpvlanNetwork,
    MacvlanNetwork,
    Network,
    OverlayNetwork,
    RoutedNetwork,
)
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
            elif _is_closed(network) and not (source.may_pass(address) and fleet.has_routers(target, network)):
                yield make_check(source, "ping", address, "refuse", "not on network %s" % network.name, to=target)


def _on_one_network(source: Member, target: Member, network: Network, attachment: Attachment, address: str, fleet: Fleet) -> Iterator[Check]:
    mine = source.attachment(network.name)
    own = None if mine is None else mine.ipv4_address if ip_version(address) == 4 else mine.ipv6_address
    if mine is None or own is None or source.is_led(address):
        return
    local = source.host is target.host
    closed = _refusal(network, mine, attachment) if local else None
    if closed is not None:
        yield make_check(source, "ping", address, "refuse", closed, to=target)
    elif _reaches(source, network, mine, attachment, local) and (_same_subnet(network, own, address) or _is_led_by_host(source, network)):
        yield make_check(source, "ping", address, "pass", "both on network %s" % network.name, to=target)
        if isinstance(network, OverlayNetwork) and not local:
            yield make_check(source, "mtu", address, "pass", "the tunnel takes full packets of network %s" % network.name, to=target)
        elif fleet.is_first_pair(source, target, network, ip_version(address)):
            yield make_check(source, "mtu", address, "pass", "full packets pass on network %s" % network.name, to=target)


def _refusal(network: Network, one: Attachment, other: Attachment) -> Optional[str]:
    """Return why two endpoints of a network of one host must not reach each other."""
    if isinstance(network, BridgeNetwork):
        if not network.enable_icc:
            return "network %s has enable_icc: false" % network.name
        if network.vlan_filtering and not one.trunk and not other.trunk and one.vlan != other.vlan:
            return "on different VLANs of network %s" % network.name
    if isinstance(network, MacvlanNetwork) and network.mode == "private":
        return "network %s has mode: private" % network.name
    if isinstance(network, IpvlanNetwork) and network.flag == "private":
        return "network %s has flag: private" % network.name
    return None


def _reaches(source: Member, network: Network, one: Attachment, other: Attachment, local: bool) -> bool:
    """Tell whether two endpoints that nothing forbids surely reach each other."""
    if isinstance(network, BridgeNetwork):
        # Which VLANs the LAN between two hosts carries is up to its switches.
        return not network.vlan_filtering or (local and not (one.trunk or other.trunk))
    if isinstance(network, MacvlanNetwork):
        return not local or network.mode != "vepa"  # there the switch must send frames back
    if isinstance(network, IpvlanNetwork):
        return network.flag != "vepa" if local else network.mode == "l2"  # beyond the host the modes of layer 3 need routes of somebody else
    return True


def _same_subnet(network: Network, one: str, other: str) -> bool:
    if isinstance(network, RoutedNetwork) or (isinstance(network, IpvlanNetwork) and network.mode != "l2"):
        return True
    return any(span.holds(subnet.subnet, one) and span.holds(subnet.subnet, other) for subnet in network.subnets)


def _is_led_by_host(source: Member, network: Network) -> bool:
    """Tell whether the host takes packets from one subnet of a network to another."""
    return isinstance(network, BridgeNetwork) and not network.internal and network.gateway_on_host and len(source.endpoint.attachments) == 1


def _on_joined_networks(source: Member, target: Member, network: Network, address: str) -> Iterator[Check]:
    """Two networks that a wire joins are one layer 2; who has an address of the same subnet is a neighbour."""
    everyone = [*source.networks.values(), *target.networks.values()]
    if (
        source.is_led(address)
        or not all(getattr(item, "enable_icc", True) for item in everyone)
        or any(getattr(item, "vlan_filtering", False) for item in everyone)
    ):
        return
    own = [held for item in source.endpoint.attachments if item.network in source.joined(network.name) for held in item.addresses]
    subnets = [subnet.subnet for item in source.host.networks if item.name in source.joined(network.name) for subnet in item.subnets]
    if any(span.holds(subnet, address) and span.holds(subnet, held) for subnet in subnets for held in own):
        yield make_check(source, "ping", address, "pass", "a link joins network %s" % network.name, to=target)


def _is_closed(network: Network) -> bool:
    """Tell whether only members of a network may reach its endpoints."""
    if isinstance(network, BridgeNetwork):
        return not (network.trusted_interfaces or network.interfaces or network.vrf)
    if isinstance(network, (RoutedNetwork, *LAN_NETWORKS)):
        return network.internal
    return True
