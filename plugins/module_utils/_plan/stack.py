# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Links that stand on others: they go with them, come after them, and not all of them get along."""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Set

from .._model.errors import Conflict
from .._model.link import Link, LinkKey
from .._model.mark import is_owned, read_mark
from .._model.objects import KernelObject
from .._model.place import HOST, in_place
from .._model.snapshot import Key, Snapshot
from .step import CREATE, DELETE, Step

Uppers = Mapping[LinkKey, List[Link]]


def find_uppers(links: Iterable[Link]) -> Uppers:
    found: Dict[LinkKey, List[Link]] = {}
    for link in links:
        lower = link.lower
        if lower is not None:
            found.setdefault(lower, []).append(link)
    return found


def all_uppers(going: Iterable[Link], uppers: Uppers) -> List[Link]:
    """Return what stands on links that go, and what stands on that."""
    pending, found = list(going), []
    while pending and uppers:
        link = pending.pop()
        if link.nature.lent is None:
            above = [upper for upper in uppers.get((link.place, link.name), ()) if upper not in found]
            found.extend(above)
            pending.extend(above)
    return found


def carried_away(steps: Iterable[Step], snapshot: Snapshot) -> List[Link]:
    """Return what somebody in a container put on an interface of ours that goes."""
    going = [step.current for step in steps if step.action == DELETE and isinstance(step.current, Link)]
    peers = [snapshot.link(*link.peer) for link in going if link.peer is not None]
    ends = [link for link in (*going, *peers) if link is not None and link.place != HOST]
    scopes = {mark.scope for mark in (read_mark(link.alias) for link in ends) if mark is not None}
    return [link for link in all_uppers(ends, find_uppers(snapshot.links())) if getattr(read_mark(link.alias), "scope", None) not in scopes] if ends else []


def stack_depths(wanted: Mapping[Key, KernelObject]) -> Dict[LinkKey, int]:
    """Return how many links each one that stands on another has below it, as far as they are wanted too."""
    lowers = {(item.place, item.name): item.lower for item in wanted.values() if isinstance(item, Link) and item.nature.stands}
    depths: Dict[LinkKey, int] = {}
    for name, below in lowers.items():
        depth = 0
        while below in lowers and depth <= len(lowers):
            depth, below = depth + 1, lowers[below]
        depths[name] = depth
    return depths


def upper_conflicts(gone: Set[LinkKey], uppers: Uppers, snapshot: Snapshot, *, adopt: bool) -> Iterator[str]:
    """A link of ours that somebody else's stands on stays until that is taken away. Inside a container anybody writes marks, which only single tasks heed."""
    for name in sorted(gone):
        lower = snapshot.link(*name)
        mark = read_mark(lower.alias) if lower is not None else None
        if lower is None or mark is None or lower.nature.lent is not None:
            continue
        for upper in uppers.get(name, ()):
            held = read_mark(upper.alias)
            if (held is None or not adopt) and upper.place == lower.place != HOST:
                continue  # what a container puts on its own interface goes with it: it vetoes nothing
            if held is None:
                yield "%s has %s on it that was not made by this collection; take it away first" % (lower.label, upper.label)
            elif not is_owned(held, mark.scope):
                yield "%s has %s on it that belongs to scope '%s'" % (lower.label, upper.label, held.scope)


def sharing_conflicts(wanted: Mapping[Key, KernelObject], gone: Set[LinkKey], snapshot: Snapshot) -> Iterator[str]:
    """What the kernel would refuse, or do to links of others, when links share a lower one."""
    asked = [item for item in wanted.values() if isinstance(item, Link) and item.nature.takes_all]
    if not asked:
        return
    others = (link for link in snapshot.links() if link.key not in wanted and (link.place, link.name) not in gone)
    standing = find_uppers(others)
    mine = find_uppers(asked)
    for name, links in mine.items():
        yield from _lower_conflicts(name, links[0], wanted, snapshot)
        first = links[0]
        for other in [*links[1:], *standing.get(name, ())]:
            clash = _clash(first, other)
            if clash:
                yield "%s: %s; %s is there too" % (first.label, clash, other.label)
                break


def _lower_conflicts(name: LinkKey, upper: Link, wanted: Mapping[Key, KernelObject], snapshot: Snapshot) -> Iterator[str]:
    item = wanted.get(("Link",) + name)
    current = snapshot.link(*name)
    lower = item if isinstance(item, Link) else current
    if lower is None:
        return
    if upper.nature.matches(lower.kind):
        yield "%s: %s is of the same kind; name the link that it stands on itself" % (upper.label, lower.label)
    master = lower.master if lower.master is not None else current.master if current is not None else None
    over = wanted.get(("Link", lower.place, master)) or snapshot.link(lower.place, master or "")
    if master and isinstance(over, Link) and over.nature.has_ports:
        yield "%s: %s is a port of bridge %s; take the bridge instead" % (upper.label, lower.name, master)


def _clash(one: Link, other: Link) -> Optional[str]:
    if not other.nature.takes_all:
        return None
    if not one.nature.matches(other.kind):
        return "%s and %s cannot share an interface" % tuple(sorted((one.nature.kind, other.nature.kind), reverse=True))
    return one.nature.clash(other.nature)


def lower_places(wanted: Iterable[KernelObject]) -> Iterator[str]:
    """Return the places besides the host that lower links live in."""
    for item in wanted:
        if isinstance(item, Link) and item.nature.lower_place:
            yield item.nature.lower_place


def refuse_missing_lowers(steps: Iterable[Step], wanted: Iterable[KernelObject], snapshot: Snapshot) -> None:
    """Stop before anything is changed where a link would stand on nothing. A check cannot know what an earlier task would have made."""
    made = [step.subject for step in steps if step.action == CREATE and isinstance(step.subject, Link) and step.subject.lower]
    if not made:
        return
    names: Set[LinkKey] = {(item.place, item.name) for item in wanted if isinstance(item, Link)}
    conflicts = []
    for item in made:
        lower = item.lower
        if lower is not None and lower not in names and snapshot.link(*lower) is None:
            conflicts.append("%s: there is no interface %s%s" % (item.label, lower[1], in_place(lower[0]) if lower[0] != HOST else " on this host"))
    if conflicts:
        raise Conflict(conflicts)
