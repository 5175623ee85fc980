# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a scope owns in a snapshot, and so may remove."""

from __future__ import annotations

from typing import Dict, List, Mapping, Sequence, Set, Tuple

from .._compile.host import FORWARDING
from .._model.mark import read_mark
from .._model.objects import Address, Chain, FdbEntry, KernelObject, Namespace, Neighbour, Route, Sysctl
from .._model.snapshot import Key, Snapshot


def scope_keys(snapshot: Snapshot, scope: str) -> Set[Key]:
    """Return the keys of everything the scope owns: marked links and namespaces, and our entries on marked or adopted links."""
    keys: Set[Key] = set()
    marked: Dict[Tuple[str, str], str] = {}
    for link in snapshot.links():
        mark = read_mark(link.alias)
        marked[link.place, link.name] = mark.scope if mark else ""
        if mark is not None and mark.scope == scope and link.name != "lo":
            keys.add(link.key)
    for key in snapshot.mine:
        item = snapshot.objects[key]
        if isinstance(item, (Address, Route, Neighbour, FdbEntry)):
            if marked.get((item.place, item.device or ""), "") in (scope, "") and item.place in snapshot.places:
                keys.add(key)
        elif isinstance(item, Namespace):
            mark = read_mark(item.mark)
            if mark is not None and mark.scope == scope and not strangers(snapshot, item.place, scope):
                keys.add(key)
    return keys


def strangers(snapshot: Snapshot, place: str, scope: str) -> List[str]:
    """Return the links in a namespace that the scope did not put there."""
    found = []
    for link in snapshot.links(place):
        mark = read_mark(link.alias)
        if link.name != "lo" and link.kind is not None and (mark is None or mark.scope != scope):
            found.append(link.name)
    return found


def restored_sysctls(
    snapshot: Snapshot, place: str, scope: str, desired: Sequence[KernelObject], recorded: Mapping[str, str]
) -> Tuple[KernelObject, ...]:
    """Return a place's earlier values, once no scope has a network or rules that need ours."""
    if not recorded or any(isinstance(item, Sysctl) and item.restore for item in desired):
        return ()
    others = [link for link in snapshot.links(place) if (mark := read_mark(link.alias)) is not None and mark.scope != scope and link.name != "lo"]
    if others or any(isinstance(item, Chain) and item.rules for item in desired):
        return ()
    order = [path for path in FORWARDING.values() if path in recorded] + sorted(set(recorded) - set(FORWARDING.values()))
    return tuple(Sysctl(place, path, recorded[path]) for path in order)
