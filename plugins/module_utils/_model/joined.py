# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Which networks wires make one layer 2."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, FrozenSet, List, Sequence, Tuple, TypeVar

from .document import Wire
from .network import Network

AnyNetwork = TypeVar("AnyNetwork", bound=Network)


def network_pairs(wires: Sequence[Wire]) -> List[Tuple[str, str]]:
    """Return the networks that wires join directly."""
    ends = [tuple(end.network for end in wire.ends if end.network is not None) for wire in wires]
    return [(pair[0], pair[1]) for pair in ends if len(pair) == 2]


def joined_networks(wires: Sequence[Wire]) -> Dict[str, FrozenSet[str]]:
    """Return, for each network that a wire joins to others, all that are then one layer 2, itself among them."""
    groups: Dict[str, FrozenSet[str]] = {}
    for one, other in network_pairs(wires):
        joined = groups.get(one, frozenset((one,))) | groups.get(other, frozenset((other,)))
        groups.update(dict.fromkeys(joined, joined))
    return groups


def with_subnets(network: AnyNetwork, joined: Sequence[Network]) -> AnyNetwork:
    """Return a network that has the subnets of all it is joined to."""
    others = tuple(subnet for other in joined if other.name != network.name for subnet in other.subnets)
    return replace(network, subnets=network.subnets + others) if others else network


def whole_networks(networks: Sequence[Network], wires: Sequence[Wire]) -> Dict[str, Network]:
    """Return the networks by name, each with the subnets of those that wires make one layer 2 with it."""
    known = {network.name: network for network in networks}
    groups = joined_networks(wires)
    return {name: with_subnets(network, [known[other] for other in groups.get(name, ()) if other in known]) for name, network in known.items()}
