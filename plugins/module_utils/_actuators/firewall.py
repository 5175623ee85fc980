# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The rules of the host, and of routers, through the backend that was chosen."""

from __future__ import annotations

from typing import List, Sequence

from .._firewall.base import Backend, FirewallStep, RunCommand
from .._kernel.namespace import NamespaceHandles
from .._kernel.need import Need
from .._model.place import HOST
from .._model.snapshot import Snapshot
from .._plan.step import DELETE, Step
from .base import Phase, Scene
from .sending import by_place


class Firewall:
    """Reads a place only where it is told to, for each would take its time."""

    def __init__(self, backend: Backend, run: RunCommand, handles: NamespaceHandles) -> None:
        self._backend = backend
        self._run = run
        self._handles = handles
        self.writes = 0
        self.done: List[Step] = []  # also of a phase that failed

    def observe(self, place: str, need: Need, into: Snapshot) -> None:
        for item in self._backend.observe(self._run, place):
            into.add(item, mine=True)

    def apply(self, phase: Phase, steps: Sequence[Step], scene: Scene) -> None:
        leaving = {step.place for step in steps} - {HOST} - {step.place for step in steps if step.action != DELETE}
        if phase is Phase.CLOSE:
            self._write([step for step in steps if step.place in leaving])
        elif phase is Phase.GUARD:
            self._write([step for step in steps if step.place == HOST])
        elif phase is Phase.GUARD_INSIDE:
            self._write([step for step in steps if step.place not in leaving | {HOST}])

    def _write(self, steps: Sequence[Step]) -> None:
        """Carry out steps, one namespace after the other."""
        for place, mine in by_place(steps).items():
            with self._handles.inside(place):
                self.writes += self._backend.apply(mine, self._run, self._note)

    def _note(self, done: Sequence[FirewallStep]) -> None:
        self.done.extend(step for step in done if isinstance(step, Step))
