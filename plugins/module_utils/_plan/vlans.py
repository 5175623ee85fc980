# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A port that is declared with VLANs takes part in those and no others, not even in the one that its bridge gives to every new port."""

from __future__ import annotations

from typing import Dict, Iterator, Mapping, Set

from .._model.link import LinkKey
from .._model.objects import BridgeVlan, KernelObject
from .._model.snapshot import Key, Snapshot
from .losses import Losses

DEFAULT_VLAN = 1


def superfluous_vlans(wanted: Mapping[Key, KernelObject], snapshot: Snapshot, fresh: Set[LinkKey], losses: Losses) -> Iterator[BridgeVlan]:
    """Yield the VLANs that ports with declared ones have, or will have once they are ports, besides those."""
    ports: Dict[LinkKey, None] = dict.fromkeys((item.place, item.device) for item in wanted.values() if isinstance(item, BridgeVlan))
    if not ports:
        return
    for item in snapshot.of(BridgeVlan):
        if (item.place, item.device) in ports and item.key not in wanted and not losses.take(item):
            yield item
    for place, device in ports:
        default = BridgeVlan(place, device, DEFAULT_VLAN, untagged=True, native=True)
        if default.key not in wanted and ((place, device) in fresh | losses.unplugged or not _is_filtered(place, device, snapshot)):
            yield default


def _is_filtered(place: str, device: str, snapshot: Snapshot) -> bool:
    port = snapshot.link(place, device)
    bridge = port if port is None or port.nature.has_ports else snapshot.link(place, port.master or "")
    return bridge is not None and bridge.nature.vlan_filtering is True
