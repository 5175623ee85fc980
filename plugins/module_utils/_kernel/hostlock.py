# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""One run at a time on a host. The kernel frees the lock when its holder dies."""

from __future__ import annotations

import fcntl
import os
import stat
import time
from contextlib import contextmanager
from typing import Iterator

from .._model.errors import LockHeld

POLL_INTERVAL = 0.05


@contextmanager
def host_lock(directory: str, *, timeout: float) -> Iterator[None]:
    """Hold the lock file of a host; leave no file behind."""
    ensure_private_directory(directory)
    path = os.path.join(directory, "lock")
    descriptor = _acquire(path, time.monotonic() + timeout)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d" % os.getpid(), 0)
        yield
    finally:
        os.unlink(path)
        os.close(descriptor)
        try:
            os.rmdir(directory)
        except OSError:
            pass  # it still holds what must be restored


def _acquire(path: str, deadline: float) -> int:
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            ensure_private_directory(os.path.dirname(path))
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 16, 0).decode("ascii", "replace") or "unknown"
            os.close(descriptor)
            if time.monotonic() >= deadline:
                raise LockHeld("another run (process %s) is changing this host's container networks; nothing was changed" % holder) from None
            time.sleep(POLL_INTERVAL)
            continue
        if _is_current(descriptor, path):
            return descriptor
        os.close(descriptor)  # its holder removed the file while we waited


def _is_current(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def ensure_private_directory(directory: str) -> None:
    """Make a directory only we can write; refuse one that somebody else prepared."""
    found = None
    while found is None:
        try:
            os.mkdir(directory, 0o700)
        except FileExistsError:
            pass
        try:
            found = os.lstat(directory)
        except FileNotFoundError:
            pass  # a run that ended meanwhile took it along
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise LockHeld("%s must be a directory that only its owner can write; nothing was changed" % directory)
