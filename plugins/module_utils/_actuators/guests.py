# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The note of a scope's guests: who comes is noted before anything of his is made, who leaves until nothing of his is left."""

from __future__ import annotations

from typing import Sequence

from .._kernel.guests import GuestBook
from .._model.errors import ContainerNetError
from .._model.guest import Guest
from .._plan.step import DELETE, Step
from .base import Effect, Means, Phase, Scene


class GuestNotes(Effect):
    """Writes the file of all guests."""

    def __init__(self, means: Means) -> None:
        self._book = GuestBook(means.state_directory)

    def apply(self, phase: Phase, steps: Sequence[Step], scene: Scene) -> None:
        come = [step.desired for step in steps if step.action != DELETE and isinstance(step.desired, Guest)] if phase is Phase.BEGIN else []
        gone = [step.current for step in steps if step.action == DELETE and isinstance(step.current, Guest)] if phase is Phase.PART else []
        if come or gone:
            try:
                self._book.change(come, gone)
            except OSError as error:
                raise ContainerNetError("%s: %s" % (steps[0].line, error.strerror or error)) from error
