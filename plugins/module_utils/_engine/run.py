# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""One pass over one host: observe, compile, plan, and apply what was planned."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING, Dict, FrozenSet, List, Mapping, Optional, Sequence, Set, Tuple

from .._actuators.base import Means, Scene
from .._actuators.connections import Connections
from .._actuators.firewall import Firewall
from .._actuators.numbers import Numbers
from .._actuators.order import AFTERWARDS, ORDER, Effects
from .._kernel.door import Door
from .._kernel.loans import Loans
from .._kernel.namespace import NamespaceHandles
from .._kernel.need import Need
from .._kernel.observe import Observer, deep_places
from .._kernel.radio import list_wireless_links
from .._kernel.record import Record
from .._kernel.sysctl import read_sysctl
from .._kernel.users import list_users
from .._kernel.visits import Visits
from .._model.errors import NamespaceMissing, VerifyError, printable
from .._model.link import Link, LinkKey
from .._model.objects import KernelObject, Namespace, Sysctl
from .._model.place import HOST, Place
from .._model.routing import FORWARDING, accept_ra_path
from .._model.rule import Rule
from .._model.snapshot import Facts, Key, Snapshot, find_residents, find_ways_out
from .._plan.parts import tunnel_warnings
from .._plan.planner import plan
from .._plan.ports import used_bridges
from .._plan.renames import foresee_names
from .._plan.stack import carried_away, lower_places, refuse_missing_lowers
from .._plan.step import Step
from .._runtime.containers import Containers
from .address_conflicts import refuse_address_conflicts
from .firewalls import Firewalls
from .parts import (
    keep_declaration,
    kept_parents,
    know_again,
    list_named_namespaces,
    list_namespaces,
    observe_frames,
    observe_guests,
    observe_stored,
    observe_tunnels,
    plan_around,
    read_placeholder,
    read_what_goes,
    refuse_emptying,
    refuse_settings,
    refuse_unguarded,
    renames_only_lowered,
    restored_sysctls,
    scope_keys,
)
from .request import Outcome, Request
from .shared import observe_named, refuse_shared
from .signing import sign_addresses
from .support import refuse_unsupported
from .visited import Visited

if TYPE_CHECKING:
    from .._model.translation import Holdings
    from .._plan.clash import Known
    from .undo import Undo

ATTEMPTS = 3  # while somebody else changes the same
DEFAULT_ROUTE_6 = "::/0"
BRIDGE_NETFILTER = "net/bridge/bridge-nf-call-iptables"
BRIDGE_NETFILTER_6 = "net/bridge/bridge-nf-call-ip6tables"
USED_BRIDGE = "bridge %s stays, for interfaces that are not ours use it: %s; take them out, then remove it with another run"
PRETENDER = "%s says by its alias that the host lent it, as %s, which is not noted here: it stays where it is"

Objects = Tuple[KernelObject, ...]


class Run:
    """One pass of the pipeline over one host."""

    def __init__(self, request: Request, door: Door, undo: Optional[Undo] = None, rivals: Optional[Holdings] = None) -> None:
        self._request = request
        self._door = door
        self._containers = Containers()
        self._handles = NamespaceHandles(self._containers.open)
        self._record = Record(request.state_directory, request.place)
        self._loans = Loans(request.state_directory)
        self._visited = Visited(Visits(request.state_directory, request.scope), self._handles)
        self._firewall = Firewall(request.backend, request.run, self._handles)
        self._firewalls = Firewalls(self._firewall, request.backend, request.run, self._handles, request.place, rivals)
        self._undo = undo
        self._later = Snapshot()  # what was read, under the names that links will have
        self._connections = Connections(door, self._handles, request.state_directory, request.scope)
        keep = partial(keep_declaration, request)
        means = Means(door, self._handles, self._loans, self._remember, self._firewall, self._connections, keep, request.state_directory, request.run)
        self._effects = Effects(means)

    def close(self) -> None:
        self._handles.close()
        self._containers.close()

    def plan(self, *, again: bool = False) -> Outcome:
        """Say what it would take; `again` of a run that is under way, whose flows end when all else is done."""
        request = self._request
        observer, kernel, rules = self._observe()
        standing = observer.snapshot
        observe_stored(standing, request, again=again)
        observe_guests(standing, request)
        observe_frames(standing, request)
        is_known = partial(self._visited.knows, standing)
        if not request.adopt:
            know_again(kernel, standing, is_known)
        if self._undo is None and not again:
            observe_tunnels(standing, kernel, self._door, self._handles)
        declared = tuple(sign_addresses(kernel, standing, request.scope)) + self._firewalls.read(standing, rules, request.scope, self._undo)
        snapshot = self._later = self._foresee_names(observer, kernel)
        kept, prunable, told = self._keep(snapshot, declared)
        steps, desired, around, left_links = self._decide(snapshot, declared + kept, prunable, is_known)
        if self._undo is None:
            self._refuse(steps, desired, snapshot)
        flows = () if again else self._connections.plan(steps, standing, snapshot, desired, request.place)
        told += around + self._tell_losses(observer, steps)
        told += tunnel_warnings(steps, desired, snapshot) if not again else []
        # Before more is read for the way back: check mode tells the same.
        words = request.tell(standing, desired, (*steps, *flows)) if request.tell is not None else ()
        if not request.check_mode:
            refuse_missing_lowers(steps, desired, snapshot)
            read_what_goes(observer, steps)
        left_out = request.left_out.warnings if request.left_out is not None else []
        warnings = [*left_out, *request.notes, *self._firewalls.notes, *map(printable, told)]
        return Outcome((*steps, *flows), standing, desired, words, warnings=warnings, left_links=left_links, show_rule=request.backend.show)

    def _observe(self) -> Tuple[Observer, Sequence[KernelObject], Sequence[Rule]]:
        """Read the host, compile the declaration for it, and read what that is about."""
        request = self._request
        observer = Observer(self._door, self._handles, self._loans, read_placeholder, self._effects.observe)
        observer.observe_place(HOST)
        if self._handles.find(request.place) is None:
            raise NamespaceMissing("there is no network namespace named '%s'; nothing was changed" % request.place.reference)
        if request.early:
            observe_named(observer, self._handles, list_named_namespaces(), ())
            self._visited.observe(observer, ())
        if request.residents:
            self._observe_residents(observer)
        if request.looks and request.place != HOST:
            observer.observe_place(request.place)
        facts = self._facts(observer.snapshot)
        if request.looks:
            facts = facts._replace(holdings=self._firewalls.find_holdings(observer.snapshot, request.scope, request.publishes))
        kernel, rules = request.build(facts)
        self._observe_rest(observer, kernel)
        return observer, kernel, rules

    def _keep(self, snapshot: Snapshot, declared: Objects) -> Tuple[Objects, Set[Key], List[str]]:
        """Return what is to stand although it is not declared, what may go, and what is to be said of either."""
        request = self._request
        kept: Objects = ()
        prunable: Set[Key] = set()
        told: List[str] = []
        if request.prune or request.adopt:
            kept += self._visited.loopbacks(snapshot, declared)
        if request.prune:
            kept += kept_parents(snapshot, request.scope, declared + kept)
            prunable |= scope_keys(snapshot, request.scope)
        if request.refuse_emptying:
            refuse_emptying(snapshot, request.scope, prunable)
        if request.prune or request.restore:
            kept += restored_sysctls(snapshot, request.place, request.scope, declared + kept, self._record.read())
        if request.prune:
            kept += self._visited.restored(snapshot, declared + kept, prunable)
            used = used_bridges({item.key for item in declared + kept}, snapshot, prunable)
            prunable -= used.keys()
            told = [USED_BRIDGE % (key[2], ", ".join(names)) for key, names in used.items()]
        if request.removes:
            prunable |= set(request.removes(snapshot))
        return kept, prunable | {item.key for item in snapshot.firewall()}, told

    def _decide(
        self, snapshot: Snapshot, desired: Objects, prunable: Set[Key], is_known: Known
    ) -> Tuple[Tuple[Step, ...], Objects, List[str], FrozenSet[LinkKey]]:
        """Return the steps, what they lead to, what is said of links that are left out, and these."""
        if not self._request.adopt:
            return plan_around(desired, snapshot, prunable, is_known)
        steps = plan(desired, snapshot, prunable=prunable, adopt=True)
        left = self._visited.left_loopbacks(snapshot, desired, steps)
        if left:
            desired += left
            steps = plan(desired, snapshot, prunable=prunable, adopt=True)
        return steps, desired, [], frozenset()

    def _refuse(self, steps: Sequence[Step], desired: Objects, snapshot: Snapshot) -> None:
        """Stop before anything is changed where the kernel, or somebody else, would stop us half way."""
        refuse_address_conflicts(steps, desired, snapshot)
        if self._request.left_out is not None:
            self._request.left_out.refuse_losses(steps)
        refuse_unsupported(steps, snapshot, self._door.timeout)
        refuse_unguarded(steps, self._request.run)
        refuse_settings(steps, snapshot, self._handles)

    def _tell_losses(self, observer: Observer, steps: Sequence[Step]) -> List[str]:
        told = ["%s goes with the interface of ours that it stands on" % link.label for link in carried_away(steps, observer.snapshot)]
        for key, name in observer.pretenders.items():
            found = self._later.link(*key)
            if found is not None:
                told.append(PRETENDER % (found.label, name))
        return told

    def _foresee_names(self, observer: Observer, desired: Sequence[KernelObject]) -> Snapshot:
        """Return what was read under the names that links will have, with the settings that are interesting under those."""
        names = foresee_names(desired, observer.snapshot).names
        self._visited.expect(names)
        if not names.changes:
            return observer.snapshot
        for place in dict.fromkeys(place for place, _old in names.changes):
            links = {new: old for (where, old), new in names.changes.items() if where == place}
            here = [item for item in desired if item.place == place]
            tuned = {(place, links[i.name]): [name for name, _value in i.sysctls] for i in here if isinstance(i, Link) and i.sysctls and i.name in links}
            observer.observe_settings(place, Need(tuned, [names.back.path(place, item.path) for item in here if isinstance(item, Sysctl)]))
        return foresee_names(desired, observer.snapshot, lowers=partial(renames_only_lowered, self._door.timeout))

    def apply(self, outcome: Outcome) -> None:
        scene = Scene(self._later, outcome.desired, Numbers(self._later if outcome.steps else Snapshot()))
        if outcome.steps:
            self._apply_steps(outcome, scene)
        if self._loans.read():
            self._loans.tidy([inode for inode, _place in list_namespaces()] if self._loans.unseen() else ())
        self._effects.carry_out(AFTERWARDS, outcome.steps, scene)
        outcome.warnings.extend(self._connections.warnings)
        if self._request.prune:
            self._visited.leave(outcome.desired, outcome.snapshot)
        if self._request.adopt:
            self._visited.forget_loopbacks()
        settings = [item for item in outcome.desired if isinstance(item, Sysctl) and item.place == self._request.place]
        recorded = self._record.read()
        given_back = [item.path for item in settings if not item.restore and item.path in recorded]
        if given_back or not (recorded or any(item.restore for item in settings)):
            self._record.forget(given_back)

    def _apply_steps(self, outcome: Outcome, scene: Scene) -> None:
        request = self._request
        if request.prune:
            self._visited.enter(outcome.steps, outcome.desired, outcome.snapshot, request.scope)
        outcome.firewall_done = self._firewall.done
        self._effects.carry_out(ORDER, outcome.steps, scene)
        outcome.firewall_restores = self._firewall.writes
        if outcome.firewall_restores:
            outcome.warnings.extend(request.backend.warnings(request.run))
        if request.verify:
            self._verify()

    def _remember(self, place: str, settings: Mapping[str, str]) -> None:
        (self._record.remember if place == self._request.place else partial(self._visited.remember, place))(settings)

    def _verify(self) -> None:
        again = Run(self._request, self._door, rivals=self._firewalls.rivals)
        try:
            left = again.plan(again=True).steps
        finally:
            again.close()
        if left:
            raise VerifyError("the kernel does not show what was applied:\n%s" % "\n".join(step.line for step in left[:20]))

    def _facts(self, snapshot: Snapshot) -> Facts:
        recorded = self._record.read()
        with self._handles.inside(self._request.place):
            now = {path: read_sysctl(path) or "1" for path in FORWARDING.values()}
        off: FrozenSet[int] = frozenset(family for family, path in FORWARDING.items() if recorded.get(path, now[path]) == "0")
        facts = self._visited.facts(snapshot)
        devices = sorted({device for destination, device in facts.routes if destination == DEFAULT_ROUTE_6 and device})
        return facts._replace(
            forwarding_off=off,
            accept_ra=tuple((device, read_sysctl(accept_ra_path(device)) or "") for device in devices),
            bridge_netfilter=read_sysctl(BRIDGE_NETFILTER) == "1",
            sees_bridged_frames=all(read_sysctl(path) == "1" for path in (BRIDGE_NETFILTER, *((BRIDGE_NETFILTER_6,) if facts.ipv6 else ()))),
            bridge_filter=read_sysctl(BRIDGE_NETFILTER) is not None,
            users=list_users(),
            wireless=list_wireless_links(),
            residents=find_residents(snapshot) if self._request.residents else (),
            ways_out=find_ways_out(snapshot) if self._request.residents else {},
            lent=tuple(link for link in snapshot.links() if link.nature.lent is not None),
            pci=self._list_pci_addresses(),
        )

    def _list_pci_addresses(self) -> Tuple[Tuple[str, str], ...]:
        if not self._request.early:
            return ()
        from .._kernel.pci import list_pci_addresses

        return list_pci_addresses()

    def _observe_residents(self, observer: Observer) -> None:
        """Read who may have an address already; what cannot be read is told once the declaration is compiled."""
        with contextlib.suppress(NamespaceMissing):
            self._containers.prepare(self._request.residents)
        for place in self._request.residents:
            with contextlib.suppress(NamespaceMissing):
                observer.observe_place(place)

    def _observe_rest(self, observer: Observer, desired: Sequence[KernelObject]) -> None:
        settings: Dict[str, Dict[Tuple[str, str], Tuple[str, ...]]] = {}
        sysctls: Dict[str, Set[str]] = {}
        wanted: Dict[str, List[KernelObject]] = {}
        for item in desired:
            if isinstance(item, Link):
                if item.sysctls:
                    settings.setdefault(item.place, {})[item.place, item.name] = tuple(name for name, _value in item.sysctls)
            elif isinstance(item, Sysctl):
                sysctls.setdefault(item.place, set()).add(item.path)
            elif self._effects.reads(type(item)):
                wanted.setdefault(item.place, []).append(item)
        sysctls.setdefault(self._request.place, set()).update(self._record.read())
        for place, paths in self._visited.settings().items():
            sysctls.setdefault(place, set()).update(paths)

        def need(place: str) -> Need:
            return Need(settings.get(place, {}), sorted(sysctls.get(place, ())), deep.get(place), wanted.get(place, ()))

        deep = deep_places(desired)
        observer.observe_settings(HOST, need(HOST))
        made = {item.place for item in desired if isinstance(item, Namespace)}
        places = dict.fromkeys(item.place for item in desired if item.place != HOST)
        places.update(dict.fromkeys(lower_places(desired)))
        # Those that are held already need no second look.
        self._containers.prepare(place for place in (*places, *self._request.places) if not self._handles.holds(place))
        refuse_shared(self._handles, places)
        for place in places:
            if place in observer.snapshot.places and place not in deep:
                observer.observe_settings(place, need(place))
            elif not observer.observe_place(place, need(place)) and place not in made:
                raise NamespaceMissing("there is no network namespace named '%s'; nothing was changed" % Place(place).reference)
        for place in self._request.places:
            if place != HOST and place not in places and not observer.observe_place(place, Need(sysctls=sorted(sysctls.get(place, ())))):
                observer.observe_mark(place)
        if self._request.prune:
            observe_named(observer, self._handles, list_named_namespaces(), (*places, *self._request.places))
        if self._request.prune or self._request.adopt:
            self._visited.observe(observer, (*places, *self._request.places))
        observer.join_pairs()
