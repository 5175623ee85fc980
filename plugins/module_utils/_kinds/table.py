# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The one list of the kinds of links that the kernel makes. A NIC is none of them: which links are lent is noted on the host."""

from __future__ import annotations

from typing import Dict, Type

from .._model.kind import LinkKind
from .bridge import Bridge
from .dummy import Dummy
from .ipvlan import Ipvlan
from .macvlan import Macvlan
from .veth import Veth
from .vlan import Vlan
from .vrf import Vrf
from .vxlan import Vxlan

# The kernel's word -> the kind.
KINDS: Dict[str, Type[LinkKind]] = {
    "bridge": Bridge,
    "dummy": Dummy,
    "ipvlan": Ipvlan,
    "macvlan": Macvlan,
    "veth": Veth,
    "vlan": Vlan,
    "vrf": Vrf,
    "vxlan": Vxlan,
}


def find_samples(lower: str) -> Dict[str, LinkKind]:
    """Return, by what not every kernel has, a link that needs it; those that stand on another stand on `lower`."""
    samples = [kind.sample(lower) for kind in KINDS.values()]
    return {sample.feature: sample for sample in samples if sample.feature is not None}


def name_feature(feature: str) -> str:
    """Return the words for what not every kernel has."""
    return find_samples("")[feature].feature_words
