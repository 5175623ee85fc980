# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines as systemd-machined notes them, and those that come and go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Callable, Dict, Iterator

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNotRunning, NamespaceMissing
from ansible_collections.netloom.container_net.plugins.module_utils._runtime import machine
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.container import Container
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.engine_event import EngineEvent

# As machined of systemd 252 writes it.
NOTED = """\
# This is private data. Do not parse.
NAME=%(name)s
SCOPE=machine-my\\\\x2dweb.scope
SERVICE=systemd-nspawn
ROOT=/var/lib/machines/web
ID=0123456789abcdef0123456789abcdef
LEADER=%(leader)s
CLASS=container
REALTIME=1700000000123456
MONOTONIC=4711
"""
Note = Callable[..., None]


@pytest.fixture
def note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Note:
    """Return what writes a machine down as machined does: whole, under its name at once."""
    monkeypatch.setattr(machine, "DIRECTORY", str(tmp_path / "machines"))
    monkeypatch.setattr(machine, "POLL_INTERVAL", 0.0)

    def write(name: str, leader: object, text: str = NOTED) -> None:
        (tmp_path / "machines").mkdir(exist_ok=True)
        path = tmp_path / "machines" / name
        path.with_name("." + name).write_text(text % {"name": name, "leader": leader})
        path.with_name("." + name).rename(path)

    return write


def test_a_machine_is_what_machined_notes(note: Note) -> None:
    note("web", 4711)
    (found,) = machine.inspect_machines(["web"]).values()
    assert found == Container("machine", "web", "machine-my\\x2dweb.scope", "web", "running", 4711, "2023-11-14T22:13:20.123456Z", "", "")


@pytest.mark.parametrize(
    "text", ["", "LEADER=\nSCOPE=a.scope\nREALTIME=1\n", "LEADER=1\nREALTIME=1\n", "LEADER=1\nSCOPE=a.scope\n", "LEADER=-1\nSCOPE=a\nREALTIME=1\n"]
)
def test_what_proves_nothing_is_no_machine(note: Note, text: str) -> None:
    note("web", 4711, text)
    (found,) = machine.inspect_machines(["web"]).values()
    assert isinstance(found, ContainerNotRunning)
    assert "has no LEADER, SCOPE and REALTIME" in str(found)


def test_machines_that_are_not_there(note: Note, tmp_path: Path) -> None:
    none = machine.inspect_machines(["web"])["web"]
    assert isinstance(none, ContainerNotRunning)
    assert str(none) == "no machine 'web' is registered with systemd-machined; start it, then run again"
    note("web", 4711)
    (tmp_path / "stray").write_text(NOTED % {"name": "stray", "leader": 4711})
    (tmp_path / "machines" / "folder").mkdir()
    found = machine.inspect_machines(["web", "db", "../stray", "folder"])
    assert isinstance(found["web"], Container)
    assert [isinstance(found[name], ContainerNotRunning) for name in ("db", "../stray")] == [True, True]
    assert isinstance(found["folder"], NamespaceMissing)


def test_machines_that_come_and_go(note: Note, tmp_path: Path) -> None:
    events: Iterator[EngineEvent] = machine.follow_machines()
    assert next(events) == EngineEvent("machine")
    note("web", 4711)
    (tmp_path / "machines" / "unit:machine-web.scope").symlink_to("web")
    assert _tell(next(events)) == {"web": True}
    note("web", 4711)  # written again, and still the same
    note("db", 4712)
    assert _tell(next(events)) == {"db": True}
    note("web", 4713)
    assert _tell(next(events)) == {"web": True}
    os.unlink(tmp_path / "machines" / "db")
    assert _tell(next(events)) == {"db": False}


def _tell(event: EngineEvent) -> Dict[str, bool]:
    assert event.engine == "machine"
    return {event.name: event.begins}
