# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from typing import Collection, Dict, Iterator, Mapping, Set, Tuple

from .._model.objects import KernelObject
from .._model.rows import Rows
from .._model.snapshot import Key, Snapshot
from .losses import Losses

Objects = Mapping[Key, KernelObject]


def unfold_rows(wanted: Objects, snapshot: Snapshot, prunable: Collection[Key], losses: Losses) -> Tuple[Objects, Objects, Collection[Key]]:
    """Return what is wanted, what stands and what may go, with rows as objects; those that are there and wanted are left out, but where they are lost."""
    asked = {key: item for key, item in wanted.items() if isinstance(item, Rows)}
    held = {item.key: item for item in snapshot.of(Rows)}
    if not asked and not held:
        return wanted, snapshot.objects, prunable

    def unfold(rows: Rows, others: Mapping[Key, Rows]) -> Iterator[KernelObject]:
        other = None if losses.touch(rows.place, rows.device) else others.get(rows.key)
        return rows.objects() if other is None else rows.unlike(other)

    left: Dict[Key, KernelObject] = {}
    for key, item in wanted.items():
        if isinstance(item, Rows):
            left.update((row.key, row) for row in unfold(item, held))
        else:
            left[key] = item
    standing: Dict[Key, KernelObject] = {}
    going: Set[Key] = set(prunable)
    for key, item in snapshot.objects.items():
        if not isinstance(item, Rows):
            standing[key] = item
            continue
        rows = {row.key: row for row in unfold(item, asked)}
        standing.update(rows)
        if key in prunable:
            going.update(rows)
    return left, standing, going
