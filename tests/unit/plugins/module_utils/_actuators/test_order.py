# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of a run: each phase comes once, each step goes to who handles it, each place is visited once."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._actuators import order
from ansible_collections.netloom.container_net.plugins.module_utils._actuators.base import Effect, Phase, Scene, Visit, never
from ansible_collections.netloom.container_net.plugins.module_utils._actuators.order import AFTERWARDS, ORDER, VISIT, Effects
from ansible_collections.netloom.container_net.plugins.module_utils._actuators.table import ACTUATORS, Row
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Address, KernelObject, Namespace, Sysctl
from ansible_collections.netloom.container_net.plugins.module_utils._model.rows import Rows
from ansible_collections.netloom.container_net.plugins.module_utils._plan.step import CHANGE, CREATE, DELETE, NAME, Change, Step

A, B = "netns:a", "netns:b"
Log = List[Tuple[str, ...]]


class Recorder(Effect):
    """Writes down what it is handed, and where."""

    def __init__(self, name: str, log: Log) -> None:
        self._name = name
        self._log = log

    def apply(self, phase: Phase, steps: Sequence[Step], _scene: Any) -> None:
        if phase in (Phase.REMOVE, Phase.TUNE, Phase.SETTLE, Phase.SWEEP):
            self._log.append((self._name, phase.name, *(step.subject.label for step in steps)))


class NamespaceHandles:
    def __init__(self, log: Log) -> None:
        self._log = log

    @contextmanager
    def inside(self, place: str) -> Iterator[None]:
        self._log.append(("enter", place))
        yield
        self._log.append(("leave", place))


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    found: Log = []
    rows: Dict[str, Row] = {
        "links": Row(lambda _means: Recorder("links", found), (Link, Address)),
        "settings": Row(lambda _means: Recorder("settings", found), (Sysctl, Link)),
        "spaces": Row(lambda _means: Recorder("spaces", found), (Namespace,), settles=never),
    }
    monkeypatch.setattr(order, "ACTUATORS", rows)
    return found


def carry_out(log: Log, *steps: Step, **more: Any) -> Log:
    class Means:
        handles = NamespaceHandles(log)

    effects = Effects(Means())  # type: ignore[arg-type]
    effects.carry_out(more.get("order", ORDER), steps, Scene(None, (), None))  # type: ignore[arg-type]
    return log


def create(item: KernelObject) -> Step:
    return Step(CREATE, desired=item)


def test_each_phase_comes_once() -> None:
    stages = [*ORDER, *VISIT, *AFTERWARDS]
    assert sorted(stage.name for stage in stages) == sorted([*(phase.name for phase in Phase), *(visit.name for visit in Visit)])


def test_isolation_stands_before_what_it_isolates() -> None:
    assert ORDER.index(Phase.GUARD) < ORDER.index(Phase.BUILD) < ORDER.index(Visit.HOST) < ORDER.index(Phase.GUARD_INSIDE) < ORDER.index(Visit.CONTAINERS)
    assert ORDER.index(Phase.CLOSE) < ORDER.index(Phase.REMOVE) < ORDER.index(Phase.END) < ORDER.index(Phase.FOUND)
    assert VISIT.index(Phase.KEEP) < VISIT.index(Phase.TUNE) < VISIT.index(Phase.SETTLE)


def test_somebody_handles_each_kind_of_object() -> None:
    handled = tuple(kind for row in ACTUATORS.values() for kind in row.handles)
    known = [kind for kind in KernelObject.__subclasses__() if "._model." in kind.__module__ and kind is not Rows]  # these become entries
    assert len(known) > 10
    assert [kind.__name__ for kind in known if not issubclass(kind, handled)] == []


def test_a_place_is_visited_once_with_all_that_is_settled_there(log: Log) -> None:
    steps = [create(Sysctl(B, "net/x", "1")), create(Address(A, "eth0", "10.0.0.2/24")), create(Link("", "up0")), create(Address(B, "eth0", "10.0.0.3/24"))]
    assert [row for row in carry_out(log, *steps) if row[1] != "REMOVE"] == [
        ("enter", ""),
        ("links", "TUNE", "link up0"),
        ("settings", "TUNE", "link up0"),
        ("links", "SETTLE", "link up0"),
        ("settings", "SETTLE", "link up0"),
        ("leave", ""),
        ("enter", B),
        ("links", "TUNE", "address 10.0.0.3/24 on eth0 in b"),
        ("settings", "TUNE", "sysctl net.x in b"),
        ("links", "SETTLE", "address 10.0.0.3/24 on eth0 in b"),
        ("settings", "SETTLE", "sysctl net.x in b"),
        ("leave", B),
        ("enter", A),
        ("links", "TUNE", "address 10.0.0.2/24 on eth0 in a"),
        ("links", "SETTLE", "address 10.0.0.2/24 on eth0 in a"),
        ("leave", A),
    ]


def test_what_goes_first_or_is_renamed_is_no_reason_for_a_visit(log: Log) -> None:
    old, new = Link(A, "eth0"), Link(A, "eth1")
    steps = [
        Step(DELETE, current=Link(B, "eth0")),
        Step(CHANGE, new, old, (Change("name", "eth0", "eth1", NAME),)),
        Step(CREATE, desired=Address("", "br0", "10.0.0.1/24"), leads=True),
        create(Namespace(A)),
    ]
    assert [row for row in carry_out(log, *steps) if row[0] in ("enter", "leave")] == []


def test_who_has_nothing_to_do_is_not_loaded(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_means: Any) -> Any:
        raise AssertionError("loaded")

    monkeypatch.setitem(order.ACTUATORS, "others", Row(refuse, (Sysctl,), reads=True))
    carry_out(log, create(Address(A, "eth0", "10.0.0.2/24")))
    with pytest.raises(AssertionError, match="loaded"):
        carry_out(log, create(Sysctl(A, "net/x", "1")))


def test_who_always_acts_does_so_without_steps(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(order.ACTUATORS, "sweeper", Row(lambda _means: Recorder("sweeper", log), (Sysctl,), settles=never, always=True))
    assert carry_out(log, order=AFTERWARDS) == [("sweeper", "SWEEP")]
