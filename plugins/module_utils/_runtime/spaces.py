# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Every network namespace that something leads to, named or not."""

from __future__ import annotations

import os
import re
from typing import Iterator, Optional, Set, Tuple

from .._model.place import PATH, PROCESS, Place

_INODE = re.compile(r"net:\[(\d+)\]")
_ESCAPED = re.compile(r"\\([0-7]{3})")
_ROOT, _PATH = 3, 4  # columns of /proc/self/mountinfo


def list_namespaces() -> Iterator[Tuple[int, Place]]:
    """Yield inode and place of each, by the file it is mounted on (as Docker mounts its own in /run/docker/netns) and by its first process."""
    yield from _first(_mounted())
    yield from _first(_used())


def _first(found: Iterator[Tuple[Optional[int], Place]]) -> Iterator[Tuple[int, Place]]:
    seen: Set[int] = set()
    for identity, place in found:
        if identity is not None and identity not in seen:
            seen.add(identity)
            yield identity, place


def _mounted() -> Iterator[Tuple[Optional[int], Place]]:
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as stream:
        for columns in (line.split(" ") for line in stream):
            yield _inode(columns[_ROOT]), Place.of(PATH, _ESCAPED.sub(lambda found: chr(int(found[1], 8)), columns[_PATH]))


def _used() -> Iterator[Tuple[Optional[int], Place]]:
    for pid in sorted(filter(str.isdecimal, os.listdir("/proc")), key=int):
        try:
            yield _inode(os.readlink("/proc/%s/ns/net" % pid)), Place.of(PROCESS, pid)
        except OSError:
            continue  # it has ended, or is not for us to see


def _inode(text: str) -> Optional[int]:
    found = _INODE.fullmatch(text)
    return int(found[1]) if found else None
