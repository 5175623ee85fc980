# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the benchmarks say of their goals."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import pytest

Seconds = Dict[Tuple[str, int], Tuple[float, Optional[float]]]


@pytest.fixture(scope="module")
def goals() -> Any:
    spec = importlib.util.spec_from_file_location("bench_goals", Path(__file__).resolve().parents[2] / "bench" / "goals.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_goals"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def verdicts(goals: List[Any]) -> List[str]:
    return [goal.line.split(": ")[2].partition(" (")[0] for goal in goals]


MEASURED: Seconds = {
    ("ours", 100): (0.1, 0.1),
    ("ours", 400): (0.5, 0.5),
    ("ours", 1000): (1.9, 0.5),
    ("batch", 400): (1.0, None),
    ("netavark", 400): (8.0, None),
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ["met", "met", "met", "met"]),
        ({("ours", 400): (0.61, 0.5)}, ["NOT MET", "NOT MET", "met", "met"]),
        ({("ours", 1000): (2.1, 0.7)}, ["met", "met", "NOT MET", "NOT MET"]),
        ({("ours", 1000): (1.9, None)}, ["met", "met", "not measured", "met"]),
    ],
)
def test_a_run(goals: Any, changed: Seconds, expected: List[str]) -> None:
    assert verdicts(goals.run_goals({**MEASURED, **changed}, "ours", "batch", "netavark")) == expected


def test_rows(goals: Any) -> None:
    seconds = {("ours", 100): (0.5, 0.2), ("ours", 1000): (8.0, 1.0), ("batch", 100): (0.2, None), ("batch", 1000): (2.0, None)}
    assert verdicts(goals.rows_goals(seconds, [100, 1000])) == ["met", "met", "NOT MET", "met", "NOT MET"]
    assert verdicts(goals.rows_goals({("ours", 9): (1.0, None), ("batch", 9): (1.0, None)}, [9])) == ["met", "not measured"]


def test_what_was_not_measured(goals: Any) -> None:
    for seconds in ({}, {("ours", 10): (9.0, 9.0)}):
        assert verdicts(goals.run_goals(seconds, "ours", "batch", "netavark")) == ["not measured"] * 4


def test_a_fleet(goals: Any) -> None:
    assert verdicts(goals.fleet_goals(1000, 20, {1000: (6.9, 1100.0)})) == ["met", "NOT MET"]
    assert verdicts(goals.fleet_goals(1000, 20, {250: (1.0, 1.0)})) == ["not measured", "not measured"]


def test_the_start_of_a_task(goals: Any) -> None:
    assert verdicts(goals.start_goals(0.22, 0.31)) == ["met", "NOT MET"]


WHATS = ("throughput", "rate", "latency")
ENDS = ("ours:nftables", "docker")
PASSES = {name: {"first port": 40.0, "last port": 44.0, **{"%s %s" % (way, what): 1.0 for way in ("published", "bridge") for what in WHATS}} for name in ENDS}


def test_many_ports_meet_their_goals_and_miss_them(goals: Any) -> None:
    costs = {"nftables": {50: goals.Cost(0.2, 0.4, 1), 5000: goals.Cost(0.9, 1.2, 1)}}
    assert verdicts(goals.ports_goals(costs, PASSES, "docker", 50, 5000)) == ["met"] * 9
    dear = {"nftables": {50: goals.Cost(0.2, 0.4, 1), 5000: goals.Cost(0.9, 1.4, 2)}}
    slow = {**PASSES, "ours:nftables": {**PASSES["docker"], "last port": 60.0, "published latency": 2.0, "bridge rate": 0.5}}
    missed = {0, 1, 2, 5, 7}
    assert verdicts(goals.ports_goals(dear, slow, "docker", 50, 5000)) == ["NOT MET" if number in missed else "met" for number in range(9)]


def test_what_did_not_run_here_is_not_measured(goals: Any) -> None:
    costs = {"iptables": {50: goals.Cost(0.2, 0.4, 1), 5000: goals.Cost(0.9, 1.2, 1)}}
    assert verdicts(goals.ports_goals(costs, {}, "docker", 50, 5000)) == ["met", "met", *["not measured"] * 7]
