# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a bridge's mark notes of the host's own links among its ports: their addresses stand on the bridge, and must find home."""

from __future__ import annotations

from ipaddress import ip_interface
from typing import TYPE_CHECKING, Dict, List, Sequence, Tuple

from .addresses import is_link_local
from .mark import PROTOCOL, Mark, mark_origins, mark_ports, read_mark
from .objects import Address
from .snapshot import Facts

if TYPE_CHECKING:
    from .network import Network


def held_by(name: str, facts: Facts) -> List[Address]:
    """Return the addresses of the host's own that a link has now."""
    held = [item for item in facts.entries if isinstance(item, Address) and item.device == name and item.protocol != PROTOCOL]
    return [item for item in held if not is_link_local(item.address)]


def write_mark(network: Network, lent: Sequence[str], scope: str, facts: Facts) -> Mark:
    """Return the mark of a bridge. Its first port is home to what is not noted: the one that had addresses, and stays so when they have moved."""
    existing = facts.links.get(network.bridge_name)
    mark = read_mark(existing.alias) if existing is not None else None
    order = [name for name in mark_ports(mark) if name in lent]
    order += sorted((name for name in lent if name not in order), key=lambda name: not held_by(name, facts))
    origins: Dict[str, str] = {address: name for address, name in mark_origins(mark).items() if name in order[1:]}
    origins.update({item.address: name for name in order[1:] for item in held_by(name, facts)})
    notes: List[Tuple[str, ...]] = [(name, *(address for address, origin in origins.items() if origin == name)) for name in order]
    return Mark(scope, "network", network.name, ",".join("=".join(note) for note in notes).replace(":", "~"))


def is_behind(address: str, gateway: str) -> bool:
    """Tell whether a gateway is in the subnet of an address."""
    return ip_interface(gateway).ip in ip_interface(address).network
