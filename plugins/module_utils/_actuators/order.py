# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The order of a run, and who carries it out."""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

from .._model.place import HOST
from .._model.snapshot import Snapshot
from .._plan.step import Step
from .base import Actuator, Means, Need, Order, Phase, Scene, Visit
from .table import ACTUATORS, Row

ORDER: Order = (
    Phase.BEGIN,
    Phase.CLOSE,
    Phase.LEAD,
    Phase.REMOVE,
    Phase.GIVE_BACK,
    Phase.END,
    Phase.RENAME,
    Phase.GUARD,
    Phase.RENAME_LATE,
    Phase.FOUND,
    Phase.NUMBER,
    Phase.LEND,
    Phase.BUILD,
    Visit.HOST,
    Phase.GUARD_INSIDE,
    Visit.CONTAINERS,
    Phase.ANNOUNCE,
)
VISIT = (Phase.KEEP, Phase.GROW, Phase.TUNE, Phase.SETTLE)  # in each place
AFTERWARDS: Order = (Phase.SWEEP,)  # once the outcome was verified

Acting = List[Tuple[Actuator, Row, Sequence[Step]]]


class Effects:
    """The actuators of one run, each loaded when there is something for it to do."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._loaded: Dict[str, Actuator] = {}

    def observe(self, place: str, need: Need, into: Snapshot) -> None:
        """Read a place in which we are."""
        for name, row in ACTUATORS.items():
            if row.reads:
                self._find(name, row).observe(place, need, into)

    def carry_out(self, order: Order, steps: Sequence[Step], scene: Scene) -> None:
        owned = ((name, row, [step for step in steps if isinstance(step.subject, row.handles)]) for name, row in ACTUATORS.items())
        acting: Acting = [(self._find(name, row), row, own) for name, row, own in owned if own or row.always]
        settled = [step for step in steps if any(isinstance(step.subject, row.handles) and row.settles(step) for _actuator, row, _own in acting)]
        for stage in order:
            if isinstance(stage, Visit):
                self._visit(stage, settled, acting, scene)
            else:
                for actuator, _row, own in acting:
                    actuator.apply(stage, own, scene)

    def _visit(self, visit: Visit, settled: Sequence[Step], acting: Acting, scene: Scene) -> None:
        by_place: List[Tuple[Actuator, Dict[str, List[Step]]]] = []
        for actuator, row, own in acting:
            mine: Dict[str, List[Step]] = {}
            for step in own:
                if row.settles(step):
                    mine.setdefault(step.place, []).append(step)
            by_place.append((actuator, mine))
        for place in dict.fromkeys(step.place for step in settled if (step.place == HOST) == (visit is Visit.HOST)):
            with self._means.rooms.inside(place):
                for phase in VISIT:
                    for actuator, mine in by_place:
                        if place in mine:
                            actuator.apply(phase, mine[place], scene)

    def _find(self, name: str, row: Row) -> Actuator:
        if name not in self._loaded:
            self._loaded[name] = row.load(self._means)
        return self._loaded[name]
