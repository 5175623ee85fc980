# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The way back of a firewall: what a run changed and what still stands as it left it, over what was read anew. Others may have written meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, Optional, Sequence, Set, Tuple, Union

from .._model.objects import Chain, Jump, KernelObject
from .._model.snapshot import Key, Snapshot
from .._plan.step import DELETE, Step

ChainKey = Tuple[str, int, str, str]


@dataclass(frozen=True)
class Undo:
    """What to go back from: the first snapshot of a run, and the steps on firewalls it carried out."""

    before: Snapshot
    steps: Tuple[Step, ...]

    def chains(self, place: str) -> Tuple[KernelObject, ...]:
        """Return what stood in a place before the run."""
        return tuple(item for item in (*self.before.of(Chain), *self.before.of(Jump)) if item.place == place)

    @property
    def places(self) -> Tuple[str, ...]:
        return tuple(dict.fromkeys(chain.place for chain in self.before.of(Chain)))

    def over(self, current: Sequence[KernelObject], place: str) -> Tuple[KernelObject, ...]:
        """Return what should stand in a place: never less than stood before, and of what another tool wrote meanwhile, all."""
        before = {item.key: item for item in self.chains(place)}
        stands = {item.key: item for item in current}
        made = self._last_steps(place)
        wanted: Dict[Key, KernelObject] = {}
        for key in dict.fromkeys((*before, *stands)):
            item = _undone(before.get(key), stands.get(key), made.get(key))
            if item is not None:
                wanted[key] = item
        _keep_what_is_led_to(wanted, stands)
        chains: Set[ChainKey] = {_chain_key(item, item.name) for item in wanted.values() if isinstance(item, Chain)}
        for item in (*before.values(), *stands.values()):
            if isinstance(item, Jump):
                if _chain_key(item, item.target) in chains:
                    wanted.setdefault(item.key, replace(item, leads=True, copies=1))
                else:
                    wanted.pop(item.key, None)
        return tuple(wanted.values())

    def _last_steps(self, place: str) -> Dict[Key, Step]:
        return {step.subject.key: step for step in self.steps if step.place == place}


def _undone(before: Optional[KernelObject], stands: Optional[KernelObject], step: Optional[Step]) -> Optional[KernelObject]:
    if stands is None or (isinstance(stands, Chain) and not stands.rules and isinstance(before, Chain) and before.rules):
        return before
    left = step.desired if step is not None and step.action != DELETE else None
    return before if left is not None and _is_left_so(stands, left) else stands


def _is_left_so(stands: KernelObject, left: KernelObject) -> bool:
    """Tell whether nobody wrote to a chain or jump since the run did. What is not ours to fill is so while it is empty."""
    return not isinstance(stands, Chain) or not isinstance(left, Chain) or (stands.rules or ()) == (left.rules or ())


def _keep_what_is_led_to(wanted: Dict[Key, KernelObject], stands: Dict[Key, KernelObject]) -> None:
    pending = [item for item in wanted.values() if isinstance(item, Chain)]
    while pending:
        chain = pending.pop()
        targets = {_chain_key(chain, rule.target) for rule in chain.rules or ()}
        for key, item in stands.items():
            if key not in wanted and isinstance(item, Chain) and _chain_key(item, item.name) in targets:
                wanted[key] = item
                pending.append(item)


def _chain_key(item: Union[Chain, Jump], name: str) -> ChainKey:
    return (item.place, item.family, item.table, name)
