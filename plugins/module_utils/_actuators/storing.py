# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The declaration that is kept on the host. It is written before anything else changes: a host that cannot keep it is left as it is."""

from __future__ import annotations

from typing import Sequence

from .._model.errors import ContainerNetError
from .._model.stored import Stored
from .._plan.step import DELETE, Step
from .base import Effect, Means, Phase, Scene


class Storing(Effect):
    """Writes and removes the file of the run's scope."""

    def __init__(self, means: Means) -> None:
        self._keep = means.keep

    def apply(self, phase: Phase, steps: Sequence[Step], scene: Scene) -> None:
        for step in steps if phase is Phase.BEGIN else ():
            try:
                self._keep(step.desired.options if isinstance(step.desired, Stored) and step.action != DELETE else None)
            except OSError as error:
                raise ContainerNetError("%s: %s" % (step.line, error.strerror or error)) from error
