# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.
"""Limits as the kernel's token buckets. What we make has a handle of our own, by which a later run knows it."""

from __future__ import annotations

import struct
from typing import NamedTuple, Optional

from .._model.amount import Rate, Size
from .._model.objects import Limit
from . import netlink
from .door import read_attributes

HANDLE = 0x76 << 16  # 76: as tc writes it
ROOT = 0xFFFFFFFF
BUCKET = "tbf"
UNKNOWN = "Specified qdisc kind is unknown"
TICK = 64  # nanoseconds
_MESSAGE = struct.Struct("=BxxxiIII")
_ATTRIBUTE = struct.Struct("=HH")
_RATE = struct.Struct("=BBHhHI")
_BUCKET = struct.Struct("=%ds%dsIII" % (_RATE.size, _RATE.size))
_U32 = struct.Struct("=I")
_ETHERNET = 1
_PARAMETERS, _BURST = 1, 6


def create_limit(limit: Limit, index: int) -> bytes:
    """Make it, where nobody made something else."""
    return _message(netlink.CREATE_NEW, limit, index)


def change_limit(limit: Limit, index: int) -> bytes:
    """Change ours; what waits in it stays there."""
    return _message(netlink.NLM_F_REQUEST, limit, index)


def delete_limit(index: int) -> bytes:
    return netlink.queue_message(netlink.RTM_DELQDISC, netlink.NLM_F_REQUEST, [], index=index, handle=HANDLE, parent=ROOT)


def limits_request() -> bytes:
    return netlink.queue_message(netlink.RTM_GETQDISC, 0, [], index=0, handle=0, parent=0)


def _message(flags: int, limit: Limit, index: int) -> bytes:
    bytes_per_second = (limit.rate or 0) // 8
    rate = _RATE.pack(0, _ETHERNET, 0, -1, 0, bytes_per_second)
    burst = limit.burst or 0
    ticks = min(burst * 10**9 // max(bytes_per_second, 1) // TICK, 2**32 - 1)
    options = _attribute(_PARAMETERS, _BUCKET.pack(rate, bytes(_RATE.size), limit.queue or 0, ticks, 0)) + _attribute(_BURST, _U32.pack(burst))
    attributes = [("TCA_KIND", BUCKET), ("TCA_OPTIONS", options)]
    return netlink.queue_message(netlink.RTM_NEWQDISC, flags, attributes, index=index, handle=HANDLE, parent=ROOT)


def _attribute(number: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), number) + value


class RawLimit(NamedTuple):
    """What limits a link, and whether we made it."""

    device: int
    limit: Limit
    mine: bool


def parse_limit(payload: bytes) -> Optional[RawLimit]:
    """Return what a link sends by; None for what the kernel itself gave it, and for what hangs below."""
    _family, index, handle, parent, _info = _MESSAGE.unpack_from(payload)
    if parent != ROOT or not handle:
        return None
    found = read_attributes(payload, _MESSAGE.size, len(payload))
    discipline = found.get(1, b"").rstrip(b"\0").decode("utf-8", "replace")
    if handle != HANDLE or discipline != BUCKET:
        return RawLimit(index, Limit("", discipline=discipline), False)
    options = found.get(2, b"")
    raw = read_attributes(options, 0, len(options))[_PARAMETERS]
    rate, _peak, queue, ticks, _mtu = _BUCKET.unpack_from(raw)
    bytes_per_second = _RATE.unpack(rate)[-1]
    # The kernel keeps the burst as a time: what is declared in whole KiB is found again.
    burst = round(ticks * TICK * bytes_per_second / 10**9 / 1024) * 1024
    return RawLimit(index, Limit("", "", Rate(bytes_per_second * 8), Size(burst), Size(queue)), True)
