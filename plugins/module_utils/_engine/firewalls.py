# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Which firewalls a run is about, the host's and those inside routers, and what should stand in them. All others are left alone, as reading takes time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from .._actuators.firewall import Firewall
from .._firewall.base import Backend, RunCommand
from .._kernel.namespace import NamespaceHandles
from .._kernel.need import NOTHING
from .._model.errors import Conflict
from .._model.firewall import FirewallObject, rules_of
from .._model.mark import ROUTER_ROLE, UNFINISHED, is_owned, read_mark
from .._model.objects import Address, KernelObject
from .._model.rule import PEERS_PREFIX, Rule
from .._model.snapshot import Snapshot
from .._model.translation import NOBODY, Holdings
from .parts import apart, held_ports, listening_sockets

if TYPE_CHECKING:
    from .undo import Undo

UNTOLD = "%s, so a peer of one overlay can write into any other on UDP port %s; load or install it, or give each overlay a udp_port of its own"


class Firewalls:
    """Has them read and composes them; `home` is the place whose packets the rules without a place judge."""

    def __init__(self, actuator: Firewall, backend: Backend, run: RunCommand, handles: NamespaceHandles, home: str, rivals: Optional[Holdings] = None) -> None:
        self._actuator = actuator
        self._backend = backend
        self._run = run
        self._handles = handles
        self._home = home
        self._observed: Dict[str, Tuple[FirewallObject, ...]] = {}
        self.rivals = rivals  # others who listen or translate at home; no run changes that, so the one that verifies goes by what the planning one read
        self.notes: List[str] = []  # what the rules of this host cannot do

    def find_holdings(self, snapshot: Snapshot, scope: str, publishes: bool) -> Holdings:
        """Return who holds addresses at home, which was observed before, and ports where it publishes some."""
        if self._handles.find(self._home) is None:
            return NOBODY
        from .._firewall.standing import read_standing

        standing = read_standing(self._observe(self._home, snapshot), scope)
        here = (item for item in snapshot.of(Address) if item.place == self._home)
        if self.rivals is None:
            self.rivals = self._find_rivals() if publishes else NOBODY
        addresses = tuple((item.device, item.address) for item in here)
        return standing._replace(addresses=addresses, listening=self.rivals.listening, translations=self.rivals.translations)

    def _find_rivals(self) -> Holdings:
        with self._handles.inside(self._home):
            return Holdings(listening=tuple(listening_sockets()), translations=self._backend.find_translations(self._run))

    def read(self, snapshot: Snapshot, rules: Sequence[Rule], scope: str, undo: Optional[Undo]) -> Tuple[KernelObject, ...]:
        """Add what stands to the snapshot and return what should: other scopes' rules as they are, ours as compiled, or all as before a run."""
        by_place: Dict[str, List[Rule]] = {self._home: []}
        for rule in self._possible(rules, snapshot):
            by_place.setdefault(rule.place or self._home, []).append(rule)
        for place in (*(undo.places if undo is not None else ()), *_places_with_rules(snapshot, scope)):
            by_place.setdefault(place, [])
        if undo is not None:
            return tuple(item for place in by_place for item in self._undone(undo, place, snapshot))
        composed: List[KernelObject] = []
        for place, wanted in by_place.items():
            current = self._observe(place, snapshot)
            composed.extend(self._backend.compose(wanted, scope=scope, current=current, place=place))
        taken = held_ports(composed, scope)
        if taken:
            raise Conflict(taken)
        return tuple(composed)

    def _possible(self, rules: Sequence[Rule], snapshot: Snapshot) -> Sequence[Rule]:
        """Return the rules as this kernel can have them: where none tells VNIs, each that would counts for its whole port."""
        if all(rule.vni is None for rule in rules) or _show_vnis(self._observe(self._home, snapshot)):
            return rules
        with apart() as unseen:
            lack = self._backend.why_no_vnis(self._run) if unseen else ""
        if not lack:
            return rules
        vnis: Dict[str, Set[int]] = {}
        for rule in rules:
            if rule.vni is not None:
                vnis.setdefault(rule.chain, set()).add(rule.vni)
        self.notes += [UNTOLD % (lack, chain[len(PEERS_PREFIX) :]) for chain, found in sorted(vnis.items()) if len(found) > 1]
        return list(dict.fromkeys(replace(rule, vni=None) for rule in rules))

    def _undone(self, undo: Undo, place: str, snapshot: Snapshot) -> Tuple[KernelObject, ...]:
        """Others write to the firewall of the host, or of a namespace a task names; a router's is ours alone."""
        current = self._observe(place, snapshot)
        return undo.over(current, place, self._backend.mend) if place == self._home else undo.pieces(place)

    def _observe(self, place: str, snapshot: Snapshot) -> Tuple[FirewallObject, ...]:
        if place in self._observed:
            return self._observed[place]
        if self._handles.find(place) is None:
            return ()
        with self._handles.inside(place):
            self._actuator.observe(place, NOTHING, snapshot)
        self._observed[place] = tuple(item for item in snapshot.firewall() if item.place == place)
        return self._observed[place]


def _show_vnis(objects: Sequence[KernelObject]) -> bool:
    """Tell whether a rule that stands matches a VNI, so that the kernel can."""
    return any(rule.vni is not None for rule in rules_of(objects))


def _places_with_rules(snapshot: Snapshot, scope: str) -> Iterator[str]:
    """Yield where rules of a scope may stand: its routers say so in their marks, and a run that died may have left some beside unfinished links."""
    for link in snapshot.links():
        mark = read_mark(link.alias)
        if mark is None or not is_owned(mark, scope) or not (mark.role == ROUTER_ROLE or link.alias == UNFINISHED):
            continue
        place = link.place or link.nature.peer_place
        if place:
            yield place
