# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The kinds of links that stand on another one, and those without anything: to attributes and back."""

from __future__ import annotations

import struct
import sys
from typing import Dict, Mapping, Optional, TypeVar

from .._model.link import Dummy, Ipvlan, Link, LinkKind, Macvlan, Vlan, Vrf, Vxlan
from .wire import Attributes

MACVLAN_MODES = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8}
USUAL_LIMIT = 1  # of a macvlan's broadcasts; the kernel does not say it
IPVLAN_MODES = {"l2": 0, "l3": 1, "l3s": 2}
IPVLAN_FLAGS = {"bridge": 0, "private": 1, "vepa": 2}
VLAN_PROTOCOLS = {"802.1q": 0x8100, "802.1ad": 0x88A8}
# The kernel's module for each kind, for who builds or chooses a kernel.
MODULES = {"macvlan": "macvlan", "ipvlan": "ipvlan", "vlan": "8021q", "dummy": "dummy", "vrf": "vrf", "vxlan": "vxlan", "bridge": "bridge", "veth": "veth"}
STACKED = (Macvlan, Ipvlan, Vlan)

Word = TypeVar("Word")


def sender_place(link: Link) -> str:
    """Return the place from which a link must be made: the one its lower link (or underlay) lives in."""
    kind = link.kind
    place = kind.lower_place if isinstance(kind, (Macvlan, Ipvlan, Vlan, Vxlan)) else None
    return link.place if place is None else place


def lower_name(link: Link) -> Optional[str]:
    """Return the name of the link that another one stands on."""
    kind = link.kind
    if isinstance(kind, Vxlan):
        return kind.device
    return kind.lower if isinstance(kind, STACKED) else None


def kind_data(kind: Optional[LinkKind]) -> Attributes:
    """Return what a link of a kind is made with."""
    if isinstance(kind, Vlan):
        data: Attributes = [("IFLA_VLAN_ID", kind.vlan_id)]
        if kind.protocol is not None:
            data.append(("IFLA_VLAN_PROTOCOL", VLAN_PROTOCOLS[kind.protocol]))
        return data
    if isinstance(kind, Vrf):
        return [("IFLA_VRF_TABLE", kind.table)]
    return changeable_data(kind)


def changeable_data(kind: Optional[LinkKind]) -> Attributes:
    """Return what may change while a link stands."""
    data: Attributes = []
    if isinstance(kind, Macvlan):
        if kind.mode is not None:
            data.append(("IFLA_MACVLAN_MODE", MACVLAN_MODES[kind.mode]))
        if kind.broadcast_queue_length is not None:
            data.append(("IFLA_MACVLAN_BC_QUEUE_LEN", kind.broadcast_queue_length))
        if kind.broadcast_limit is not None:
            data.append(("IFLA_MACVLAN_BC_CUTOFF", kind.broadcast_limit))
    elif isinstance(kind, Ipvlan):
        if kind.mode is not None:
            data.append(("IFLA_IPVLAN_MODE", IPVLAN_MODES[kind.mode]))
        if kind.flag is not None:
            data.append(("IFLA_IPVLAN_FLAGS", IPVLAN_FLAGS[kind.flag]))
    return data


def read_kind(name: Optional[str], data: Mapping[int, bytes]) -> Optional[LinkKind]:
    """Return the kind of a link without its lower link, or None for one that is not among these."""
    if name == "macvlan":
        limit = struct.unpack("=i", data[9])[0] if 9 in data else USUAL_LIMIT
        return Macvlan(mode=_word(MACVLAN_MODES, _number(data.get(1))), broadcast_queue_length=_number(data.get(7)), broadcast_limit=limit)
    if name == "ipvlan":
        return Ipvlan(mode=_word(IPVLAN_MODES, _number(data.get(1))), flag=_word(IPVLAN_FLAGS, _number(data.get(2))))
    if name == "vlan":
        protocol = struct.unpack(">H", data[5])[0] if 5 in data else None
        return Vlan(vlan_id=_number(data.get(1)), protocol=_word(VLAN_PROTOCOLS, protocol))
    if name == "dummy":
        return Dummy()
    if name == "vrf":
        return Vrf(table=_number(data.get(1)))
    return None


def _number(value: Optional[bytes]) -> Optional[int]:
    return int.from_bytes(value, sys.byteorder) if value else None


def _word(words: Dict[Word, int], number: Optional[int]) -> Optional[Word]:
    return next((word for word, known in words.items() if known == number), None)
