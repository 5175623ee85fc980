# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import os
import socket
import struct
from typing import Iterator, List, Set, Tuple

from .._model.errors import printable

_LISTENING = {"tcp": "0A", "udp": "07"}
UNMISTAKABLE = 32  # letters of a container's number that nobody has as another word


def listening_sockets() -> List[Tuple[str, str, int]]:
    """Return (protocol, address, port) of every local socket of this namespace that waits for strangers."""
    return [(protocol, address, port) for protocol, address, port, _inode in _sockets()]


def strangers_sockets(generations: int, number: str) -> List[Tuple[str, str, int]]:
    """Return those that are held neither by who called this process, so many generations up, nor by who keeps the container of this number for them."""
    keepers, pid = _find_named(number) if len(number) >= UNMISTAKABLE else [], os.getpid()
    for _generation in range(generations):
        pid = _find_parent(pid)
        keepers.append(pid)
    held = set().union(*map(_find_held, keepers))
    return [(protocol, address, port) for protocol, address, port, inode in _sockets() if "socket:[%s]" % inode not in held]


def _find_named(number: str) -> List[int]:
    """Return the processes that were started with a number as a word of their own."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as stream:
                words = stream.read().split(b"\0")
        except OSError:
            continue
        if number.encode() in words:
            found.append(int(pid))
    return found


def _find_parent(pid: int) -> int:
    with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as stream:
        return int(stream.read().rpartition(")")[2].split()[1])


def _find_held(pid: object) -> Set[str]:
    """Return what the kernel calls the files that a process has open; nothing where it ended, or is not for us to know."""
    found = set()
    try:
        with os.scandir("/proc/%s/fd" % pid) as entries:
            for entry in entries:
                found.add(os.readlink(entry.path))
    except OSError:
        return found
    return found


def name_process(protocol: str, address: str, port: int) -> str:
    """Return the name and number of the process behind such a socket, or nothing where it is not for us to know."""
    wanted = {"socket:[%s]" % inode for *found, inode in _sockets() if found == [protocol, address, port]}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if wanted.isdisjoint(_find_held(pid)):
            continue
        try:
            with open("/proc/%s/comm" % pid, encoding="utf-8", errors="replace") as stream:
                return "%s, process %s" % (printable(stream.read().strip()), pid)
        except OSError:
            continue
    return ""


def _sockets() -> Iterator[Tuple[str, str, int, str]]:
    for protocol, state in _LISTENING.items():
        for suffix in ("", "6"):
            try:
                with open("/proc/self/net/%s%s" % (protocol, suffix), encoding="ascii") as table:
                    lines = table.read().splitlines()[1:]
            except OSError:
                continue
            for columns in (line.split() for line in lines):
                if columns[3] == state:
                    address, port = columns[1].split(":")
                    yield protocol, _address(address), int(port, 16), columns[9]


def _address(text: str) -> str:
    """The kernel prints each 32-bit word in the machine's own byte order."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    packed = struct.pack("=%dI" % len(words), *words)
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)
