# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A process, held so that its number cannot come to mean another one."""

from __future__ import annotations

import os
import time
from types import TracebackType
from typing import Optional, Type

from .._model.errors import ContainerNotRunning

TICKS = os.sysconf("SC_CLK_TCK")
START_FIELD = 19  # of /proc/PID/stat, counted behind the name
READ_LIMIT = 65536


class Process:
    """The folder of a process in /proc. Once the process has ended nothing can be opened through it, whoever has its number by then."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        try:
            self._folder = os.open("/proc/%d" % pid, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise self._ended() from error

    def __enter__(self) -> Process:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        os.close(self._folder)

    def _ended(self) -> ContainerNotRunning:
        return ContainerNotRunning("there is no process %d; is the container running?" % self.pid)

    def open_network(self) -> int:
        """Return a descriptor that keeps its network namespace."""
        try:
            return os.open("ns/net", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._folder)
        except PermissionError:
            raise
        except OSError as error:
            raise self._ended() from error

    def started(self) -> float:
        """Return when it began, in seconds of the wall clock."""
        fields = self._read("stat").rpartition(")")[2].split()
        return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + int(fields[START_FIELD]) / TICKS

    def control_groups(self) -> str:
        return self._read("cgroup")

    def _read(self, name: str) -> str:
        try:
            descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._folder)
            try:
                return os.read(descriptor, READ_LIMIT).decode("utf-8", "replace")
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._ended() from error


def open_process_namespace(pid: int) -> int:
    """Return a descriptor that keeps the network namespace of a process."""
    with Process(pid) as process:
        return process.open_network()
