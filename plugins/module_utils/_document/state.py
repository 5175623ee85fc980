# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Whether something is declared to be there."""

from __future__ import annotations

from .._schema.schema import Field, Schema
from .entry import Entry
from .scalars import choice

STATE = Field("state", choice("present", "absent"), "present", "Whether it is to be there. With V(absent), only what names it may stand beside.")


def is_absent(entry: Entry, schema: Schema) -> bool:
    """Tell whether an entry is declared absent, and report what else it carries then."""
    absent = entry.get(STATE) == "absent"
    surplus = sorted(entry.raw.keys() - {*schema.absent, STATE.key}) if absent else []
    if surplus:
        entry.refuse("state: absent takes only %s" % ", ".join(sorted(schema.absent)), "remove %s" % ", ".join(surplus)[:60])
    return absent
