# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Hundreds of containers need the same messages with other names and numbers: the library encodes one, the rest are copies."""

from __future__ import annotations

import socket
import struct
from functools import partial
from typing import Any, Callable, Dict, Hashable, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

Value = Union[int, str]
Shape = Tuple[Hashable, ...]
NUMBER, TEXT, MAC, IP = "number", "text", "mac", "ip"


def _pack_mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def _pack_ip(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


PACK: Mapping[str, Callable[[Any], bytes]] = {NUMBER: struct.Struct("=I").pack, TEXT: partial(str.encode, encoding="ascii"), MAC: _pack_mac, IP: _pack_ip}


class Template(NamedTuple):
    """A message with holes, and which value fills each."""

    text: bytes
    order: Optional[Tuple[int, ...]]  # None: each its own

    def fill(self, packed: Tuple[bytes, ...]) -> bytes:
        text, order = self
        return text % (packed if order is None else tuple([packed[position] for position in order]))


def _marker(kind: str, value: Value, position: int) -> Value:
    """Return a value of the same size that occurs nowhere else in a message."""
    if kind == NUMBER:
        return 0x5EED0100 + position
    if kind == MAC:
        return "02:5e:ed:5e:ed:%02x" % position
    if kind == IP:
        return "2001:db8:5eed::5eed:%x" % position if ":" in str(value) else "203.0.113.%d" % (200 + position)
    return chr(0x50 + position) * len(str(value))


class MessageTemplate:
    """Calls `build(*fixed, *values)` once for each shape and writes later values over the first one's bytes."""

    def __init__(self, build: Callable[..., bytes], kinds: Sequence[str]) -> None:
        self._build = build
        self._kinds = tuple(kinds)
        self._packers = tuple(PACK[kind] for kind in kinds)
        self._templates: Dict[Shape, Optional[Template]] = {}  # None if a shape cannot be copied

    def __call__(self, fixed: Tuple[Hashable, ...], values: Sequence[Value]) -> bytes:
        packed = tuple([pack(value) for pack, value in zip(self._packers, values)])
        shape: Shape = (fixed, *map(len, packed))
        known = self._templates.get(shape)
        if known is not None:
            return known.fill(packed)
        message = self._build(*fixed, *values)
        if shape not in self._templates:
            template = self._make(fixed, values)
            # The library has the last word: a template that does not give its very bytes is not used.
            self._templates[shape] = template if template is not None and template.fill(packed) == message else None
        return message

    def _make(self, fixed: Tuple[Hashable, ...], values: Sequence[Value]) -> Optional[Template]:
        markers = [_marker(kind, value, position) for position, (kind, value) in enumerate(zip(self._kinds, values))]
        if any(marker == value for marker, value in zip(markers, values)):
            return None  # where they are the same, a marker's bytes that stand elsewhere by chance would go unnoticed
        encoded = self._build(*fixed, *markers)
        holes: List[Tuple[int, int, int]] = []  # where each begins and ends, and whose it is
        for position, (pack, marker) in enumerate(zip(self._packers, markers)):
            needle = pack(marker)
            found = [at for at in range(len(encoded) - len(needle) + 1) if encoded.startswith(needle, at)]
            if not found:
                return None
            holes.extend((at, at + len(needle), position) for at in found)
        text, done, order = b"", 0, tuple(position for _start, _end, position in sorted(holes))
        for start, end, _position in sorted(holes):
            text += encoded[done:start].replace(b"%", b"%%") + b"%b"
            done = end
        return Template(text + encoded[done:].replace(b"%", b"%%"), None if order == tuple(range(len(markers))) else order)
