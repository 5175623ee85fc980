# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.netloom.container_net.plugins.module_utils._probe.check import ERROR, PASS, REFUSE, Check, Location, Outcome, Result
from ansible_collections.netloom.container_net.plugins.module_utils._probe.matrix import LEGEND, render_matrix


def result(origin: str, target: str, outcome: str, expect: str = PASS) -> Result:
    check = Check(name="n", origin=Location("", origin), type="tcp", address="10.0.0.1", target=target, port=80, expect=expect)
    return Result(check, Outcome(outcome, "why"), 1.0)


def test_rows_are_starts_and_columns_are_targets() -> None:
    results = [
        result("api", "db", PASS),
        result("api", "outside world", REFUSE, REFUSE),
        result("guest", "db", PASS, REFUSE),
        result("guest", "cache", ERROR),
    ]
    assert render_matrix(results).splitlines() == [
        "from / to  db  outside world  cache",
        "api        ok  --             .",
        "guest      !!  .              !!",
        LEGEND,
    ]


def test_one_wrong_check_marks_its_cell() -> None:
    assert render_matrix([result("a", "b", PASS), result("a", "b", REFUSE), result("a", "b", PASS)]).splitlines()[1] == "a          !!"


def test_a_cell_can_hold_allowed_and_forbidden_ports() -> None:
    assert render_matrix([result("a", "b", PASS), result("a", "b", REFUSE, REFUSE)]).splitlines()[1] == "a          +-"


def test_nothing_makes_no_table() -> None:
    assert render_matrix([]) == ""


def test_an_error_is_never_as_expected() -> None:
    assert not result("a", "b", ERROR, REFUSE).ok
    assert result("a", "b", ERROR).line == "n: tcp from a to 10.0.0.1 port 80 could not be tried: why"
