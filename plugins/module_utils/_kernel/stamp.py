# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Hundreds of containers need the same messages with other names and numbers: the library encodes one, the rest are copies."""

from __future__ import annotations

import socket
import struct
from typing import Callable, Dict, Hashable, List, Optional, Sequence, Tuple, Union

Value = Union[int, str]
Shape = Tuple[Hashable, ...]
# Where the bytes of each value stand; None if this shape cannot be copied.
Template = Optional[Tuple[bytes, Tuple[Tuple[int, ...], ...]]]

NUMBER, TEXT, MAC, IP = "number", "text", "mac", "ip"


def _packed(kind: str, value: Value) -> bytes:
    if kind == NUMBER:
        return struct.pack("=I", value)
    text = str(value)
    if kind == MAC:
        return bytes.fromhex(text.replace(":", ""))
    if kind == IP:
        return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    return text.encode("ascii")


def _marker(kind: str, value: Value, position: int) -> Value:
    """Return a value of the same size that occurs nowhere else in a message."""
    if kind == NUMBER:
        return 0x5EED0100 + position
    if kind == MAC:
        return "02:5e:ed:5e:ed:%02x" % position
    if kind == IP:
        return "2001:db8:5eed::5eed:%x" % position if ":" in str(value) else "203.0.113.%d" % (200 + position)
    return chr(0x50 + position) * len(str(value))


class Stamp:
    """Calls `build(*fixed, *values)` once for each shape and writes later values over the first one's bytes."""

    def __init__(self, build: Callable[..., bytes], kinds: Sequence[str]) -> None:
        self._build = build
        self._kinds = tuple(kinds)
        self._templates: Dict[Shape, Template] = {}

    def __call__(self, fixed: Tuple[Hashable, ...], values: Sequence[Value]) -> bytes:
        packed = [_packed(kind, value) for kind, value in zip(self._kinds, values)]
        shape: Shape = (fixed, tuple(map(len, packed)))
        if shape not in self._templates:
            message = self._build(*fixed, *values)
            template = self._make(fixed, values)
            # The library has the last word: a template that does not give its very bytes is not used.
            self._templates[shape] = template if template and _fill(template, packed) == message else None
            return message
        known = self._templates[shape]
        return _fill(known, packed) if known else self._build(*fixed, *values)

    def _make(self, fixed: Tuple[Hashable, ...], values: Sequence[Value]) -> Template:
        markers = [_marker(kind, value, position) for position, (kind, value) in enumerate(zip(self._kinds, values))]
        if any(marker == value for marker, value in zip(markers, values)):
            return None  # where they are the same, a marker's bytes that stand elsewhere by chance would go unnoticed
        encoded = self._build(*fixed, *markers)
        places: List[Tuple[int, ...]] = []
        for kind, marker in zip(self._kinds, markers):
            needle = _packed(kind, marker)
            found = [at for at in range(len(encoded) - len(needle) + 1) if encoded.startswith(needle, at)]
            if not found:
                return None
            places.append(tuple(found))
        return encoded, tuple(places)


def _fill(template: Tuple[bytes, Tuple[Tuple[int, ...], ...]], packed: Sequence[bytes]) -> bytes:
    message = bytearray(template[0])
    for value, places in zip(packed, template[1]):
        for place in places:
            message[place : place + len(value)] = value
    return bytes(message)
