# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from typing import List, Tuple

from .._model.addresses import derive_mac
from .._model.document import BridgeNetwork
from .._model.link import Bridge, BridgePort, Link
from .._model.mark import Mark, read_mark
from .._model.objects import HOST, Address, KernelObject
from .._model.snapshot import Facts
from .bridged import BridgedSegment
from .settings import interface_sysctls

STANDARD_MTU = 1500


def compile_bridge(network: BridgeNetwork, scope: str, facts: Facts) -> Tuple[BridgedSegment, Tuple[KernelObject, ...]]:
    """Return the segment that endpoints join, and the bridge with its gateway addresses.

    A bridge that exists and is not ours is used as it is: only what the declaration names is asked of it.
    """
    mtu = network.mtu or facts.default_mtu() or facts.default_mtu(6) or STANDARD_MTU
    existing = facts.links.get(network.bridge_name)
    foreign = existing is not None and read_mark(existing.alias) is None
    if foreign:
        link = Link(HOST, network.bridge_name, kind=Bridge(), mtu=network.mtu, mac=network.mac_address, up=True)
        mtu = network.mtu or (existing.mtu if existing else None) or mtu
    else:
        link = Link(
            HOST,
            network.bridge_name,
            kind=Bridge(),
            mtu=mtu,
            # Pinned: left alone, a bridge takes the lowest MAC of its ports and changes it as they come and go.
            mac=network.mac_address or derive_mac(scope, "bridge", network.name),
            up=True,
            alias=str(Mark(scope, "network", network.name)),
            sysctls=interface_sysctls((subnet.subnet for subnet in network.subnets), ipv6=facts.ipv6),
        )
    objects: List[KernelObject] = [link]
    if network.gateway_on_host:
        for subnet in network.subnets:
            if subnet.gateway:
                objects.append(Address(HOST, network.bridge_name, "%s/%s" % (subnet.gateway, subnet.subnet.split("/")[1])))
    # With br_netfilter a translated frame goes straight to its port, also to the one it came from: a container's own published port.
    port = BridgePort(hairpin=network.hairpin or facts.bridge_netfilter, isolated=not network.enable_icc)
    return BridgedSegment(network, network.bridge_name, mtu, port), tuple(objects)
