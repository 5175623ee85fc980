# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A VXLAN segment without learning: every remote endpoint's place is written down; ARP and ND are answered locally unless a foreign tunnel end takes part."""

from __future__ import annotations

from typing import Dict, List, Tuple

from ..._kinds.bridge import Bridge
from ..._kinds.vxlan import Vxlan
from ..._model.addresses import derive_mac
from ..._model.errors import EnvironmentUnfit
from ..._model.link import BridgePort, Link
from ..._model.mark import Mark
from ..._model.objects import KernelObject
from ..._model.place import HOST
from ..._model.rows import Rows
from ..._model.snapshot import Facts
from ..bridged import BridgedSegment
from ..mtu import OUTER_TTL, VXLAN_OVERHEAD
from ..settings import interface_sysctls
from .network import OverlayNetwork


def overlay_mtu(network: OverlayNetwork, facts: Facts) -> int:
    """Return the declared MTU, or what the underlay leaves of its own."""
    underlay = facts.links.get(network.underlay_interface or "") or facts.device_of(network.vtep_address)
    if underlay is None or underlay.mtu is None:
        raise EnvironmentUnfit("network %s: no interface of this host carries the VTEP address %s; nothing was changed" % (network.name, network.vtep_address))
    largest = underlay.mtu - VXLAN_OVERHEAD[6 if ":" in network.vtep_address else 4]
    if network.mtu is not None and network.mtu > largest:
        raise EnvironmentUnfit(
            "network %s: mtu %d does not fit the underlay %s (%d); at most %d; nothing was changed"
            % (network.name, network.mtu, underlay.name, underlay.mtu, largest)
        )
    return network.mtu or largest


def _compile_rows(network: OverlayNetwork, ipv6: bool) -> Rows:
    """Return where all others are."""
    through = network.underlay_interface or ""
    flood = {(peer.vtep, through): None for peer in network.peers if peer.vtep != network.vtep_address}
    remotes = [remote for remote in network.remote_endpoints if remote.vtep != network.vtep_address]
    far = {remote.mac: (remote.vtep, through) for remote in remotes}
    neighbours: Dict[str, str] = {}
    if network.answers_locally:
        neighbours = {address: remote.mac for remote in remotes for address in remote.addresses if ipv6 or ":" not in address}
    return Rows(HOST, network.vxlan_name, flood, far, dict.fromkeys(far), neighbours)


def compile_overlay(network: OverlayNetwork, scope: str, facts: Facts) -> Tuple[BridgedSegment, Tuple[KernelObject, ...]]:
    mtu = overlay_mtu(network, facts)
    mark = str(Mark(scope, "network", network.name))
    device = network.vxlan_name
    silent = False if facts.ipv6 else None  # the host has no address of its own on an overlay
    objects: List[KernelObject] = [
        Link(
            HOST,
            network.bridge_name,
            kind=Bridge(),
            mtu=mtu,
            mac=derive_mac(scope, "bridge", network.name, network.vtep_address),
            up=True,
            alias=mark,
            link_local=silent,
            sysctls=interface_sysctls((), ipv6=facts.ipv6),
        ),
        Link(
            HOST,
            device,
            kind=Vxlan(
                vni=network.vni,
                port=network.udp_port,
                local=network.vtep_address,
                device=network.underlay_interface,
                ttl=OUTER_TTL,
                learning=False,
                proxy=network.answers_locally,
            ),
            mtu=mtu,
            mac=derive_mac(scope, "vxlan", network.name, network.vtep_address),
            up=True,
            master=network.bridge_name,
            alias=mark,
            link_local=silent,
            port=BridgePort(learning=False, flood=False),
        ),
    ]
    objects.append(_compile_rows(network, facts.ipv6))
    port = BridgePort(hairpin=False, isolated=False)
    return BridgedSegment(network, mtu, network.bridge_name, port), tuple(objects)
