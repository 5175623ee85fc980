# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a scope owns in a snapshot, and so may remove."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Dict, List, Mapping, Sequence, Set, Tuple

from .._model.errors import Conflict
from .._model.firewall import FirewallObject
from .._model.link import Link
from .._model.mark import SHARED_ROLE, is_owned, leave_mark, read_mark
from .._model.objects import (
    MAIN_TABLE,
    Address,
    BridgeVlan,
    KernelObject,
    Limit,
    Namespace,
    PolicyRule,
    ProxyNeighbour,
    Route,
    Sysctl,
)
from .._model.place import HOST
from .._model.routing import FORWARDING
from .._model.rows import Rows
from .._model.snapshot import Key, Snapshot
from .._plan.stack import Uppers, all_uppers, find_uppers
from .signing import is_of_another

if TYPE_CHECKING:
    from .owners import Owners

EMPTIED_SHOWN = 5  # links and namespaces that a refusal names
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
    uppers = find_uppers(snapshot.links())

    @lru_cache(maxsize=None)
    def owners() -> Owners:
        from .owners import Owners

        return Owners(snapshot, marked, scope)

    for key in snapshot.mine:
        item = snapshot.objects[key]
        if isinstance(item, (Address, Route, Rows)):
            owner = marked.get((item.place, item.device or ""), "")
            if isinstance(item, Route) and item.place != HOST and item.device and item.table != MAIN_TABLE:
                owner = owners().of_table(item)
            elif owner == "" and isinstance(item, Route) and not item.device:
                owner = owners().of_route(item)
            if owner in (scope, "") and item.place in snapshot.places and not (owner == "" and is_of_another(item, scope)):
                keys.add(key)
        elif isinstance(item, (BridgeVlan, Limit)):
            if marked.get((item.place, item.device)) == scope:
                keys.add(key)
        elif isinstance(item, (PolicyRule, ProxyNeighbour)):
            owner = owners().of_rule(item) if isinstance(item, PolicyRule) else owners().of_proxy(item)
            if owner in (scope, "") and item.place in snapshot.places:
                keys.add(key)
        elif isinstance(item, Namespace):
            mark = read_mark(item.mark)
            if is_owned(mark, scope) and not strangers(snapshot, item.place, scope, uppers):
                keys.add(key)
        elif item.owner == scope:
            keys.add(key)
    return keys


def refuse_emptying(snapshot: Snapshot, scope: str, owned: Set[Key]) -> None:
    """Raise Conflict where a declaration without anything in it would remove all that its scope owns: most likely its variables were not seen."""
    named = sorted(item.label for key, item in snapshot.objects.items() if key in owned and isinstance(item, (Link, Namespace)))
    if not named:
        return
    shown = ", ".join(named[:EMPTIED_SHOWN]) + (" and %d more" % (len(named) - EMPTIED_SHOWN) if len(named) > EMPTIED_SHOWN else "")
    raise Conflict(
        [
            "the declaration of scope '%s' is empty, and would remove all that stands here of it: %s; "
            "if that is meant, use state absent, or allow_empty to keep the scope present; "
            "if not, its variables stand where this run does not see them" % (scope, shown)
        ]
    )


def kept_parents(snapshot: Snapshot, scope: str, desired: Sequence[KernelObject]) -> Tuple[KernelObject, ...]:
    """Return the links a scope shares with others and needs no more: they stay, without its name."""
    wanted = {item.key for item in desired if isinstance(item, Link)}
    kept: List[KernelObject] = []
    for link in snapshot.links():
        mark = read_mark(link.alias)
        if mark is None or mark.role != SHARED_ROLE or scope not in mark.scopes or link.key in wanted:
            continue
        alias = leave_mark(mark, scope)
        if alias is not None:
            kept.append(Link(link.place, link.name, alias=alias))
    return tuple(kept)


def strangers(snapshot: Snapshot, place: str, scope: str, uppers: Uppers) -> List[str]:
    """Return the links in a namespace that the scope did not put there, and that do not go with those it did."""
    links = snapshot.links(place)
    own = [link for link in links if is_owned(read_mark(link.alias), scope) and link.name != "lo"]
    gone = {link.key for link in (*own, *all_uppers(own, uppers))}
    return [link.name for link in links if link.name not in NATIVE_LINKS and link.key not in gone]


def restored_sysctls(snapshot: Snapshot, place: str, scope: str, desired: Sequence[KernelObject], recorded: Mapping[str, str]) -> Tuple[KernelObject, ...]:
    """Return the earlier values of a place that the scope needs no more, once no other scope has a network or rules that may need ours."""
    wanted = {item.path for item in desired if isinstance(item, Sysctl) and item.restore and item.place == place}
    left = set(recorded) - wanted
    if not left:
        return ()
    others = [link for link in snapshot.links(place) if (mark := read_mark(link.alias)) is not None and not is_owned(mark, scope) and link.name != "lo"]
    if others or any(isinstance(item, FirewallObject) and _holds_rules_of_others(item, scope) for item in desired):
        return ()
    order = [path for path in FORWARDING.values() if path in left] + sorted(left - set(FORWARDING.values()))
    return tuple(Sysctl(place, path, recorded[path]) for path in order)


def _holds_rules_of_others(item: FirewallObject, scope: str) -> bool:
    return any(rule.is_ours and rule.scope not in ("", scope) for rule in item.held)
