# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The namespaces a scope has been in: read again when the declaration no longer names them, and given their settings back."""

from __future__ import annotations

from dataclasses import replace
from typing import Collection, Dict, Iterable, List, Sequence, Set, Tuple

from .._kernel.namespace import Rooms
from .._kernel.observe import Observer
from .._kernel.visits import Visit, Visits
from .._model.errors import NamespaceMissing
from .._model.link import Link
from .._model.mark import is_owned
from .._model.objects import HOST, KernelObject, PolicyRule, Route, Sysctl
from .._model.snapshot import Key, Snapshot


class Visited:
    """The places of one scope, during one run."""

    def __init__(self, visits: Visits, rooms: Rooms) -> None:
        self._visits = visits
        self._rooms = rooms

    def settings(self) -> Dict[str, Tuple[str, ...]]:
        """Return which settings of which places were changed."""
        return {place: tuple(visit.settings) for place, visit in self._visits.read().items()}

    def observe(self, observer: Observer, known: Iterable[str]) -> None:
        """Read those that stand and were not read yet."""
        visits = self._visits.read()
        declared = set(known)
        identities = {self._rooms.identify(place) for place in declared} if visits else set()
        for place, visit in visits.items():
            if place not in declared and visit.namespace not in identities and self._stands(place, visit):
                observer.observe_place(place, {}, visit.settings)

    def restored(self, snapshot: Snapshot, desired: Sequence[KernelObject], prunable: Collection[Key]) -> Tuple[KernelObject, ...]:
        """Return the earlier settings of namespaces that stay and in which nobody asks for other ones."""
        wanted = {item.key for item in desired}
        found: List[KernelObject] = []
        for place, visit in self._visits.read().items():
            if ("Namespace", place) in prunable and ("Namespace", place) not in wanted:
                continue
            settings = [Sysctl(place, path, value) for path, value in visit.settings.items()]
            if self._stands(place, visit):
                found.extend(item for item in settings if item.key not in wanted and item.key in snapshot.objects)
        return tuple(found)

    def remember(self, place: str, path: str, value: str) -> None:
        """Keep what a setting was; the first value wins."""
        visits = self._visits.read()
        visit = self._here(place, visits)
        if path not in visit.settings:
            self._visits.write({**visits, place: replace(visit, settings={**visit.settings, path: value})})

    def enter(self, desired: Iterable[KernelObject], snapshot: Snapshot, scope: str) -> None:
        """Write down where the run is about to go, so that one that dies there is followed. A namespace of its own goes whole."""
        visits = self._visits.read()
        places = sorted(place for place in _to_follow(desired) if not _is_own(place, snapshot, scope))
        self._visits.write({**visits, **{place: self._here(place, visits) for place in places}})

    def leave(self, desired: Sequence[KernelObject]) -> None:
        """Forget where nothing of the scope is left."""
        kept: Dict[str, Visit] = {}
        changed: Set[str] = {item.place for item in desired if isinstance(item, Sysctl) and item.restore}
        used = _to_follow(desired)
        for place, visit in self._visits.read().items():
            if place in changed:
                kept[place] = visit
            elif place in used:
                kept[place] = replace(visit, settings={})
        self._visits.write(kept)

    def _here(self, place: str, visits: Dict[str, Visit]) -> Visit:
        number = self._rooms.identify(place) or 0
        known = visits.get(place)
        return known if known is not None and known.namespace == number else Visit(number)

    def _stands(self, place: str, visit: Visit) -> bool:
        try:
            return self._rooms.identify(place) == visit.namespace
        except NamespaceMissing:
            return False


def _is_own(place: str, snapshot: Snapshot, scope: str) -> bool:
    """Tell whether a scope made a named namespace, or is about to."""
    key = ("Namespace", place)
    return place.startswith("netns:") and (key not in snapshot.objects or is_owned(snapshot.mark(key), scope))


def _to_follow(desired: Iterable[KernelObject]) -> Set[str]:
    """Return the namespaces in which a later run would not find everything of ours by itself: those without a name, and those with more than links."""
    found: Set[str] = set()
    for item in desired:
        unnamed = isinstance(item, Link) and not item.place.startswith("netns:")
        if item.place != HOST and (unnamed or isinstance(item, PolicyRule) or (isinstance(item, Route) and not item.device)):
            found.add(item.place)
    return found
