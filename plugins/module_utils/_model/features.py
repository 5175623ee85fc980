# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What of the links not every kernel has."""

from __future__ import annotations

from typing import FrozenSet, Iterable

from .link import Link

VLAN_FILTERING = "vlan_filtering"


def features_of(links: Iterable[Link]) -> FrozenSet[str]:
    """Return what stands, so that the kernel has it."""
    return frozenset(feature for feature in (link.nature.feature for link in links) if feature is not None)
