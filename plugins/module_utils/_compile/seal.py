# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A seal on every new connection that the isolation has to judge: where another tool flushes the isolation, nothing is published past it."""

from __future__ import annotations

from functools import partial
from typing import Iterator, List, Optional, Tuple

from .._model.addresses import ip_version
from .._model.document import BridgeNetwork, Document, Network, OverlayNetwork, RoutedNetwork
from .._model.rule import MARK, SEAL, SEAL_CHAIN, SEALED_CHAIN, Rule
from .routed_firewall import find_doors

KNOWN = ("RELATED", "ESTABLISHED")
Way = Tuple[Optional[str], Optional[str]]  # in, out


def compile_seals(document: Document, family: int) -> Iterator[Rule]:
    """Return what seals the packets into closed segments, and out of those that let nothing out, and what drops those whose seal stays on."""
    rule = partial(Rule, family, "mangle", scope=document.scope)
    ways = [(network, way) for network in document.networks for way in _ways(network, document)]
    if not ways:
        return
    yield rule(SEAL_CHAIN, 1, "RETURN", ct_state=KNOWN)
    for network, (come, leave) in ways:
        yield rule(SEAL_CHAIN, 10, MARK, owner=network.name, in_interface=come, out_interface=leave, to=SEAL)
    for network in document.networks:
        if isinstance(network, BridgeNetwork) and not network.enable_icc and not network.on_lan:
            # Neighbours who are kept apart may be reached by their own links.
            for subnet in (item.subnet for item in network.subnets if ip_version(item.subnet) == family):
                yield rule(SEAL_CHAIN, 10, MARK, owner=network.name, in_interface=network.bridge_name, destination=subnet, to=SEAL)
    yield rule(SEALED_CHAIN, 10, "DROP", sealed=True)


def _ways(network: Network, document: Document) -> List[Way]:
    if isinstance(network, RoutedNetwork):
        doors = find_doors(network, document)
        return [(None, door) for door in doors] + ([(door, None) for door in doors] if network.internal else [])
    if not isinstance(network, (BridgeNetwork, OverlayNetwork)) or (isinstance(network, BridgeNetwork) and network.on_lan):
        return []
    bridge = network.bridge_name
    in_vrf = getattr(network, "vrf", None) is not None  # then packets come in by the VRF, as those of its other members do
    ways: List[Way] = [("!" + bridge if getattr(network, "enable_icc", True) and not in_vrf else None, bridge)]
    if network.internal and not in_vrf:
        ways.append((bridge, "!" + bridge))
    return ways
