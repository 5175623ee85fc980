# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The story for people and for programs."""

from __future__ import annotations

from typing import Any, Dict, Iterator

from .._model.errors import printable
from .story import Hop, Story, name_place
from .trip import Trip

PASSES, ANSWERS, ENDS = "→", "←", "✗"


def tell(trip: Trip, story: Story) -> Iterator[str]:
    """Yield short lines, one a hop."""
    last = len(story.hops) - 1
    for position, hop in enumerate(story.hops):
        ends = story.cause is not None and position == last
        yield "%s %s: %s" % (ENDS if ends else ANSWERS if hop.answering else PASSES, name_place(hop.place), hop.words)
    if story.cause is not None and not story.hops:
        yield "%s %s" % (ENDS, trip.start.words)
    for doubt in story.doubts:
        yield "? may decide otherwise: %s" % printable(doubt)
    if story.cause is None:
        size = "; at most %d bytes" % story.largest if story.largest else ""
        yield "arrives: %s%s" % (describe(trip), size)
    else:
        yield "does not arrive: %s" % describe(trip)
        yield "cause: %s" % printable(story.cause.words)
        yield "fix: %s" % printable(story.cause.fix)


def describe(trip: Trip) -> str:
    port = ":%d" % trip.port if trip.port else ""
    target = "%s (%s%s)" % (trip.target.words, trip.target.address, port) if trip.target.words != trip.target.address else trip.target.address + port
    return "%s to %s, %s" % (trip.start.words, target, trip.protocol)


def facts(trip: Trip, story: Story) -> Dict[str, Any]:
    cause = story.cause
    return {
        "from": {"name": trip.start.words, "address": trip.start.address or None},
        "to": {"name": trip.target.words, "address": trip.target.address, "port": trip.port or None, "protocol": trip.protocol},
        "arrives": cause is None,
        "hops": [_hop(hop) for hop in story.hops],
        "cause": {"kind": cause.kind, "words": cause.words, "fix": cause.fix} if cause is not None else None,
        "doubts": list(story.doubts),
        "largest": story.largest or None,
    }


def _hop(hop: Hop) -> Dict[str, Any]:
    return {"place": name_place(hop.place), "words": hop.words, "answer": hop.answering}
