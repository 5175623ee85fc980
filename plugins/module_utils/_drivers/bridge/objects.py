# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from typing import List, Mapping, Optional, Sequence, Tuple

from ..._kinds.bridge import Bridge
from ..._model.addresses import derive_mac, ip_version
from ..._model.lending import write_mark
from ..._model.link import BridgePort, Link
from ..._model.mark import Mark, mark_ports, read_mark
from ..._model.names import scope_metric
from ..._model.objects import MAIN_TABLE, Address, BridgeVlan, KernelObject, Route
from ..._model.place import HOST
from ..._model.routing import DEFAULT_ROUTE
from ..._model.snapshot import Facts
from ..bridged import BridgedSegment
from ..mtu import STANDARD_MTU
from ..settings import LOCALNET, Settings, interface_sysctls
from .network import BridgeNetwork
from .ports import compile_made_ports, compile_ports


def compile_bridge(network: BridgeNetwork, scope: str, facts: Facts) -> Tuple[BridgedSegment, Tuple[KernelObject, ...]]:
    """Return the segment that endpoints join, and the bridge with its gateway addresses.

    A bridge that exists and is not ours is used as it is: only what the declaration names is asked of it.
    """
    made = compile_made_ports(network, scope, facts)
    mark = write_mark(network, [name for name in network.interfaces if name not in made], scope, facts)
    lent = mark_ports(mark)
    mtu = network.mtu or _usual_mtu(network, made, facts)
    existing = facts.links.get(network.bridge_name)
    foreign = existing is not None and read_mark(existing.alias) is None
    kind = _kind(network, None if foreign else existing)
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
            mac=network.mac_address or _port_mac(lent, facts) or derive_mac(scope, "bridge", network.name),
            up=True,
            # Its ports that were the host's own are noted in the mark: they must come home when the bridge goes.
            alias=str(mark),
            master=network.vrf,
            sysctls=_settings(network, facts),
        )
    objects: List[KernelObject] = [*_vrf(network, scope, facts), link]
    if network.gateway_on_host:
        for subnet in network.subnets:
            if subnet.gateway:
                objects.append(Address(HOST, network.bridge_name, "%s/%s" % (subnet.gateway, subnet.subnet.split("/")[1])))
    objects.extend(made.values())
    objects.extend(compile_ports(network, lent, facts))
    if network.vlan_filtering:
        objects.append(BridgeVlan(HOST, network.bridge_name, 1, untagged=True, native=True))
        objects.extend(BridgeVlan(HOST, name, 1, untagged=True, native=True) for name in network.interfaces)
    # With br_netfilter a translated frame goes straight to its port, also to the one it came from: a container's own published port.
    port = BridgePort(hairpin=network.hairpin or facts.bridge_netfilter, isolated=not network.enable_icc)
    return BridgedSegment(network, mtu, network.bridge_name, port), tuple(objects)


def _settings(network: BridgeNetwork, facts: Facts) -> Settings:
    found = interface_sysctls((subnet.subnet for subnet in network.subnets), ipv6=facts.ipv6)
    return (*found, LOCALNET[False]) if network.subnets_of(4) else found


def _kind(network: BridgeNetwork, existing: Optional[Link]) -> Bridge:
    """On a bridge of ours, filtering by VLAN is switched off again where it was on, and so is what forwards link-local frames; a kernel without it is asked for
    nothing."""
    forwards = existing is not None and bool(getattr(existing.nature, "group_fwd_mask", None))
    filtered = existing is not None and existing.nature.vlan_filtering
    return Bridge(
        stp=network.stp,
        ageing_time=network.ageing_time,
        multicast_snooping=network.multicast_snooping,
        priority=network.priority,
        group_fwd_mask=0 if network.group_fwd_mask is None and forwards else network.group_fwd_mask,
        vlan_filtering=True if network.vlan_filtering else False if filtered else None,
    )


def _usual_mtu(network: BridgeNetwork, made: Mapping[str, Link], facts: Facts) -> int:
    """Return what every port takes; without ports, what the way out takes: that of the network's VRF, or of the host."""
    ports = (made.get(name) or facts.links.get(name) for name in network.interfaces)
    found = [port.mtu for port in ports if port is not None and port.mtu]
    table = network.vrf_table or MAIN_TABLE
    return min(found) if found else facts.default_mtu(4, table) or facts.default_mtu(6, table) or STANDARD_MTU


def _port_mac(lent: Sequence[str], facts: Facts) -> Optional[str]:
    """Neighbours keep finding the host where they found it: its addresses move to the bridge with the MAC they had."""
    first = facts.links.get(lent[0]) if lent else None
    return first.mac if first is not None else None


def _vrf(network: BridgeNetwork, scope: str, facts: Facts) -> List[KernelObject]:
    """Return the routing domain the bridge belongs to, where it is ours to make. One that stands already is used as it is.

    Where its table has no way out, the kernel would go on in the main table, which knows no way back.
    """
    if network.vrf is None:
        return []
    existing = facts.links.get(network.vrf)
    if existing is not None and read_mark(existing.alias) is None:
        return []
    from ..._kinds.vrf import Vrf

    link = Link(HOST, network.vrf, kind=Vrf(network.vrf_table), up=True, alias=str(Mark(scope, "network", network.name)))
    families = sorted({ip_version(subnet.subnet) for subnet in network.subnets})
    metric, table = scope_metric(scope), network.vrf_table or 0
    return [link, *(Route(HOST, DEFAULT_ROUTE[family], table, metric, type="unreachable") for family in families)]
