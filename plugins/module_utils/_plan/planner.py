# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""From desired objects and a snapshot to ordered steps. Pure; the whole of idempotence, ownership and check mode rests here."""

from __future__ import annotations

from typing import Collection, Dict, Iterable, List, Optional, Sequence, Set, Tuple

from .._model.errors import Conflict
from .._model.evolve import evolve
from .._model.firewall import FirewallObject
from .._model.link import Link, LinkKey
from .._model.mark import is_owned, read_mark
from .._model.names import SCOPE_METRICS
from .._model.objects import (
    Address,
    FdbEntry,
    KernelObject,
    Limit,
    Namespace,
    PolicyRule,
    Route,
)
from .._model.place import in_place
from .._model.snapshot import Key, Snapshot
from .compare import compare, replacement_reason
from .losses import deprived_routes, foresee_losses, promoted_addresses
from .parts import home_conflicts, recall_nics, tunnel_conflicts
from .ports import lent_ports, moved_away, moved_home
from .rows import unfold_rows
from .stack import Uppers, find_uppers, sharing_conflicts, stack_depths, upper_conflicts
from .step import CHANGE, CREATE, DELETE, Change, Clash, Step
from .vlans import superfluous_vlans


def plan(desired: Sequence[KernelObject], snapshot: Snapshot, *, prunable: Collection[Key] = (), adopt: bool = False) -> Tuple[Step, ...]:
    """Return the steps that lead from the snapshot to the desired objects; of what is not desired only `prunable` goes.

    Of a snapshot under names to come, the links get these first; one that goes is told by the name it has.

    With `adopt` a foreign link may be changed as asked; it never becomes ours.
    """
    wanted: Dict[Key, KernelObject] = {}
    for item in desired:
        wanted[item.key] = item
    conflicts: List[str] = []
    wanted = {key: _without_mark(item, snapshot, adopt) if isinstance(item, (Link, Namespace)) else item for key, item in wanted.items()}
    compared: Dict[Key, List[Change]] = {}
    fresh, gone = _sort_links(wanted, snapshot, prunable, conflicts, compared, adopt=adopt)
    back = snapshot.names.back
    steps: List[Step] = [Step(DELETE, current=back.follow(snapshot.objects[("Link",) + name])) for name in _leading_deletes(gone, snapshot)]
    if snapshot.names.renamed:
        from .hops import rename_steps

        steps += rename_steps({(item.place, item.name): item for item in wanted.values() if isinstance(item, Link)}, snapshot, gone)
    homeward = moved_home(wanted, gone, snapshot)
    brought = {step.subject.key for step in homeward}
    away = moved_away(wanted, snapshot)
    left = {step.subject.key for step in (*homeward, *away) if step.action == DELETE}
    steps += homeward + away
    losses = foresee_losses(wanted, snapshot, gone)
    promoted = promoted_addresses(wanted, snapshot, prunable)
    deprived = deprived_routes(wanted, snapshot, prunable, losses)
    vanished = {key[1] for key in prunable if key[0] == "Namespace" and key not in wanted and key in snapshot.objects}
    closing = {(link.place, link.nature.table) for link in (snapshot.link(*name) for name in gone) if link is not None}
    asked, standing, going = unfold_rows(wanted, snapshot, prunable, losses)
    outdated = {key: row for key, row in standing.items() if isinstance(row, FdbEntry) and losses.outdate(row)} if losses.relocated else {}
    steps.extend(Step(DELETE, current=item, leads=True) for item in outdated.values())
    steps.extend(Step(CREATE, desired=item) for key, item in outdated.items() if key not in asked and key not in going)
    for key, item in asked.items():
        current = standing.get(key)
        if current is not None and (key in outdated or losses.take(current)):
            current = None
        if isinstance(item, Link) and (item.place, item.name) in fresh:
            current = None
        if current is None and (key in brought or (isinstance(item, PolicyRule) and snapshot.has_twin(item))):
            continue
        if current is None:
            steps.append(Step(CREATE, desired=item))
            continue
        if isinstance(current, Link):
            current = losses.left_of(current)
        elif key in promoted:
            current = evolve(current, secondary=False)
        elif isinstance(current, Route):
            current = losses.left_of_route(evolve(current, source="") if key in deprived else current)
        if isinstance(item, Address) and isinstance(current, Address) and item.details.metric != current.details.metric >= SCOPE_METRICS:
            words = "%s belongs to another scope; leave the address to that one, for a network with gateway_on_host: false" % current.label
            conflicts.append(Clash(words, item, current))
        if isinstance(current, Limit) and key not in snapshot.mine:
            words = "%s has the queueing discipline %s, which was not made by this collection; take it away first: tc qdisc delete dev %s root"
            conflicts.append(Clash(words % (current.device + in_place(current.place), current.discipline, current.device), item, current))
            continue
        changes = compared[key] if key in compared and current is standing[key] else compare(item, current)
        if changes and isinstance(item, Route) and isinstance(current, Route):
            conflicts.extend(Clash(words, item, current) for words in _route_conflict(item, current, changes[0], wanted, snapshot))
        if changes:
            steps.append(Step(CHANGE, desired=item, current=current, changes=tuple(changes)))
    superfluous = {item.key: item for item in superfluous_vlans(wanted, snapshot, fresh, losses)}
    steps.extend(Step(DELETE, current=item) for item in superfluous.values())
    for key, current in standing.items():
        if key not in going or key in superfluous or key in asked or key in left or key in outdated or isinstance(current, Link) or losses.take(current):
            continue
        if current.place in vanished and not isinstance(current, Namespace):
            continue
        # Without the VRF nobody would find what is left in its table.
        leads = isinstance(current, Route) and (current.place, current.table) in closing
        steps.append(Step(DELETE, current=current, leads=leads))
    if conflicts:
        raise Conflict(conflicts)
    depths = stack_depths(wanted)
    making = {_whose(step.subject) for step in steps if step.action == CREATE and isinstance(step.subject, Address)}

    def order(step: Step) -> Tuple[int, int, int, str]:
        if step.leads:
            return _FIRST
        if deprived and step.subject.key in deprived:
            return _LAST
        # The kernel takes no IPv6 address twice on a link, so the one with another prefix length goes first.
        first = step.action == DELETE and isinstance(step.subject, Address) and ":" in step.subject.address and _whose(step.subject) in making
        return _BEFORE_ADDRESSES if first else _rank(step, depths)

    return tuple(sorted(steps, key=order))


def _whose(item: KernelObject) -> Tuple[str, str, str]:
    """Return where an address is, without its prefix length."""
    return (item.place, item.device, item.address.partition("/")[0]) if isinstance(item, Address) else ("", "", "")


def _route_conflict(item: Route, current: Route, change: Change, wanted: Dict[Key, KernelObject], snapshot: Snapshot) -> Iterable[str]:
    """Only routes of ours may change, and of those none that leads over another scope's link."""
    if item.protocol is not None and item.protocol == current.protocol:
        return  # somebody else's, which stays his and follows its link to a bridge
    if current.key not in snapshot.mine:
        yield "%s exists and was not made by this collection (its %s is %s)" % (current.label, change.field, change.before)
        return
    ours = read_mark(getattr(wanted.get(("Link", item.place, item.device)) or snapshot.link(item.place, item.device or ""), "alias", None))
    theirs = read_mark(getattr(snapshot.link(item.place, current.device or ""), "alias", None))
    if ours is not None and theirs is not None and not is_owned(theirs, ours.scope):
        yield "%s belongs to scope '%s' (its %s is %s)" % (current.label, theirs.scope, change.field, change.before)


def _without_mark(item: KernelObject, snapshot: Snapshot, adopt: bool) -> KernelObject:
    """Do not claim what exists: any namespace may be used, a foreign link only when the task names it itself."""
    current = snapshot.objects.get(item.key)
    if isinstance(item, Namespace) and current is not None:
        return evolve(item, mark=None)
    if adopt and isinstance(item, Link) and isinstance(current, Link) and read_mark(current.alias) is None:
        return evolve(item, alias=None)
    return item


def _sort_links(
    wanted: Dict[Key, KernelObject], snapshot: Snapshot, prunable: Collection[Key], conflicts: List[str], compared: Dict[Key, List[Change]], *, adopt: bool
) -> Tuple[Set[LinkKey], Set[LinkKey]]:
    """Return the links that must be made anew and those that must go (or go along with another); `compared` gets how those that stand differ."""
    fresh: Set[LinkKey] = set()
    gone: Set[LinkKey] = set()
    for item in wanted.values():
        if not isinstance(item, Link):
            continue
        name = (item.place, item.name)
        current = snapshot.link(*name)
        namesake = snapshot.namesake(*name)
        if namesake is not None and (namesake.key in wanted or namesake.key not in prunable):
            conflicts.append(Clash("%s goes by the name %s too; take that from it" % (namesake.label, item.name), item, namesake))
            continue
        if current is None:
            fresh.add(name)
            continue
        conflict = _ownership_conflict(item, current)
        if conflict:
            conflicts.append(Clash(conflict, item, current))
            continue
        compared[item.key] = compare(item, current)
        reason = replacement_reason(item, compared[item.key])
        if reason and read_mark(current.alias) is None:
            conflicts.append("%s exists and was not made by this collection, and its %s is fixed; choose another name or remove it" % (current.label, reason))
        elif reason:
            fresh.add(name)
            gone.add(name)
    for key in prunable:
        if key[0] == "Link" and key not in wanted and key in snapshot.objects:
            gone.add((str(key[1]), str(key[2])))
    gone |= snapshot.names.leaving
    recall_nics(wanted.values(), fresh, snapshot, gone, conflicts)
    uppers = find_uppers(snapshot.links()) if gone else {}
    _renew_dependents(wanted, snapshot, fresh, gone, uppers)
    conflicts.extend(home_conflicts(gone, snapshot))
    conflicts.extend(upper_conflicts(gone, uppers, snapshot, adopt=adopt))
    conflicts.extend(sharing_conflicts(wanted, gone, snapshot))
    conflicts.extend(_port_conflicts(wanted, gone, snapshot))
    conflicts.extend(tunnel_conflicts(wanted.values(), fresh, gone, snapshot))
    return fresh, gone


def _port_conflicts(wanted: Dict[Key, KernelObject], gone: Set[LinkKey], snapshot: Snapshot) -> Iterable[str]:
    """A bridge of ours that somebody uses stays until he takes his ports out, or until the run itself does."""
    for port in snapshot.links():
        if not port.master or (port.place, port.master) not in gone or (port.place, port.name) in gone or read_mark(port.alias) is not None:
            continue
        if port.name in lent_ports(snapshot.link(port.place, port.master)):
            continue
        if getattr(wanted.get(port.key), "master", None) in (None, port.master):
            yield "bridge %s has the port %s that was not made by this collection; take it out first" % (port.master, port.name)


def _ownership_conflict(item: Link, current: Link) -> Optional[str]:
    if item.alias is None:
        if item.kind is not None and current.kind is not None and not item.kind.matches(current.kind):
            return "%s exists already, as %s" % (item.label, current.label)
        if item.kind is not None and current.kind is None:
            return "%s exists already and is of another kind" % item.label
        return None
    wanted, held = read_mark(item.alias), read_mark(current.alias)
    if held is None:
        return "%s exists and was not made by this collection; choose another name or remove it" % current.label
    if wanted is not None and not is_owned(held, wanted.scope):
        return "%s belongs to scope '%s'" % (current.label, held.scope)
    return None


def _renew_dependents(wanted: Dict[Key, KernelObject], snapshot: Snapshot, fresh: Set[LinkKey], gone: Set[LinkKey], uppers: Uppers) -> None:
    """A pair lives and dies as one, and a link goes with its lower one: if one must be made or must go, so must the other."""
    pending = list(fresh | gone)
    while pending:
        name = pending.pop()
        item = wanted.get(("Link",) + name)
        makes: Set[LinkKey] = set()
        loses: Set[LinkKey] = set()
        if name in gone:
            loses.update(_peer_of(snapshot.link(*name)))
            for upper in uppers.get(name, ()) if _takes_along(snapshot.link(*name)) else ():
                loses.add((upper.place, upper.name))
                if upper.key in wanted:
                    makes.add((upper.place, upper.name))
        if name in fresh and isinstance(item, Link):
            ends = [end for end in _peer_of(item) if ("Link",) + end in wanted]
            makes.update(ends)
            loses.update(end for end in [name] + ends if snapshot.link(*end) is not None)
        pending.extend((makes - fresh) | (loses - gone))
        fresh |= makes
        gone |= loses


def _takes_along(link: Optional[Link]) -> bool:
    """A NIC is given back, not deleted, and what stands on it stays."""
    return link is not None and link.nature.lent is None


def _peer_of(link: Optional[Link]) -> Iterable[LinkKey]:
    return [link.peer] if link is not None and link.peer is not None else []


def _leading_deletes(gone: Set[LinkKey], snapshot: Snapshot) -> List[LinkKey]:
    """Leave out what vanishes with its peer or its lower link."""
    leading: List[LinkKey] = []
    covered: Set[LinkKey] = set()
    for name in sorted(gone):
        link = snapshot.link(*name)
        lower = link.lower if link is not None else None
        if lower is not None and lower in gone and _takes_along(snapshot.link(*lower)):
            continue
        if link is not None and name not in covered and not covered.intersection(_peer_of(link)):
            leading.append(name)
            covered.add(name)
            covered.update(_peer_of(link))
    return leading


_STACKED_ORDER = 5
_BEFORE_ADDRESSES = (2, Address.RANK, -1, "")
_LAST = (4, 0, 0, "")
_FIRST = (-1, 0, 0, "")


def _rank(step: Step, depths: Dict[LinkKey, int]) -> Tuple[int, int, int, str]:
    """Order: links go, or get their names, firewall stands (isolation before anything is reachable), what is new comes from the outside in, leftovers go."""
    subject = step.subject
    if step.renames:
        return (1, 9, 0, "") if step.waits_for_firewall else (0, 2, 0, "")
    if isinstance(subject, FirewallObject):
        return (1, *subject.order)
    if step.action == DELETE:
        if isinstance(subject, Link):
            return (0, 0, -_link_order(subject, depths), "")
        if isinstance(subject, Namespace):
            return (0, 1, 0, "")
        return (3, 0, -subject.RANK, "")
    if isinstance(subject, Route):
        return (2, subject.RANK, int(_has_gateway(subject)), "")
    return (2, subject.RANK, _link_order(subject, depths) if isinstance(subject, Link) else 0, "")


def _has_gateway(route: Route) -> bool:
    """Tell whether it leads to one, which the kernel must be able to reach already: by another route."""
    return bool(route.gateway) or any(hop.gateway for hop in route.nexthops or ())


def _link_order(link: Link, depths: Dict[LinkKey, int]) -> int:
    """A lower link comes before those that stand on it, a master before its ports, a leading end before the other."""
    depth = depths.get((link.place, link.name), 0)
    if depth and link.nature.stands:
        return _STACKED_ORDER + depth
    return link.kind.order if link.kind is not None else 0
