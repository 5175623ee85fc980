# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The backend that was chosen, and what of the scope another one still holds: that goes in the same run, once the chosen one has it."""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, NamedTuple, Sequence, Set, Tuple

from .._model.firewall import FirewallObject, rules_of
from .._model.objects import KernelObject
from .._model.place import HOST
from .._model.rule import Rule
from .._model.translation import Translation
from .base import DELETE, Backend, FirewallStep, Report, RunCommand, silent

MIXED = (
    "scope '%s' keeps its firewall rules in %s, this one in %s, and containers of one may not reach what the other publishes;"
    " set firewall_backend to the same for both"
)


class Other(NamedTuple):
    """A backend that was not chosen: how to find out whether it holds anything, and how to get it then."""

    shows: Callable[[RunCommand], bool]
    load: Callable[[], Backend]


class Switch:
    """Reads what all backends hold, wants it all in one. Where that is not `fixed`, it is the one that has the scope's rules."""

    def __init__(
        self, name: str, chosen: Backend, others: Mapping[str, Other], *, fixed: bool, dangers: Callable[[str], Sequence[str]] = lambda _name: ()
    ) -> None:
        self._name = name
        self._loaded: Dict[str, Backend] = {name: chosen}
        self._others = others
        self._fixed = fixed
        self._dangers = dangers  # of a backend on this host
        self._looked: Set[Tuple[str, str]] = set()  # backends and places; nobody but a run of ours makes what there was not
        self._beside: Set[Tuple[str, str]] = set()  # other scopes, and the backends that hold them

    @property
    def _chosen(self) -> Backend:
        return self._loaded[self._name]

    def observe(self, run: RunCommand, place: str = HOST, families: Sequence[int] = (4, 6)) -> Tuple[FirewallObject, ...]:
        for name, other in self._others.items():
            if name in self._loaded or (name, place) in self._looked:
                continue
            self._looked.add((name, place))
            # To load it takes longer than to ask.
            if other.shows(run):
                self._loaded[name] = other.load()
        return tuple(piece for backend in self._loaded.values() for piece in backend.observe(run, place, families))

    def compose(self, rules: Sequence[Rule], *, scope: str, current: Sequence[KernelObject], place: str = HOST) -> Tuple[FirewallObject, ...]:
        if len(self._loaded) == 1:
            return self._chosen.compose(rules, scope=scope, current=current, place=place)
        held = {name: _pieces_of(name, current) for name in self._loaded}
        scopes = {name: {rule.scope for rule in rules_of(pieces) if rule.is_ours} for name, pieces in held.items()}
        if not self._fixed and scope not in scopes[self._name]:
            self._name = next((name for name, found in scopes.items() if scope in found), self._name)
        if rules:
            self._beside.update((other, name) for name, found in scopes.items() if name != self._name for other in found - {"", scope})
        return tuple(
            piece
            for name, backend in self._loaded.items()
            for piece in backend.compose(rules if name == self._name else (), scope=scope, current=held[name], place=place)
        )

    def mend(self, wanted: Sequence[FirewallObject], before: Sequence[FirewallObject], standing: Sequence[FirewallObject]) -> Tuple[FirewallObject, ...]:
        return tuple(
            piece for name, backend in self._loaded.items() for piece in backend.mend(*(_pieces_of(name, pieces) for pieces in (wanted, before, standing)))
        )

    def apply(self, steps: Sequence[FirewallStep], run: RunCommand, report: Report = silent) -> int:
        by_name: Dict[str, List[FirewallStep]] = {}
        for step in steps:
            item = step.desired or step.current
            by_name.setdefault(item.BACKEND if isinstance(item, FirewallObject) else "", []).append(step)
        # Who takes over isolates before the other one lets go, on the way back too.
        order = sorted(by_name, key=lambda name: sum(map(_loss, by_name[name])))
        return sum(self._loaded[name].apply(by_name[name], run, report) for name in order)

    def show(self, rule: Rule) -> str:
        return self._chosen.show(rule)

    def find_translations(self, run: RunCommand) -> Tuple[Translation, ...]:
        return self._chosen.find_translations(run)

    def why_no_vnis(self, run: RunCommand) -> str:
        return self._chosen.why_no_vnis(run)

    def warnings(self, run: RunCommand) -> Tuple[str, ...]:
        return (*(MIXED % (scope, name, self._name) for scope, name in sorted(self._beside)), *self._dangers(self._name), *self._chosen.warnings(run))


def _pieces_of(name: str, objects: Sequence[KernelObject]) -> List[FirewallObject]:
    return [item for item in objects if isinstance(item, FirewallObject) and item.BACKEND == name]


def _loss(step: FirewallStep) -> int:
    """Return how many rules fewer there are after a step."""
    before = len(step.current.held) if isinstance(step.current, FirewallObject) else 0
    after = len(step.desired.held) if isinstance(step.desired, FirewallObject) and step.action != DELETE else 0
    return before - after
