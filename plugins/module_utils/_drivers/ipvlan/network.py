# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from ..._model.document import Attachment
from ..parent_network import ParentNetwork


@dataclass(frozen=True)
class IpvlanNetwork(ParentNetwork):
    """Endpoints with their parent's MAC: on its segment, or behind its routes."""

    driver = "ipvlan"
    shared_keys = ("mode", "flag")
    of_one_mac = True

    mode: str = "l2"  # l2 | l3 | l3s
    flag: str = "bridge"  # bridge | private | vepa

    @property
    def shares_mac(self) -> bool:
        return True

    @property
    def needs_no_gateway(self) -> bool:
        return self.mode != "l2"

    @property
    def gateway_fault(self) -> Optional[Tuple[str, str]]:
        if not self.internal and self.needs_no_gateway:
            return "in mode %s the interface itself is the way out, without a gateway" % self.mode, "remove it"
        return super().gateway_fault

    def refusal(self, _one: Attachment, _other: Attachment) -> Optional[str]:
        return "network %s has flag: private" % self.name if self.flag == "private" else None

    def reaches(self, _one: Attachment, _other: Attachment, local: bool) -> bool:
        return self.flag != "vepa" if local else self.mode == "l2"  # beyond the host the modes of layer 3 need routes of somebody else
