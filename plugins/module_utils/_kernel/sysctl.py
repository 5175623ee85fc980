# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import errno
import os
from typing import Optional

from .._model.objects import LOOPBACK
from .._runtime import libc
from . import loopback

ROOT = "/proc/sys"
# Each namespace leaves its own entries below one node of /proc, and a look-up walks past those of all others: 2 ms with a thousand
# namespaces. A process file system of our own starts empty; it is thrown away before it fills.
VIEW_LOOKUPS = 256


class _View:
    """/proc, as a directory to open settings from."""

    def __init__(self) -> None:
        self._descriptor: Optional[int] = None
        self._lookups = 0
        self._refused = False

    def open(self, path: str, flags: int) -> int:
        self._lookups += 1
        if not self._refused and (self._descriptor is None or self._lookups > VIEW_LOOKUPS):
            self._renew()
        if self._descriptor is None:
            return os.open("%s/%s" % (ROOT, path), flags | os.O_CLOEXEC)
        return os.open("sys/%s" % path, flags | os.O_CLOEXEC, dir_fd=self._descriptor)

    def close(self) -> None:
        self._lookups = 0
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _renew(self) -> None:
        self.close()
        try:
            self._descriptor = libc.open_proc()
        except OSError:  # an older kernel, or a user namespace that may not mount one
            self._refused = True


_view = _View()


def close_view() -> None:
    """Keep no descriptor, so that a forked process may close whatever it inherits. The next look-up opens another."""
    _view.close()


def read_sysctl(path: str) -> Optional[str]:
    """Return a value of the current namespace, or None where the kernel has no such key (or it is not for us to read)."""
    if path == LOOPBACK:
        return loopback.read_state()
    try:
        descriptor = _view.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        return " ".join(os.read(descriptor, 4096).decode("ascii", "replace").split())
    except OSError:
        return None
    finally:
        os.close(descriptor)


def why_unwritable(path: str) -> int:
    """Return 0 where a setting of the current namespace can be written, else what the kernel says of it."""
    try:
        os.close(_view.open(path, os.O_WRONLY))
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def write_sysctl(path: str, value: str) -> None:
    if path == LOOPBACK:
        loopback.write_state(value)
        return
    descriptor = _view.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, value.encode("ascii") + b"\n")
    finally:
        os.close(descriptor)


def link_sysctl_path(name: str, setting: str) -> str:
    """Return the path of `ipv6/accept_ra` for an interface."""
    family, key = setting.split("/")
    return "net/%s/conf/%s/%s" % (family, name, key)


def has_ipv6() -> bool:
    return os.path.isdir(ROOT + "/net/ipv6/conf")
