# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

import socket
import struct
from typing import List

from .._model.kind import Attributes
from .._model.mark import PROTOCOL
from .._model.objects import Address, AddressDetails
from . import netlink
from .template import IP, NUMBER, MessageTemplate

IFA_F_NODAD = 0x02
_NEVER_PREFERRED = struct.pack("=IIII", 0, 2**32 - 1, 0, 0)  # for 0 seconds, but valid forever


def _encode(message_type: int, flags: int, prefix: int, protocol: int, details: AddressDetails, secondary: bool, ip: str, index: int) -> bytes:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    attributes: Attributes = [("IFA_ADDRESS", details.peer or ip)]
    if family == socket.AF_INET or details.peer:
        attributes.append(("IFA_LOCAL", ip))
    if message_type == netlink.RTM_NEWADDR:
        # Uniqueness is checked when planning; duplicate detection would keep a fresh address unusable for a second or more.
        attributes.append(("IFA_FLAGS", details.flags | (IFA_F_NODAD if family == socket.AF_INET6 else 0)))
        attributes.append(("IFA_PROTO", protocol))
        if details.broadcast:
            attributes.append(("IFA_BROADCAST", details.broadcast))
        if details.name:
            attributes.append(("IFA_LABEL", details.name))
        if details.metric:
            attributes.append(("IFA_RT_PRIORITY", details.metric))
        if secondary and family == socket.AF_INET6:
            attributes.append(("IFA_CACHEINFO", _NEVER_PREFERRED))
    return netlink.address_message(message_type, flags, attributes, index=index, family=family, prefix=prefix, scope=details.scope)


_template = MessageTemplate(_encode, (IP, NUMBER))


def _message(message_type: int, flags: int, address: Address, index: int) -> bytes:
    ip, prefix = address.address.split("/")
    protocol = PROTOCOL if address.protocol is None else address.protocol
    return _template((message_type, flags, int(prefix), protocol, address.details, bool(address.secondary)), (ip, index))


def create_address(address: Address, index: int) -> bytes:
    return _message(netlink.RTM_NEWADDR, netlink.CREATE_NEW, address, index)


def change_address(address: Address, index: int) -> List[bytes]:
    """Make an address secondary, or the one that what is sent comes from. IPv4 tells that by their order: it is taken away and comes last."""
    if ":" in address.address:
        return [_message(netlink.RTM_NEWADDR, netlink.CREATE_OR_REPLACE, address, index)]
    return [delete_address(address, index), create_address(address, index)]


def delete_address(address: Address, index: int) -> bytes:
    return _message(netlink.RTM_DELADDR, netlink.NLM_F_REQUEST, address, index)
