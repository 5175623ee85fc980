# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The way back of a firewall: what a run changed and what still stands as it left it, over what was read anew. Others may have written meanwhile."""

from __future__ import annotations

from typing import Callable, Dict, NamedTuple, Optional, Sequence, Tuple

from .._model.firewall import FirewallObject
from .._model.objects import KernelObject
from .._model.snapshot import Key, Snapshot
from .._plan.step import DELETE, Step

Pieces = Sequence[FirewallObject]
Mend = Callable[[Pieces, Pieces, Pieces], Tuple[FirewallObject, ...]]


class Undo(NamedTuple):
    """What to go back from: the first snapshot of a run, and the steps on firewalls it carried out."""

    before: Snapshot
    steps: Tuple[Step, ...]

    def pieces(self, place: str) -> Tuple[FirewallObject, ...]:
        """Return what stood in a place before the run."""
        return tuple(item for item in self.before.firewall() if item.place == place)

    @property
    def places(self) -> Tuple[str, ...]:
        return tuple(dict.fromkeys(item.place for item in self.before.firewall()))

    def over(self, current: Pieces, place: str, mend: Mend) -> Tuple[FirewallObject, ...]:
        """Return what should stand in a place: never less than stood before, and of what another tool wrote meanwhile, all."""
        before = {item.key: item for item in self.pieces(place)}
        stands = {item.key: item for item in current}
        made = self._last_steps(place)
        undone = (_undone(before.get(key), stands.get(key), made.get(key)) for key in dict.fromkeys((*before, *stands)))
        return mend([item for item in undone if item is not None], list(before.values()), current)

    def _last_steps(self, place: str) -> Dict[Key, Step]:
        return {step.subject.key: step for step in self.steps if step.place == place}


def _undone(before: Optional[FirewallObject], stands: Optional[FirewallObject], step: Optional[Step]) -> Optional[FirewallObject]:
    if stands is None or (not stands.held and before is not None and before.held):
        return before
    left = step.desired if step is not None and step.action != DELETE else None
    return before if left is not None and _is_left_so(stands, left) else stands


def _is_left_so(stands: FirewallObject, left: KernelObject) -> bool:
    """Tell whether nobody wrote to a piece since the run did. What is not ours to fill is so while it is empty."""
    return isinstance(left, FirewallObject) and stands.held == left.held
