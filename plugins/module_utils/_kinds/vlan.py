# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional

from .._model.kind import Attributes
from .payload import network_number, number, word
from .stacked import Stacked

PROTOCOLS = {"802.1q": 0x8100, "802.1ad": 0x88A8}


@dataclass(frozen=True)
class Vlan(Stacked):
    """A VLAN device on a lower link."""

    kind = "vlan"
    module = "8021q"
    CREATE_ONLY = frozenset(("lower", "lower_place", "vlan_id", "protocol"))
    leads_outside = True

    vlan_id: Optional[int] = None
    protocol: Optional[str] = None  # 802.1q | 802.1ad
    lower: Optional[str] = None
    lower_place: Optional[str] = None

    @property
    def feature_words(self) -> str:
        return "links of kind vlan (802.1Q, module 8021q)"

    def encode_creation(self, _lower: int) -> Attributes:
        data: Attributes = [("IFLA_VLAN_ID", self.vlan_id)]
        if self.protocol is not None:
            data.append(("IFLA_VLAN_PROTOCOL", PROTOCOLS[self.protocol]))
        return data

    @classmethod
    def parse(cls, data: Mapping[int, bytes]) -> Vlan:
        return cls(vlan_id=number(data.get(1)), protocol=word(PROTOCOLS, network_number(data.get(5))))

    @classmethod
    def sample(cls, lower: str) -> Vlan:
        return cls(vlan_id=1, protocol="802.1q", lower=lower)
