# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The keys of driver ipvlan."""

from __future__ import annotations

from ..._document.entry import Entry
from ..._document.scalars import choice
from ..base import Common
from ..parent_keys import read_internal, read_parent_name
from .network import IpvlanNetwork

KEYS = frozenset(("parent", "mode", "flag", "internal"))
_MODES = choice("l2", "l3", "l3s")
_FLAGS = choice("bridge", "private", "vepa")


def read_ipvlan(entry: Entry, common: Common) -> IpvlanNetwork:
    """Return an ipvlan network; faulty values are reported and left at their default."""
    return IpvlanNetwork(
        parent=entry.get("parent", read_parent_name, None),
        mode=entry.get("mode", _MODES, "l2"),
        flag=entry.get("flag", _FLAGS, "bridge"),
        internal=read_internal(entry),
        **common.fields(),
    )
