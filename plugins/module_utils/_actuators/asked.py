# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The host, which is told of containers that it asked for while they were attached: ports are published before anything is behind them."""

from __future__ import annotations

from typing import Dict, Sequence, Set, Tuple

from .._model.link import Link
from .._model.objects import Address
from .._model.place import HOST
from .._plan.step import CREATE, Step
from .base import Effect, Means, Phase, Scene


class Asked(Effect):
    """Acts once both ends of new pairs are up."""

    def __init__(self, means: Means) -> None:
        self._door = means.door

    def apply(self, phase: Phase, steps: Sequence[Step], scene: Scene) -> None:
        if phase is not Phase.ANNOUNCE:
            return
        made = [step.subject for step in steps if step.action == CREATE]
        inside = {(link.place, link.name): link for link in made if isinstance(link, Link) and link.place != HOST and link.up}
        waiting: Set[int] = set()
        leads: Dict[Tuple[str, str], int] = {}  # to each new link inside: the host's link by which packets go
        for link in made:
            if isinstance(link, Link) and link.place == HOST and link.up and link.peer in inside:
                port = scene.numbers.find(HOST, link.name)
                leads[link.peer] = scene.numbers.find(HOST, link.master) if link.master else port
                waiting |= {port, leads[link.peer]}
        if not leads:
            return
        from .._kernel.asked import Known, answer_asked, await_running

        macs: Dict[Known, str] = {}
        for item in made:
            if isinstance(item, Address) and (item.place, item.device) in leads:
                mac = inside[item.place, item.device].mac
                if mac:
                    macs[Known(leads[item.place, item.device], item.address.partition("/")[0])] = mac
        if macs:
            with self._door.open(HOST) as line:
                await_running(line, waiting)
                answer_asked(line, macs)
