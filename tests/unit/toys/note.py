# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An effect that the collection does not have: what it takes to add one. It keeps small files about places, each with the scope it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Sequence

from ansible_collections.netloom.container_net.plugins.module_utils._actuators.base import Means, Phase, Scene
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.need import Need
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import KernelError
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import KernelObject, in_place
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Snapshot
from ansible_collections.netloom.container_net.plugins.module_utils._plan.step import DELETE, Step

FOLDER = Path("/run/notes")
LONGEST = 80


@dataclass(frozen=True)
class Note(KernelObject):
    """One file about a place."""

    IDENTITY = ("place", "name")
    RANK = 11  # when all else stands

    name: str = ""
    text: Optional[str] = None
    scope: str = "main"
    DESCRIPTIVE = frozenset(("scope",))

    @property
    def label(self) -> str:
        return "note %s%s" % (self.name, in_place(self.place))

    @property
    def owner(self) -> Optional[str]:
        return self.scope


class Notes:
    """Reads all there are about a place that is read."""

    def __init__(self, _means: Means) -> None:
        pass

    def observe(self, place: str, need: Need, into: Snapshot) -> None:
        for path in sorted(_folder(place).glob("*")):
            scope, _line, text = path.read_text(encoding="utf-8").partition("\n")
            into.add(Note(place, path.name, text, scope), mine=True)

    def apply(self, phase: Phase, steps: Sequence[Step], _scene: Scene) -> None:
        for step in steps if phase is Phase.SETTLE else ():
            item = step.subject
            if isinstance(item, Note):
                path = _folder(item.place) / item.name
                if step.action == DELETE:
                    path.unlink()
                    continue
                if len(item.text or "") > LONGEST:
                    raise KernelError(step.line, 0, "the note is too long")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("%s\n%s" % (item.scope, item.text or ""), encoding="utf-8")


def _folder(place: str) -> Path:
    return FOLDER / (place.replace("/", "_") or "host")
