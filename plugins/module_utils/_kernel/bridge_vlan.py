# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Which VLANs a bridge lets through which port."""

from __future__ import annotations

import struct
from typing import List, Tuple

from .._model.kind import Attributes
from .._model.objects import BridgeVlan
from . import netlink
from .door import read_attributes

RTEXT_FILTER_BRVLAN = 2
BRIDGE_FLAGS_SELF = 2
NATIVE, UNTAGGED = 2, 4
_LINK = struct.Struct("=BxHiII")
_ATTRIBUTE = struct.Struct("=HH")


def _message(message_type: int, vlan: BridgeVlan, index: int, is_bridge: bool) -> bytes:
    flags = (NATIVE if vlan.native else 0) | (UNTAGGED if vlan.untagged else 0)
    spec: Attributes = [("IFLA_BRIDGE_FLAGS", BRIDGE_FLAGS_SELF)] if is_bridge else []
    spec.append(("IFLA_BRIDGE_VLAN_INFO", {"flags": flags, "vid": vlan.vlan_id}))
    return netlink.link_message(message_type, netlink.NLM_F_REQUEST, [("IFLA_AF_SPEC", {"attrs": spec})], index=index, family=netlink.AF_BRIDGE)


def ensure_vlan(vlan: BridgeVlan, index: int, is_bridge: bool) -> bytes:
    """Let a VLAN through, or change how."""
    return _message(netlink.RTM_SETLINK, vlan, index, is_bridge)


def delete_vlan(vlan: BridgeVlan, index: int, is_bridge: bool) -> bytes:
    return _message(netlink.RTM_DELLINK, vlan, index, is_bridge)


def vlans_request() -> bytes:
    return netlink.link_message(netlink.RTM_GETLINK, 0, [("IFLA_EXT_MASK", RTEXT_FILTER_BRVLAN)], family=netlink.AF_BRIDGE)


def parse_vlans(payload: bytes) -> Tuple[int, List[Tuple[int, bool, bool]]]:
    """Return an interface's number and its VLANs as (number, untagged, native)."""
    index = _LINK.unpack_from(payload)[2]
    spec = read_attributes(payload, 16, len(payload)).get(26, b"")
    found: List[Tuple[int, bool, bool]] = []
    start = 0
    while start + 4 <= len(spec):
        length, kind = _ATTRIBUTE.unpack_from(spec, start)
        if length < 4:
            break
        if kind & 0x3FFF == 2:
            flags, number = _ATTRIBUTE.unpack_from(spec, start + 4)
            found.append((number, bool(flags & UNTAGGED), bool(flags & NATIVE)))
        start += (length + 3) & ~3
    return index, found
