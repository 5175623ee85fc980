# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The rows by which an overlay finds its far ends."""

from __future__ import annotations

from typing import Optional, Tuple

from .._model.link import Link
from .._model.live import NeighbourRow
from .._model.objects import FLOOD_MAC
from .segment import Reach
from .sites import Far
from .story import Cause, Ends
from .world import World

OVERHEAD = {4: 50, 6: 70}  # bytes that a tunnel puts around a packet


def outer_size(size: int, remote: str) -> int:
    return size + OVERHEAD[6 if ":" in remote else 4]


def find_row(world: World, reach: Reach, address: str) -> Optional[NeighbourRow]:
    rows = world.space(reach.place).neighbours
    return next((row for row in rows if (row.device, row.address) == (reach.device, address) and row.fixed), None)


def find_far_end(world: World, link: Link, address: str, far: Optional[Far]) -> Tuple[str, str]:
    """Return the MAC of an address and the tunnel end behind which it lives, as the rows here have it; the first that is missing or wrong ends the way."""
    space = world.space(link.place)
    row = next((row for row in space.neighbours if (row.device, row.address) == (link.name, address)), None)
    if row is None and getattr(link.kind, "proxy", False):
        raise _missing("neighbour", "neighbour row of %s" % address, link, "neighbour %s on %s" % (address, link.name))
    mac = row.mac if row is not None else far.mac if far is not None else ""
    if far is not None and mac != far.mac:
        words = "the neighbour row of %s on %s says %s, and it is %s" % (address, link.name, mac, far.mac)
        raise Ends(Cause("neighbour", words, about=("neighbour %s on %s" % (address, link.name),)))
    rows = [entry for entry in space.forwarding if (entry.device, entry.mac) == (link.name, mac)]
    remote = next((entry.remote for entry in rows if entry.remote), "")
    label = "fdb %s via %s on %s" % (mac, far.vtep if far is not None else remote, link.name)
    flooded = {entry.remote for entry in space.forwarding if (entry.device, entry.mac) == (link.name, FLOOD_MAC)}
    if not remote and far is not None and far.vtep in flooded:
        remote = far.vtep  # what has no row goes to all
    if not remote:
        raise _missing("fdb", "forwarding row of %s" % mac, link, label)
    if far is not None and remote != far.vtep:
        raise Ends(Cause("fdb", "the forwarding row of %s on %s leads to %s instead of %s" % (mac, link.name, remote, far.vtep), about=(label,)))
    if link.port is not None and link.port.flood is False and all(entry.remote for entry in rows):
        raise _missing("fdb", "row of bridge %s for %s" % (link.master, mac), link, "fdb %s on %s" % (mac, link.name))
    return mac, remote


def _missing(kind: str, what: str, link: Link, label: str) -> Ends:
    return Ends(Cause(kind, "the %s is missing on %s" % (what, link.name), about=(label,)))
