# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The connections of a run. What finds and ends them is loaded where something goes or another firewall comes: nothing else can end one."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

from .._kernel.door import Door
from .._kernel.namespace import NamespaceHandles
from .._kernel.statefile import FLOWS_FILE, StateFile
from .._model.firewall import FirewallObject
from .._model.objects import KernelObject
from .._model.snapshot import Snapshot
from .._plan.step import DELETE, Step
from .base import Effect, Phase, Scene

if TYPE_CHECKING:
    from .flows import Ending


class Connections(Effect):
    """Plans which end, and ends them once everything else is done."""

    def __init__(self, door: Door, handles: NamespaceHandles, directory: str, scope: str) -> None:
        self._door = door
        self._handles = handles
        self._directory = directory
        self._scope = scope
        self._ending: Optional[Ending] = None
        self.warnings: List[str] = []  # of what has ended

    def plan(self, steps: Sequence[Step], snapshot: Snapshot, later: Snapshot, desired: Sequence[KernelObject], home: str) -> Tuple[Step, ...]:
        """Return the steps for flows that there are now; `later` is the snapshot under the names that links will have."""
        may_end = any(step.action == DELETE or isinstance(step.subject, FirewallObject) for step in steps)
        if not may_end and not StateFile(self._directory, FLOWS_FILE).read():
            return ()
        from .flows import start_ending

        self._ending = start_ending(self._door, self._handles, self._directory, self._scope)
        return self._ending.plan(steps, snapshot, later, desired, home)

    def apply(self, phase: Phase, steps: Sequence[Step], scene: Scene) -> None:
        """Act on what was planned, whether any flow was there by then or not."""
        if self._ending is None:
            return
        if phase is Phase.BEGIN:
            self._ending.note()
        elif phase is Phase.SWEEP:
            self.warnings = self._ending.end()
