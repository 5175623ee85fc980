# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signals that end a run, and limits that it meets: nobody is left waiting, the error is one line, and the next run completes it."""

from __future__ import annotations

import os
import resource
import signal
from typing import List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from harness.engine import converge, lines, reach
from harness.faults import Points, converge_watched, count_points
from harness.host import Child
from harness.kills import sample
from harness.runs import OTHER, WEB
from harness.snapshot import assert_same, take_snapshot

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE)
QUICK = 3


def interrupted(point: int, number: int) -> str:
    for ignored in SIGNALS:
        signal.signal(ignored, signal.SIG_DFL if ignored != signal.SIGINT else signal.default_int_handler)
    if number == signal.SIGPIPE:
        signal.signal(number, signal.SIG_IGN)  # as Python does where nobody says otherwise
    try:
        converge_watched(OTHER, Points(point, number))
    except KeyboardInterrupt:
        return "interrupted"
    return "done"


@pytest.mark.fake_host(timeout=900.0)
@pytest.mark.parametrize("number", SIGNALS, ids=[number.name for number in SIGNALS])
def test_a_signal_at_any_point(number: signal.Signals) -> None:
    reach(WEB)
    start = take_snapshot()
    points = count_points(OTHER)
    goal = take_snapshot()
    assert len(points) >= 60
    ends: List[str] = []
    for point in sample(range(len(points) - 1), QUICK):
        converge(WEB)
        assert_same(start)
        child = Child(lambda point=point: interrupted(point, number))
        if number in (signal.SIGTERM, signal.SIGHUP):
            ends.append(signal.Signals(os.WTERMSIG(child.wait())).name)
        else:
            ends.append(child.result(60))
        converge(OTHER)
        assert lines(converge(OTHER)) == []
        assert_same(goal)
    # Nobody listens any more to what goes into a broken pipe: the host's network is no reason to stop half way.
    assert set(ends) == {{signal.SIGINT: "interrupted", signal.SIGPIPE: "done"}.get(number, number.name)}


def limited(count: int) -> str:
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
    try:
        converge(OTHER)
    except (ContainerNetError, OSError) as error:
        return str(error)
    return ""


@pytest.mark.fake_host(timeout=300.0)
def test_too_few_descriptors() -> None:
    reach(WEB)
    before = take_snapshot()
    open_now = len(os.listdir("/proc/self/fd"))
    said = {count: Child(lambda count=count: limited(open_now + count)).result(60) for count in (0, 1, 2, 3, 5, 8, 40)}
    assert said.pop(40) == ""
    converge(WEB)
    assert_same(before)
    failed = {count: text for count, text in said.items() if text}
    assert len(failed) >= 3, said
    for count, text in failed.items():
        assert "Too many open files" in text or "EMFILE" in text, (count, text)
        assert "\n" not in text, (count, text)
