# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The numbers of interfaces. Those of links to be made are chosen here, so that one batch can create a link and refer to it."""

from __future__ import annotations

from typing import Dict, List, Sequence, Set, Tuple

from .._model.errors import KernelRace
from .._model.limits import FIRST_FREE_INDEX
from .._model.link import Link
from .._model.place import HOST
from .._model.snapshot import Snapshot

LAST = 2**31 - 1


class Numbers:
    """Of all links that were read, and of those to be made."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._numbers: Dict[Tuple[str, str], int] = {}
        self._used: Dict[str, Set[int]] = {}
        for found in snapshot.links():
            number = found.index or 0
            self._numbers[found.place, found.name] = number
            self._used.setdefault(found.place, set()).add(number)

    def find(self, place: str, name: str) -> int:
        try:
            return self._numbers[place, name]
        except KeyError:
            raise KernelRace("interface %s is gone" % name) from None

    def note(self, place: str, name: str, number: int) -> None:
        self._numbers[place, name] = number

    def choose(self, links: Sequence[Link]) -> None:
        """Where a link is made from another place, the kernel looks its number up there too, so it must be free in both."""
        sent: List[Tuple[str, Link]] = []
        for link in links:
            if link.below != link.place:
                sent.append((link.below, link))
                continue
            self._take(link, link.place)
        for sender, link_there in sent:
            self._take(link_there, sender)

    def _take(self, link: Link, sender: str) -> None:
        """Take the number after the highest; where a container has given one of its links the last there is, the first that is free."""
        here = self._used.setdefault(link.place, set())
        used = here | self._used.get(sender, set())
        number = max(used, default=0) + 1
        if link.place != HOST:
            number = max(number, FIRST_FREE_INDEX)
        if number > LAST:
            number = next(free for free in range(FIRST_FREE_INDEX, LAST) if free not in used)
        here.add(number)
        self.note(link.place, link.name, number)
