# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a scope owns in a snapshot, and so may remove."""

from __future__ import annotations

from typing import Dict, List, Mapping, Sequence, Set, Tuple

from .._compile.host import FORWARDING
from .._firewall.parse import read_label
from .._model.mark import is_owned, read_mark
from .._model.objects import Address, Chain, FdbEntry, KernelObject, Namespace, Neighbour, Route, Sysctl
from .._model.snapshot import Key, Snapshot

# The kernel itself puts these into every namespace, as far as it has their drivers.
NATIVE_LINKS = frozenset(("lo", "tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "sit0", "ip6tnl0", "ip6gre0", "ip6_vti0"))


def scope_keys(snapshot: Snapshot, scope: str) -> Set[Key]:
    """Return the keys of everything the scope owns: marked links and namespaces, and our entries on marked or adopted links."""
    keys: Set[Key] = set()
    marked: Dict[Tuple[str, str], str] = {}
    for link in snapshot.links():
        mark = read_mark(link.alias)
        marked[link.place, link.name] = mark.scope if mark else ""
        if is_owned(mark, scope) and link.name != "lo":
            keys.add(link.key)
    for key in snapshot.mine:
        item = snapshot.objects[key]
        if isinstance(item, (Address, Route, Neighbour, FdbEntry)):
            if marked.get((item.place, item.device or ""), "") in (scope, "") and item.place in snapshot.places:
                keys.add(key)
        elif isinstance(item, Namespace):
            mark = read_mark(item.mark)
            if is_owned(mark, scope) and not strangers(snapshot, item.place, scope):
                keys.add(key)
    return keys


def strangers(snapshot: Snapshot, place: str, scope: str) -> List[str]:
    """Return the links in a namespace that the scope did not put there."""
    found = []
    for link in snapshot.links(place):
        mark = read_mark(link.alias)
        if link.name not in NATIVE_LINKS and not is_owned(mark, scope):
            found.append(link.name)
    return found


def restored_sysctls(snapshot: Snapshot, place: str, scope: str, desired: Sequence[KernelObject], recorded: Mapping[str, str]) -> Tuple[KernelObject, ...]:
    """Return a place's earlier values, once no scope has a network or rules that need ours."""
    if not recorded or any(isinstance(item, Sysctl) and item.restore for item in desired):
        return ()
    others = [link for link in snapshot.links(place) if (mark := read_mark(link.alias)) is not None and not is_owned(mark, scope) and link.name != "lo"]
    if others or any(isinstance(item, Chain) and _holds_rules_of_others(item, scope) for item in desired):
        return ()
    order = [path for path in FORWARDING.values() if path in recorded] + sorted(set(recorded) - set(FORWARDING.values()))
    return tuple(Sysctl(place, path, recorded[path]) for path in order)


def _holds_rules_of_others(chain: Chain, scope: str) -> bool:
    labels = [read_label(rule) for rule in chain.rules or ()]
    return any(label is not None and label[0] not in ("", scope) for label in labels)
