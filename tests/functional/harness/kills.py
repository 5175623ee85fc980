# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that die by SIGKILL at one point after another: whatever is left, the next run completes it, and an empty declaration removes it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Callable, List, Optional, Sequence, TypeVar

from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError

from harness.engine import Declaration, converge, lines, no_preparation, reach
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
    quick: int = 9  # of the deadly points, a quick test takes so many
    then: Optional[Declaration] = None  # what the next run is given; the goal, if not said
    inspect: Callable[[], Sequence[str]] = nothing  # complains about what the dead run left


@dataclass(frozen=True)
class Clean:
    """What a run that nobody kills passes and leaves."""

    points: Sequence[str]
    end: Snapshot
    untouched: Snapshot


def assert_survived(run: Killed) -> None:
    """Kill the run at each of its deadly points, on a host of its own each time."""
    clean = on_fake_host(lambda: _run_cleanly(run))
    deadly = [number for number, point in enumerate(clean.points) if run.deadly(point)]
    assert len(deadly) >= run.least, clean.points
    chosen = sample(deadly, run.quick)
    print("%d of %d points" % (len(chosen), len(clean.points)))

    def complain(point: int) -> str:
        complaint = on_fake_host(lambda: _die_and_recover(run, point, clean))
        return complaint and "killed before point %d of %d (%s): %s" % (point, len(clean.points), clean.points[point], complaint)

    complaints = share_out(complain, chosen, timeout=600.0)
    assert not complaints, "%d of %d points:\n%s" % (len(complaints), len(chosen), "\n".join(complaints))


def _run_cleanly(run: Killed) -> Clean:
    run.start.prepare()
    untouched = take_snapshot()
    reach(replace(run.start, prepare=no_preparation))
    points = count_points(run.goal)
    if run.then is not None:
        converge(run.then)
    return Clean(points, take_snapshot(), untouched)


def _die_and_recover(run: Killed, point: int, clean: Clean) -> str:
    reach(run.start)
    die_at(run.goal, point)
    complaints = list(run.inspect())
    wanted = run.then or run.goal
    try:
        converge(wanted)
        complaints.extend(lines(converge(wanted)))
        complaints.append(differences(clean.end, take_snapshot()))
        converge(None)
        complaints.append(differences(clean.untouched, take_snapshot()))
    except ContainerNetError as error:
        complaints.append(str(error))
    return "\n".join(filter(None, complaints))
