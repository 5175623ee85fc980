# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import ctypes
import fcntl
import os
import threading
from typing import Callable, List, TypeVar

from .._model.errors import NamespaceMissing
from .check import Place

DIRECTORY = "/run/netns"
CLONE_NEWNET = 0x40000000
NS_GET_NSTYPE = 0xB703

Value = TypeVar("Value")
_libc = ctypes.CDLL(None, use_errno=True)


def named_place(name: str) -> Place:
    return Place("%s/%s" % (DIRECTORY, name), name)


def enter(place: Place) -> None:
    """Move the calling thread, and no other, into a network namespace."""
    if place.fault:
        raise NamespaceMissing(place.fault)
    path = place.path or "/proc/self/ns/net"
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise NamespaceMissing("namespace %s: %s: %s" % (place.label, path, error.strerror)) from error
    try:
        if not _is_network_namespace(fd):
            raise NamespaceMissing("namespace %s: %s is not a network namespace" % (place.label, path))
        if _libc.setns(fd, CLONE_NEWNET) != 0:
            raise NamespaceMissing("namespace %s: cannot enter: %s" % (place.label, os.strerror(ctypes.get_errno())))
    finally:
        os.close(fd)


def _is_network_namespace(fd: int) -> bool:
    if os.fstat(fd).st_dev != os.stat("/proc/self/ns/net").st_dev:
        return False
    try:
        return fcntl.ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET
    except OSError:
        return False


def call_inside(place: Place, function: Callable[[], Value]) -> Value:
    """Call a function inside a namespace, in a thread of its own, so that the caller never leaves its own namespace."""
    values: List[Value] = []
    errors: List[BaseException] = []

    def run() -> None:
        try:
            enter(place)
            values.append(function())
        except BaseException as error:  # handed to the caller below
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return values[0]
