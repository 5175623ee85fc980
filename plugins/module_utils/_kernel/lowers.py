# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Which link another one stands on. It only says a number, and by which number its namespace knows the one where that link lives."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Dict, Iterator, Mapping, Optional, Sequence, Tuple

from .._model.link import Link
from .._model.place import HOST
from .._model.snapshot import Snapshot
from .pairs import IsBeyond
from .parse import RawLink

UNREAD = "unread:"  # the place of a lower link that was not read


class Lowers:
    """Finds the lower links of all places. Nearly all stand on a link of the host or of their own place, which is known at once."""

    def __init__(self, raw: Mapping[str, Sequence[RawLink]], is_beyond: IsBeyond) -> None:
        self._raw = raw
        self._is_beyond = is_beyond
        self._places: Dict[Tuple[str, int], str] = {}
        self._names: Dict[str, Tuple[Sequence[RawLink], Dict[int, str]]] = {}
        self._late: Dict[Tuple[object, ...], RawLink] = {}

    def resolve(self, link: Link, found: RawLink, is_host: Callable[[int], bool]) -> Link:
        """Return a link that says its lower link; one in a place that was not read yet is left for later."""
        where: Optional[str] = link.place
        if found.elsewhere is not None:
            known = (link.place, found.elsewhere)
            if known not in self._places and link.place != HOST and is_host(found.elsewhere):
                self._places[known] = HOST
            where = self._places.get(known)
        if where is None:
            self._late[link.key] = found
            return standing_on(link, UNREAD, None)
        return standing_on(link, where, self._name(where, found.lower_index))

    def resolve_late(self, snapshot: Snapshot) -> Iterator[Link]:
        """Yield the links whose lower link lives in a place that was read after them."""
        for key, found in list(self._late.items()):
            link = snapshot.objects.get(key)
            if not isinstance(link, Link) or found.elsewhere is None:
                continue
            known = (link.place, found.elsewhere)
            if known not in self._places:
                where = next((other for other in self._raw if other != link.place and self._is_beyond(link.place, found.elsewhere, other)), None)
                if where is None:
                    continue
                self._places[known] = where
            del self._late[key]
            yield standing_on(link, self._places[known], self._name(self._places[known], found.lower_index))

    def _name(self, place: str, index: int) -> Optional[str]:
        links = self._raw.get(place, ())
        known = self._names.get(place)
        if known is None or known[0] is not links:
            known = self._names[place] = (links, {link.number: link.link.name for link in links})
        return known[1].get(index)


def standing_on(link: Link, place: str, name: Optional[str]) -> Link:
    """Return a link of a kind that stands on others with what it stands on."""
    return replace(link, kind=link.kind and link.kind.standing_on(name, place if place != link.place else None))
