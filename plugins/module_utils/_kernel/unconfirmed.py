# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The note that a change waits for its confirmation. Whoever removes it has decided: a confirmation keeps the change, the guard takes it back."""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from typing import Optional

from .._model.errors import NotConfirmed
from .hostlock import ensure_private_directory
from .statefile import UNCONFIRMED_FILE
from .store import Store

POLL_INTERVAL = 0.1
GUARD_ENDS_WITHIN = 10.0
KILLED = "an earlier change was neither confirmed nor taken back, for its guard was killed: it stands"


def boot_clock() -> float:
    """Return the seconds since the host started, its sleep included. Nobody can set this clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True)
class Pending:
    """A change that waits: whose it is, until when by the boot clock, and over which connection it was made."""

    scope: str
    deadline: float
    connection: str = ""

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.deadline - boot_clock())


class Note:
    """The file, in the hands of the guard: it holds the lock as long as it lives."""

    def __init__(self, directory: str, pending: Pending) -> None:
        self.pending = pending
        self._path = os.path.join(directory, UNCONFIRMED_FILE)
        ensure_private_directory(directory)
        # Unnamed until it is whole and locked: nobody ever sees half a note, or one without its guard.
        self._descriptor = os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(self._descriptor, json.dumps(asdict(pending), sort_keys=True).encode("utf-8"))
        # Only with a directory descriptor does Python follow the link in /proc to the unnamed file.
        os.link("/proc/self/fd/%d" % self._descriptor, self._path, src_dir_fd=self._descriptor, follow_symlinks=True)

    def stands(self) -> bool:
        try:
            return os.path.samestat(os.lstat(self._path), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False

    def take(self) -> bool:
        """Remove the note; tell whether nobody else did."""
        return self.stands() and _remove(self._path)


def read_unconfirmed(directory: str) -> Optional[Pending]:
    """Return the change that waits, or None. A note whose guard is dead says nothing any more."""
    path = os.path.join(directory, UNCONFIRMED_FILE)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        if _is_free(descriptor):
            return None
        found = json.loads(os.read(descriptor, 65536))
        return Pending(str(found["scope"]), float(found["deadline"]), str(found["connection"]))
    except (ValueError, KeyError, TypeError):
        return None
    finally:
        os.close(descriptor)


def refuse_unconfirmed(directory: str) -> str:
    """Let nothing else change a host on which a change may still be taken back; return what to say of one whose guard is dead.

    Call it with the host's lock held.
    """
    pending = read_unconfirmed(directory)
    if pending is not None:
        raise NotConfirmed(
            "a change of scope '%s' waits for its confirmation and is taken back in %d s without one; nothing was changed; "
            "confirm it with netloom.container_net.confirm, or wait and run again" % (pending.scope, round(pending.seconds_left))
        )
    return KILLED if _remove(os.path.join(directory, UNCONFIRMED_FILE)) else ""


def confirm(directory: str, scope: str, connection: str, *, check_mode: bool) -> Pending:
    """Keep a scope's change, and wait until its guard is gone."""
    pending = read_unconfirmed(directory)
    if pending is not None and pending.scope != scope:
        raise NotConfirmed("the change that waits for its confirmation is of scope '%s', not of '%s'" % (pending.scope, scope))
    if pending is not None and connection and pending.connection == connection:
        raise NotConfirmed(
            "this task came over the same connection as the change, so it cannot tell whether a new one is possible; "
            "put the task 'ansible.builtin.meta: reset_connection' before it; the change is taken back in %d s" % round(pending.seconds_left)
        )
    path = os.path.join(directory, UNCONFIRMED_FILE)
    if pending is not None and check_mode:
        return pending
    if pending is None and os.path.lexists(path):
        raise NotConfirmed("there is nothing to confirm: %s; run again to bring the host to what is declared" % KILLED)
    if pending is None or not _remove_with_guard(path):
        raise NotConfirmed(
            "no change of scope '%s' waits for a confirmation: it was taken back because none came in time (the host's system log tells), "
            "or it was confirmed before" % scope
        )
    Store(scope).confirm()
    try:
        os.rmdir(directory)
    except OSError:
        pass  # it still holds what must be restored
    return pending


def _remove_with_guard(path: str) -> bool:
    """Remove a note; once done, its guard lets go of the file and ends."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        if not _remove(path):
            return False
        end = boot_clock() + GUARD_ENDS_WITHIN
        while not _is_free(descriptor) and boot_clock() < end:
            time.sleep(POLL_INTERVAL / 4)
        return True
    finally:
        os.close(descriptor)


def _remove(path: str) -> bool:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def _is_free(descriptor: int) -> bool:
    """Tell whether no guard holds the file."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return True
