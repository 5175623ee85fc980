# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a run must know before it takes something away, so that a failure can put it back."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Iterable, Iterator, Mapping, Optional, Sequence, Set, Tuple

from .._drivers.settings import interface_sysctls
from .._kernel.need import Need
from .._kernel.observe import Observer
from .._kernel.record import Record
from .._model.frames import FrameTable
from .._model.link import Link, LinkKey
from .._model.objects import Address, KernelObject, Namespace, Route, Sysctl, is_foreign
from .._model.place import HOST, Place
from .._model.renaming import Names
from .._model.snapshot import Key, Snapshot
from .._plan.stack import all_uppers, find_uppers
from .._plan.step import CHANGE, CREATE, DELETE, Step
from .._runtime.containers import is_there
from .request import Request
from .scope import scope_keys


def read_what_goes(observer: Observer, steps: Sequence[Step]) -> None:
    """Read whole the places of which planning only needed a part, and the settings of links that go."""
    snapshot = observer.snapshot
    going = [step.current for step in steps if step.action == DELETE and step.current is not None]
    if not going:
        return
    places = {item.place for item in going}
    places |= {item.nature.peer_place or HOST for item in going if isinstance(item, Link) and item.nature.is_end}
    places |= {item.place for item in all_uppers([item for item in going if isinstance(item, Link)], find_uppers(snapshot.links()))}
    for place in sorted(places):
        settings = {(place, link.name): _settings_of(link, snapshot) for link in snapshot.links(place) if link.name != "lo"}
        if place == HOST:
            gone = {item.key[1:] for item in going if isinstance(item, Link)}
            observer.observe_settings(HOST, Need({key: names for key, names in settings.items() if key in gone}))
        else:
            observer.observe_place(place, Need(settings))
    observer.join_pairs()


def _settings_of(link: Link, snapshot: Snapshot) -> Tuple[str, ...]:
    usual = interface_sysctls(("0.0.0.0/0", "::/0"), ipv6=snapshot.ipv6)
    return tuple(dict.fromkeys([name for name, _value in usual] + [name for name, _value in link.sysctls or ()]))


def way_back(request: Request, before: Snapshot, steps: Sequence[Step]) -> Request:
    """Return the request that brings the scope back to what it owned before the steps."""
    earlier = _earlier_objects(before, steps, request.scope, request.place, Record(request.state_directory, request.place).read())
    earlier_names = _earlier_names(steps)
    made = {earlier_names.follow(step.subject).key for step in steps if step.action == CREATE} - set(before.unfolded().objects)
    lent = (*_lent_links(before, steps, request.scope), *_moved_entries(before, steps), *_changed_settings(before, steps, request.place, inside=True))
    if not request.frames:
        earlier = tuple(item for item in earlier if not isinstance(item, FrameTable))
    wanted, places = _within_reach(earlier + lent, tuple(dict.fromkeys(step.place for step in steps)))
    return Request(
        scope=request.scope,
        build=lambda _facts: (wanted, ()),
        backend=request.backend,
        run=request.run,
        removes=lambda snapshot: made & set(snapshot.unfolded().objects),
        restore=not earlier,
        place=request.place,
        places=places,
        verify=False,
        frames=request.frames,
        state_directory=request.state_directory,
        store_directory=request.store_directory,
    )


def _earlier_names(steps: Sequence[Step]) -> Names:
    """Return what links were called before the steps: the way back calls them so, too, whether they have been renamed or not."""
    found: Dict[LinkKey, str] = {}
    for step in steps:
        if step.renames and isinstance(step.current, Link) and isinstance(step.desired, Link):
            old = (step.place, step.current.name)
            found[step.place, step.desired.name] = found.pop(old, step.current.name)
    return Names(found)


def _within_reach(objects: Sequence[KernelObject], places: Sequence[str]) -> Tuple[Tuple[KernelObject, ...], Tuple[str, ...]]:
    """Leave out what stood in namespaces that ended meanwhile and are not ours to make again, and what was joined to them."""
    made = {item.place for item in objects if isinstance(item, Namespace)}
    asked = {item.place for item in objects} | {other for other in map(_beyond, objects) if other is not None}
    gone = {place for place in asked - made if not is_there(place)}

    def is_left(item: KernelObject) -> bool:
        return item.place not in gone and _beyond(item) not in gone

    return tuple(item for item in objects if is_left(item)), tuple(place for place in places if Place(place).is_named or is_there(place))


def _beyond(item: KernelObject) -> Optional[str]:
    return item.beyond if isinstance(item, Link) else None


def _earlier_objects(before: Snapshot, steps: Sequence[Step], scope: str, place: str, recorded: Mapping[str, str]) -> Tuple[KernelObject, ...]:
    """Return what the scope had before a run, as a declaration; `recorded` are earlier settings of `place`."""
    keys = scope_keys(before, scope)
    found = list(_with_leaders(item for key, item in before.objects.items() if key in keys))
    if found:
        # Where nothing stood before, the record says how the host's own settings were.
        found.extend(replace(item, restore=item.path in recorded) for item in _changed_settings(before, steps, place))
    return tuple(found)


def _lent_links(before: Snapshot, steps: Sequence[Step], scope: str) -> Iterator[Link]:
    """Of links that stood before and are not the scope's, return only what was changed; the rest of them is still nobody's business here."""
    keys = scope_keys(before, scope)
    changed: Dict[Key, Set[Tuple[str, str]]] = {}
    for step in steps:
        if step.action == CHANGE and isinstance(step.current, Link) and step.current.key not in keys:
            changed.setdefault(step.current.key, set()).update((change.group, change.field) for change in step.changes)
    for key, places in changed.items():
        link = before.objects.get(key)
        if isinstance(link, Link):
            if link.nature.has_ports:
                link = replace(link, kind=link.nature.only(name for group, name in places if group == "kind"))
            yield Link(link.place, link.name, **{group: getattr(link, group) for group, _name in places})


def _moved_entries(before: Snapshot, steps: Sequence[Step]) -> Iterator[KernelObject]:
    """Return what others had on a bridge of ours, and a run brought home to the bridge's port."""
    home = {step.subject.address for step in steps if step.leads and step.action == CREATE and isinstance(step.subject, Address)}
    for item in before.objects.values() if home else ():
        if isinstance(item, Address) and item.address in home and is_foreign(item):
            yield item
    yield from (step.current for step in steps if step.leads and isinstance(step.current, Route))


def _changed_settings(before: Snapshot, steps: Sequence[Step], place: str, *, inside: bool = False) -> Iterator[Sysctl]:
    """Return the settings of a place, or those inside the others, as they were; what came with a namespace or link goes with it."""
    names = _earlier_names(steps)
    for key in dict.fromkeys(names.follow(step.subject).key for step in steps if isinstance(step.subject, Sysctl)):
        item = before.objects.get(key)
        if isinstance(item, Sysctl) and (item.place != place) == inside:
            yield item


def _with_leaders(items: Iterable[KernelObject]) -> Iterator[KernelObject]:
    """Of each pair one end makes both."""
    ends: Set[Tuple[str, str]] = set()
    for item in items:
        if isinstance(item, Link) and item.nature.is_end and item.peer not in ends:
            ends.add((item.place, item.name))
            item = replace(item, kind=item.nature.leading())
        yield item
