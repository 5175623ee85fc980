# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from typing import Iterable, Iterator, Sequence

from .._kernel import neighbour
from .._model.objects import GONE, FdbEntry, Neighbour
from .._plan.step import DELETE, Step
from .base import Effect, Means, Phase, Scene
from .numbers import Numbers
from .sending import Message, by_place, send


class RowSender(Effect):
    """Forwarding entries and neighbours. A fleet has tens of thousands, so nothing else is asked of each."""

    def __init__(self, means: Means) -> None:
        self._door = means.door
        self._handles = means.handles

    def apply(self, phase: Phase, steps: Sequence[Step], scene: Scene) -> None:
        if phase is Phase.LEAD:
            for place, mine in by_place(step for step in steps if step.leads).items():
                with self._handles.inside(place):
                    send(self._door, place, list(_messages(mine, scene.numbers)))
        elif phase is Phase.SETTLE:
            send(self._door, steps[0].place, list(_messages(steps, scene.numbers)))


def _messages(steps: Iterable[Step], numbers: Numbers) -> Iterator[Message]:
    for step in steps:
        row, goes = step.subject, step.action == DELETE
        if isinstance(row, Neighbour):
            yield step, (neighbour.delete_neighbour if goes else neighbour.ensure_neighbour)(row, numbers.find(row.place, row.device))
        elif isinstance(row, FdbEntry):
            # One whose link below is gone has none any more.
            through = numbers.find(row.place, row.through) if row.through not in ("", GONE) else None
            yield step, (neighbour.delete_fdb if goes else neighbour.ensure_fdb)(row, numbers.find(row.place, row.device), through)
