# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A process that takes a change back unless it is confirmed in time. It outlives the task and the connection, and ends with its work."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import syslog
import threading
import time
from datetime import datetime, timedelta, timezone
from typing import Callable, NoReturn

from .._kernel.hostlock import host_lock
from .._kernel.sysctl import close_view
from .._kernel.unconfirmed import POLL_INTERVAL, Note, Pending, boot_clock
from .._model.errors import EnvironmentUnfit, NotConfirmed
from .._probe.background import leave_behind
from .everything import load_everything

STARTS_WITHIN = 10.0
# Another tool, or what a killed run left behind, may still change something while the change is taken back.
PASSES = 10
PAUSE = 0.5
GRACE = 5.0  # seconds that a run has to take its change back itself, when its time is over
DONE, GIVEN_UP, OVERDUE = b"+", b"-", b"!"


class Guard:
    """The run's end of a guard. If the run dies without a word, the guard takes the change back at once.

    `put_back` works in the guard, with all that the run knew when it started the guard; it returns how many steps it took.
    """

    def __init__(self, directory: str, scope: str, seconds: float, connection: str, put_back: Callable[[], int]) -> None:
        self.seconds = seconds
        self._reader, writer = os.pipe()
        life, self._life = os.pipe()
        # The clock starts before anything changes: however the run goes, the host is back in time.
        self._pending = Pending(scope, boot_clock() + seconds, connection)

        # Only a run in its process's own thread can be told to end; the process of another thread has more to do.
        run = os.getpid() if threading.current_thread() is threading.main_thread() else 0
        self._handler = signal.signal(signal.SIGTERM, self._end_run) if run else None

        def work() -> None:
            if run:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _guard(directory, self._pending, life, writer, put_back, run)

        close_view()
        leave_behind(work, frozenset((writer, life)))
        os.close(writer)
        os.close(life)
        answer = self._read()
        if answer != DONE:
            self._close()
            reason = answer.decode("utf-8", "replace") or "it did not start"
            raise EnvironmentUnfit("the guard that would take the change back cannot work: %s; nothing was changed" % reason)

    def _end_run(self, *_signal: object) -> NoReturn:
        raise NotConfirmed("the run took longer than confirm_timeout, %g seconds, so nobody could confirm it in time" % self.seconds)

    @property
    def confirm_before(self) -> str:
        """Return the last moment for a confirmation, for people: the guard itself never reads this clock."""
        left = timedelta(seconds=self._pending.seconds_left)
        return (datetime.now(timezone.utc) + left).isoformat(timespec="seconds").replace("+00:00", "Z")

    def leave(self) -> bool:
        """The run is over; from now on the confirmation decides. Tell whether the guard lives to wait for it."""
        lives = self._say(DONE)
        self._close()
        return lives

    def dismiss(self) -> None:
        """The run took its change back itself; return when the guard is gone."""
        self._say(GIVEN_UP)
        self._read()
        self._close()

    def abandon(self) -> None:
        """Leave it all to the guard, which acts as if the run had died."""
        self._close()

    def _say(self, word: bytes) -> bool:
        try:
            os.write(self._life, word)
        except BrokenPipeError:
            return False  # it was killed, or its time is over and it acts on its own
        return True

    def _read(self) -> bytes:
        """Return what the guard says, or nothing where it ended or stays silent."""
        ready, _writable, _exceptional = select.select([self._reader], [], [], STARTS_WITHIN)
        return os.read(self._reader, 4096) if ready else b""

    def _close(self) -> None:
        if self._handler is not None:
            signal.signal(signal.SIGTERM, self._handler)
            self._handler = None
        for descriptor in (self._reader, self._life):
            os.close(descriptor)


def _guard(directory: str, pending: Pending, life: int, writer: int, put_back: Callable[[], int], run: int) -> None:
    try:
        load_everything()  # as long as it is there: Ansible removes its files when it ends, and this process goes on
        note = Note(directory, pending)
    except Exception as error:
        os.write(writer, str(error).encode("utf-8"))
        return
    _outlive()
    os.write(writer, DONE)
    word = _watch(note, life)
    if word == OVERDUE:
        word = _end(run, life)
    if word == GIVEN_UP:
        note.take()
    elif word != DONE:
        with host_lock(directory, timeout=float("inf")):  # another scope's run is waited for, and each of its calls has a time limit
            if note.take():
                _take_back(pending.scope, put_back)


def _outlive() -> None:
    """Where memory runs out, let others go first; who has no right to that is as likely to go as any."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as stream:
        stream.write("-1000")


def _watch(note: Note, life: int) -> bytes:
    """Return what became of the change: confirmed, given up by its run, or nothing, so that it must go."""
    heard = b""
    while note.stands():
        left = note.pending.seconds_left
        if not left:
            return b"" if heard else OVERDUE
        if heard:
            time.sleep(min(left, POLL_INTERVAL))
        elif select.select([life], [], [], min(left, POLL_INTERVAL))[0]:
            heard = os.read(life, 1)
            if heard != DONE:
                return heard
    return DONE


def _end(run: int, life: int) -> bytes:
    """Tell a run to end whose time is over, and end it where it does not: it may hang in a tool or in the kernel, with the host's lock in its hands.

    As long as its end of the pipe is open it lives, so its number is its own.
    """
    for word, seconds in ((signal.SIGTERM, GRACE), (signal.SIGKILL, GRACE)):
        if select.select([life], [], [], 0)[0]:
            break
        if run:
            os.kill(run, word)
        select.select([life], [], [], seconds)
    heard = os.read(life, 1) if select.select([life], [], [], 0)[0] else b""
    return heard if heard == GIVEN_UP else b""


def _take_back(scope: str, put_back: Callable[[], int]) -> None:
    """Go the way back until nothing is left to do. Nobody waits for an answer, so the system's log gets it."""
    reason = ""
    steps = 0
    for _pass in range(PASSES):
        try:
            done = put_back()
        except BaseException as error:  # also the exit that a module's helpers raise
            reason = str(error) or type(error).__name__
        else:
            steps += done
            if not done:
                _log(syslog.LOG_WARNING, scope, "was not confirmed and was taken back (%d steps)" % steps)
                return
        time.sleep(PAUSE)
    _log(syslog.LOG_ERR, scope, "was not confirmed and could not be taken back: %s; correct the cause and run again" % (reason or "it never settled"))


def _log(level: int, scope: str, text: str) -> None:
    syslog.openlog("container-net", syslog.LOG_PID, syslog.LOG_DAEMON)
    syslog.syslog(level, "the change of scope '%s' %s" % (scope, text))
