# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Mapping, Optional

from .._model.kind import Attributes, LinkKind
from .payload import number, word
from .stacked import Stacked

MODES = {"l2": 0, "l3": 1, "l3s": 2}
FLAGS = {"bridge": 0, "private": 1, "vepa": 2}


@dataclass(frozen=True)
class Ipvlan(Stacked):
    """A link that shares the MAC of its lower link."""

    kind = "ipvlan"
    module = "ipvlan"
    CREATE_ONLY = frozenset(("lower", "lower_place"))
    LAYOUT = ((1, "IFLA_IPVLAN_MODE", "uint16"), (2, "IFLA_IPVLAN_FLAGS", "uint16"))
    takes_all = True

    lower: Optional[str] = None
    lower_place: Optional[str] = None
    mode: Optional[str] = None  # l2 | l3 | l3s
    flag: Optional[str] = None  # bridge | private | vepa

    def clash(self, other: LinkKind) -> Optional[str]:
        for field in ("mode", "flag"):
            values = getattr(self, field), getattr(other, field)
            if None not in values and values[0] != values[1]:
                return "all ipvlans of an interface have one %s, not %s and %s" % (field, *values)
        return None

    def encode_creation(self, lower: int) -> Attributes:
        return self.encode_change(lower)[0]

    def encode_change(self, _lower: int) -> List[Attributes]:
        data: Attributes = []
        if self.mode is not None:
            data.append(("IFLA_IPVLAN_MODE", MODES[self.mode]))
        if self.flag is not None:
            data.append(("IFLA_IPVLAN_FLAGS", FLAGS[self.flag]))
        return [data]

    @classmethod
    def parse(cls, data: Mapping[int, bytes]) -> Ipvlan:
        return cls(mode=word(MODES, number(data.get(1))), flag=word(FLAGS, number(data.get(2))))

    @classmethod
    def sample(cls, lower: str) -> Ipvlan:
        return cls(lower=lower, mode="l2")
