# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Neighbours, the host among them, are told where addresses live now: when all have moved, for who has one still would say so."""

from __future__ import annotations

from typing import Dict, Sequence

from .._model.link import Link
from .._model.objects import Address
from .._model.place import HOST
from .._plan.step import CREATE, DELETE, Step
from .base import Effect, Means, Phase, Scene, is_settled


class Announcements(Effect):
    """Of addresses that came, and of those whose link has another MAC."""

    def __init__(self, means: Means) -> None:
        self._handles = means.handles

    def apply(self, phase: Phase, steps: Sequence[Step], scene: Scene) -> None:
        if phase is not Phase.ANNOUNCE:
            return
        settled = [step for step in steps if is_settled(step)]
        made = {(step.place, step.subject.name) for step in settled if step.action == CREATE and isinstance(step.subject, Link)}
        renumbered = {(step.place, step.subject.name) for step in settled if isinstance(step.subject, Link) and "mac" in step.groups}
        standing = scene.snapshot.of(Address)
        held = {item.address.partition("/")[0] for item in standing if item.place != HOST}
        told: Dict[str, Dict[str, Address]] = {}
        for found in standing if renumbered else ():
            if (found.place, found.device) in renumbered:
                told.setdefault(found.place, {})[found.address] = found
        for step in settled:
            item = step.subject
            if isinstance(item, Address) and step.action == DELETE:
                told.get(item.place, {}).pop(item.address, None)
        for step in settled:
            item = step.subject
            # A fresh link announced its addresses when it was raised; one that was somebody's until now is told once more.
            if isinstance(item, Address) and step.action == CREATE and item.announce:
                if (item.place, item.device) not in made or item.address.partition("/")[0] in held:
                    told.setdefault(item.place, {})[item.address] = item
        if not told:
            return
        from .._kernel.announce import announce_addresses

        for place, addresses in told.items():
            with self._handles.inside(place):
                announce_addresses(addresses.values())
