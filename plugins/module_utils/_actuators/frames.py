# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Frames of a scope's table come, change and go in one transaction."""

from __future__ import annotations

from typing import Sequence

from .._firewall.frames.table import write_frames
from .._model.frames import FrameTable
from .._plan.step import DELETE, Step
from .base import Effect, Means, Phase, Scene


class Frames(Effect):
    """Writes the tables before the links that they are about are made, and once those that they were about are gone."""

    def __init__(self, means: Means) -> None:
        self._handles = means.handles
        self._run = means.run

    def apply(self, phase: Phase, steps: Sequence[Step], scene: Scene) -> None:
        for step in steps if phase is Phase.GUARD else ():
            desired = step.desired if isinstance(step.desired, FrameTable) and step.action != DELETE else None
            current = step.current if isinstance(step.current, FrameTable) else None
            with self._handles.inside(step.place):
                write_frames(self._run, desired, current)
