# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Addresses that are new on a segment others use too, a foreign bridge or the LAN of a parent, may be held there by somebody else."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

from .._kernel.duplicate import find_owners
from .._model.errors import Conflict
from .._model.link import Ipvlan, Link, Macvlan, Veth
from .._model.mark import read_mark
from .._model.objects import HOST, Address, KernelObject
from .._model.snapshot import Snapshot
from .._plan.step import CREATE, Step


def refuse_duplicates(steps: Sequence[Step], desired: Sequence[KernelObject], snapshot: Snapshot) -> None:
    """Ask every foreign segment for the addresses a plan would add there.

    Whoever answers with the very MAC the new interface will have is the same endpoint on the host it moves away from.
    """
    conflicts: List[str] = []
    for device, addresses in _new_on_foreign(steps, desired, snapshot).items():
        for address, mac in find_owners(device, addresses).items():
            if mac != addresses[address]:
                conflicts.append("address %s is in use on %s by %s; choose another one" % (address, device, mac))
    if conflicts:
        raise Conflict(conflicts)


def _new_on_foreign(steps: Sequence[Step], desired: Sequence[KernelObject], snapshot: Snapshot) -> Dict[str, Dict[str, Optional[str]]]:
    """Return new addresses by the host's link to ask on, each with the MAC it will have where the segment is a LAN."""
    inside: Dict[Tuple[str, str], Tuple[str, Optional[str]]] = {}
    for link in desired:
        if isinstance(link, Link) and isinstance(link.kind, Veth):
            inside[link.kind.peer_place or HOST, link.kind.peer_name or ""] = (link.master or "", None)
        elif isinstance(link, Link) and isinstance(link.kind, (Macvlan, Ipvlan)) and link.kind.lower_place == HOST:
            inside[link.place, link.name] = (link.kind.lower or "", link.mac)
    found: Dict[str, Dict[str, Optional[str]]] = {}
    for step in steps:
        item = step.subject
        if step.action != CREATE or not isinstance(item, Address):
            continue
        name, mac = inside.get((item.place, item.device), ("", None)) if item.place else (item.device, None)
        device = snapshot.link(HOST, name)
        if device is not None and device.up and read_mark(device.alias) is None:
            found.setdefault(device.name, {})[item.address.split("/")[0]] = mac
    return found
