# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The host's own links as ports of a bridge of ours: what they held moves to the bridge, and home again when they leave it."""

from __future__ import annotations

from dataclasses import replace
from typing import Collection, Dict, List, Optional, Sequence, Tuple

from .._model.link import Link, LinkKey
from .._model.mark import mark_ports, read_mark
from .._model.objects import Address, AddressDetails, KernelObject, is_foreign
from .._model.snapshot import Key, Snapshot
from .stack import find_uppers
from .step import DELETE, Step


def lent_ports(link: Optional[Link]) -> Tuple[str, ...]:
    """Return the ports of a bridge that its mark names: links of the host that a declaration put there."""
    mark = read_mark(link.alias) if link is not None and (link.kind is None or link.kind.has_ports) else None
    return mark_ports(mark)


def used_bridges(wanted: Collection[Key], snapshot: Snapshot, prunable: Collection[Key]) -> Dict[Key, Tuple[str, ...]]:
    """Return the bridges nobody asks for any more and that somebody else uses, with his ports and what stands on them: such a bridge is not ours to take."""
    found: Dict[Key, Tuple[str, ...]] = {}
    going = [link for link in snapshot.links() if link.key in prunable and link.key not in wanted and link.nature.has_ports]
    uppers = find_uppers(snapshot.links()) if going else {}
    for bridge in going:
        ports = [link for link in snapshot.links(bridge.place) if link.master == bridge.name and link.name not in lent_ports(bridge)]
        users = (*ports, *uppers.get((bridge.place, bridge.name), ()))
        names = [link.name for link in users if link.key not in prunable and link.key not in wanted]
        if names:
            found[bridge.key] = tuple(dict.fromkeys(names))
    return found


def moved_away(wanted: Dict[Key, KernelObject], snapshot: Snapshot) -> List[Step]:
    """Return the deletions of foreign addresses that now stand on the bridge of the link that had them."""
    found: List[Address] = []
    ports: Dict[Tuple[str, str], List[str]] = {}
    for item in wanted.values():
        if isinstance(item, Link) and item.kind is None and item.master:
            ports.setdefault((item.place, item.master), []).append(item.name)
    for item in wanted.values() if ports else ():
        if isinstance(item, Address) and is_foreign(item):
            for name in ports.get((item.place, item.device), ()):
                current = snapshot.objects.get(replace(item, device=name).key)
                if isinstance(current, Address):
                    found.append(current)
    return deletions(found)


def deletions(addresses: Sequence[Address]) -> List[Step]:
    """With the first address of a subnet the kernel would take the others; the subnet's route it leaves for one that did not ask for it."""
    asking = [address for address in addresses if not address.details.flags & AddressDetails.NO_SUBNET_ROUTE]
    ordered = [address for address in addresses if address not in asking] + asking[::-1]
    return [Step(DELETE, current=address) for address in ordered]


def moved_home(wanted: Dict[Key, KernelObject], gone: Collection[LinkKey], snapshot: Snapshot) -> List[Step]:
    """Return what must happen before links go: ports leave their bridges, with the addresses and routes that are not ours."""
    steps: List[Step] = []
    for bridge in snapshot.links():
        before = lent_ports(bridge)
        item = wanted.get(bridge.key)
        if not before or not bridge.nature.has_ports:
            continue
        after: Tuple[str, ...] = ()
        if (bridge.place, bridge.name) not in gone:
            if not isinstance(item, Link) or item.alias is None:
                continue
            after = lent_ports(item)
        leaving = [link for name in before if name not in after for link in [snapshot.link(bridge.place, name)] if link is not None]
        if leaving:
            from .homecoming import going_home

            steps.extend(going_home(bridge, leaving, None if after else leaving[0].name, (bridge.place, bridge.name) in gone, snapshot))
    return steps
