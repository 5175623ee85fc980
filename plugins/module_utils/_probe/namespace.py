# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import os
import threading
from typing import Callable, List, TypeVar

from .._model.errors import NamespaceMissing
from .._runtime.libc import setns
from .._runtime.namespace import NETNS_DIRECTORY, OWN_NAMESPACE, is_network_namespace
from .check import Location

Value = TypeVar("Value")


def named_location(name: str) -> Location:
    return Location("%s/%s" % (NETNS_DIRECTORY, name), name)


def enter(location: Location) -> None:
    """Move the calling thread, and no other, into a network namespace."""
    if location.fault:
        raise NamespaceMissing(location.fault)
    path = location.path or OWN_NAMESPACE
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise NamespaceMissing("namespace %s: %s: %s" % (location.label, path, error.strerror)) from error
    try:
        if not is_network_namespace(fd):
            raise NamespaceMissing("namespace %s: %s is not a network namespace" % (location.label, path))
        setns(fd)
    except OSError as error:
        raise NamespaceMissing("namespace %s: cannot enter: %s" % (location.label, error.strerror)) from error
    finally:
        os.close(fd)


def call_inside(location: Location, function: Callable[[], Value]) -> Value:
    """Call a function inside a namespace, in a thread of its own, so that the caller never leaves its own namespace."""
    values: List[Value] = []
    errors: List[BaseException] = []

    def run() -> None:
        try:
            enter(location)
            values.append(function())
        except BaseException as error:  # handed to the caller below
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return values[0]
