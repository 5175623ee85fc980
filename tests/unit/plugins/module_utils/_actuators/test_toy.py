# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An effect is one file and one row: everything else works for tests/unit/toys/note.py as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Dict

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._actuators.table import ACTUATORS, Row
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Door
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.need import Need
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Snapshot
from ansible_collections.netloom.container_net.plugins.module_utils._report.words import tell_plan
from fresh_network import in_fresh_network
from kernel_engine import failure, run_engine, settle
from note import Note, Notes

MARK = "container-net:main:endpoint:web:a"
PLACE = "netns:a"
INSIDE = [
    {"namespace": "a", "mark": "main:namespace"},
    {"bridge": "br0", "mark": "main:network:web", "up": True},
    Note(PLACE, "about", "inside"),
    {"address": "10.0.0.1/24", "dev": "br0"},
]


@pytest.fixture(autouse=True)
def _row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ACTUATORS, "notes", Row(Notes, (Note,), reads=True))


def files() -> Dict[str, str]:
    return {path.relative_to("/run/notes").as_posix(): path.read_text() for path in sorted(Path("/run/notes").rglob("*")) if path.is_file()}


def test_it_is_planned_applied_changed_and_removed() -> None:
    def work() -> None:
        assert settle([Note("", "motd", "hello")]) == ["+ note motd"]
        assert files() == {"host/motd": "main\nhello"}
        assert settle([Note("", "motd", "goodbye"), Note("", "other", "x")]) == ["~ note motd: text hello → goodbye", "+ note other"]
        Path("/run/notes/host/motd").write_text("main\nscrawl")
        assert settle([Note("", "motd", "goodbye")]) == ["~ note motd: text scrawl → goodbye", "- note other"]
        assert settle([]) == ["- note motd"]
        assert files() == {}

    in_fresh_network(work)


def test_it_comes_last_and_goes_first_in_the_one_visit_of_its_place() -> None:
    def work() -> None:
        assert settle(INSIDE) == ["+ namespace a", "+ bridge br0", "+ address 10.0.0.1/24 on br0", "+ note about in a"]
        assert files() == {"netns:a/about": "main\ninside"}
        assert settle(INSIDE[:2] + INSIDE[3:]) == ["- note about in a"]
        assert files() == {}

    in_fresh_network(work)


def test_another_scope_has_its_own() -> None:
    def work() -> None:
        settle([Note("", "motd", "hello")])
        assert settle([Note("", "theirs", "x", "other")], scope="other") == ["+ note theirs"]
        assert settle([]) == ["- note motd"]
        assert files() == {"host/theirs": "other\nx"}

    in_fresh_network(work)


def test_a_failure_puts_back_what_stood() -> None:
    def work() -> None:
        settle([Note("", "motd", "hello"), Note("", "old", "x")])
        clean = files()
        said = failure([Note("", "motd", "goodbye"), Note("", "new", "y"), Note("", "novel", "z" * 99)])
        assert said == "+ note novel: the note is too long; what stood before was put back"
        assert files() == clean

    in_fresh_network(work)


def test_what_did_not_come_about_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> None:
        monkeypatch.setattr(Notes, "apply", lambda _self, _phase, _steps, _scene: None)
        said = failure([Note("", "motd", "hello")])
        assert said.startswith("the kernel does not show what was applied:\n+ note motd")

    in_fresh_network(work)


def test_nothing_is_sent_for_it_and_check_mode_writes_nothing() -> None:
    def work() -> None:
        door = Door()
        assert run_engine([Note("", "motd", "hello")], check_mode=True) == ["+ note motd"]
        assert files() == {}
        assert run_engine([Note("", "motd", "hello")], door=door) == ["+ note motd"]
        assert door.changes == []

    in_fresh_network(work)


def test_it_is_told_what_is_declared_in_each_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> None:
        told, real = [], Notes.observe

        def observe(actuator: Notes, place: str, need: Need, into: Snapshot) -> None:
            told.append((place, [item.label for item in need.wanted]))
            real(actuator, place, need, into)

        monkeypatch.setattr(Notes, "observe", observe)
        run_engine(INSIDE)
        told.clear()
        run_engine([*INSIDE, Note("", "motd", "hello")], check_mode=True)
        assert told == [("", []), ("", ["note motd"]), (PLACE, ["note about in a"])]

    in_fresh_network(work)


def test_it_is_told_in_words() -> None:
    def work() -> None:
        told = []

        def tell(*asked: object) -> tuple:  # type: ignore[type-arg]
            told.append(tell_plan("main", *asked))  # type: ignore[arg-type]
            return told[-1]

        run_engine([Note("", "motd", "hello")], tell=tell, check_mode=True)
        assert told == [("~ host: + note motd",)]

    in_fresh_network(work)
