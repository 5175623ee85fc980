# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Responders that go on after the task: a process of their own, bounded in time and ended by removing a file."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from typing import Callable, FrozenSet, Optional

from .._model.errors import EnvironmentUnfit


class Lease:
    """The time responders may live: until a moment, and while their run file is in its place."""

    def __init__(self, seconds: float, run_file: Optional[str]) -> None:
        self._end = time.monotonic() + seconds
        self._path = run_file or ""
        # Kept open: as long as it is, no other file can get its inode number.
        self._fd = _create(self._path) if self._path else -1

    @property
    def descriptors(self) -> FrozenSet[int]:
        return frozenset((self._fd,)) if self._fd >= 0 else frozenset()

    def goes_on(self) -> bool:
        return time.monotonic() < self._end and (self._fd < 0 or self._in_place())

    def _in_place(self) -> bool:
        try:
            return os.path.samestat(os.lstat(self._path), os.fstat(self._fd))
        except OSError:
            return False

    def end(self) -> None:
        """Remove the run file, unless it is another call's by now."""
        if self._fd >= 0 and self._in_place():
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._path)


def _create(path: str) -> int:
    try:
        with contextlib.suppress(FileNotFoundError):
            status = os.lstat(path)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_size:
                raise EnvironmentUnfit("run_file %s exists and is not the empty file of an earlier call; choose another path" % path)
            os.unlink(path)
        return os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_RDONLY | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise EnvironmentUnfit("run_file %s cannot be made: %s" % (path, error.strerror)) from error


def leave_behind(work: Callable[[], None], keep: FrozenSet[int]) -> None:
    """Do the work in a process that outlives this one and holds none of its pipes, only the descriptors to keep."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        os.setsid()
        if os.fork() == 0:
            _let_go(keep)
            work()
    finally:
        os._exit(0)


def _let_go(keep: FrozenSet[int]) -> None:
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in keep:
            with contextlib.suppress(OSError):
                os.close(int(name))
