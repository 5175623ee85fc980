# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A bridge in a VRF: behind the first hook the kernel shows the VRF as the interface that a packet came in by.

Others are in the VRF too, so there the network is known by its source. The first hook still sees the bridge, and lets nothing pass with another source.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Iterable, Iterator, List

from ..._model.addresses import LINK_LOCAL
from ..._model.rule import FORWARD_CHAIN, INPUT_CHAIN, RAW_CHAIN, Rule
from ..icmp import ICMP, NEIGHBOUR_ADVERTISEMENT, NEIGHBOUR_SOLICITATION
from .network import BridgeNetwork

# Neighbours find each other by link-local addresses, and by none while they look whether theirs is free.
NEIGHBOURLY = (LINK_LOCAL, "::/128")


def rules_in_vrf(rules: Iterable[Rule], network: BridgeNetwork, vrf: str, family: int, scope: str) -> Iterator[Rule]:
    """Return the rules of a network for both names."""
    bridge = network.bridge_name
    subnets = [subnet.subnet for subnet in network.subnets_of(family)]
    for rule in rules:
        if rule.in_interface == "!" + bridge:
            yield replace(rule, in_interface="!" + vrf)
        elif rule.in_interface != bridge:
            yield rule
        elif rule.chain != RAW_CHAIN:
            yield rule
            # Neighbour discovery keeps the name of the bridge.
            if rule.icmp_type is None:
                yield from (replace(rule, in_interface=vrf, source=source) for source in ([rule.source] if rule.source else subnets))
    make = partial(Rule, family, scope=scope, owner=network.name)
    yield from _sources(make, bridge, vrf, subnets, family)
    yield from _outsiders(make, network, vrf, subnets, family)


def _sources(make: "partial[Rule]", bridge: str, vrf: str, subnets: List[str], family: int) -> Iterator[Rule]:
    """What comes from the bridge has a source of the network. It passes this chain again in the VRF, by then with its translated destination."""
    for subnet in subnets:
        yield make("raw", RAW_CHAIN, 10, "RETURN", in_interface=bridge, source=subnet)
    for source in NEIGHBOURLY if family == 6 else ():
        yield make("raw", RAW_CHAIN, 10, "RETURN", in_interface=bridge, source=source, protocol=ICMP[6])
    yield make("raw", RAW_CHAIN, 11, "DROP", in_interface=bridge)
    if subnets:
        yield make("raw", RAW_CHAIN, 10, "RETURN", in_interface=vrf)


def _outsiders(make: "partial[Rule]", network: BridgeNetwork, vrf: str, subnets: List[str], family: int) -> Iterator[Rule]:
    """What a rule for "not this bridge" no longer says of a VRF: its other members are outside, and the bridge itself is not."""
    bridge = network.bridge_name
    for icmp_type in (NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT) if family == 6 and subnets else ():
        yield make("filter", INPUT_CHAIN, 6, "ACCEPT", in_interface=bridge, protocol=ICMP[6], icmp_type=icmp_type)
    for subnet in subnets:
        if network.host_access == "all":
            yield make("filter", INPUT_CHAIN, 40, "RETURN", in_interface=vrf, source=subnet)
        yield make("filter", INPUT_CHAIN, 41, "DROP", in_interface=vrf, destination=subnet)
    if network.internal:
        if network.enable_icc:
            yield make("filter", FORWARD_CHAIN, 8, "ACCEPT", in_interface=bridge, out_interface=bridge)
        yield make("filter", FORWARD_CHAIN, 39, "DROP", in_interface=vrf, out_interface=bridge)
