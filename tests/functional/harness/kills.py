# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that die by SIGKILL at one point after another: whatever is left, the next run completes it, and in the end an empty declaration removes it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from typing import Callable, Iterable, Iterator, List, Optional, Sequence, Tuple, TypeVar

from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError

from harness.engine import Declaration, converge, foretell, lines, no_preparation
from harness.faults import count_points, die_at
from harness.host import on_fake_host, share_out
from harness.snapshot import Snapshot, differences, take_snapshot

# `make test-long` sets it; otherwise a sweep takes a sample of its points.
EVERY_POINT = "CONTAINER_NET_EVERY_POINT"
Point = TypeVar("Point")


def sample(points: Sequence[Point], size: int) -> List[Point]:
    """Return at most so many of the points, evenly spread, the first and the last among them; in the long tests, all."""
    if os.environ.get(EVERY_POINT) or len(points) <= size:
        return list(points)
    return [points[number * (len(points) - 1) // (size - 1)] for number in range(size)]


def anything(_point: str) -> bool:
    return True


def nothing() -> List[str]:
    return []


@dataclass(frozen=True)
class Killed:
    """A run from `start` to `goal` on a host as the start's `prepare` makes it."""

    start: Declaration
    goal: Declaration
    least: int  # deadly points that there must be
    deadly: Callable[[str], bool] = anything  # by name of a point
    quick: int = 6  # of the deadly points, a quick test takes so many
    foretold: bool = False  # a look at what the dead run left must tell what the next one does
    then: Optional[Declaration] = None  # what the next run is given; the goal, if not said
    inspect: Callable[[], Sequence[str]] = nothing  # complains about what the dead run left


def count_kills(runs: Iterable[Killed], every_point: bool) -> int:
    """Return how many deaths of these runs there are at least: of all points, or as many as a quick test takes."""
    return sum(run.least if every_point else min(run.least, run.quick) for run in runs)


@dataclass(frozen=True)
class Death:
    """One point of a run to die at, and what stands where nobody kills it."""

    run: Killed
    point: int
    name: str
    end: Snapshot


def assert_survived(*runs: Killed) -> None:
    """Kill each run at its deadly points, in rounds of one death of each; all start on a host as the first one's `prepare` makes it."""
    untouched, clean = on_fake_host(lambda: _run_cleanly(runs))
    rounds: List[List[Death]] = []
    for run, (points, end) in zip(runs, clean):
        deadly = [number for number, point in enumerate(points) if run.deadly(point)]
        assert len(deadly) >= run.least, points
        chosen = sample(deadly, run.quick)
        print("%d of %d points" % (len(chosen), len(points)))
        rounds += [[] for _more in range(len(chosen) - len(rounds))]
        for deaths, point in zip(rounds, chosen):
            deaths.append(Death(run, point, points[point], end))
    complaints = share_out(lambda share: "\n".join(_play(share, untouched)), [rounds[0::2], rounds[1::2]], timeout=1800.0)
    assert not complaints, "\n".join(complaints)


def _run_cleanly(runs: Sequence[Killed]) -> Tuple[Snapshot, List[Tuple[List[str], Snapshot]]]:
    """Return what stands before, and for each run the points it passes and what it leaves."""
    runs[0].start.prepare()
    untouched, found = take_snapshot(), []
    for run in runs:
        converge(run.start)
        points = count_points(run.goal)
        if run.then is not None:
            converge(run.then)
        found.append((points, take_snapshot()))
    return untouched, found


def _play(rounds: Sequence[Sequence[Death]], untouched: Snapshot) -> Iterator[str]:
    """Play all rounds, on another host after each complaint."""
    while rounds:
        complaint, played = on_fake_host(partial(_play_on_one_host, rounds, untouched), timeout=1800.0)
        if complaint:
            yield complaint
        rounds = rounds[played:]


def _play_on_one_host(rounds: Sequence[Sequence[Death]], untouched: Snapshot) -> Tuple[str, int]:
    """Return the first complaint, and how many rounds were played until then."""
    rounds[0][0].run.start.prepare()
    for number, deaths in enumerate(rounds, 1):
        standing = Declaration()
        for death in deaths:
            start = replace(death.run.start, prepare=no_preparation)
            if standing != start:
                converge(start)
            complaint = _die_and_recover(death)
            if complaint:
                return "killed before point %d (%s): %s" % (death.point, death.name, complaint), number
            standing = replace(death.run.then or death.run.goal, prepare=no_preparation)
        converge(None)
        left = differences(untouched, take_snapshot())
        if left:
            return "left by those killed before %s: %s" % (["point %d (%s)" % (death.point, death.name) for death in deaths], left), number
    return "", len(rounds)


def _die_and_recover(death: Death) -> str:
    die_at(death.run.goal, death.point)
    complaints = list(death.run.inspect())
    wanted = death.run.then or death.run.goal
    try:
        planned = lines(foretell(wanted)) if death.run.foretold else None
        done = lines(converge(wanted))
        if planned not in (None, done):
            complaints.append("planned %s, done %s" % (planned, done))
        complaints.extend(lines(converge(wanted)))
        complaints.append(differences(death.end, take_snapshot()))
    except ContainerNetError as error:
        complaints.append(str(error))
    return "\n".join(filter(None, complaints))
