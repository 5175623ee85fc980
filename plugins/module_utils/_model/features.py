# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What of the links not every kernel has. Bridges and veth pairs are taken for granted."""

from __future__ import annotations

from typing import FrozenSet, Iterable, Mapping, Optional

from .link import Bridge, Dummy, Ipvlan, Link, LinkKind, Macvlan, Vlan, Vrf, Vxlan

VLAN_FILTERING = "vlan_filtering"
# Feature -> the words for it.
FEATURES: Mapping[str, str] = {
    "dummy": "links of kind dummy (module dummy)",
    "ipvlan": "links of kind ipvlan (module ipvlan)",
    "macvlan": "links of kind macvlan (module macvlan)",
    "vlan": "links of kind vlan (802.1Q, module 8021q)",
    VLAN_FILTERING: "bridges that tell VLANs apart (built with CONFIG_BRIDGE_VLAN_FILTERING)",
    "vrf": "links of kind vrf (module vrf)",
    "vxlan": "links of kind vxlan (module vxlan)",
}


def feature_of(kind: Optional[LinkKind]) -> Optional[str]:
    """Return what a link of this kind needs of the kernel."""
    if isinstance(kind, Bridge):
        return VLAN_FILTERING if kind.vlan_filtering else None
    return kind.kind if isinstance(kind, (Dummy, Ipvlan, Macvlan, Vlan, Vrf, Vxlan)) else None


def features_of(links: Iterable[Link]) -> FrozenSet[str]:
    """Return what stands, so that the kernel has it."""
    return frozenset(feature for feature in (feature_of(link.kind) for link in links) if feature is not None)
