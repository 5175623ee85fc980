# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.
"""Limits as the kernel's token buckets, with netem in one or alone. What we make has a handle of our own, by which a later run knows it."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Dict, Iterable, List, Optional

from .._model.amount import Duration, Rate, Share, Size
from .._model.evolve import evolve
from .._model.objects import Limit, Netem
from . import netlink
from .door import read_attributes

HANDLE = 0x76 << 16  # 76: as tc writes it
INNER = 0x77 << 16  # of netem in a bucket
INSIDE = HANDLE | 1
ROOT = 0xFFFFFFFF
BUCKET, NETEM = "tbf", "netem"
UNKNOWN = "Specified qdisc kind is unknown"
TICK = 64  # nanoseconds
_MESSAGE = struct.Struct("=BxxxiIII")
_ATTRIBUTE = struct.Struct("=HH")
_RATE = struct.Struct("=BBHhHI")
_BUCKET = struct.Struct("=%ds%dsIII" % (_RATE.size, _RATE.size))
_U32 = struct.Struct("=I")
_ETHERNET = 1
_PARAMETERS, _BURST = 1, 6
_NETEM = struct.Struct("=6I")
_REORDER = struct.Struct("=II")
_REORDERED = 3
_ALL = 2**32 - 1  # of a share


def create_limit(limit: Limit, index: int) -> List[bytes]:
    """Make it, where nobody made something else."""
    if not limit.rate:
        return [_netem(netlink.CREATE_NEW, limit.netem, index, HANDLE, ROOT)]
    return [_bucket(netlink.CREATE_NEW, limit, index), *_inside(limit.netem, index)]


def change_limit(limit: Limit, current: Limit, index: int) -> List[bytes]:
    """Change ours; what waits in a bucket stays there. Only where it begins or ends to have a rate it is made anew."""
    if bool(limit.rate) != bool(current.rate):
        return [delete_limit(index), *create_limit(limit, index)]
    if not limit.rate:
        return [_netem(netlink.NLM_F_REQUEST, limit.netem, index, HANDLE, ROOT)]
    gone = [_delete(index, INNER, INSIDE)] if current.netem and not limit.netem else []
    # A bucket without a queue gets one by being changed.
    return [*gone, _bucket(netlink.NLM_F_REQUEST, limit, index), *_inside(limit.netem, index)]


def delete_limit(index: int) -> bytes:
    return _delete(index, HANDLE, ROOT)


def limits_request() -> bytes:
    return netlink.queue_message(netlink.RTM_GETQDISC, 0, [], index=0, handle=0, parent=0)


def _delete(index: int, handle: int, parent: int) -> bytes:
    return netlink.queue_message(netlink.RTM_DELQDISC, netlink.NLM_F_REQUEST, [], index=index, handle=handle, parent=parent)


def _inside(netem: Netem, index: int) -> List[bytes]:
    return [_netem(netlink.CREATE_OR_REPLACE, netem, index, INNER, INSIDE)] if netem else []


def _bucket(flags: int, limit: Limit, index: int) -> bytes:
    bytes_per_second = (limit.rate or 0) // 8
    rate = _RATE.pack(0, _ETHERNET, 0, -1, 0, bytes_per_second)
    burst = limit.burst or 0
    ticks = min(burst * 10**9 // max(bytes_per_second, 1) // TICK, 2**32 - 1)
    options = _attribute(_PARAMETERS, _BUCKET.pack(rate, bytes(_RATE.size), limit.queue or 0, ticks, 0)) + _attribute(_BURST, _U32.pack(burst))
    return _message(flags, BUCKET, options, index, HANDLE, ROOT)


def _netem(flags: int, netem: Netem, index: int, handle: int, parent: int) -> bytes:
    # Of every packet one in so many may leave at once; 0: none.
    gap = 1 if netem.reorder else 0
    packed = _NETEM.pack(_ticks(netem.delay), netem.waiting, _part(netem.loss), gap, _part(netem.duplicate), _ticks(netem.jitter))
    reordered = _attribute(_REORDERED, _REORDER.pack(_part(netem.reorder), 0)) if gap else b""
    return _message(flags, NETEM, packed + reordered, index, handle, parent)


def _message(flags: int, kind: str, options: bytes, index: int, handle: int, parent: int) -> bytes:
    attributes = [("TCA_KIND", kind), ("TCA_OPTIONS", options)]
    return netlink.queue_message(netlink.RTM_NEWQDISC, flags, attributes, index=index, handle=handle, parent=parent)


def _ticks(time: Duration) -> int:
    return time * 1000 // TICK


def _part(share: Share) -> int:
    return round(share / 10**6 * _ALL)


def _attribute(number: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), number) + value


@dataclass(frozen=True)
class RawLimit:
    """What limits a link, and whether we made it."""

    device: int
    limit: Limit
    mine: bool


def parse_limits(payloads: Iterable[bytes]) -> List[RawLimit]:
    """Return what each link sends by, but for what the kernel itself gave it."""
    found: Dict[int, RawLimit] = {}
    inner: Dict[int, Netem] = {}
    for payload in payloads:
        _family, index, handle, parent, _info = _MESSAGE.unpack_from(payload)
        attributes = read_attributes(payload, _MESSAGE.size, len(payload))
        kind, options = attributes.get(1, b"").rstrip(b"\0").decode("utf-8", "replace"), attributes.get(2, b"")
        if (handle, parent, kind) == (INNER, INSIDE, NETEM):
            inner[index] = _read_netem(options)
        elif parent == ROOT and handle:
            limit = _read_limit(kind, options) if handle == HANDLE else None
            found[index] = RawLimit(index, limit or Limit("", discipline=kind), limit is not None)
    return [
        RawLimit(index, evolve(raw.limit, netem=inner[index]), True) if index in inner and raw.mine and raw.limit.rate else raw for index, raw in found.items()
    ]


def _read_limit(kind: str, options: bytes) -> Optional[Limit]:
    if kind == NETEM:
        return Limit("", rate=Rate(0), netem=_read_netem(options))
    if kind != BUCKET:
        return None
    raw = read_attributes(options, 0, len(options))[_PARAMETERS]
    rate, _peak, queue, ticks, _mtu = _BUCKET.unpack_from(raw)
    bytes_per_second = _RATE.unpack(rate)[-1]
    # The kernel keeps the burst as a time: what is declared in whole KiB is found again.
    burst = round(ticks * TICK * bytes_per_second / 10**9 / 1024) * 1024
    return Limit("", "", Rate(bytes_per_second * 8), Size(burst), Size(queue))


def _read_netem(options: bytes) -> Netem:
    delay, waiting, loss, gap, duplicate, jitter = _NETEM.unpack_from(options)
    more = read_attributes(options, _NETEM.size, len(options))
    reorder = _REORDER.unpack(more[_REORDERED])[0] if gap and _REORDERED in more else 0
    return Netem(_time(delay), _time(jitter), _share(loss), _share(duplicate), _share(reorder), waiting)


def _time(ticks: int) -> Duration:
    return Duration(round(ticks * TICK / 1000))


def _share(part: int) -> Share:
    return Share(round(part / _ALL * 10**6))
