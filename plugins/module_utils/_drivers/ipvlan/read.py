# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""An ipvlan network as it is declared."""

from __future__ import annotations

from ..._document.entry import Entry
from ..base import Common
from ..parent_keys import PARENT, read_internal
from .keys import FLAG, MODE
from .network import IpvlanNetwork


def read_ipvlan(entry: Entry, common: Common) -> IpvlanNetwork:
    """Return an ipvlan network; faulty values are reported and left at their default."""
    return IpvlanNetwork(
        parent=entry.get(PARENT),
        mode=entry.get(MODE),
        flag=entry.get(FLAG),
        internal=read_internal(entry),
        **common.fields(),
    )
