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
from . import netlink
from .netlink import AF_BRIDGE, NTF_PROXY, NTF_SELF, NUD_NOARP, NUD_PERMANENT
from .template import IP, MAC, NUMBER, MessageTemplate

NTF_MASTER, NTF_STICKY = 0x04, 0x40
KINDS = {"NDA_DST": IP, "NDA_LLADDR": MAC, "NDA_IFINDEX": NUMBER}

Value = Union[int, str]


def _encode(names: Sequence[str], message_type: int, flags: int, family: int, state: int, entry_flags: int, *values: Value) -> bytes:
    *told, index = values
    attributes: Attributes = list(zip(names, told))
    if message_type == netlink.RTM_NEWNEIGH and family != AF_BRIDGE:
        attributes.append(("NDA_PROTOCOL", PROTOCOL))
    return netlink.neighbour_message(message_type, flags, attributes, index=int(index), family=family, state=state, entry_flags=entry_flags)


@lru_cache(maxsize=None)
def _template_of(names: Tuple[str, ...]) -> MessageTemplate:
    return MessageTemplate(partial(_encode, names), (*(KINDS[name] for name in names), NUMBER))


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


_DST, _DST_MAC = ("NDA_DST",), ("NDA_DST", "NDA_LLADDR")
_MAC, _MAC_DST = ("NDA_LLADDR",), ("NDA_LLADDR", "NDA_DST")
_MAC_DST_THROUGH = ("NDA_LLADDR", "NDA_DST", "NDA_IFINDEX")


def ensure_neighbour(entry: Neighbour, index: int) -> bytes:
    fixed = (netlink.RTM_NEWNEIGH, netlink.CREATE_OR_REPLACE, _family(entry.address), NUD_PERMANENT, 0)
    return _template_of(_DST_MAC)(fixed, (entry.address, entry.mac or "", index))


def delete_neighbour(entry: Neighbour, index: int) -> bytes:
    return _template_of(_DST)((netlink.RTM_DELNEIGH, netlink.NLM_F_REQUEST, _family(entry.address), NUD_PERMANENT, 0), (entry.address, index))


def _fdb(message_type: int, flags: int, entry: FdbEntry, index: int, through: Optional[int]) -> bytes:
    if not entry.remote:
        # Sticky: without it the entry moves to any port that sends with this source MAC.
        return _template_of(_MAC)((message_type, flags, AF_BRIDGE, NUD_NOARP, NTF_MASTER | NTF_STICKY), (entry.mac, index))
    fixed = (message_type, flags, AF_BRIDGE, NUD_PERMANENT | NUD_NOARP, NTF_SELF)
    if entry.through == GONE:
        return _template_of(_MAC)(fixed, (entry.mac, index))
    if through is None:
        return _template_of(_MAC_DST)(fixed, (entry.mac, entry.remote, index))
    return _template_of(_MAC_DST_THROUGH)(fixed, (entry.mac, entry.remote, through, index))


def ensure_fdb(entry: FdbEntry, index: int, through: Optional[int] = None) -> bytes:
    """Replace what stands there, a learned entry too; rows of the flood list are appended to each other."""
    flags = netlink.CREATE_OR_APPEND if entry.mac == FLOOD_MAC else netlink.CREATE_OR_REPLACE
    return _fdb(netlink.RTM_NEWNEIGH, flags, entry, index, through)


def delete_fdb(entry: FdbEntry, index: int, through: Optional[int] = None) -> bytes:
    return _fdb(netlink.RTM_DELNEIGH, netlink.NLM_F_REQUEST, entry, index, through)


def create_proxy(entry: ProxyNeighbour, index: int) -> bytes:
    return _template_of(_DST)((netlink.RTM_NEWNEIGH, netlink.CREATE_OR_REPLACE, _family(entry.address), 0, NTF_PROXY), (entry.address, index))


def delete_proxy(entry: ProxyNeighbour, index: int) -> bytes:
    return _template_of(_DST)((netlink.RTM_DELNEIGH, netlink.NLM_F_REQUEST, _family(entry.address), 0, NTF_PROXY), (entry.address, index))
