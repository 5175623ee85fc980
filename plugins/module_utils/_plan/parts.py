# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What few plans have to do with: tunnels, and cards of the host that are lent. Their files are loaded where a plan has one."""

from __future__ import annotations

from typing import Collection, Iterable, List, Sequence, Set

from .._model.link import Link, LinkKey
from .._model.objects import KernelObject
from .._model.snapshot import Snapshot
from .step import Step


def has_tunnel(items: Iterable[KernelObject]) -> bool:
    return any(isinstance(item, Link) and item.nature.tunnel is not None for item in items)


def tunnel_conflicts(wanted: Collection[KernelObject], fresh: Collection[LinkKey], gone: Collection[LinkKey], snapshot: Snapshot) -> Iterable[str]:
    if not has_tunnel(wanted):
        return ()
    from . import tunnels

    return tunnels.tunnel_conflicts(wanted, fresh, gone, snapshot)


def tunnel_warnings(steps: Sequence[Step], desired: Collection[KernelObject], snapshot: Snapshot) -> List[str]:
    if not has_tunnel(desired):
        return []
    from . import tunnels

    return tunnels.tunnel_warnings(steps, desired, snapshot)


def recall_nics(wanted: Collection[KernelObject], fresh: Collection[LinkKey], snapshot: Snapshot, gone: Set[LinkKey], conflicts: List[str]) -> None:
    """Let those that are to be handed over come home first."""
    taken = [item for item in wanted if isinstance(item, Link) and item.nature.lent is not None and (item.place, item.name) in fresh]
    if taken:
        from . import nics

        nics.recall_nics(taken, snapshot, gone, conflicts)


def home_conflicts(gone: Collection[LinkKey], snapshot: Snapshot) -> Iterable[str]:
    found = [link for link in (snapshot.link(*name) for name in gone) if link is not None and link.nature.lent is not None]
    if not found:
        return ()
    from . import nics

    return nics.home_conflicts(((link.place, link.name) for link in found), snapshot)
