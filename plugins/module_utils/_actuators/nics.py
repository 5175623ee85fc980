# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Links of the host, lent to containers and given back."""

from __future__ import annotations

from typing import Sequence

from .._model.link import Link
from .._plan.step import CREATE, DELETE, Step
from .base import Effect, Means, Phase, Scene


class Nics(Effect):
    """Moves them; what they are set to there is like that of any other link."""

    def __init__(self, means: Means) -> None:
        self._means = means

    def apply(self, phase: Phase, steps: Sequence[Step], scene: Scene) -> None:
        if phase in (Phase.GIVE_BACK, Phase.LEND) and any(map(is_nic, steps)):
            self._move(phase, [step for step in steps if is_nic(step)], scene)

    def _move(self, phase: Phase, steps: Sequence[Step], scene: Scene) -> None:
        from .._kernel.nic import give_back_nics, take_nics

        means = self._means
        if phase is Phase.GIVE_BACK:
            give_back_nics(means.door, means.handles, means.loans, [step for step in steps if step.action == DELETE and not step.leads])
        else:
            take_nics(means.door, means.handles, means.loans, [step for step in steps if step.action == CREATE], scene.numbers.note)


def is_nic(step: Step) -> bool:
    return isinstance(step.subject, Link) and step.subject.nature.lent is not None
