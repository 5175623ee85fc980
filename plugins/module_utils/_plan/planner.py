# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""From desired objects and a snapshot to ordered steps. Pure; the whole of idempotence, ownership and check mode rests here."""

from __future__ import annotations

from dataclasses import replace
from typing import Collection, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from .._model.errors import Conflict
from .._model.link import Bridge, Link, Veth, Vxlan
from .._model.mark import read_mark
from .._model.objects import Address, Chain, FdbEntry, Jump, KernelObject, Namespace, Neighbour, Route, Sysctl
from .._model.snapshot import Key, Snapshot
from .compare import compare, replacement_reason
from .step import CHANGE, CREATE, DELETE, Step

LinkKey = Tuple[str, str]


def plan(desired: Sequence[KernelObject], snapshot: Snapshot, *, prunable: Collection[Key] = (), adopt: bool = False) -> Tuple[Step, ...]:
    """Return the steps that lead from the snapshot to the desired objects; of what is not desired only `prunable` goes.

    With `adopt` a foreign link may be changed as asked; it never becomes ours.
    """
    wanted: Dict[Key, KernelObject] = {}
    for item in desired:
        wanted[item.key] = item
    conflicts: List[str] = []
    wanted = {key: _without_mark(item, snapshot, adopt) for key, item in wanted.items()}
    fresh, gone = _sort_links(wanted, snapshot, prunable, conflicts)
    steps: List[Step] = [Step(DELETE, current=snapshot.objects[("Link",) + name]) for name in _leading_deletes(gone, snapshot)]
    vanished = {key[1] for key in prunable if key[0] == "Namespace" and key not in wanted and key in snapshot.objects}
    for key, item in wanted.items():
        current = snapshot.objects.get(key)
        if current is not None and _is_gone(current, gone):
            current = None
        if isinstance(item, Link) and (item.place, item.name) in fresh:
            current = None
        if current is None:
            steps.append(Step(CREATE, desired=item))
            continue
        if isinstance(current, Link) and ("", current.master) in gone and current.place == "":
            current = replace(current, master="")
        changes = compare(item, current)
        if changes and isinstance(current, (Address, Route)) and key not in snapshot.mine:
            conflicts.append("%s exists and was not made by this collection (%s)" % (current.label, changes[0]))
        if changes:
            steps.append(Step(CHANGE, desired=item, current=current, changes=tuple(changes)))
    for key, current in snapshot.objects.items():
        if key not in prunable or key in wanted or isinstance(current, Link) or _is_gone(current, gone):
            continue
        if current.place in vanished and not isinstance(current, Namespace):
            continue
        steps.append(Step(DELETE, current=current))
    if conflicts:
        raise Conflict(conflicts)
    return tuple(sorted(steps, key=_rank))


def _without_mark(item: KernelObject, snapshot: Snapshot, adopt: bool) -> KernelObject:
    """Do not claim what exists: any namespace may be used, a foreign link only when the task names it itself."""
    current = snapshot.objects.get(item.key)
    if isinstance(item, Namespace) and current is not None:
        return replace(item, mark=None)
    if adopt and isinstance(item, Link) and isinstance(current, Link) and read_mark(current.alias) is None:
        return replace(item, alias=None)
    return item


def _sort_links(
    wanted: Dict[Key, KernelObject], snapshot: Snapshot, prunable: Collection[Key], conflicts: List[str]
) -> Tuple[Set[LinkKey], Set[LinkKey]]:
    """Return the links that must be made anew and those that must go (or go along with another)."""
    fresh: Set[LinkKey] = set()
    gone: Set[LinkKey] = set()
    for item in wanted.values():
        if not isinstance(item, Link):
            continue
        name = (item.place, item.name)
        current = snapshot.link(*name)
        if current is None:
            fresh.add(name)
            continue
        conflict = _ownership_conflict(item, current)
        if conflict:
            conflicts.append(conflict)
        elif replacement_reason(item, compare(item, current)):
            fresh.add(name)
            gone.add(name)
    for key in prunable:
        if key[0] == "Link" and key not in wanted and key in snapshot.objects:
            gone.add((str(key[1]), str(key[2])))
    for item in list(wanted.values()):
        if isinstance(item, Link) and isinstance(item.kind, Veth) and (item.place, item.name) in fresh:
            _renew_pair(item, item.kind, snapshot, fresh, gone)
    for name in list(gone):
        gone.update(_peer_of(snapshot.link(*name)))
    return fresh, gone


def _ownership_conflict(item: Link, current: Link) -> Optional[str]:
    if item.alias is None:
        if item.kind is not None and current.kind is not None and type(item.kind) is not type(current.kind):
            return "%s exists already, as %s" % (item.label, current.label)
        if item.kind is not None and current.kind is None:
            return "%s exists already and is of another kind" % item.label
        return None
    wanted, held = read_mark(item.alias), read_mark(current.alias)
    if held is None:
        return "%s exists and was not made by this collection; choose another name or remove it" % current.label
    if wanted is not None and wanted.scope != held.scope:
        return "%s belongs to scope '%s'" % (current.label, held.scope)
    return None


def _renew_pair(item: Link, kind: Veth, snapshot: Snapshot, fresh: Set[LinkKey], gone: Set[LinkKey]) -> None:
    """A pair lives and dies as one: if one end must be made, so must the other."""
    peer = (kind.peer_place or "", kind.peer_name or "")
    fresh.add(peer)
    for name in (peer, (item.place, item.name)):
        if snapshot.link(*name) is not None:
            gone.add(name)


def _peer_of(link: Optional[Link]) -> Iterable[LinkKey]:
    if link is not None and isinstance(link.kind, Veth) and link.kind.peer_name:
        return [(link.kind.peer_place or "", link.kind.peer_name)]
    return []


def _leading_deletes(gone: Set[LinkKey], snapshot: Snapshot) -> List[LinkKey]:
    """Leave out the ends that vanish with their peer."""
    leading: List[LinkKey] = []
    covered: Set[LinkKey] = set()
    for name in sorted(gone):
        if name not in covered and snapshot.link(*name) is not None:
            leading.append(name)
            covered.update(_peer_of(snapshot.link(*name)))
    return leading


def _is_gone(item: KernelObject, gone: Set[LinkKey]) -> bool:
    """Tell whether an object stands on a link that goes."""
    device = getattr(item, "device", None)
    return device is not None and (item.place, device) in gone


_KINDS = (Namespace, Sysctl, Link, Address, Route, Neighbour, FdbEntry)
_LINK_ORDER = {Bridge: 0, Vxlan: 1, Veth: 2}


def _rank(step: Step) -> Tuple[int, int, int, str]:
    """Order: links go, firewall stands (isolation before anything is reachable), then what is new from the outside in, then leftovers go."""
    subject = step.subject
    if isinstance(subject, (Chain, Jump)):
        return (1, subject.family, isinstance(subject, Jump), subject.table)
    kind = _KINDS.index(type(subject))
    if step.action == DELETE:
        if isinstance(subject, Link):
            return (0, 0, -_LINK_ORDER.get(type(subject.kind), 0), "")
        if isinstance(subject, Namespace):
            return (0, 1, 0, "")
        return (3, 0, -kind, "")
    order = 0
    if isinstance(subject, Link):
        order = _LINK_ORDER.get(type(subject.kind), 0) + (isinstance(subject.kind, Veth) and not subject.kind.leads)
    return (2, kind, order, "")
