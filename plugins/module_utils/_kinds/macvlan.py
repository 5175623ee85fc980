# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import List, Mapping, Optional, Tuple

from .._model.kind import Attributes, LinkKind
from .payload import number, word
from .stacked import Stacked

MODES = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8, "source": 16}
USUAL_LIMIT = 1  # of broadcasts; the kernel does not say it
REPLACE_SOURCES = 3
_SOURCE = struct.Struct("=HH6s2x")  # length, 4, MAC


@dataclass(frozen=True)
class Macvlan(Stacked):
    """A link with a MAC of its own on a lower link."""

    kind = "macvlan"
    module = "macvlan"
    CREATE_ONLY = frozenset(("lower", "lower_place"))
    LAYOUT = (
        (1, "IFLA_MACVLAN_MODE", "uint32"),
        (3, "IFLA_MACVLAN_MACADDR_MODE", "uint32"),
        (5, "IFLA_MACVLAN_MACADDR_DATA", "cdata"),
        (7, "IFLA_MACVLAN_BC_QUEUE_LEN", "uint32"),
        (9, "IFLA_MACVLAN_BC_CUTOFF", "int32"),
    )
    takes_all = True
    known_by_mac = True
    has_neighbours = True

    lower: Optional[str] = None
    lower_place: Optional[str] = None  # None is the place it lives in
    mode: Optional[str] = None  # bridge | private | vepa | passthru | source
    broadcast_queue_length: Optional[int] = None  # frames
    broadcast_limit: Optional[int] = None  # listeners; one for all links on the lower one, and the kernel says it of each
    source_macs: Optional[Tuple[str, ...]] = None  # in order; whose frames it takes in, in mode source

    def fixes(self, field: str, before: object, after: object) -> bool:
        return field == "mode" and "passthru" in (before, after)

    def clash(self, other: LinkKind) -> Optional[str]:
        return "a macvlan of mode passthru has its interface alone" if "passthru" in (self.mode, other.mode) else None

    def encode_creation(self, lower: int) -> Attributes:
        return self.encode_change(lower)[0]

    def encode_change(self, _lower: int) -> List[Attributes]:
        data: Attributes = []
        if self.mode is not None:
            data.append(("IFLA_MACVLAN_MODE", MODES[self.mode]))
        if self.source_macs is not None:
            listed = b"".join(_SOURCE.pack(10, 4, bytes.fromhex(mac.replace(":", ""))) for mac in self.source_macs)
            data.extend([("IFLA_MACVLAN_MACADDR_MODE", REPLACE_SOURCES), ("IFLA_MACVLAN_MACADDR_DATA", listed)])
        if self.broadcast_queue_length is not None:
            data.append(("IFLA_MACVLAN_BC_QUEUE_LEN", self.broadcast_queue_length))
        if self.broadcast_limit is not None:
            data.append(("IFLA_MACVLAN_BC_CUTOFF", self.broadcast_limit))
        return [data]

    @classmethod
    def parse(cls, data: Mapping[int, bytes]) -> Macvlan:
        limit = struct.unpack("=i", data[9])[0] if 9 in data else USUAL_LIMIT
        mode = word(MODES, number(data.get(1)))
        sources = tuple(sorted(mac.hex(":") for _length, _number, mac in _SOURCE.iter_unpack(data.get(5, b"")))) if mode == "source" else None
        return cls(mode=mode, source_macs=sources, broadcast_queue_length=number(data.get(7)), broadcast_limit=limit)

    @classmethod
    def sample(cls, lower: str) -> Macvlan:
        return cls(lower=lower, mode="bridge")
