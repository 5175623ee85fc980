# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The order of a run, and who carries it out."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple, Type

from .._kernel.need import Need
from .._model.objects import KernelObject
from .._model.place import HOST
from .._model.snapshot import Snapshot
from .._plan.step import Step
from .base import Actuator, Means, Order, Phase, Scene, Visit
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
    Phase.PART,
)
VISIT = (Phase.KEEP, Phase.GROW, Phase.TUNE, Phase.SETTLE, Phase.QUIET)  # in each place
AFTERWARDS: Order = (Phase.SWEEP,)  # once the outcome was verified


class Duty:
    """What one actuator has to do: its steps, and of these by place those that are settled there."""

    def __init__(self, name: str, row: Row) -> None:
        self.name = name
        self.row = row
        self.steps: List[Step] = []
        self.settled: Dict[str, List[Step]] = {}


def share_out(steps: Sequence[Step]) -> Tuple[List[Duty], List[str]]:
    """Return the duties of all actuators, and the places in which something is settled, in the order of the steps."""
    duties = [Duty(name, row) for name, row in ACTUATORS.items()]
    kinds: Dict[type, List[Duty]] = {}
    places: Dict[str, None] = {}
    for step in steps:
        kind, place = type(step.subject), step.place
        if kind not in kinds:
            kinds[kind] = [duty for duty in duties if issubclass(kind, duty.row.handles)]
        for duty in kinds[kind]:
            duty.steps.append(step)
            if duty.row.settles(step):
                duty.settled.setdefault(place, []).append(step)
                places[place] = None
    return duties, list(places)


class Effects:
    """The actuators of one run, each loaded when there is something for it to do."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._loaded: Dict[str, Actuator] = {}
        self._reads: Dict[Type[KernelObject], bool] = {}
        self._shared: Optional[Tuple[Sequence[Step], List[Duty], List[str]]] = None

    def observe(self, place: str, need: Need, into: Snapshot) -> None:
        """Read a place in which we are."""
        for name, row in ACTUATORS.items():
            if row.reads:
                self._find(name, row).observe(place, need, into)

    def reads(self, kind: Type[KernelObject]) -> bool:
        """Tell whether somebody reads objects of a kind, and may have to know which are declared."""
        if kind not in self._reads:
            self._reads[kind] = any(row.reads and issubclass(kind, row.handles) for row in ACTUATORS.values())
        return self._reads[kind]

    def carry_out(self, order: Order, steps: Sequence[Step], scene: Scene) -> None:
        if self._shared is None or self._shared[0] is not steps:
            self._shared = (steps, *share_out(steps))
        _steps, duties, places = self._shared
        acting = [(self._find(duty.name, duty.row), duty) for duty in duties if duty.steps or duty.row.always]
        for stage in order:
            if isinstance(stage, Visit):
                for place in places:
                    if (place == HOST) == (stage is Visit.HOST):
                        self._visit(place, acting, scene)
            else:
                for actuator, duty in acting:
                    actuator.apply(stage, duty.steps, scene)

    def _visit(self, place: str, acting: Sequence[Tuple[Actuator, Duty]], scene: Scene) -> None:
        with self._means.handles.inside(place):
            for phase in VISIT:
                for actuator, duty in acting:
                    if place in duty.settled:
                        actuator.apply(phase, duty.settled[place], scene)

    def _find(self, name: str, row: Row) -> Actuator:
        if name not in self._loaded:
            self._loaded[name] = row.load(self._means)
        return self._loaded[name]
