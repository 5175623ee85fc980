# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import socket
from functools import lru_cache, partial
from typing import Optional, Sequence, Tuple, Union

from .._model.kind import Attributes
from .._model.mark import PROTOCOL
from .._model.objects import FLOOD_MAC, GONE, FdbEntry, Neighbour, ProxyNeighbour
from . import wire
from .stamp import IP, MAC, NUMBER, Stamp
from .wire import AF_BRIDGE

NUD_PERMANENT, NUD_NOARP = 0x80, 0x40
NTF_SELF, NTF_MASTER, NTF_PROXY, NTF_STICKY = 0x02, 0x04, 0x08, 0x40
KINDS = {"NDA_DST": IP, "NDA_LLADDR": MAC, "NDA_IFINDEX": NUMBER}

Value = Union[int, str]
Pairs = Sequence[Tuple[str, Value]]


def _encode(names: Sequence[str], message_type: int, flags: int, family: int, state: int, entry_flags: int, *values: Value) -> bytes:
    *told, index = values
    attributes: Attributes = list(zip(names, told))
    if message_type == wire.RTM_NEWNEIGH and family != AF_BRIDGE:
        attributes.append(("NDA_PROTOCOL", PROTOCOL))
    return wire.neighbour_message(message_type, flags, attributes, index=int(index), family=family, state=state, entry_flags=entry_flags)


@lru_cache(maxsize=None)
def _stamp_of(names: Tuple[str, ...]) -> Stamp:
    return Stamp(partial(_encode, names), (*(KINDS[name] for name in names), NUMBER))


def _message(message_type: int, flags: int, family: int, state: int, entry_flags: int, attributes: Pairs, index: int) -> bytes:
    """A fleet has tens of thousands of each."""
    stamp = _stamp_of(tuple(name for name, _value in attributes))
    return stamp((message_type, flags, family, state, entry_flags), (*(value for _name, value in attributes), index))


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def ensure_neighbour(entry: Neighbour, index: int) -> bytes:
    attributes = (("NDA_DST", entry.address), ("NDA_LLADDR", entry.mac or ""))
    return _message(wire.RTM_NEWNEIGH, wire.CREATE_OR_REPLACE, _family(entry.address), NUD_PERMANENT, 0, attributes, index)


def delete_neighbour(entry: Neighbour, index: int) -> bytes:
    return _message(wire.RTM_DELNEIGH, wire.NLM_F_REQUEST, _family(entry.address), NUD_PERMANENT, 0, (("NDA_DST", entry.address),), index)


def _fdb(message_type: int, flags: int, entry: FdbEntry, index: int, through: Optional[int]) -> bytes:
    attributes: Tuple[Tuple[str, Value], ...] = (("NDA_LLADDR", entry.mac),)
    if not entry.remote:
        # Sticky: without it the entry moves to any port that sends with this source MAC.
        return _message(message_type, flags, AF_BRIDGE, NUD_NOARP, NTF_MASTER | NTF_STICKY, attributes, index)
    if entry.through != GONE:
        attributes += (("NDA_DST", entry.remote),)
    if through is not None:
        attributes += (("NDA_IFINDEX", through),)
    return _message(message_type, flags, AF_BRIDGE, NUD_PERMANENT | NUD_NOARP, NTF_SELF, attributes, index)


def ensure_fdb(entry: FdbEntry, index: int, through: Optional[int] = None) -> bytes:
    """Replace what stands there, a learned entry too; rows of the flood list are appended to each other."""
    flags = wire.CREATE_OR_APPEND if entry.mac == FLOOD_MAC else wire.CREATE_OR_REPLACE
    return _fdb(wire.RTM_NEWNEIGH, flags, entry, index, through)


def delete_fdb(entry: FdbEntry, index: int, through: Optional[int] = None) -> bytes:
    return _fdb(wire.RTM_DELNEIGH, wire.NLM_F_REQUEST, entry, index, through)


def create_proxy(entry: ProxyNeighbour, index: int) -> bytes:
    return _message(wire.RTM_NEWNEIGH, wire.CREATE_OR_REPLACE, _family(entry.address), 0, NTF_PROXY, (("NDA_DST", entry.address),), index)


def delete_proxy(entry: ProxyNeighbour, index: int) -> bytes:
    return _message(wire.RTM_DELNEIGH, wire.NLM_F_REQUEST, _family(entry.address), 0, NTF_PROXY, (("NDA_DST", entry.address),), index)
