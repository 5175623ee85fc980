# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Where a scope has been: namespaces are read again when the declaration no longer names them, and what was not ours is given its settings back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Collection, Dict, Iterable, List, Mapping, Sequence, Set, Tuple

from .._kernel.loopback import DOWN, UP
from .._kernel.namespace import NamespaceHandles
from .._kernel.need import Need
from .._kernel.observe import Observer
from .._kernel.visits import Options, Visit, Visits
from .._model.errors import NamespaceMissing
from .._model.link import Link
from .._model.mark import is_owned, read_mark
from .._model.objects import LOOPBACK, KernelObject, PolicyRule, Route, Sysctl, interface_of
from .._model.place import HOST, Place
from .._model.renaming import Names
from .._model.routing import FORWARDING
from .._model.snapshot import Facts, Key, Snapshot, host_facts
from .._plan.step import CHANGE, DELETE, Step

if TYPE_CHECKING:
    from .borrowed import Links


class Visited:
    """The places of one scope, during one run."""

    def __init__(self, visits: Visits, handles: NamespaceHandles) -> None:
        self._visits = visits
        self._handles = handles
        self._over: Mapping[str, Options] = {}  # what was given back, or cannot be
        self._own: Set[str] = set()
        self._left: Dict[str, str] = {}  # where single tasks have nothing any more, and which scope still has
        self._names = Names()  # under which what is written down will be found

    def expect(self, names: Names) -> None:
        """Note which links will be renamed: their settings go with them."""
        self._names = names

    def _read(self) -> Dict[str, Visit]:
        """Return what is written down, under the names to come."""
        return {
            place: visit._replace(settings={self._names.path(place, path): value for path, value in visit.settings.items()})
            for place, visit in self._visits.read().items()
        }

    def settings(self) -> Dict[str, Tuple[str, ...]]:
        """Return which settings of which places were changed."""
        return {place: tuple(visit.settings) for place, visit in self._visits.read().items()}

    def observe(self, observer: Observer, known: Iterable[str]) -> None:
        """Read those that stand and were not read yet."""
        visits = self._visits.read()
        declared = set(known)
        identities = {self._handles.identify(place) for place in declared} if visits else set()
        for place, visit in visits.items():
            if place != HOST and place not in declared and visit.namespace not in identities and self._stands(place, visit):
                observer.observe_place(place, Need(sysctls=tuple(visit.settings)))

    def restored(self, snapshot: Snapshot, desired: Sequence[KernelObject], prunable: Collection[Key]) -> Tuple[KernelObject, ...]:
        """Return as it was what stays and of which nobody asks for anything else: settings of namespaces, options of bridges."""
        visits = self._read()
        if not visits:
            return ()
        wanted = {item.key for item in desired}
        going = {key[1:] for key in prunable if key[0] in ("Link", "Namespace") and key not in wanted}
        found: List[KernelObject] = []
        for place, visit in visits.items():
            if (place,) in going or not self._stands(place, visit):
                continue
            settings = [Sysctl(place, path, visit.settings[path]) for path in sorted(visit.settings, key=_broad_first)]
            staying = [item for item in settings if (place, interface_of(item.path)) not in going and not self._heir(item.path, place, snapshot)]
            found.extend(item for item in staying if item.key not in wanted and item.key in snapshot.objects)
            if place == HOST:
                from .borrowed import give_back

                self._over, links = give_back(visit.links, desired, snapshot, prunable)
                found.extend(links)
        return tuple(found)

    def loopbacks(self, snapshot: Snapshot, desired: Iterable[KernelObject]) -> Tuple[KernelObject, ...]:
        """Ask for `lo` to be up in every namespace we attach; what was up before is nobody's business."""
        visits = self._read()
        places = dict.fromkeys(item.place for item in desired if isinstance(item, Link) and item.place != HOST)
        asked = (Sysctl(place, LOOPBACK, UP, restore=True) for place in places)
        found = [item for item in asked if item.key in snapshot.objects]
        return tuple(i for i in found if getattr(snapshot.objects[i.key], "value", UP) == DOWN or (i.place in visits and LOOPBACK in visits[i.place].settings))

    def left_loopbacks(self, snapshot: Snapshot, desired: Iterable[KernelObject], steps: Iterable[Step]) -> Tuple[KernelObject, ...]:
        """Return `lo` as it was in namespaces that single tasks of the scope have left altogether; where another scope is, that one gives it back."""
        going = {key for step in steps if step.action == DELETE for key in _with_peer(step.subject)}
        used = {item.place for item in desired if isinstance(item, Link)}
        found: List[KernelObject] = []
        self._left = {}
        for place, visit in self._visits.read().items():
            links = [link for link in snapshot.links(place) if link.name != "lo" and link.key not in going]
            if LOOPBACK not in visit.settings or place in used or any(is_owned(read_mark(link.alias), self._visits.scope) for link in links):
                continue
            item = Sysctl(place, LOOPBACK, visit.settings[LOOPBACK])
            self._left[place] = self._heir(LOOPBACK, place, snapshot)
            if not self._left[place] and item.key in snapshot.objects and ("Namespace", place) not in going and self._stands(place, visit):
                found.append(item)
        return tuple(found)

    def forget_loopbacks(self) -> None:
        """Forget `lo` of namespaces that were left, or hand it over to the scope that still needs it."""
        kept: Dict[str, Visit] = {}
        for place, visit in self._visits.read().items():
            settings = dict(visit.settings)
            if place in self._left:
                value = settings.pop(LOOPBACK)
                if self._left[place]:
                    self._visits.hand_over(self._left[place], place, visit.namespace, {LOOPBACK: value})
            if place not in self._left or settings or visit.links:
                kept[place] = visit._replace(settings=settings)
        self._visits.write(kept)

    def knows(self, snapshot: Snapshot, place: str) -> bool:
        """Tell whether the scope has been in this very namespace before."""
        visit = self._visits.read().get(place)
        return snapshot.mark(("Namespace", place)) is not None or (visit is not None and self._stands(place, visit))

    def _heir(self, path: str, place: str, snapshot: Snapshot) -> str:
        """Return another scope that is in a namespace, too, and so needs `lo` up; the last one to leave gives it back."""
        marks = (read_mark(link.alias) for link in snapshot.links(place) if path == LOOPBACK and link.name != "lo")
        return next((mark.scope for mark in marks if mark is not None and not is_owned(mark, self._visits.scope)), "")

    def facts(self, snapshot: Snapshot) -> Facts:
        """Return the host's facts; bridges of others look as their owners left them."""
        facts, visit = host_facts(snapshot), self._visits.read().get(HOST)
        if visit is None:
            return facts
        from .borrowed import links_before

        return facts._replace(links={**facts.links, **links_before(visit.links, snapshot)})

    def remember(self, place: str, settings: Mapping[str, str]) -> None:
        """Keep what settings were; the first value wins."""
        visits = self._visits.read()
        visit = self._here(place, visits)
        self._visits.write({**visits, place: visit._replace(settings={**settings, **visit.settings})})

    def enter(self, steps: Sequence[Step], desired: Iterable[KernelObject], snapshot: Snapshot, scope: str) -> None:
        """Write down where the run is about to go, so that one that dies there is followed. A namespace of its own goes whole."""
        visits = self._read()
        follow = _to_follow(desired)
        self._own = {place for place in follow if _is_own(place, snapshot, scope)}
        places = sorted(follow - self._own)
        entered = {**visits, **{place: self._here(place, visits) for place in places}}
        host = self._here(HOST, visits)
        links = _note_options(host.links, steps, snapshot)
        if links or HOST in visits:
            entered[HOST] = host._replace(links=links)
        self._visits.write(entered)
        self._names = Names()

    def leave(self, desired: Sequence[KernelObject], snapshot: Snapshot) -> None:
        """Forget where nothing of the scope is left, and what nobody asks for any more."""
        kept: Dict[str, Visit] = {}
        asked = {(item.place, item.path) for item in desired if isinstance(item, Sysctl) and item.restore}
        used = _to_follow(desired) - self._own
        for place, visit in self._visits.read().items():
            settings = {path: value for path, value in visit.settings.items() if (place, path) in asked}
            links = _without_options(visit.links, self._over) if visit.links else {}
            heir = self._heir(LOOPBACK, place, snapshot) if LOOPBACK in visit.settings and LOOPBACK not in settings else ""
            if heir:
                self._visits.hand_over(heir, place, visit.namespace, {LOOPBACK: visit.settings[LOOPBACK]})
            if settings or links or place in used:
                kept[place] = Visit(visit.namespace, settings, links)
        self._visits.write(kept)

    def _here(self, place: str, visits: Dict[str, Visit]) -> Visit:
        number = self._handles.identify(place) or 0
        known = visits.get(place)
        return known if known is not None and known.namespace == number else Visit(number)

    def _stands(self, place: str, visit: Visit) -> bool:
        try:
            return self._handles.identify(place) == visit.namespace
        except NamespaceMissing:
            return False


def _broad_first(path: str) -> Tuple[bool, bool, str]:
    """Forwarding, and what is set for all interfaces, comes before what is set for one: the kernel hands it down to them."""
    return (path not in FORWARDING.values(), interface_of(path) not in ("all", "default"), path)


def _with_peer(item: KernelObject) -> Iterable[Key]:
    """Return the keys of an object and of the other end of its pair."""
    yield item.key
    if isinstance(item, Link) and item.peer is not None:
        yield ("Link", *item.peer)


def _is_own(place: str, snapshot: Snapshot, scope: str) -> bool:
    """Tell whether a scope made a named namespace, or is about to."""
    key = ("Namespace", place)
    return Place(place).is_named and (key not in snapshot.objects or is_owned(snapshot.mark(key), scope))


def _to_follow(desired: Iterable[KernelObject]) -> Set[str]:
    """Return the namespaces in which a later run would not find everything of ours by itself, or not know it again."""
    found: Set[str] = set()
    for item in desired:
        if item.place != HOST and (isinstance(item, (Link, PolicyRule)) or (isinstance(item, Route) and not item.device)):
            found.add(item.place)
    return found


def _note_options(known: Links, steps: Sequence[Step], snapshot: Snapshot) -> Dict[str, Options]:
    if not known and not any(step.action == CHANGE and isinstance(step.current, Link) for step in steps):
        return {}
    from .borrowed import note_options

    return note_options(known, steps, snapshot)


def _without_options(known: Links, over: Links) -> Dict[str, Options]:
    from .borrowed import without_options

    return without_options(known, over)
