# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.
"""What a bad network would do to what an endpoint sends."""

from __future__ import annotations

from typing import Optional

from .._model.amount import AT_ONCE, NEVER
from .._model.objects import Netem
from .._schema.reading import Problems, Shape, reader
from .._schema.schema import Field, Schema
from .amounts import read_duration, read_share
from .entry import read_entry

DELAY = Field("delay", read_duration, None, "How much later each packet leaves, in C(us), C(ms) or C(s).", default_words="none", example="20ms")
JITTER = Field(
    "jitter",
    read_duration,
    None,
    "By how much the delay of each packet may be shorter or longer, evenly spread. Packets may overtake each other then. At most the delay.",
    default_words="every packet waits as long",
    example="2ms",
)
LOSS = Field("loss", read_share, None, "Share of the packets that are lost, by chance.", default_words="none", example='"1%"')
DUPLICATE = Field("duplicate", read_share, None, "Share of the packets that are sent twice.", default_words="none", example='"1%"')
REORDER = Field(
    "reorder",
    read_share,
    None,
    "Share of the packets that leave at once, and so in front of others that wait. Needs V(delay).",
    default_words="none",
    example='"5%"',
)
NETEM = Schema("netem", (DELAY, JITTER, LOSS, DUPLICATE, REORDER))


@reader(Shape("dict", schema=NETEM))
def read_netem(value: object, path: str, problems: Problems) -> Optional[Netem]:
    entry = read_entry(value, path, problems, NETEM)
    if entry is None:
        return None
    delay, jitter = (entry.get(field) or AT_ONCE for field in (DELAY, JITTER))
    loss, duplicate, reorder = (entry.get(field) or NEVER for field in (LOSS, DUPLICATE, REORDER))
    if not entry.raw:
        entry.refuse("expected at least one of %s" % ", ".join(field.key for field in NETEM.fields), "add one, or remove netem")
    for field in (JITTER, REORDER):
        if field.key in entry.raw and DELAY.key not in entry.raw:
            entry.report(field.key, "it goes with delay, which is not given", "add that, or remove this")
    if delay and jitter > delay:
        entry.report(JITTER.key, "more than the delay, and no packet leaves before it came", "give at most %s" % delay)
    return Netem(delay, jitter, loss, duplicate, reorder)
