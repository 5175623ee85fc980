# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional

from .._model.kind import LinkKind


@dataclass(frozen=True)
class Veth(LinkKind):
    """One end of a veth pair. Creating the end with `leads` makes both; the other end is then only configured."""

    kind = "veth"
    module = "veth"
    CREATE_ONLY = frozenset(("peer_place", "peer_name"))
    UNCOMPARED = frozenset(("leads",))
    PEER_ATTRIBUTE = "VETH_INFO_PEER"
    is_end = True

    peer_place: Optional[str] = None
    peer_name: Optional[str] = None
    leads: bool = False

    @property
    def order(self) -> int:
        return 3 if self.leads else 4

    @property
    def is_brought(self) -> bool:
        return not self.leads

    @property
    def feature(self) -> Optional[str]:
        """Pairs are taken for granted."""
        return None

    def joined_to(self, place: Optional[str], name: Optional[str]) -> Veth:
        return Veth(place, name, self.leads)

    def leading(self) -> Veth:
        return replace(self, leads=True)
