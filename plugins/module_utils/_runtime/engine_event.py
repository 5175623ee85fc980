# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What an engine tells of its containers."""

from __future__ import annotations

from typing import Mapping, NamedTuple

from .._model.place import Place
from .choice import CHOICES


class EngineEvent(NamedTuple):
    """A container that started or ended; without a name, the engine itself has started, and nobody knows what was missed."""

    engine: str
    name: str = ""
    labels: Mapping[str, object] = {}
    begins: bool = True

    def concerns(self, place: Place) -> bool:
        if place.engine != self.engine:
            return False
        if not self.name or place.kind == self.engine:
            return self.name in ("", place.reference)
        return CHOICES[place.kind].fits(place.reference, self.name, self.labels)
