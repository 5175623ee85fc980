# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Messages of a kind are many and have few layouts: one with the attributes of an earlier one has its values at the same places."""

from __future__ import annotations

import struct
from operator import itemgetter
from typing import Callable, Dict, Iterator, List, NamedTuple, Tuple

Path = Tuple[int, ...]  # (26, 10, 8) is attribute 8 in attribute 10 in attribute 26
NOWHERE = slice(0)
VARIANTS = 8  # of one length that are remembered
_ATTRIBUTE = struct.Struct("=HH")


class Layout(NamedTuple):
    """Which attributes a message has, and what takes the values out of it that are read."""

    heads: struct.Struct  # their lengths and numbers
    expected: Tuple[int, ...]
    values: Callable[[bytes], Tuple[bytes, ...]]


class Layouts:
    """Reads the values of two attributes or more, by their paths, behind the first `start` bytes of messages."""

    def __init__(self, start: int, *paths: Path) -> None:
        self._start = start
        self._paths = paths
        self._nests = {path[:depth] for path in paths for depth in range(1, len(path))}
        self._latest: Dict[int, Layout] = {}  # by length
        self._known: Dict[int, List[Layout]] = {}

    def read(self, payload: bytes) -> Tuple[bytes, ...]:
        """Return the values of a message in the order of the paths; of an attribute that it has not, no bytes."""
        layout = self._latest.get(len(payload))
        if layout is None or layout.heads.unpack(payload) != layout.expected:
            layout = self._latest[len(payload)] = self._find(payload)
        return layout.values(payload)

    def _find(self, payload: bytes) -> Layout:
        known = self._known.setdefault(len(payload), [])
        for layout in known:
            if layout.heads.unpack(payload) == layout.expected:
                return layout
        known.insert(0, self._lay_out(payload))
        del known[VARIANTS:]
        return known[0]

    def _lay_out(self, payload: bytes) -> Layout:
        text, done, places = "=", 0, {}
        for at, path, place in self._walk(payload, self._start, len(payload), ()):
            text += "%dxI" % (at - done)
            done = at + _ATTRIBUTE.size
            places[path] = place
        heads = struct.Struct(text + "%dx" % (len(payload) - done))
        return Layout(heads, heads.unpack(payload), itemgetter(*[places.get(path, NOWHERE) for path in self._paths]))

    def _walk(self, payload: bytes, start: int, end: int, above: Path) -> Iterator[Tuple[int, Path, slice]]:
        """Yield each attribute: where it begins, its path, and where its value is. What is none ends the walk, and belongs to the layout."""
        while start + _ATTRIBUTE.size <= end:
            length, number = _ATTRIBUTE.unpack_from(payload, start)
            if length < _ATTRIBUTE.size:
                yield start, (), NOWHERE
                return
            path = (*above, number & 0x3FFF)
            value = slice(start + _ATTRIBUTE.size, min(start + length, end))
            yield start, path, value
            if path in self._nests:
                yield from self._walk(payload, value.start, value.stop, path)
            start += (length + 3) & ~3
