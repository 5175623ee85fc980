# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import socket
from typing import Optional

from .._model.mark import PROTOCOL
from .._model.objects import FLOOD_MAC, GONE, FdbEntry, Neighbour, ProxyNeighbour
from . import wire
from .wire import AF_BRIDGE

NUD_PERMANENT, NUD_NOARP = 0x80, 0x40
NTF_SELF, NTF_MASTER, NTF_PROXY, NTF_STICKY = 0x02, 0x04, 0x08, 0x40


def _neighbour(message_type: int, flags: int, entry: Neighbour, index: int) -> bytes:
    family = socket.AF_INET6 if ":" in entry.address else socket.AF_INET
    attributes: wire.Attributes = [("NDA_DST", entry.address)]
    if message_type == wire.RTM_NEWNEIGH:
        attributes.extend([("NDA_LLADDR", entry.mac), ("NDA_PROTOCOL", PROTOCOL)])
    return wire.neighbour_message(message_type, flags, attributes, index=index, family=family, state=NUD_PERMANENT)


def ensure_neighbour(entry: Neighbour, index: int) -> bytes:
    return _neighbour(wire.RTM_NEWNEIGH, wire.CREATE_OR_REPLACE, entry, index)


def delete_neighbour(entry: Neighbour, index: int) -> bytes:
    return _neighbour(wire.RTM_DELNEIGH, wire.NLM_F_REQUEST, entry, index)


def _fdb(message_type: int, flags: int, entry: FdbEntry, index: int, through: Optional[int]) -> bytes:
    attributes: wire.Attributes = [("NDA_LLADDR", entry.mac)]
    if entry.remote:
        if entry.through != GONE:
            attributes.append(("NDA_DST", entry.remote))
        if through is not None:
            attributes.append(("NDA_IFINDEX", through))
        state, entry_flags = NUD_PERMANENT | NUD_NOARP, NTF_SELF
    else:
        # Sticky: without it the entry moves to any port that sends with this source MAC.
        state, entry_flags = NUD_NOARP, NTF_MASTER | NTF_STICKY
    return wire.neighbour_message(message_type, flags, attributes, index=index, family=AF_BRIDGE, state=state, entry_flags=entry_flags)


def ensure_fdb(entry: FdbEntry, index: int, through: Optional[int] = None) -> bytes:
    """Replace what stands there, a learned entry too; rows of the flood list are appended to each other."""
    flags = wire.CREATE_OR_APPEND if entry.mac == FLOOD_MAC else wire.CREATE_OR_REPLACE
    return _fdb(wire.RTM_NEWNEIGH, flags, entry, index, through)


def delete_fdb(entry: FdbEntry, index: int, through: Optional[int] = None) -> bytes:
    return _fdb(wire.RTM_DELNEIGH, wire.NLM_F_REQUEST, entry, index, through)


def _proxy(message_type: int, flags: int, entry: ProxyNeighbour, index: int) -> bytes:
    family = socket.AF_INET6 if ":" in entry.address else socket.AF_INET
    attributes: wire.Attributes = [("NDA_DST", entry.address)]
    if message_type == wire.RTM_NEWNEIGH:
        attributes.append(("NDA_PROTOCOL", PROTOCOL))
    return wire.neighbour_message(message_type, flags, attributes, index=index, family=family, state=0, entry_flags=NTF_PROXY)


def create_proxy(entry: ProxyNeighbour, index: int) -> bytes:
    return _proxy(wire.RTM_NEWNEIGH, wire.CREATE_OR_REPLACE, entry, index)


def delete_proxy(entry: ProxyNeighbour, index: int) -> bytes:
    return _proxy(wire.RTM_DELNEIGH, wire.NLM_F_REQUEST, entry, index)
