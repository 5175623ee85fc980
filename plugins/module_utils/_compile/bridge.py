# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from typing import List, Optional, Tuple

from .._model.addresses import derive_mac
from .._model.document import BridgeNetwork
from .._model.link import Bridge, BridgePort, Link, Vrf
from .._model.mark import Mark, read_mark
from .._model.objects import HOST, Address, BridgeVlan, KernelObject
from .._model.snapshot import Facts
from .bridged import BridgedSegment
from .ports import compile_ports
from .settings import interface_sysctls

STANDARD_MTU = 1500


def compile_bridge(network: BridgeNetwork, scope: str, facts: Facts) -> Tuple[BridgedSegment, Tuple[KernelObject, ...]]:
    """Return the segment that endpoints join, and the bridge with its gateway addresses.

    A bridge that exists and is not ours is used as it is: only what the declaration names is asked of it.
    """
    mtu = network.mtu or facts.default_mtu() or facts.default_mtu(6) or STANDARD_MTU
    existing = facts.links.get(network.bridge_name)
    foreign = existing is not None and read_mark(existing.alias) is None
    kind = _kind(network, existing)
    if foreign:
        link = Link(HOST, network.bridge_name, kind=kind, mtu=network.mtu, mac=network.mac_address, up=True, master=network.vrf)
        mtu = network.mtu or (existing.mtu if existing else None) or mtu
    else:
        link = Link(
            HOST,
            network.bridge_name,
            kind=kind,
            mtu=mtu,
            # Pinned: left alone, a bridge takes the lowest MAC of its ports and changes it as they come and go.
            mac=network.mac_address or _port_mac(network, facts) or derive_mac(scope, "bridge", network.name),
            up=True,
            # Its ports that were the host's own are noted in the mark: they must come home when the bridge goes.
            alias=str(Mark(scope, "network", network.name, ",".join(network.interfaces))),
            master=network.vrf,
            sysctls=interface_sysctls((subnet.subnet for subnet in network.subnets), ipv6=facts.ipv6),
        )
    objects: List[KernelObject] = [*_vrf(network, scope, facts), link]
    if network.gateway_on_host:
        for subnet in network.subnets:
            if subnet.gateway:
                objects.append(Address(HOST, network.bridge_name, "%s/%s" % (subnet.gateway, subnet.subnet.split("/")[1])))
    objects.extend(compile_ports(network, facts))
    if network.vlan_filtering:
        objects.append(BridgeVlan(HOST, network.bridge_name, 1, untagged=True, native=True))
        objects.extend(BridgeVlan(HOST, name, 1, untagged=True, native=True) for name in network.interfaces)
    # With br_netfilter a translated frame goes straight to its port, also to the one it came from: a container's own published port.
    port = BridgePort(hairpin=network.hairpin or facts.bridge_netfilter, isolated=not network.enable_icc)
    return BridgedSegment(network, network.bridge_name, mtu, port), tuple(objects)


def _kind(network: BridgeNetwork, existing: Optional[Link]) -> Bridge:
    """Filtering by VLAN is switched off again where it was on; a kernel without it is asked for nothing."""
    filtered = existing is not None and isinstance(existing.kind, Bridge) and existing.kind.vlan_filtering
    return Bridge(
        stp=network.stp,
        ageing_time=network.ageing_time,
        multicast_snooping=network.multicast_snooping,
        priority=network.priority,
        vlan_filtering=True if network.vlan_filtering else False if filtered else None,
    )


def _port_mac(network: BridgeNetwork, facts: Facts) -> Optional[str]:
    """Neighbours keep finding the host where they found it: its addresses move to the bridge with the MAC they had."""
    first = facts.links.get(network.interfaces[0]) if network.interfaces else None
    return first.mac if first is not None else None


def _vrf(network: BridgeNetwork, scope: str, facts: Facts) -> List[KernelObject]:
    """Return the routing domain the bridge belongs to, where it is ours to make. One that stands already is used as it is."""
    if network.vrf is None:
        return []
    existing = facts.links.get(network.vrf)
    if existing is not None and read_mark(existing.alias) is None:
        return []
    return [Link(HOST, network.vrf, kind=Vrf(network.vrf_table), up=True, alias=str(Mark(scope, "network", network.name)))]
