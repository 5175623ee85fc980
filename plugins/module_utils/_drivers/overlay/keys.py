# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The keys of driver overlay."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Tuple

from ..._document.entry import Entry, list_of, read_entry
from ..._document.scalars import (
    Problems,
    choice,
    integer,
    read_address,
    read_boolean,
    read_interface_name,
    read_label,
    read_mac,
    read_printable,
    read_unicast_address,
)
from ..._model import names
from ..._model.document import DEFAULT_UDP_PORT
from ..._model.network import RemoteEndpoint
from ..base import Common
from .network import OverlayNetwork, Peer

KEYS = frozenset(
    (
        "vni",
        "udp_port",
        "encryption",
        "control_plane",
        "vtep_address",
        "underlay_interface",
        "peers",
        "remote_endpoints",
        "bridge_name",
        "vxlan_name",
    )
)
PEER_KEYS = frozenset(("host", "vtep", "foreign"))
REMOTE_KEYS = frozenset(("name", "mac", "vtep", "addresses"))


def _read_peer(value: object, path: str, problems: Problems) -> Optional[Peer]:
    entry = read_entry(value, path, problems, allowed=PEER_KEYS, required=("host", "vtep"))
    if entry is None:
        return None
    host = entry.get("host", read_printable, None)
    vtep = entry.get("vtep", read_unicast_address, None)
    return Peer(host=host, vtep=vtep, foreign=entry.get("foreign", read_boolean, True)) if host is not None and vtep is not None else None


def _read_remote_endpoint(value: object, path: str, problems: Problems) -> Optional[RemoteEndpoint]:
    entry = read_entry(value, path, problems, allowed=REMOTE_KEYS, required=("name", "mac", "vtep"))
    if entry is None:
        return None
    none: Tuple[str, ...] = ()
    name = entry.get("name", read_label, None)
    mac = entry.get("mac", read_mac, None)
    vtep = entry.get("vtep", read_unicast_address, None)
    addresses = entry.get("addresses", list_of(read_address), none)
    if name is None or mac is None or vtep is None:
        return None
    return RemoteEndpoint(name=name, mac=mac, vtep=vtep, addresses=addresses)


def read_overlay(entry: Entry, common: Common) -> OverlayNetwork:
    """Return an overlay network. What a fleet's plan fills in (vni, vtep_address, peers) may be missing."""
    entry.get("encryption", choice("none"), "none")
    entry.get("control_plane", choice("static"), "static")
    no_peers: Tuple[Peer, ...] = ()
    no_endpoints: Tuple[RemoteEndpoint, ...] = ()
    return OverlayNetwork(
        bridge_name=entry.get("bridge_name", read_interface_name, names.bridge_name(common.name)),
        vxlan_name=entry.get("vxlan_name", read_interface_name, names.vxlan_name(common.name)),
        vni=entry.get("vni", integer(1, 16777215), 0),
        udp_port=entry.get("udp_port", integer(1024, 49151), DEFAULT_UDP_PORT),
        vtep_address=entry.get("vtep_address", read_unicast_address, ""),
        underlay_interface=entry.get("underlay_interface", read_interface_name, None),
        peers=entry.get("peers", list_of(_read_peer), no_peers),
        remote_endpoints=entry.get("remote_endpoints", list_of(_read_remote_endpoint), no_endpoints),
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
