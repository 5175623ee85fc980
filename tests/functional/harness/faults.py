# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults at a chosen point of a run: death, a refusal, a lost answer."""

from __future__ import annotations

import os
import signal
import socket
import struct
from typing import Any, Callable, List, Optional, Sequence, Tuple

from ansible_collections.netloom.container_net.plugins.module_utils._engine import run
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Door
from ansible_collections.netloom.container_net.plugins.module_utils._runtime import libc

from harness.engine import Declaration, Tools, converge
from harness.host import Child
from harness.kernel import NLMSG_ERROR

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Points:
    """Counts everything a run does to the world outside it, and sends the process a signal right before the chosen one."""

    def __init__(self, deadly: Optional[int] = None, end: int = signal.SIGKILL) -> None:
        self.names: List[str] = []
        self._deadly = deadly
        self._end = end
        self._owner = os.getpid()  # a guard that the run leaves behind is not meant
        self._paused = False

    def reach(self, name: str) -> None:
        if os.getpid() != self._owner or self._paused:
            return
        self.names.append(name)
        if self._deadly is not None and len(self.names) > self._deadly:
            os.kill(os.getpid(), self._end)

    def message(self, place: str, message: bytes) -> None:
        self.reach("netlink message of type %d in %s" % (int.from_bytes(message[4:6], "little"), place or "the host"))

    def tool(self, moment: str, argv: Sequence[str]) -> None:
        self.reach("%s %s" % (moment, argv[0]))

    def watch_system_calls(self) -> None:
        """Wrap what creates, changes or removes something without netlink. For a child that ends soon: nothing is put back."""
        for name in ("unshare", "mount", "unmount", "setns"):
            self._wrap(libc, name)
        for name in ("link", "replace", "unlink", "mkdir", "rmdir", "write", "pwrite", "ftruncate"):
            self._wrap(os, name)
        plain_open = os.open

        def open_counted(path: Any, flags: int, *more: Any, **named: Any) -> int:
            if flags & WRITING:
                self.reach("open %s for writing" % path)
            return plain_open(path, flags, *more, **named)

        os.open = open_counted  # type: ignore[assignment]
        self._overlook(run, "observe_tunnels")

    def _overlook(self, owner: Any, name: str) -> None:
        """It enters as many namespaces as there are on the machine, other tests' too, and changes nothing."""
        plain = getattr(owner, name)

        def uncounted(*arguments: Any, **named: Any) -> Any:
            self._paused = True
            try:
                return plain(*arguments, **named)
            finally:
                self._paused = False

        setattr(owner, name, uncounted)

    def _wrap(self, owner: Any, name: str) -> None:
        plain = getattr(owner, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            self.reach(name)
            return plain(*arguments, **named)

        setattr(owner, name, counted)


class FileFaults:
    """Counts what a run does to files that are kept on a disk or below /run, and lets the chosen one fail. For a child that ends soon: nothing is put back."""

    CALLS = ("open", "write", "fsync", "replace", "link", "mkdir", "unlink", "rmdir", "fchmod", "ftruncate")

    def __init__(self, chosen: Optional[int], number: int) -> None:
        self.names: List[str] = []
        self._chosen, self._number = chosen, number
        for name in self.CALLS:
            self._wrap(name)

    def _wrap(self, name: str) -> None:
        plain = getattr(os, name)

        def failing(*arguments: Any, **named: Any) -> Any:
            target = os.readlink("/proc/self/fd/%d" % arguments[0]) if isinstance(arguments[0], int) else os.fspath(arguments[0])
            if target.startswith(("/run/", "/var/lib/")) and (name != "open" or arguments[1] & WRITING):
                self.names.append(name)
                if self._chosen == len(self.names) - 1:
                    raise OSError(self._number, os.strerror(self._number))
            return plain(*arguments, **named)

        setattr(os, name, failing)


def converge_watched(declaration: Optional[Declaration], points: Points, **options: Any) -> List[str]:
    """Converge with one netlink message a datagram and every point counted; return the points."""
    points.watch_system_calls()
    door = Door(messages_per_datagram=1, fault=points.message)
    converge(declaration, door=door, tools=Tools(around=points.tool), **options)
    return points.names


def count_points(declaration: Optional[Declaration], **options: Any) -> List[str]:
    """Converge in a child and name the points it passes."""
    names: List[str] = Child(lambda: converge_watched(declaration, Points(), **options)).result(60)
    return names


def die_at(declaration: Optional[Declaration], point: int, **options: Any) -> None:
    """Converge in a child that is killed right before a point."""
    status = Child(lambda: converge_watched(declaration, Points(point), **options)).wait()
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL


def refuse_once(position: int, errno: int) -> Callable[[str, bytes], Optional[int]]:
    """Return a fault that refuses one message, by its position in the run."""
    count = 0

    def fault(_place: str, _message: bytes) -> Optional[int]:
        nonlocal count
        count += 1
        return errno if count == position + 1 else None

    return fault


def refuse_always(position: int, errno: int) -> Callable[[str, bytes], Optional[int]]:
    """Return a fault that refuses the message at a position, and from then on every one of its type in its place."""
    count = 0
    refused: List[Tuple[str, bytes]] = []

    def fault(place: str, message: bytes) -> Optional[int]:
        nonlocal count
        if count == position:
            refused.append((place, message[4:6]))
        count += 1
        return errno if (place, message[4:6]) in refused else None

    return fault


def lose_datagram(number: int) -> None:
    """Let the kernel never see a datagram of this process, while the sender believes it went out. Nothing is put back."""
    plain, count = socket.socket.send, 0

    def send(self: socket.socket, data: Any, *flags: int) -> int:
        nonlocal count
        if self.family != socket.AF_NETLINK:
            return plain(self, data, *flags)
        count += 1
        return len(data) if count == number + 1 else plain(self, data, *flags)

    socket.socket.send = send  # type: ignore[method-assign, assignment]


def fail_reading(kind: int, number: int, way: str) -> List[int]:
    """Let the first question of this type fail: "not taken" and "not given" by the socket, "refused" by the kernel's answer, "lost" without any.

    Return what is filled when it was met. For a child that ends soon: nothing is put back.
    """
    plain_send, plain_receive = socket.socket.send, socket.socket.recvfrom
    met: List[int] = []
    waiting: List[int] = []

    def send(self: socket.socket, data: Any, *flags: int) -> int:
        if self.family != socket.AF_NETLINK or met or struct.unpack_from("=H", data, 4)[0] != kind:
            return plain_send(self, data, *flags)
        met.append(number)
        if way == "not taken":
            raise OSError(number, os.strerror(number))
        if way != "lost":
            waiting.append(struct.unpack_from("=I", data, 8)[0])
        return len(data)

    def receive(self: socket.socket, *arguments: Any) -> Any:
        if self.family != socket.AF_NETLINK or not waiting:
            return plain_receive(self, *arguments)
        sequence = waiting.pop()
        if way == "not given":
            raise OSError(number, os.strerror(number))
        return struct.pack("=IHHIIi16x", 36, NLMSG_ERROR, 0, sequence, 0, -number), (0, 0)

    socket.socket.send = send  # type: ignore[method-assign, assignment]
    socket.socket.recvfrom = receive  # type: ignore[method-assign, assignment]
    return met
