# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The steps by which links come to their names, one behind the other."""

from __future__ import annotations

from typing import Dict, Iterator, List, Mapping, Set, Tuple

from .._model.link import Link, LinkKey
from .._model.names import INTERFACE_NAME_LIMIT, ROUTED_PREFIX, VETH_PREFIX, digest
from .._model.objects import KernelObject
from .._model.place import HOST
from .._model.snapshot import Snapshot
from .step import CHANGE, LOWERED, NAME, Change, Step


def rename_steps(asked: Mapping[LinkKey, KernelObject], snapshot: Snapshot, gone: Set[LinkKey]) -> List[Step]:
    """Return the steps that give links their names, one behind the other; who goes keeps its name until then."""
    places: Dict[str, Dict[str, Link]] = {}
    for (place, old), new in snapshot.names.renamed.items():
        link = snapshot.link(place, new)
        if link is not None and (place, new) not in gone:
            places.setdefault(place, {})[old] = link
    return [step for place, links in places.items() for step in _place_steps(place, links, asked, snapshot.names.lowers)]


def _place_steps(place: str, links: Mapping[str, Link], asked: Mapping[LinkKey, KernelObject], lowers: bool) -> Iterator[Step]:
    current = dict(links)
    for old, new in _list_hops({old: link.name for old, link in links.items()}, {old for old, link in links.items() if _is_guarded(old, link)}):
        link = current[new] = current.pop(old)
        alias = getattr(asked.get((place, link.name)), "alias", None)
        changes = [Change("name", old, new, NAME)]
        if lowers and link.up:
            changes.append(Change("state", "up", "down for a moment", LOWERED))
        was = Link(place, old, kind=link.kind, alias=link.alias, up=link.up, index=link.index)
        yield Step(CHANGE, desired=Link(place, new, kind=link.kind, alias=alias), current=was, changes=tuple(changes))


def _is_guarded(old: str, link: Link) -> bool:
    """Tell whether the host's firewall knows a link by name: it is the door of a routed network or the host's end of a wire, or is called like one."""
    return link.place == HOST and (not link.master or old.startswith(ROUTED_PREFIX) or link.name.startswith(ROUTED_PREFIX))


def _list_hops(changes: Mapping[str, str], guarded: Set[str]) -> Iterator[Tuple[str, str]]:
    """Yield (old, new) so that every name is free when its turn comes."""
    plain = {old: new for old, new in changes.items() if old not in guarded}
    known: Dict[str, str] = {}
    for old in changes:
        if old in guarded:
            known[old if old.startswith(ROUTED_PREFIX) else _spare_name(ROUTED_PREFIX, old)] = changes[old]
            if not old.startswith(ROUTED_PREFIX):
                yield old, _spare_name(ROUTED_PREFIX, old)
    yield from _order(plain, VETH_PREFIX)
    yield from _order(known, ROUTED_PREFIX)


def _order(changes: Mapping[str, str], prefix: str) -> Iterator[Tuple[str, str]]:
    pending = dict(changes)
    while pending:
        ready = [old for old, new in pending.items() if new not in pending]
        for old in ready:
            yield old, pending.pop(old)
        if not ready:  # they change places
            old, *_others = pending
            spare = _spare_name(prefix, old)
            yield old, spare
            pending[spare] = pending.pop(old)


def _spare_name(prefix: str, name: str) -> str:
    return prefix + digest(INTERFACE_NAME_LIMIT - len(prefix), "name", name)
