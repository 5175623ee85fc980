# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""From a place to an open network namespace. Nothing here creates or changes one."""

from __future__ import annotations

import fcntl
import os
import stat
from functools import lru_cache
from typing import List, Optional

from .._model.errors import ContainerNotRunning, NamespaceMissing
from .._model.mark import ALIAS_LIMIT, read_mark
from .._model.names import label_fault
from .._model.place import HOST, NAMED, PATH, PROCESS, Place

NETNS_DIRECTORY = "/run/netns"
OWN_NAMESPACE = "/proc/self/ns/net"
_NS_GET_NSTYPE = 0xB703
_CLONE_NEWNET = 0x40000000


def namespace_path(place: str) -> str:
    """Return the file that stands for a place. The host's own namespace is ""."""
    where = Place(place)
    if where == HOST:
        return OWN_NAMESPACE
    if where.kind == PATH:
        return where.reference
    if not where.is_named or label_fault(where.reference):
        raise NamespaceMissing("'%s' is not a namespace reference" % place)
    return os.path.join(NETNS_DIRECTORY, where.reference)


def open_namespace(place: str, *, may_be_host: bool = False) -> Optional[int]:
    """Return a descriptor that keeps the namespace, or None if a named one does not exist (or was left half made by us)."""
    where = Place(place)
    if where.kind == PROCESS and where.reference.isdecimal():
        from .process import open_process_namespace

        path = "process " + where.reference
        descriptor = open_process_namespace(int(where.reference))
    else:
        path = namespace_path(place)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            if where.is_named:
                return None
            raise ContainerNotRunning("%s: no such file; is the container running?" % path) from None
        except OSError as error:
            raise NamespaceMissing("%s: %s" % (path, error.strerror)) from error
    if is_network_namespace(descriptor):
        if place and not may_be_host and os.path.samestat(os.fstat(descriptor), os.stat(OWN_NAMESPACE)):
            os.close(descriptor)
            raise NamespaceMissing("%s is the host's own network namespace, not a container's; nothing was changed" % path)
        return descriptor
    try:
        if where.is_named and _placeholder_mark(descriptor) is not None:
            return None
    finally:
        os.close(descriptor)
    raise NamespaceMissing("%s exists but is not a network namespace; an interrupted 'ip netns add' leaves such files: remove it, then run again" % path)


@lru_cache(maxsize=None)
def _device_of_namespaces() -> int:
    return os.stat(OWN_NAMESPACE).st_dev


def is_network_namespace(descriptor: int) -> bool:
    """Ask the kernel, since a leftover file of a crashed creation looks the same in a listing."""
    if os.fstat(descriptor).st_dev != _device_of_namespaces():
        return False
    try:
        return fcntl.ioctl(descriptor, _NS_GET_NSTYPE) == _CLONE_NEWNET
    except OSError:
        return False


def read_placeholder(place: str) -> Optional[str]:
    """Return the mark in the file of a namespace whose creation was cut short, or None."""
    try:
        descriptor = os.open(namespace_path(place), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        return _placeholder_mark(descriptor)
    finally:
        os.close(descriptor)


def _placeholder_mark(descriptor: int) -> Optional[str]:
    """Our creation writes its mark into the file before it mounts the namespace over it."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode) or is_network_namespace(descriptor):
        return None
    mark = os.pread(descriptor, ALIAS_LIMIT, 0).decode("ascii", "replace")
    return mark if read_mark(mark) is not None else None


def list_named_namespaces() -> List[Place]:
    """Return the places of all named namespaces that are real, sorted."""
    try:
        names = sorted(os.listdir(NETNS_DIRECTORY))
    except FileNotFoundError:
        return []
    return [Place.of(NAMED, name) for name in names if label_fault(name) is None]
