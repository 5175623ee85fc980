# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A link is who its mark says, whatever it is called: one that is wanted under another name is renamed, with all that others put on it."""

from __future__ import annotations

from typing import Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from .._model.link import Link, LinkKey
from .._model.mark import DEVICE_ROLE, LINK_ROLE, ROUTER_ROLE, UNFINISHED, UNMARKED_ROLE, read_mark
from .._model.objects import KernelObject
from .._model.place import HOST
from .._model.renaming import Names
from .._model.snapshot import Snapshot

Identity = Tuple[object, ...]
Pair = Tuple[Link, Link]  # who becomes what
ENDPOINT_ROLE = "endpoint"
# Of these marks every link has its own; others, such as those of single tasks, tell only whose it is.
_ROLES = dict.fromkeys((ENDPOINT_ROLE, ROUTER_ROLE, UNMARKED_ROLE), ENDPOINT_ROLE)
_ROLES.update({LINK_ROLE: LINK_ROLE, DEVICE_ROLE: DEVICE_ROLE})


def foresee_names(wanted: Iterable[KernelObject], snapshot: Snapshot, *, lowers: Callable[[], bool] = lambda: False) -> Snapshot:
    """Return the snapshot with all links under the names they will have; `lowers` tells whether the kernel renames nothing that is up."""
    names = _find_names(wanted, snapshot)
    raised = any(getattr(snapshot.link(*key), "up", False) for key in names.renamed)
    return snapshot.under(Names(names.changes, names.leaving, raised and lowers()))


def _find_names(wanted: Iterable[KernelObject], snapshot: Snapshot) -> Names:
    asked = {(item.place, item.name): item for item in wanted if isinstance(item, Link)}
    identities = {key: identify(item) for key, item in asked.items()}
    missing: Dict[Identity, List[Link]] = {}
    for key, identity in identities.items():
        current = snapshot.link(*key)
        if identity is not None and (current is None or identify(current) != identity):
            missing.setdefault(identity, []).append(asked[key])
    others = list(_find_other_ends(asked, snapshot))
    if not missing and not others:
        return Names()
    standing: Dict[Identity, List[Link]] = {}
    for link in snapshot.links():
        identity = identify(link)
        if identity is not None and identity in missing and identities.get((link.place, link.name)) != identity:
            standing.setdefault(identity, []).append(link)
    pairs = others + [pair for identity, items in missing.items() for pair in _match(items, standing.get(identity, ()))]
    pairs = _drop_refused(pairs, snapshot)
    movers = _movers(pairs)
    changes: Dict[LinkKey, str] = {}
    leaving: Set[LinkKey] = set()
    for link, item in pairs:
        holder = snapshot.link(item.place, item.name)
        if holder is not None and (holder.place, holder.name) not in movers:
            changes[holder.place, holder.name] = word = "%s (goes)" % holder.name
            leaving.add((holder.place, word))
        changes[link.place, link.name] = item.name
    return Names(changes, frozenset(leaving))


def _drop_refused(pairs: List[Pair], snapshot: Snapshot) -> List[Pair]:
    """Leave out who cannot have its name, for somebody else has that, by whatever right; and then who was to have the name that it keeps."""
    asked = _movers(pairs)
    while True:
        kept = asked - _movers(pairs)
        allowed = [pair for pair in pairs if not _is_refused(pair[1], asked, kept, snapshot)]
        if len(allowed) == len(pairs):
            return pairs
        pairs = allowed


def _is_refused(item: Link, asked: Set[LinkKey], kept: Set[LinkKey], snapshot: Snapshot) -> bool:
    key, holder = (item.place, item.name), snapshot.link(item.place, item.name)
    return key in kept or snapshot.namesake(*key) is not None or (holder is not None and key not in asked and not _may_go(holder, item))


def _movers(pairs: Iterable[Pair]) -> Set[LinkKey]:
    return {(link.place, link.name) for link, _item in pairs}


def identify(link: Link) -> Optional[Identity]:
    """Return what tells a link from all others but for its name, or None where nothing does."""
    mark = read_mark(link.alias)
    role = _ROLES.get(mark.role) if mark is not None and mark.network else None
    return (link.place, mark.scope, role, mark.network, mark.endpoint, link.nature.kind) if mark is not None and role is not None else None


def _match(items: Sequence[Link], standing: Sequence[Link]) -> Iterator[Pair]:
    """Yield who becomes what. Of a wire between two bridges both ends have one mark, and the bridge tells them apart."""
    for item in items:
        fits = [link for link in standing if _is_port(link) == _is_port(item)]
        if len(fits) > 1 or len(items) > 1:
            fits = [link for link in fits if link.master == item.master]
        if len(fits) == 1:
            yield fits[0], item


def _find_other_ends(asked: Mapping[LinkKey, Link], snapshot: Snapshot) -> Iterator[Pair]:
    """Yield who becomes what of the ends that no mark of their own tells, but the end of ours that they belong to."""
    for key, item in asked.items():
        current = snapshot.link(*key)
        if item.peer is None or current is None or current.peer is None or identify(item) is not None:
            continue
        (place, new), (there, old) = item.peer, current.peer
        other, wanted = snapshot.link(place, old), asked.get((place, new))
        if there != place or (place, old) in asked or other is None or wanted is None or snapshot.link(place, new) is not None:
            continue
        if _may_go(current, item) and _may_go(other, item):
            yield other, wanted


def _is_port(link: Link) -> bool:
    """Tell whether the host's end of a pair leads into a bridge: as the door of a routed network it would be another thing."""
    return link.place == HOST and bool(link.master)


def _may_go(holder: Link, item: Link) -> bool:
    held, asked = read_mark(holder.alias), read_mark(item.alias)
    return holder.alias == UNFINISHED or (held is not None and asked is not None and held.scope == asked.scope)
