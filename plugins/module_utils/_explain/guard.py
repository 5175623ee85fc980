# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Frames that a bridge does not take from a port, for they say they are another's."""

from __future__ import annotations

from typing import Optional

from .datagram import Datagram
from .segment import Crossing
from .story import Cause
from .world import World

FIX = "let it use what is declared, or list it in %s of the endpoint's attachment; anti_spoofing: false there takes no notice"


def find_lie(world: World, crossing: Crossing, datagram: Datagram) -> Optional[Cause]:
    """Return why the table of frames of a place drops a datagram, if it does."""
    if not crossing.came_by:
        return None
    port = world.snapshot.link(crossing.place, crossing.came_by)
    sender = world.snapshot.link(*port.peer) if port is not None and port.peer is not None else None
    for guard in world.guards(crossing.place):
        if crossing.came_by != guard.name:
            continue
        if sender is not None and sender.mac not in guard.macs:
            return _cause(guard.name, "the MAC %s" % sender.mac, "allowed_macs", sender.label)
        if datagram.family in guard.sends and datagram.source and not guard.may_send(datagram.source):
            return _cause(guard.name, datagram.source, "allowed_addresses", "anti-spoofing")
    return None


def _cause(port: str, what: str, key: str, about: str) -> Cause:
    words = "anti_spoofing takes nothing from %s by port %s" % (what, port)
    return Cause("spoofing", words, about=(about,), fix=FIX % key)
