# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import errno
import os
import resource
from contextlib import contextmanager
from typing import Callable, Dict, Iterator, List, Optional

from .._model.place import HOST
from .._runtime import libc
from .link import loopback_messages


class NamespaceHandles:
    """Open descriptors of the namespaces of a run, each opened once and held, so that no name can change its meaning meanwhile."""

    def __init__(self, resolve: Callable[[str], Optional[int]]) -> None:
        # One descriptor for each namespace; the usual soft limit of 1,024 would end a host with a thousand containers.
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self._resolve = resolve
        self._open: Dict[str, int] = {HOST: os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)}

    def find(self, place: str) -> Optional[int]:
        """Return the descriptor of a place, or None if it does not exist."""
        if place not in self._open:
            descriptor = self._resolve(place)
            if descriptor is None:
                return None
            self._open[place] = descriptor
        return self._open[place]

    def holds(self, place: str) -> bool:
        return place in self._open

    def identify(self, place: str) -> Optional[int]:
        """Return the inode of the namespace a place stands for, or None if it does not exist."""
        descriptor = self.find(place)
        return None if descriptor is None else os.fstat(descriptor).st_ino

    def keep(self, place: str, descriptor: int) -> None:
        self._open[place] = descriptor

    def forget(self, place: str) -> None:
        descriptor = self._open.pop(place, None)
        if descriptor is not None:
            os.close(descriptor)

    @contextmanager
    def inside(self, place: str) -> Iterator[None]:
        """Run the block inside a namespace; the process is single-threaded."""
        if place == HOST:
            yield
            return
        descriptor = self.find(place)
        if descriptor is None:
            raise FileNotFoundError(errno.ENOENT, "no namespace", place)
        with self.returning():
            libc.setns(descriptor)
            yield

    @contextmanager
    def returning(self) -> Iterator[None]:
        """Come back to the host's namespace whatever the block does."""
        try:
            yield
        finally:
            libc.setns(self._open[HOST])

    def close(self) -> None:
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()


def create_namespace(handles: NamespaceHandles, place: str, path: str, mark: str, send: Callable[[str, List[bytes]], None]) -> None:
    """Make a named namespace whose `lo` is up and carries the mark before anyone can see it, in a directory that stands.

    The file is written with the mark and linked in one step, so a crash leaves either nothing
    or a placeholder that the next run knows as its own.
    """
    _ensure_placeholder(os.path.dirname(path), path, mark)
    try:
        with handles.returning():
            libc.unshare(libc.CLONE_NEWNET)
            send(place, loopback_messages(mark))
            libc.mount("/proc/self/ns/net", path, libc.MS_BIND)
            handles.keep(place, os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except Exception:
        delete_namespace(handles, place, path)
        raise


def delete_namespace(handles: NamespaceHandles, place: str, path: str) -> None:
    """Remove the name; the namespace itself ends when nothing uses it any more."""
    handles.forget(place)
    try:
        libc.unmount(path)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOENT):
            raise
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def ensure_directory(directory: str) -> None:
    """Make the directory of namespaces a shared mount, as iproute2 does, so that names made later reach other mount namespaces."""
    try:
        os.mkdir(directory, 0o755)
    except FileExistsError:
        pass
    if os.path.ismount(directory):
        return
    try:
        libc.mount(None, directory, libc.MS_SHARED | libc.MS_REC)
    except OSError:
        libc.mount(directory, directory, libc.MS_BIND | libc.MS_REC)
        libc.mount(None, directory, libc.MS_SHARED | libc.MS_REC)


def _ensure_placeholder(directory: str, path: str, mark: str) -> None:
    descriptor = os.open(directory, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o444)
    try:
        os.write(descriptor, mark.encode())
        try:
            # Only with a directory descriptor does Python follow the link in /proc to the unnamed file.
            os.link("/proc/self/fd/%d" % descriptor, path, src_dir_fd=descriptor, follow_symlinks=True)
        except FileExistsError:
            pass  # a placeholder of an interrupted run; anything else was refused when the place was opened
    finally:
        os.close(descriptor)
