# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import os
from typing import FrozenSet, List

RADIOS = "/sys/class/ieee80211"


def list_wireless_links(root: str = RADIOS) -> FrozenSet[str]:
    """Return the names of the interfaces that stand on a radio; netlink's list of links does not tell."""
    return frozenset(name for radio in _list(root) for name in _list(os.path.join(root, radio, "device", "net")))


def _list(path: str) -> List[str]:
    try:
        return os.listdir(path)
    except OSError:
        return []
