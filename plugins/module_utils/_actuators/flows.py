# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Connections end with what allowed them: those of old rules, addresses and ways that the new ones do not cover. All others go on."""

from __future__ import annotations

import ipaddress
from typing import Dict, Iterable, Iterator, List, Sequence, Set, Tuple

from .._firewall.verdict import end_uncovered, narrows
from .._kernel.door import Door
from .._kernel.flow import CannotFollow, are_followed, end_flows, is_over, read_flows
from .._kernel.namespace import NamespaceHandles
from .._kernel.pending import Pending
from .._model.firewall import FirewallObject, Head, RuleList
from .._model.flow import PROTOCOLS, Flow, Ground, show_end
from .._model.link import Link
from .._model.objects import MAIN_TABLE, Address, Flows, KernelObject, Namespace, Route, is_foreign
from .._model.place import HOST
from .._model.snapshot import Snapshot
from .._plan.step import DELETE, Step

# An answer that is under way while its flow ends would make another flow, in which it asks: then that one ends too.
SWEEPS = 3
UNKNOWN = "this kernel does not tell of its connections (%s; module nf_conntrack_netlink); those that the earlier rules let in go on until they end"


def start_ending(door: Door, handles: NamespaceHandles, directory: str, scope: str) -> Ending:
    return Ending(door, handles, Pending(directory, scope))


class Ending:
    """Finds the flows that a run ends, and ends them."""

    def __init__(self, door: Door, handles: NamespaceHandles, pending: Pending) -> None:
        self._door = door
        self._handles = handles
        self._pending = pending
        self._changes: Dict[str, Tuple[Tuple[Ground, ...], Ground]] = {}

    def plan(self, steps: Sequence[Step], snapshot: Snapshot, later: Snapshot, desired: Sequence[KernelObject], home: str) -> Tuple[Step, ...]:
        self._changes = dict(self._foresee(steps, snapshot, later, desired, home))
        found: Dict[Flows, None] = {}
        for place in self._changes:
            try:
                found.update(dict.fromkeys(_name(flow, place, self._changes[place][0]) for flow in self._uncovered(place)))
            except CannotFollow:
                pass  # said once the rules have changed
        return tuple(Step(DELETE, current=item) for item in sorted(found, key=lambda item: item.key))

    def note(self) -> None:
        if self._changes:
            self._pending.write({place: befores for place, (befores, _after) in self._changes.items()})

    def end(self) -> List[str]:
        warnings: List[str] = []
        for place in self._changes:
            try:
                self._sweep(place)
            except CannotFollow as fault:
                warnings.append(UNKNOWN % fault)
        self._pending.clear()
        return warnings[:1]

    def _sweep(self, place: str) -> None:
        mirrored: Set[Tuple[int, bytes, int, bytes, int]] = set()
        for _sweep in range(SWEEPS):
            found = self._uncovered(place, mirrored)
            if not found:
                return
            with self._handles.inside(place):
                end_flows(self._door, place, found)
            mirrored |= {flow.mirrored for flow in found}

    def _uncovered(self, place: str, mirrored: Iterable[Tuple[int, bytes, int, bytes, int]] = ()) -> List[Flow]:
        befores, after = self._changes[place]
        if self._handles.find(place) is None:
            return []
        found: List[Flow] = []
        with self._handles.inside(place):
            for family, flows in read_flows(self._door, place).items() if are_followed() else ():
                found.extend(end_uncovered(flows, befores, after, family) if flows else ())
                found.extend(flow for flow in flows if flow.way in mirrored)
        return [flow for flow in found if not is_over(flow) and not _is_to_many(flow)]

    def _foresee(
        self, steps: Sequence[Step], snapshot: Snapshot, later: Snapshot, desired: Sequence[KernelObject], home: str
    ) -> Iterator[Tuple[str, Tuple[Tuple[Ground, ...], Ground]]]:
        """Yield the places where less may pass afterwards, what allowed it, and what will."""
        pending = self._pending.read()
        narrowed = {step.place for step in steps if narrows(step)}
        ending = {step.place for step in steps if step.action == DELETE and isinstance(step.subject, Namespace)}
        taking = any(step.action == DELETE and isinstance(step.subject, (Address, Route, Link, Namespace)) for step in steps)
        left = _left(later, steps, desired) if narrowed or taking or pending else []
        for place in sorted({HOST, home, *narrowed, *pending} - ending):
            if not (place in narrowed or taking or place in pending):
                continue
            rules = [item for item in desired if isinstance(item, FirewallObject)]
            before = _ground(place, snapshot, [(item, key in snapshot.mine) for key, item in snapshot.objects.items()], snapshot.objects.values())
            after = _ground(place, later, left, rules)
            if place in narrowed or place in pending or before.loses(after):
                yield place, ((*pending.get(place, ()), before), after)


def _left(snapshot: Snapshot, steps: Sequence[Step], desired: Sequence[KernelObject]) -> List[Tuple[KernelObject, bool]]:
    """Return the addresses and routes that there will be, each with whether it is ours."""
    deleted = {step.subject.key for step in steps if step.action == DELETE}
    ended = {step.place for step in steps if step.action == DELETE and isinstance(step.subject, Namespace)}
    going = [step.subject for step in steps if step.action == DELETE and isinstance(step.subject, Link)]
    gone = {(link.place, snapshot.names.find(link.place, link.name)) for link in going}
    size = -1
    while size != len(gone):
        size = len(gone)
        for link in snapshot.links():
            if link.lower in gone or link.peer in gone:
                gone.add((link.place, link.name))
    found: List[Tuple[KernelObject, bool]] = []
    for key, item in snapshot.objects.items():
        if isinstance(item, (Address, Route)) and key not in deleted and item.place not in ended and (item.place, item.device) not in gone:
            found.append((item, key in snapshot.mine))
    found.extend((item, not is_foreign(item)) for item in desired if isinstance(item, (Address, Route)))
    return found


def _ground(place: str, snapshot: Snapshot, items: Iterable[Tuple[KernelObject, bool]], rules: Iterable[KernelObject]) -> Ground:
    ways: Dict[Tuple[str, str], None] = {}
    own: Dict[str, None] = {}
    subnets: Dict[str, None] = {}
    inside: Dict[str, None] = {}
    for item, mine in items:
        if isinstance(item, Address):
            address = item.address.partition("/")[0]
            if item.place != place:
                if mine and item.place != HOST and item.device != "lo":
                    inside[address] = None
                continue
            subnet = str(ipaddress.ip_network(item.address, strict=False))
            own[address] = None
            ways[subnet, item.device] = None
            if mine:
                subnets[subnet] = None
        elif isinstance(item, Route) and item.place == place and item.table == MAIN_TABLE and item.device:
            ways[item.destination, item.device] = None
            if mine and not item.destination.endswith("/0"):
                subnets[item.destination] = None
    masters = {link.name for link in snapshot.links(place) if link.nature.is_domain}
    vrfs = ((link.name, link.master) for link in snapshot.links(place) if link.master in masters)
    chains, heads = _rules(place, snapshot, rules)
    return Ground(chains, heads, tuple(ways), tuple(own), tuple(vrfs), tuple(subnets), tuple(inside))


def _rules(place: str, snapshot: Snapshot, rules: Iterable[KernelObject]) -> Tuple[Tuple[RuleList, ...], Tuple[Head, ...]]:
    chains: List[RuleList] = []
    heads: Dict[Head, None] = {}
    for item in rules:
        if isinstance(item, FirewallObject) and item.place == place:
            # The administrator's own rules are not ours to plan; they stay as they are.
            standing = snapshot.objects.get(item.key)
            chains.extend(item.over(standing if isinstance(standing, FirewallObject) else None).lists())
            heads.update(dict.fromkeys(item.heads()))
    return tuple(chains), tuple(heads)


def _name(flow: Flow, place: str, befores: Sequence[Ground]) -> Flows:
    """Return the words for a flow: by whom it was asked if that is one of ours, else what it was asked for."""
    protocol = PROTOCOLS.get(flow.protocol, "protocol %d" % flow.protocol)
    source, target = show_end(flow.source, 0), show_end(flow.answerer, flow.answer_port)
    asked = show_end(flow.destination, flow.port)
    if target == asked and any(_holds(ground, source) for ground in befores):
        return Flows(place, protocol, source=source)
    return Flows(place, protocol, destination=asked, target="" if target == asked else target)


def _is_to_many(flow: Flow) -> bool:
    """Tell whether it is no connection but a word to a whole group."""
    return ipaddress.ip_address(flow.destination).is_multicast


def _holds(ground: Ground, address: str) -> bool:
    return address not in ground.own and any(ipaddress.ip_address(address) in ipaddress.ip_network(subnet) for subnet in ground.subnets)
