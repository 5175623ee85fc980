# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What few runs come to, each loaded when a run does: Python compiles every file of a task anew, which takes most of the time of a small one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Collection, ContextManager, Dict, FrozenSet, Iterable, Mapping, Sequence

from .._plan.step import DELETE, Step

if TYPE_CHECKING:
    from .._kernel.observe import Observer
    from .._kernel.trial import Setting
    from .._model.snapshot import Snapshot
    from .request import Request
    from .undo import Undo


def find_lacking(features: Collection[str], timeout: float) -> FrozenSet[str]:
    from .._kernel import trial

    return trial.find_lacking(features, timeout)


def find_unwritable(paths: Collection[str]) -> Dict[str, int]:
    from .._kernel import trial

    return trial.find_unwritable(paths)


def find_refused(settings: Sequence[Setting], around: Mapping[str, str]) -> Dict[Setting, str]:
    from .._kernel import trial

    return trial.find_refused(settings, around)


def renames_only_lowered(timeout: float) -> bool:
    from .._kernel import trial

    return trial.renames_only_lowered(timeout)


def apart() -> ContextManager[bool]:
    from .._kernel import trial

    return trial.apart()


def find_owners(device: str, addresses: Iterable[str], vlan: int) -> Dict[str, str]:
    from .._kernel import duplicate

    return duplicate.find_owners(device, addresses, vlan)


def read_what_goes(observer: Observer, steps: Sequence[Step]) -> None:
    if any(step.action == DELETE for step in steps):
        from . import rollback

        rollback.read_what_goes(observer, steps)


def note_undo(before: Snapshot, walls: Sequence[Step]) -> Undo:
    from .undo import Undo

    return Undo(before, tuple(walls))


def way_back(request: Request, before: Snapshot, steps: Sequence[Step]) -> Request:
    from . import rollback

    return rollback.way_back(request, before, steps)
