# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, Mapping, Optional

from .._model.features import VLAN_FILTERING
from .._model.kind import Attributes, LinkKind
from .payload import flag, number

KERNEL_STP = 1


@dataclass(frozen=True)
class Bridge(LinkKind):
    """A Linux bridge."""

    kind = "bridge"
    module = "bridge"
    TOLD_AT_TIMES = frozenset(("ageing_time",))
    has_ports = True
    is_bound = True
    shows = (1, "bridge")

    stp: Optional[bool] = None
    ageing_time: Optional[int] = None  # seconds
    multicast_snooping: Optional[bool] = None
    priority: Optional[int] = None
    vlan_filtering: Optional[bool] = None
    group_fwd_mask: Optional[int] = None  # by the last octet of 01:80:C2:00:00:0X, a bit each

    @property
    def feature(self) -> Optional[str]:
        """Bridges are taken for granted, those that tell VLANs apart are not."""
        return VLAN_FILTERING if self.vlan_filtering else None

    @property
    def feature_words(self) -> str:
        return "bridges that tell VLANs apart (built with CONFIG_BRIDGE_VLAN_FILTERING)"

    def encode_creation(self, lower: int) -> Attributes:
        """Every bridge starts without VLANs, and a kernel that has none refuses to hear of them."""
        return replace(self, vlan_filtering=self.vlan_filtering or None).encode_change(lower)[0]

    def encode_change(self, _lower: int) -> List[Attributes]:
        data: Attributes = []
        if self.ageing_time is not None:
            data.append(("IFLA_BR_AGEING_TIME", self.ageing_time * 100))
        if self.stp is not None:
            data.append(("IFLA_BR_STP_STATE", int(self.stp)))
        if self.priority is not None:
            data.append(("IFLA_BR_PRIORITY", self.priority))
        if self.multicast_snooping is not None:
            data.append(("IFLA_BR_MCAST_SNOOPING", int(self.multicast_snooping)))
        if self.vlan_filtering is not None:
            data.append(("IFLA_BR_VLAN_FILTERING", int(self.vlan_filtering)))
        if self.group_fwd_mask is not None:
            data.append(("IFLA_BR_GROUP_FWD_MASK", self.group_fwd_mask))
        return [data]

    @classmethod
    def parse(cls, data: Mapping[int, bytes]) -> Bridge:
        stp = number(data.get(5)) or 0
        # While the spanning tree changes, twice the forward delay stands where the ageing time will stand again.
        is_changing = stp == KERNEL_STP and data.get(14, b"\0") != b"\0"
        return cls(
            stp=stp != 0,
            ageing_time=None if is_changing else (number(data.get(4)) or 0) // 100,
            priority=number(data.get(6)),
            multicast_snooping=flag(data.get(23)),
            vlan_filtering=flag(data.get(7)),
            group_fwd_mask=number(data.get(9)),
        )

    @classmethod
    def sample(cls, _lower: str) -> Bridge:
        return cls(vlan_filtering=True)
