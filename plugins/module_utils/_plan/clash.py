# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What stands in the way inside a container is the container's own business: ours is left out there, and everything else is made."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Collection, Dict, FrozenSet, List, Optional, Sequence, Set, Tuple

from .._model.errors import Conflict
from .._model.link import Link, LinkKey
from .._model.mark import UNMARKED_ROLE, is_owned, read_mark
from .._model.objects import KernelObject, Sysctl, interface_of
from .._model.place import HOST
from .._model.snapshot import Key, Snapshot
from .planner import plan
from .renames import identify
from .step import Clash, Step

Known = Callable[[str], bool]  # whether something of ours was in a place before


def plan_around(
    desired: Sequence[KernelObject], snapshot: Snapshot, prunable: Collection[Key], is_known: Known
) -> Tuple[Tuple[Step, ...], Tuple[KernelObject, ...], List[str]]:
    """Return the steps, the objects they lead to, and what is to be said of those that were left out."""
    told: List[str] = []
    declared, going = desired, set(prunable)
    while True:
        try:
            return plan(desired, snapshot, prunable=going), tuple(desired), told
        except Conflict as refused:
            clashes = [clash for clash in refused.conflicts if isinstance(clash, Clash) and _is_within(clash, snapshot, is_known)]
            left = leave_out(desired, [clash.subject for clash in clashes])
            if len(left) == len(desired):
                raise
            told.extend("%s; until then %s is left out" % (clash, clash.subject.label) for clash in clashes)
            left, words = _leave_names(declared, left, snapshot, {clash.subject.place for clash in clashes})
            told.extend(words)
            desired = left
            standing = find_standing(declared, desired, snapshot)
            going -= {key for key, item in snapshot.objects.items() if (item.place, _link_of(item) or "") in standing}


def know_again(desired: Sequence[KernelObject], snapshot: Snapshot, is_known: Known) -> None:
    """Read as ours a link that its MAC tells, whose alias its container changed: nobody in there can put one with our MAC on a link of the host."""
    for item in desired:
        if not isinstance(item, Link) or item.place == HOST or not item.nature.known_by_mac:
            continue
        current, mark = snapshot.link(item.place, item.name), read_mark(item.alias)
        if current is None or mark is None or is_owned(read_mark(current.alias), mark.scope) or not item.nature.matches(current.kind):
            continue
        if current.nature.lower_place == HOST and current.lower == item.lower and current.mac == item.mac and is_known(item.place):
            snapshot.add(replace(current, alias=str(mark._replace(role=UNMARKED_ROLE))), mine=True)


def _is_within(clash: Clash, snapshot: Snapshot, is_known: Known) -> bool:
    """Tell whether a container did that. What has its other end on the host was put there from outside, unless it got its name since we were there."""
    place, current = clash.subject.place, clash.current
    if place == HOST:
        return False
    if not isinstance(current, Link) or is_known(place):
        return True
    if current.nature.is_end:
        return current.peer is None or current.peer[0] != HOST
    return current.nature.lower_place != HOST


def leave_out(desired: Sequence[KernelObject], subjects: Sequence[KernelObject]) -> Tuple[KernelObject, ...]:
    """Return the objects without some, their other ends, and what is on either or stands on them."""
    keys = {item.key for item in subjects}
    links = _with_dependents({(item.place, item.name) for item in subjects if isinstance(item, Link)}, desired)

    def stays(item: KernelObject) -> bool:
        return item.key not in keys and (item.place, _link_of(item) or "") not in links

    return tuple(item for item in desired if stays(item))


def find_standing(before: Sequence[KernelObject], after: Sequence[KernelObject], snapshot: Snapshot) -> Set[LinkKey]:
    """Return what stands of the links that were left out, under whatever name: it stays as it is."""
    left = left_links(before, after)
    identities = {identify(item) for item in before if isinstance(item, Link) and (item.place, item.name) in left} - {None}
    found = [link for link in snapshot.links() if identify(link) in identities]
    peers = {link.peer for link in found if link.peer is not None}
    return peers | {(link.place, link.name) for link in found}


def _leave_names(
    declared: Sequence[KernelObject], desired: Tuple[KernelObject, ...], snapshot: Snapshot, places: Collection[str]
) -> Tuple[Tuple[KernelObject, ...], List[str]]:
    """Leave out, in the containers where something is in the way, what would take its name from an interface of ours that stays; and say so."""
    told: List[str] = []
    while True:
        standing = find_standing(declared, desired, snapshot)
        late: List[KernelObject] = []
        for item in desired:
            if not isinstance(item, Link) or item.place not in places or (item.place, item.name) not in standing:
                continue
            current = snapshot.link(item.place, item.name)
            if current is not None and identify(current) != identify(item):
                late.append(item)
                told.append("%s is still %s; until then %s is left out" % (current.label, _owner(current), _owner(item)))
        if not late:
            return desired, told
        desired = leave_out(desired, late)


def _owner(link: Link) -> str:
    mark = read_mark(link.alias)
    return "that of '%s'" % mark.network if mark is not None else link.label


def left_links(before: Sequence[KernelObject], after: Sequence[KernelObject]) -> FrozenSet[LinkKey]:
    """Return the links that were left out."""
    left: Set[LinkKey] = {(item.place, item.name) for item in before if isinstance(item, Link)}
    return frozenset(left - {(item.place, item.name) for item in after if isinstance(item, Link)})


def _with_dependents(links: Set[LinkKey], desired: Sequence[KernelObject]) -> Set[LinkKey]:
    above: Dict[LinkKey, List[LinkKey]] = {}
    for item in [item for item in desired if isinstance(item, Link)] if links else ():
        for below in filter(None, (item.lower, item.peer)):
            above.setdefault(below, []).append((item.place, item.name))
    found, pending = set(links), list(links)
    while pending:
        more = [name for name in above.get(pending.pop(), ()) if name not in found]
        found.update(more)
        pending.extend(more)
    return found


def _link_of(item: KernelObject) -> Optional[str]:
    if isinstance(item, Link):
        return item.name
    if isinstance(item, Sysctl):
        return interface_of(item.path)
    return getattr(item, "device", None) or getattr(item, "interface", None)
