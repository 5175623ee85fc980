# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""An overlay as it is declared, and what a fleet's plan adds to it."""

from __future__ import annotations

from typing import Any, Mapping

from ..._document.entry import Entry
from ..._model import names
from ..base import Common
from ..bridged_keys import ANTI_SPOOFING, BRIDGE_NAME
from .keys import CONTROL_PLANE, ENCRYPTION, PEERS, REMOTE_ENDPOINTS, UDP_PORT, UNDERLAY_INTERFACE, VNI, VTEP_ADDRESS, VXLAN_NAME
from .network import OverlayNetwork


def read_overlay(entry: Entry, common: Common) -> OverlayNetwork:
    """Return an overlay network. What a fleet's plan fills in (vni, vtep_address, peers) may be missing."""
    entry.get(ENCRYPTION)
    entry.get(CONTROL_PLANE)
    return OverlayNetwork(
        bridge_name=entry.get(BRIDGE_NAME) or names.bridge_name(common.name),
        vxlan_name=entry.get(VXLAN_NAME) or names.vxlan_name(common.name),
        anti_spoofing=entry.get(ANTI_SPOOFING),
        vni=entry.get(VNI),
        udp_port=entry.get(UDP_PORT),
        vtep_address=entry.get(VTEP_ADDRESS),
        underlay_interface=entry.get(UNDERLAY_INTERFACE),
        peers=entry.get(PEERS),
        remote_endpoints=entry.get(REMOTE_ENDPOINTS),
        **common.fields(),
    )


def merge_rows(raw: Mapping[str, Any], shared: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a declared overlay with the peers and remote endpoints that the fleet's plan lists."""
    own = raw.get("vtep_address")
    return {**raw, "peers": _of_fleet(_others(shared.get("peers"), own)), "remote_endpoints": _others(shared.get("endpoints"), own)}


def _others(rows: object, own: object) -> object:
    """Leave out what lives on this host; the plan lists every host's rows once."""
    if not isinstance(rows, list):
        return rows
    return [row for row in rows if not (isinstance(row, dict) and row.get("vtep") == own)]


def _of_fleet(rows: object) -> object:
    """The plan's hosts are ours unless it says otherwise."""
    return [{"foreign": False, **row} if isinstance(row, dict) else row for row in rows] if isinstance(rows, list) else rows
