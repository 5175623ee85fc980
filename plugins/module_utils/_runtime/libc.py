# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The system calls that Python 3.9 lacks."""

from __future__ import annotations

import ctypes
import os
from typing import Optional

CLONE_NEWNET = 0x40000000
MS_BIND, MS_REC, MS_SHARED, MNT_DETACH = 0x1000, 0x4000, 0x100000, 2
_FSOPEN, _FSCONFIG, _FSMOUNT = 430, 431, 432  # the same on every architecture but Alpha, which then lacks this shortcut
_FSOPEN_CLOEXEC, _FSMOUNT_CLOEXEC, _FSCONFIG_CMD_CREATE = 1, 1, 6

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (what, os.strerror(number)))


def unshare(flags: int) -> None:
    _check(_libc.unshare(flags), "unshare")


def setns(fd: int, flags: int = CLONE_NEWNET) -> None:
    _check(_libc.setns(fd, flags), "setns")


def mount(source: Optional[str], target: str, flags: int) -> None:
    encoded = source.encode() if source is not None else None
    _check(_libc.mount(encoded, target.encode(), b"none", ctypes.c_ulong(flags), None), "mount %s" % target)


def unmount(target: str) -> None:
    _check(_libc.umount2(target.encode(), MNT_DETACH), "umount %s" % target)


def open_proc() -> int:
    """Return a descriptor of a process file system that is mounted nowhere (Linux >= 5.8); it ends when the descriptor is closed."""
    context = _libc.syscall(_FSOPEN, b"proc", _FSOPEN_CLOEXEC)
    if context < 0:
        _check(context, "fsopen")
    try:
        _check(_libc.syscall(_FSCONFIG, context, _FSCONFIG_CMD_CREATE, None, None, 0), "fsconfig")
        mounted = _libc.syscall(_FSMOUNT, context, _FSMOUNT_CLOEXEC, 0)
        if mounted < 0:
            _check(mounted, "fsmount")
        return int(mounted)
    finally:
        os.close(context)
