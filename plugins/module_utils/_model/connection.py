# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""How whoever manages this host is connected to it."""

from __future__ import annotations

from typing import FrozenSet, NamedTuple, Optional


class Connection(NamedTuple):
    """A connection over SSH; nothing is known of any other."""

    peer: Optional[str] = None  # the address it comes from
    port: Optional[int] = None  # of this host
    carriers: FrozenSet[str] = frozenset()  # the links of this host that carry it


UNKNOWN = Connection()
