# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional

from .._model.kind import Attributes, LinkKind
from .payload import number


@dataclass(frozen=True)
class Vrf(LinkKind):
    """A routing domain: links whose master it is use its table."""

    kind = "vrf"
    module = "vrf"
    order = 0
    CREATE_ONLY = frozenset(("table",))
    is_domain = True
    is_bound = True

    table: Optional[int] = None

    def encode_creation(self, _lower: int) -> Attributes:
        return [("IFLA_VRF_TABLE", self.table)]

    @classmethod
    def parse(cls, data: Mapping[int, bytes]) -> Vrf:
        return cls(table=number(data.get(1)))

    @classmethod
    def sample(cls, _lower: str) -> Vrf:
        return cls(table=1)
