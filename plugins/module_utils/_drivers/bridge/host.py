# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules between bridge networks and bridges that somebody else made: what is a LAN of the host stays open to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator, Optional, Sequence, Tuple

from ..._model.addresses import canonical_ip, is_link_local
from ..._model.mark import PROTOCOL, read_mark
from ..._model.objects import Address
from ..._model.published import at_loopback, published_ports
from ..._model.routing import DEFAULT_ROUTE
from ..._model.snapshot import Facts
from ..base import HostView
from .network import EXISTING, BridgeNetwork

OPEN = "set gateway_on_host: false and nothing that says how the host routes or closes the network, or say who may reach the host by host_access"


def settle_bridge(network: BridgeNetwork, facts: Facts) -> BridgeNetwork:
    """Return a network with what is known of a bridge that somebody else made.

    Where the host is to be no gateway and is none, and nothing is said of how it routes or closes the segment, that is a LAN it is on as others are.
    """
    link = facts.links.get(network.bridge_name)
    if link is None or read_mark(link.alias) is not None:
        return network
    gateways = {subnet.gateway for subnet in network.subnets}
    is_gateway = any(canonical_ip(cidr.partition("/")[0]) in gateways for cidr, _device in held_addresses(network, facts))
    return replace(network, adopted=True, lan=not (network.gateway_on_host or network.routed_keys or is_gateway))


def check_host_bridges(networks: Sequence[BridgeNetwork], view: HostView) -> None:
    """Report networks that would close the host to those it is reached by."""
    lans = {network.name for network in networks if network.lan}
    for path, endpoint, port in published_ports(view.document) if lans else ():
        if lans.issuperset(item.network for item in endpoint.attachments):
            rule = "its network is a LAN of the host, where it is reached at its own address and nothing is translated"
            view.report(path, str(port), rule, "remove the port")
    foreign = {network.name: network.bridge_name for network in networks if network.adopted}
    for path, endpoint, port in published_ports(view.document) if foreign else ():
        bridge = next((foreign[item.network] for item in endpoint.attachments if item.network in foreign), None)
        if bridge is not None and at_loopback(port.host_ip):
            rule = "bridge %s is somebody else's, and would have to lead packets of the loopback network (route_localnet)" % bridge
            view.report(path, str(port), rule, "remove host_ip, or attach the endpoint to a bridge of this collection")
    for network in networks:
        if network.bridge_mode == EXISTING and not network.adopted:
            _report_missing(network, view)
        if not network.adopted or network.on_lan:
            continue
        path, bridge, access = "networks[%s].bridge_name" % network.name, network.bridge_name, network.host_access
        stands = bridge in view.facts.holdings.closed
        if bridge in view.connection.carriers and not view.allow_management and access in ("none", "established"):
            rule = "bridge %s carries this SSH connection, and the network's rules would close the host there" % bridge
            view.report(path, bridge, rule, OPEN, stands=stands)
        elif "host_access" not in network.routed_keys:
            reason = _reason(network, view.facts)
            if reason:
                rule = "the host %s, and the network's rules would close it to its neighbours there" % reason
                view.report(path, bridge, rule, OPEN, stands=stands)


def _report_missing(network: BridgeNetwork, view: HostView) -> None:
    path, bridge = "networks[%s].bridge_name" % network.name, network.bridge_name
    if bridge in view.facts.links:
        view.report(path, bridge, "this bridge was made by this collection, not by somebody else", "remove bridge_mode: existing")
    else:
        view.report(path, bridge, "the host has no such bridge, and bridge_mode existing never makes one", "make it, or remove the key", may_pass=True)


def _reason(network: BridgeNetwork, facts: Facts) -> Optional[str]:
    """Tell what makes a bridge the host's own way to others."""
    bridge = network.bridge_name
    if any(device == bridge for destination, device in facts.routes if destination in DEFAULT_ROUTE.values()):
        return "has its default route by %s" % bridge
    ports = [link.name for link in facts.links.values() if link.master == bridge and link.leads_outside and read_mark(link.alias) is None]
    held = next(held_addresses(network, facts), None)
    return "has %s on %s, which %s is a port of" % (*held, ports[0]) if ports and held else None


def held_addresses(network: BridgeNetwork, facts: Facts) -> Iterator[Tuple[str, str]]:
    """Yield the host's own addresses (address/prefix, device) on the segment: those that move with the ports, have moved, or were there."""
    for item in facts.entries:
        if isinstance(item, Address) and item.device in network.home_devices and not is_link_local(item.address) and item.protocol not in (None, PROTOCOL):
            yield item.address, item.device
