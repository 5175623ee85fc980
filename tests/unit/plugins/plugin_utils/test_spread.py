# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import sys
import threading
from typing import Any, List, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.plugin_utils.spread import spread

HERE = os.getpid()


@pytest.fixture(autouse=True)
def _four_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)


def whose(thing: int) -> Tuple[int, int]:
    return thing, os.getpid()


def assert_no_child() -> None:
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize(("count", "least", "processes"), [(0, 1, 0), (1, 1, 1), (3, 2, 1), (5, 2, 2), (7, 1, 4), (100, 32, 3), (1000, 32, 4)])
def test_results_come_in_order_from_so_many_processes(count: int, least: int, processes: int) -> None:
    found = spread(whose, range(count), least=least)
    assert [thing for thing, _process in found] == list(range(count))
    assert len({process for _thing, process in found}) == processes
    assert not found or found[0] == (0, HERE)
    assert_no_child()


@pytest.mark.parametrize("where", [0, 5, 7])
def test_what_is_raised_is_raised_here(where: int) -> None:
    def work(thing: int) -> int:
        if thing == where:
            raise LookupError("thing %d" % thing)
        return thing

    with pytest.raises(LookupError, match="thing %d" % where):
        spread(work, range(8), least=1)
    assert_no_child()


@pytest.mark.parametrize("fault", [lambda: os._exit(9), threading.Lock, sys.exit], ids=["dies", "cannot be told", "exits"])
def test_a_share_that_fails_elsewhere_is_done_here(fault: Any) -> None:
    def work(thing: int) -> Any:
        result: List[Any] = [thing, os.getpid()]
        if thing == 3 and os.getpid() != HERE:
            result.append(fault())
        return result

    found = spread(work, range(4), least=1)
    assert [thing for thing, _process in found] == [0, 1, 2, 3]
    assert found[3] == [3, HERE] != found[2]
    assert found[2][1] != HERE
    assert_no_child()
