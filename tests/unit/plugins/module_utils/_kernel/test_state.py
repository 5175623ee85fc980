# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run keeps below /run: the host's lock and the settings to put back."""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import time
from pathlib import Path
from typing import Callable

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.hostlock import ensure_private_directory, host_lock
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.record import FILE, Record
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import LockHeld

FORWARD = "net/ipv4/ip_forward"


def in_child(work: Callable[[], int]) -> int:
    """Start a process that runs `work` and leaves with what it returns."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = work()
        finally:
            os._exit(code)
    return child


def exit_code(child: int) -> int:
    return os.WEXITSTATUS(os.waitpid(child, 0)[1])


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with host_lock(str(state), timeout=0):
        assert (state / "lock").read_text() == str(os.getpid())
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert not state.exists()


def test_the_directory_stays_while_it_holds_a_record(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with host_lock(str(state), timeout=0):
        Record(str(state), "").remember({FORWARD: "0"})
    assert os.listdir(state) == [FILE]


def test_an_error_frees_the_lock(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    with pytest.raises(ZeroDivisionError), host_lock(state, timeout=0):
        raise ZeroDivisionError
    with host_lock(state, timeout=0):
        pass


def test_a_second_run_fails_naming_the_holder(tmp_path: Path) -> None:
    state = str(tmp_path / "state")

    def work() -> int:
        try:
            with host_lock(state, timeout=0.2):
                return 1
        except LockHeld as error:
            return 7 if "process %d)" % os.getppid() in str(error) and "nothing was changed" in str(error) else 2

    with host_lock(state, timeout=0):
        assert exit_code(in_child(work)) == 7
        assert Path(state, "lock").exists()


def test_a_second_run_waits_its_time(tmp_path: Path) -> None:
    """The first leaves and takes its file along; the second must not hold a lock on a file that is gone."""
    state = str(tmp_path / "state")

    def work() -> int:
        (tmp_path / "waiting").touch()
        with host_lock(state, timeout=10):
            return 7 if Path(state, "lock").read_text() == str(os.getpid()) else 2

    with host_lock(state, timeout=0):
        child = in_child(work)
        wait_for(tmp_path / "waiting")
        time.sleep(0.1)
    assert exit_code(child) == 7
    assert not Path(state).exists()


def test_many_at_once_never_overlap(tmp_path: Path) -> None:
    state, inside = str(tmp_path / "state"), tmp_path / "inside"

    def work() -> int:
        for _round in range(40):
            with host_lock(state, timeout=30):
                inside.mkdir()  # fails if another is in here
                inside.rmdir()
        return 7

    children = [in_child(work) for _child in range(4)]
    assert [exit_code(child) for child in children] == [7] * 4
    assert not Path(state).exists()


def test_a_lock_file_that_vanishes_before_it_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock on a file that its last holder removed keeps nobody out."""
    state = tmp_path / "state"
    calls = []

    def flock(descriptor: int, how: int) -> None:
        calls.append(descriptor)
        if len(calls) == 1:
            (state / "lock").unlink()
        original(descriptor, how)

    original = fcntl.flock
    monkeypatch.setattr(fcntl, "flock", flock)
    with host_lock(str(state), timeout=0):
        assert (state / "lock").read_text() == str(os.getpid())
    assert len(calls) == 2


def test_a_directory_that_vanishes_while_it_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run's last act is to remove it."""
    made = []

    def mkdir(path: str, mode: int) -> None:
        made.append(path)
        if len(made) == 1:
            raise FileExistsError(path)
        original(path, mode)

    original = os.mkdir
    monkeypatch.setattr(os, "mkdir", mkdir)
    ensure_private_directory(str(tmp_path / "state"))
    assert len(made) >= 2


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    state = str(tmp_path / "state")

    def work() -> int:
        with host_lock(state, timeout=0):
            (tmp_path / "held").touch()
            time.sleep(60)
        return 0

    child = in_child(work)
    wait_for(tmp_path / "held")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert Path(state, "lock").exists()
    with host_lock(state, timeout=0):
        pass
    assert not Path(state).exists()


def test_a_prepared_directory_is_refused(tmp_path: Path) -> None:
    loose, linked, plain = tmp_path / "loose", tmp_path / "linked", tmp_path / "plain"
    loose.mkdir()
    loose.chmod(0o777)
    (tmp_path / "good").mkdir(mode=0o700)
    linked.symlink_to(tmp_path / "good")
    plain.touch()
    for path in (loose, linked, plain):
        with pytest.raises(LockHeld, match="only its owner can write"):
            ensure_private_directory(str(path))
    ensure_private_directory(str(tmp_path / "good"))


def test_a_lock_file_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    state, victim = tmp_path / "state", tmp_path / "victim"
    state.mkdir(mode=0o700)
    victim.write_text("precious")
    (state / "lock").symlink_to(victim)
    with pytest.raises(OSError, match=r"."), host_lock(str(state), timeout=0):
        pass
    assert victim.read_text() == "precious"


def test_the_first_value_remembered_wins(tmp_path: Path) -> None:
    record = Record(str(tmp_path), "")
    record.remember({FORWARD: "0"})
    record.remember({FORWARD: "1"})
    record.remember({"net/ipv6/conf/eth0/accept_ra": "1"})
    assert Record(str(tmp_path), "").read() == {FORWARD: "0", "net/ipv6/conf/eth0/accept_ra": "1"}
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == [FILE]


def test_places_have_their_own_values(tmp_path: Path) -> None:
    host, inner = Record(str(tmp_path), ""), Record(str(tmp_path), "netns:gw")
    host.remember({FORWARD: "0"})
    inner.remember({FORWARD: "1"})
    host.forget([FORWARD])
    assert (host.read(), inner.read()) == ({}, {FORWARD: "1"})
    inner.forget(["net/ipv6/conf/all/forwarding"])
    assert inner.read() == {FORWARD: "1"}
    inner.forget([FORWARD])
    assert not (tmp_path / FILE).exists()
    inner.forget([])


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"": []}', '{"": {"../../etc/passwd": "x"}}', '{"": {"net/../kernel/x": "1"}}', '{"": {"kernel/core_pattern": "|x"}}']
)
def test_a_torn_or_forged_record_gives_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    assert Record(str(tmp_path), "").read() == {}


def test_a_record_survives_a_crash_while_it_is_written(tmp_path: Path) -> None:
    record = Record(str(tmp_path), "")
    record.remember({FORWARD: "0"})
    (tmp_path / (FILE + ".new")).write_text("half of i")
    assert record.read() == {FORWARD: "0"}
    record.remember({"net/ipv6/conf/all/forwarding": "0"})
    assert sorted(record.read()) == [FORWARD, "net/ipv6/conf/all/forwarding"]


def test_a_record_never_writes_through_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / (FILE + ".new")).symlink_to(victim)
    with pytest.raises(OSError, match=r"."):
        Record(str(tmp_path), "").remember({FORWARD: "0"})
    assert victim.read_text() == "precious"
