# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Links of the host as ports of a bridge: their addresses and routes come along, for a port has neither."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Iterator, List, Sequence, Tuple

from ..._model.addresses import is_link_local
from ..._model.lending import held_by
from ..._model.link import Link
from ..._model.mark import PROTOCOL
from ..._model.objects import Address, KernelObject, Route
from ..._model.place import HOST
from ..._model.snapshot import Facts
from .network import BridgeNetwork


def compile_made_ports(network: BridgeNetwork, scope: str, facts: Facts) -> Dict[str, Link]:
    """Return the VLAN devices among the ports that are ours to make, by name. They hold nothing, and go with the bridge."""
    if not network.interfaces:
        return {}
    from ..vlan import compile_vlan

    made = {name: compile_vlan(name, scope, facts, master=network.bridge_name) for name in network.interfaces}
    return {name: link for name, link in made.items() if link is not None}


def compile_ports(network: BridgeNetwork, names: Sequence[str], facts: Facts) -> Tuple[KernelObject, ...]:
    """Return the host's own links as ports, then what they hold now, on the bridge. What has moved already needs nothing more."""
    objects: List[KernelObject] = []
    for name in names:
        objects.append(Link(HOST, name, up=True, master=network.bridge_name))
        held = held_by(name, facts)
        objects.extend(replace(item, device=network.bridge_name, protocol=item.protocol or 0) for item in held)
        objects.extend(replace(route, device=network.bridge_name) for route in _moving(name, held, facts))
    return tuple(objects)


def _moving(name: str, held: Sequence[Address], facts: Facts) -> Iterator[Route]:
    """Yield the routes over a link, but for those that follow from its addresses. Those to a subnet come before those by a gateway in it."""
    routes = [item for item in facts.entries if isinstance(item, Route) and item.device == name and item.protocol not in (None, PROTOCOL)]
    for route in sorted(routes, key=lambda item: bool(item.gateway)):
        follows = any(address.brings(route) for address in held)
        if not follows and not is_link_local(route.destination) and not route.destination.startswith("ff"):
            yield route
