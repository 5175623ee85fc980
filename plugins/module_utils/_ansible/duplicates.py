# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Addresses that are new on a bridge of somebody else may be held there by somebody else."""

from __future__ import annotations

from typing import Dict, List, Sequence

from .._kernel.duplicate import find_owners
from .._model.errors import Conflict
from .._model.link import Link, Veth
from .._model.mark import read_mark
from .._model.objects import HOST, Address, KernelObject
from .._model.snapshot import Snapshot
from .._plan.step import CREATE, Step


def refuse_duplicates(steps: Sequence[Step], desired: Sequence[KernelObject], snapshot: Snapshot) -> None:
    """Ask the segment of every foreign bridge for the addresses a plan would add there."""
    conflicts: List[str] = []
    for bridge, addresses in _new_on_foreign(steps, desired, snapshot).items():
        for address, mac in find_owners(bridge, addresses).items():
            conflicts.append("address %s is in use on %s by %s; choose another one" % (address, bridge, mac))
    if conflicts:
        raise Conflict(conflicts)


def _new_on_foreign(steps: Sequence[Step], desired: Sequence[KernelObject], snapshot: Snapshot) -> Dict[str, List[str]]:
    inside = {(link.kind.peer_place, link.kind.peer_name): link.master for link in desired if isinstance(link, Link) and isinstance(link.kind, Veth)}
    found: Dict[str, List[str]] = {}
    for step in steps:
        item = step.subject
        if step.action != CREATE or not isinstance(item, Address):
            continue
        bridge = snapshot.link(HOST, (inside.get((item.place, item.device)) if item.place else item.device) or "")
        if bridge is not None and bridge.up and read_mark(bridge.alias) is None:
            found.setdefault(bridge.name, []).append(item.address.split("/")[0])
    return found
