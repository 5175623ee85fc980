# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from .._model.kind import LinkKind


@dataclass(frozen=True)
class Nic(LinkKind):
    """A link that exists already and is handed to the place it is wanted in; removal gives it back to the host under its own name."""

    kind = "nic"
    CREATE_ONLY = frozenset(("home_name",))
    leads_outside = True

    home_name: Optional[str] = None
    home_mtu: Optional[int] = None  # as observed: what it gets back with its name
    home_up: Optional[bool] = None
    home_mac: Optional[str] = None

    @property
    def lent(self) -> Nic:
        return self
