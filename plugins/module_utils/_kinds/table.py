# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The one list of the kinds of links that the kernel makes, each loaded when a link is of it.

A NIC is none of them: which links are lent is noted on the host.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Type

from .._model.kind import LinkKind


def _load_bridge() -> Type[LinkKind]:
    from .bridge import Bridge

    return Bridge


def _load_dummy() -> Type[LinkKind]:
    from .dummy import Dummy

    return Dummy


def _load_ipvlan() -> Type[LinkKind]:
    from .ipvlan import Ipvlan

    return Ipvlan


def _load_macvlan() -> Type[LinkKind]:
    from .macvlan import Macvlan

    return Macvlan


def _load_veth() -> Type[LinkKind]:
    from .veth import Veth

    return Veth


def _load_vlan() -> Type[LinkKind]:
    from .vlan import Vlan

    return Vlan


def _load_vrf() -> Type[LinkKind]:
    from .vrf import Vrf

    return Vrf


def _load_vxlan() -> Type[LinkKind]:
    from .vxlan import Vxlan

    return Vxlan


# The kernel's word -> what loads the kind.
KINDS: Dict[str, Callable[[], Type[LinkKind]]] = {
    "bridge": _load_bridge,
    "dummy": _load_dummy,
    "ipvlan": _load_ipvlan,
    "macvlan": _load_macvlan,
    "veth": _load_veth,
    "vlan": _load_vlan,
    "vrf": _load_vrf,
    "vxlan": _load_vxlan,
}


def find_kind(word: Optional[str]) -> Optional[Type[LinkKind]]:
    """Return the kind that the kernel calls so, or None where it is none of the list."""
    return KINDS[word]() if word in KINDS else None


def list_kinds() -> List[Type[LinkKind]]:
    return [load() for load in KINDS.values()]


def find_samples(lower: str) -> Dict[str, LinkKind]:
    """Return, by what not every kernel has, a link that needs it; those that stand on another stand on `lower`."""
    samples = [kind.sample(lower) for kind in list_kinds()]
    return {sample.feature: sample for sample in samples if sample.feature is not None}


def name_feature(feature: str) -> str:
    """Return the words for what not every kernel has."""
    return find_samples("")[feature].feature_words
