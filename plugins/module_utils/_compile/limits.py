# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.
"""How fast an endpoint may send and be sent to, and how badly it sends. Each end of its link does that where it sends, so that what waits is queued and little
is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator, Optional

from .._drivers.segment import Segment
from .._model.amount import Rate, Size
from .._model.document import Attachment, Endpoint
from .._model.errors import EnvironmentUnfit
from .._model.objects import NO_NETEM, KernelObject, Limit, Netem
from .._model.place import HOST

BURST_TIME, QUEUE_TIME = 0.01, 0.05  # seconds
LEAST = 16 * 1024  # bytes, of both
WAITING = (64, 50000)  # packets that netem may keep back, at least and at most
SMALL = 512  # bytes of a packet of them
FRAME_HEADER = 18  # bytes, with the tag of a VLAN


def compile_limits(endpoint: Endpoint, attachment: Attachment, segment: Segment) -> Iterator[KernelObject]:
    frame = Size.above(segment.mtu_of(endpoint, attachment) + FRAME_HEADER)
    for direction, place, device, rate, burst, netem in (
        ("ingress", HOST, attachment.host_interface_name, attachment.ingress_rate, attachment.ingress_burst, NO_NETEM),
        ("egress", endpoint.place, attachment.interface_name, attachment.egress_rate, attachment.egress_burst, attachment.netem),
    ):
        if burst is not None and burst < frame:
            raise EnvironmentUnfit(
                "endpoint %s: %s_burst %s is too small for a frame on network %s; at least %s; nothing was changed"
                % (endpoint.name, direction, burst, segment.network.name, frame)
            )
        if rate is not None:
            yield _limit(place, device, rate, burst, frame, _fill(netem, rate))
        elif netem:
            yield Limit(place, device, Rate(0), netem=_fill(netem, rate))


def _limit(place: str, device: str, rate: Rate, burst: Optional[Size], frame: Size, netem: Netem) -> Limit:
    chosen = burst or Size.above(max(rate.during(BURST_TIME), LEAST, frame))
    return Limit(place, device, rate, chosen, Size.above(max(rate.during(QUEUE_TIME), LEAST) + chosen), netem)


def _fill(netem: Netem, rate: Optional[Rate]) -> Netem:
    """Return it with room for what is on its way. At a rate that is few, for what comes faster than it goes waits there as well."""
    if not netem:
        return netem
    least, most = WAITING
    if rate is None:
        return replace(netem, waiting=most)
    on_its_way = rate.during(netem.delay.seconds + netem.jitter.seconds + QUEUE_TIME)
    return replace(netem, waiting=max(least, min(on_its_way // SMALL, most)))
