# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The keys of driver ipvlan."""

from __future__ import annotations

from ..._document.scalars import choice
from ..._schema.schema import Field, Schema
from ..parent_keys import INTERNAL, PARENT

MODE = Field("mode", choice("l2", "l3", "l3s"), "l2", "Whether the endpoints are on the segment of the parent (V(l2)), or behind routes of the host.")
FLAG = Field("flag", choice("bridge", "private", "vepa"), "bridge", "How the endpoints of one parent reach each other: directly, not at all, or by the switch.")

SCHEMA = Schema("driver ipvlan", (PARENT, MODE, FLAG, INTERNAL))
