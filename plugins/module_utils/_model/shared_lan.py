# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Networks on one LAN: each gives addresses from a part of its own of one subnet."""

from __future__ import annotations

from typing import Dict, FrozenSet, Iterator, List, Sequence

from . import span
from .network import Network, Subnet


def takes_part(network: Network) -> bool:
    """Tell whether a network is on the LAN of a parent, where others may be beside it."""
    return network.has_parent and not network.internal


def is_divided(one: Subnet, other: Subnet) -> bool:
    """Tell whether two entries give from different parts of one subnet."""
    if one.subnet != other.subnet or one.ip_range is None or other.ip_range is None:
        return False
    (_version, first, last), (_family, start, end) = span.stretch(one.ip_range), span.stretch(other.ip_range)
    return last < start or end < first


def shared_lans(networks: Sequence[Network]) -> Dict[str, FrozenSet[str]]:
    """Return, for each network that has a subnet in common with others on a LAN, the names of all that are then on that LAN, itself among them."""
    by_subnet: Dict[str, List[str]] = {}
    for network in networks:
        for subnet in network.subnets if takes_part(network) else ():
            by_subnet.setdefault(subnet.subnet, []).append(network.name)
    groups: Dict[str, FrozenSet[str]] = {}
    for names in by_subnet.values():
        if len(names) > 1:
            joined = frozenset(names).union(*(groups.get(name, ()) for name in names))
            groups.update(dict.fromkeys(joined, joined))
    return groups


def reserved_addresses(network: Network) -> Iterator[str]:
    """Yield the addresses that a network keeps from being given."""
    for subnet in network.subnets:
        if subnet.gateway:
            yield subnet.gateway
        for _name, address in subnet.aux_addresses:
            yield address
