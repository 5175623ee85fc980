# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What an effect must do for us: read what there is of it in a place, and carry out its part of each phase of a run."""

from __future__ import annotations

from enum import Enum
from typing import Any, Callable, Mapping, NamedTuple, Optional, Protocol, Sequence, Tuple, Union

from .._firewall.base import RunCommand
from .._kernel.door import Door
from .._kernel.loans import Loans
from .._kernel.namespace import NamespaceHandles
from .._kernel.need import Need
from .._kernel.statefile import STATE_DIRECTORY
from .._model.errors import FirewallError
from .._model.link import Link
from .._model.objects import KernelObject
from .._model.snapshot import Snapshot
from .._plan.step import DELETE, Step
from .numbers import Numbers


class Phase(Enum):
    """What happens in a run; `order.py` says when."""

    BEGIN = "what stands is written down, for a run that dies, and what is to stand again after a restart"
    CLOSE = "a namespace that gets rid of all its rules does so while its links can still tell that there are any"
    LEAD = "what must not vanish with a link comes home"
    REMOVE = "links go"
    GIVE_BACK = "what the host lent comes home"
    END = "namespaces end"
    RENAME = "links get the names that all other steps call them by"
    GUARD = "the host's rules stand"
    RENAME_LATE = "links get the names that these rules had to know first"
    FOUND = "namespaces are made"
    NUMBER = "links to be made get their numbers, so that one message can make a link and the next refer to it"
    LEND = "the host lends its links"
    BUILD = "links are made"
    KEEP = "values that are to come back are noted"
    GROW = "links get the size without which they lack settings"
    TUNE = "settings are written, before links are raised"
    SETTLE = "links join and are raised, entries come and go"
    QUIET = "links lose IPv6 whose last address of it went"
    GUARD_INSIDE = "rules of routers stand, before their links are raised and after the host's ends have their marks"
    ANNOUNCE = "neighbours are told where addresses live now"
    PART = "who has left is forgotten"
    SWEEP = "connections end that nothing allows any more"


class Visit(Enum):
    """The places whose steps are settled, each in one visit."""

    HOST = "the host"
    CONTAINERS = "every other namespace"


Order = Sequence[Union[Phase, Visit]]


class Scene(NamedTuple):
    """What a run goes by. The snapshot calls links as they will be called, and so do all steps but those that remove a link or give it its name."""

    snapshot: Snapshot
    desired: Sequence[KernelObject]
    numbers: Numbers


class Actuator(Protocol):
    """The door to one kind of effect."""

    def observe(self, place: str, need: Need, into: Snapshot) -> None:
        """Add what there is in a place; called inside it, once its links were read."""

    def apply(self, phase: Phase, steps: Sequence[Step], scene: Scene) -> None:
        """Carry out what of the steps, which are all its own, belongs into a phase. In a visit these are those of one place, and it is called inside."""


class Effect:
    """An actuator that reads nothing and does nothing; a real one does one of them, or both."""

    def observe(self, place: str, need: Need, into: Snapshot) -> None:
        pass

    def apply(self, phase: Phase, steps: Sequence[Step], scene: Scene) -> None:
        pass


NO_EFFECT = Effect()


def forget(_place: str, _settings: Mapping[str, str]) -> None:
    """Keep nothing, for there is nothing to be changed."""


def keep_nothing(_options: Optional[Mapping[str, Any]]) -> None:
    """Nothing is to outlive a restart."""


def run_nothing(argv: Sequence[str], _data: Optional[str] = None) -> Tuple[int, str, str]:
    """Who only looks runs no tool."""
    raise FirewallError("%s is not run by who only looks" % argv[0])


class Means(NamedTuple):
    """What actuators work with, in one run over one host; who only looks needs no more than the first three."""

    door: Door
    handles: NamespaceHandles
    loans: Loans
    remember: Callable[[str, Mapping[str, str]], None] = forget
    firewall: Actuator = NO_EFFECT
    connections: Actuator = NO_EFFECT
    keep: Callable[[Optional[Mapping[str, Any]]], None] = keep_nothing
    state_directory: str = STATE_DIRECTORY
    run: RunCommand = run_nothing


def is_settled(step: Step) -> bool:
    """Tell whether a step is carried out in the visit of its place, when links have come, gone, and have their names."""
    return not (step.leads or step.renames or (step.action == DELETE and isinstance(step.subject, Link)))


def never(_step: Step) -> bool:
    return False
