# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Which differences are a container's own."""

from __future__ import annotations

from typing import Collection

from .._model.firewall import FirewallObject
from .._model.frames import FrameTable
from .._model.guest import Guest
from .._model.link import Link
from .._model.mark import read_mark
from .._model.place import HOST
from .._plan.step import Step


def concerns(step: Step, place: str, others: Collection[str]) -> bool:
    """Tell whether a difference is about the container of a place, its networks or its ports, and not about `others` alone."""
    subject = step.subject
    if isinstance(subject, FirewallObject):
        come, gone = step.rules
        return any(step.leading_counts) or not (come or gone) or any(rule.owner not in others for rule in (*come, *gone))
    if isinstance(subject, FrameTable):
        return step.current is None or _lacks(step)
    if isinstance(subject, Guest) or subject.place not in (HOST, place):
        return False
    mark = read_mark(subject.alias) if isinstance(subject, Link) else None
    return mark is None or mark.endpoint not in others


def _lacks(step: Step) -> bool:
    """Tell whether something is missing: what is there of those who are gone is nobody's harm."""
    desired, current = step.desired, step.current
    if not isinstance(desired, FrameTable) or not isinstance(current, FrameTable):
        return False
    return desired.chains != current.chains or not set(desired.entries or ()) <= set(current.entries or ())
