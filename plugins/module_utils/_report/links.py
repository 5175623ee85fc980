# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Wires, tunnels and lent links, as far as their ends could be read."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from .._model.addresses import is_link_local
from .._model.link import Link
from .._model.mark import DEVICE_ROLE, LINK_ROLE, read_mark
from .._model.objects import Address
from .._model.snapshot import Snapshot


def describe_links(snapshot: Snapshot, scope: Optional[str]) -> List[Dict[str, Any]]:
    """Return wires and tunnels by scope and name, each with its ends."""
    found: Dict[Tuple[str, str], Dict[str, Any]] = {}
    for link in snapshot.links():
        mark = read_mark(link.alias)
        if mark is None or mark.role != LINK_ROLE or scope not in (None, mark.scope):
            continue
        entry = found.setdefault((mark.scope, mark.network), {"name": mark.network, "scope": mark.scope, "ends": [], "tunnel": None})
        entry["ends"].append(_describe_end(snapshot, link))
        tunnel = link.nature.tunnel
        if tunnel is not None:
            entry["tunnel"] = {"vni": tunnel.vni, "remote": tunnel.remote, "local": tunnel.local, "udp_port": tunnel.port}
    for entry in found.values():
        entry["ends"].sort(key=lambda end: (end["container"] or "", end["interface"]))
    return [found[key] for key in sorted(found)]


def describe_devices(snapshot: Snapshot, scope: Optional[str]) -> List[Dict[str, Any]]:
    """Return the host's own links that containers have at present."""
    found = []
    for link in snapshot.links():
        mark, lent = read_mark(link.alias), link.nature.lent
        if mark is not None and mark.role == DEVICE_ROLE and lent is not None and scope in (None, mark.scope):
            found.append({"name": lent.home_name, "scope": mark.scope, "endpoint": mark.endpoint, **_describe_end(snapshot, link)})
    return sorted(found, key=lambda entry: str(entry["name"]))


def _describe_end(snapshot: Snapshot, link: Link) -> Dict[str, Any]:
    held = (item.address for item in snapshot.of(Address) if (item.place, item.device) == (link.place, link.name))
    return {
        "container": link.place or None,
        "interface": link.name,
        "bridge": link.master or None,
        "mtu": link.mtu,
        "mac": link.mac,
        "up": link.up,
        "addresses": sorted(address for address in held if not is_link_local(address)),
    }
