# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kind of link that the collection does not have: what it takes to add one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Mapping, Optional

from ansible_collections.netloom.container_net.plugins.module_utils._kinds.payload import number, word
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.stacked import Stacked
from ansible_collections.netloom.container_net.plugins.module_utils._model.kind import Attributes

MODES = {"private": 1, "vepa": 2, "bridge": 4}


@dataclass(frozen=True)
class Tap(Stacked):
    """A link on a lower one, for a virtual machine."""

    kind = "macvtap"
    module = "macvtap"
    CREATE_ONLY = frozenset(("lower", "lower_place"))
    LAYOUT = ((1, "IFLA_MACVLAN_MODE", "uint32"), (7, "IFLA_MACVLAN_BC_QUEUE_LEN", "uint32"))
    takes_all = True

    lower: Optional[str] = None
    lower_place: Optional[str] = None
    mode: Optional[str] = None
    queue: Optional[int] = None  # frames

    def encode_creation(self, lower: int) -> Attributes:
        return self.encode_change(lower)[0]

    def encode_change(self, _lower: int) -> List[Attributes]:
        data: Attributes = []
        if self.mode is not None:
            data.append(("IFLA_MACVLAN_MODE", MODES[self.mode]))
        if self.queue is not None:
            data.append(("IFLA_MACVLAN_BC_QUEUE_LEN", self.queue))
        return [data]

    @classmethod
    def parse(cls, data: Mapping[int, bytes]) -> Tap:
        return cls(mode=word(MODES, number(data.get(1))), queue=number(data.get(7)))

    @classmethod
    def sample(cls, lower: str) -> Tap:
        return cls(lower=lower, mode="bridge")
