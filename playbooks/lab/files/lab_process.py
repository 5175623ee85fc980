# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes and namespaces: the system calls that Python lacks, and processes known by more than their id."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
import re
import select
import signal
from typing import Any, Dict, Iterable, Iterator, List, Optional, Set, Tuple

Record = Dict[str, Any]

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x4000000, 0x10000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_NOATIME, MS_NODIRATIME, MS_BIND, MS_REC, MS_PRIVATE, MS_RELATIME = 0x400, 0x800, 0x1000, 0x4000, 0x40000, 0x200000
PR_SET_PDEATHSIG = 1
KILL_WAIT_MILLISECONDS = 10000

_NAMESPACE = re.compile(r"(?:net|mnt):\[(\d+)\]")

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (what, os.strerror(number)))


def unshare(flags: int) -> None:
    _check(_libc.unshare(flags), "unshare")


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    result = _libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())
    _check(result, "mount %s" % target)


def end_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process as soon as its parent ends."""
    _check(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    if os.getppid() != parent:
        os._exit(1)


def outlive_parent() -> None:
    _check(_libc.prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0), "prctl")


def boot_id() -> str:
    return pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def start_time(pid: int) -> Optional[int]:
    """Return field 22 of the process's stat, or None when it has ended."""
    try:
        fields = pathlib.Path("/proc/%d/stat" % pid).read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[19]) if fields[0] not in ("Z", "X") else None


def record(name: str, pid: int, namespaces: Iterable[str] = ()) -> Record:
    return {"name": name, "pid": pid, "start_time": start_time(pid), "boot_id": boot_id(), "namespaces": list(namespaces)}


def is_alive(process: Record) -> bool:
    return process["start_time"] is not None and process["boot_id"] == boot_id() and start_time(process["pid"]) == process["start_time"]


def kill(process: Record) -> bool:
    """Kill the recorded process, never a stranger that got its id, and wait for its end."""
    try:
        handle = os.pidfd_open(process["pid"])
    except OSError:
        return False
    try:
        if not is_alive(process):
            return False
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        waiter = select.poll()
        waiter.register(handle, select.POLLIN)
        waiter.poll(KILL_WAIT_MILLISECONDS)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)


def _namespaces(pid: int) -> Tuple[int, ...]:
    found = []
    for kind in ("net", "mnt"):
        try:
            found.append(os.stat("/proc/%d/ns/%s" % (pid, kind)).st_ino)
        except OSError:
            continue
    return tuple(found)


@contextlib.contextmanager
def lab_namespaces(holders: List[Record]) -> Iterator[Set[int]]:
    """Give the inodes of all namespaces of a lab, with the named ones that were made in its hosts.

    They are held open meanwhile, so that none of these numbers becomes another namespace's.
    """
    found: Set[int] = set()
    with contextlib.ExitStack() as stack:
        for holder in holders:
            inside = {_hold_open(file, stack) for file in _namespace_files(holder)}
            if is_alive(holder):
                found.update(inside)
        yield found - {0, *_namespaces(os.getpid())}


def _hold_open(file: pathlib.Path, stack: contextlib.ExitStack) -> int:
    """Open a namespace's file for a while and return its inode, or 0 where it is none."""
    try:
        handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return 0
    stack.callback(os.close, handle)
    status = os.fstat(handle)
    return status.st_ino if status.st_dev == os.stat("/proc/self/ns/net").st_dev else 0


def _namespace_files(holder: Record) -> Iterator[pathlib.Path]:
    process = pathlib.Path("/proc/%d" % holder["pid"])
    yield from (process / "ns" / kind for kind in ("net", "mnt") if kind in holder["namespaces"])
    run = process / "root/run"
    # `outer` sees the machine's own /run, and the namespaces named there are none of the lab's.
    with contextlib.suppress(OSError):  # the holder has ended
        if "mnt" in holder["namespaces"] and not run.samefile("/run"):
            yield from (run / "netns").iterdir()


def processes_inside(namespaces: Set[int]) -> Iterator[Record]:
    """Find the processes that live in any of the namespaces; who passes through, as a run that looks for tunnels everywhere, does not."""
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        # Its start is noted first: a process that gets the number later is another one.
        found = record("process %s" % entry.name, int(entry.name))
        if _lives_inside(found["pid"], namespaces):
            yield found


def _lives_inside(pid: int, namespaces: Set[int]) -> bool:
    if not namespaces.intersection(_namespaces(pid)) or _keeps_way_back(pid, namespaces):
        return False
    # It may have gone, and closed what it held, between the two looks.
    return bool(namespaces.intersection(_namespaces(pid)))


def _keeps_way_back(pid: int, namespaces: Set[int]) -> bool:
    """Tell whether a process holds a namespace open that is none of these: who returns needs one, and only what is held open can be returned to."""
    with contextlib.suppress(OSError):  # it has ended
        for file in pathlib.Path("/proc/%d/fd" % pid).iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                found = _NAMESPACE.fullmatch(os.readlink(file))
                if found and int(found[1]) not in namespaces:
                    return True
    return False
