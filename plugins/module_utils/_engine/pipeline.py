# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The pipeline: observe, compile, plan, apply, verify. Every module is this with another declaration."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Dict, FrozenSet, List, Mapping, Optional, Sequence, Set, Tuple

from .._actuators.base import Means, Scene
from .._actuators.connections import Connections
from .._actuators.firewall import Firewall
from .._actuators.numbers import Numbers
from .._actuators.order import AFTERWARDS, ORDER, Effects
from .._firewall.none import NoFirewall
from .._kernel.door import Door
from .._kernel.hostlock import host_lock
from .._kernel.loans import Loans
from .._kernel.namespace import Rooms
from .._kernel.need import Need
from .._kernel.observe import Observer, deep_places
from .._kernel.pci import list_pci_addresses
from .._kernel.radio import list_wireless_links
from .._kernel.record import Record
from .._kernel.sysctl import read_sysctl
from .._kernel.users import list_users
from .._kernel.visits import Visits
from .._model.collector import collector_paused
from .._model.errors import ContainerNetError, FirewallError, KernelRace, NamespaceMissing, ToolFailed, VerifyError, printable
from .._model.firewall import FirewallObject
from .._model.link import Link, LinkKey
from .._model.objects import KernelObject, Namespace, Sysctl
from .._model.place import HOST, Place
from .._model.routing import FORWARDING, accept_ra_path
from .._model.snapshot import Facts, Key, Snapshot, find_residents, find_ways_out
from .._plan.parts import tunnel_warnings
from .._plan.planner import plan
from .._plan.ports import used_bridges
from .._plan.renames import foresee_names
from .._plan.stack import carried_away, lower_places, refuse_missing_lowers
from .._plan.step import Step
from .._runtime.containers import Containers
from .duplicates import refuse_duplicates
from .firewalls import Firewalls
from .kept import KeptFiles, remove_torn_files
from .parts import (
    kept_parents,
    know_again,
    list_named_namespaces,
    list_namespaces,
    note_undo,
    observe_tunnels,
    plan_around,
    read_placeholder,
    read_what_goes,
    refuse_emptying,
    refuse_settings,
    refuse_unconfirmed,
    renames_only_lowered,
    restored_sysctls,
    scope_keys,
    way_back,
)
from .request import Outcome, Request
from .shared import observe_named, refuse_shared
from .signing import sign_addresses
from .support import refuse_unsupported
from .visited import Visited
from .waiting import await_host

if TYPE_CHECKING:
    from .guard import Guard
    from .undo import Undo

ATTEMPTS = 3
DEFAULT_ROUTE_6 = "::/0"
BRIDGE_NETFILTER = "net/bridge/bridge-nf-call-iptables"


def converge(request: Request, *, door: Optional[Door] = None) -> Outcome:
    """Bring the host to what the request declares, or in check mode say what that would take."""
    started = time.monotonic()
    door = door or Door()
    run = _check if request.check_mode else _change
    with collector_paused():
        outcome = await_host(lambda: run(request, door), request.wait_timeout)
    outcome.netlink_changes = len(door.changes)
    outcome.seconds = time.monotonic() - started
    return outcome


def _check(request: Request, door: Door) -> Outcome:
    run = _Run(request, door)
    try:
        return run.plan()
    finally:
        run.close()


def _change(request: Request, door: Door) -> Outcome:
    with host_lock(request.state_directory, timeout=request.lock_timeout):
        killed = refuse_unconfirmed(request.state_directory)
        remove_torn_files(request.state_directory)
        outcome = _converge_locked(request, door)
        outcome.warnings.extend([killed] if killed else [])
        return outcome


def _converge_locked(request: Request, door: Door) -> Outcome:
    """Plan again when something else changes the same objects meanwhile; after a failure put back what stood before."""
    tried: List[Outcome] = []
    guard: Optional[Guard] = None
    kept = KeptFiles(request.state_directory)
    for attempt in range(1, ATTEMPTS + 1):
        run = _Run(request, door)
        try:
            tried.append(run.plan())
            if request.confirm_timeout and tried[-1].steps and guard is None:
                guard = _start_guard(request, door, tried[-1], kept)
            run.apply(tried[-1])
            return _joined(tried, guard)
        except (KernelRace, VerifyError) as error:
            if attempt == ATTEMPTS:
                raise _rolled_back(request, door, tried, error, guard, kept) from error
            time.sleep(attempt * getattr(error, "pause", 0.0))
        except (ContainerNetError, OSError) as error:
            raise _rolled_back(request, door, tried, error, guard, kept) from error
        finally:
            run.close()
    raise KernelRace("no attempt was made")


def _start_guard(request: Request, door: Door, planned: Outcome, kept: KeptFiles) -> Guard:
    from .guard import Guard

    def put_back() -> int:
        remove_torn_files(request.state_directory)
        walls = [step for step in planned.steps if isinstance(step.subject, FirewallObject)]
        return _put_back(request, kept, door.timeout, note_undo(planned.snapshot, walls), planned.steps)

    return Guard(request.state_directory, request.scope, request.confirm_timeout, request.connection, put_back)


def _joined(tried: Sequence[Outcome], guard: Optional[Guard]) -> Outcome:
    """Return the last outcome with the steps and warnings of all attempts, each told once."""
    steps = tried[0].steps
    if tried[1:]:
        steps = tuple({(step.line, step.subject.key): step for outcome in tried for step in outcome.steps}.values())
    words = dict.fromkeys(line for outcome in tried for line in outcome.words)
    warnings = list(dict.fromkeys(warning for outcome in tried for warning in outcome.warnings))
    confirm_before = None
    if guard is not None:
        confirm_before = guard.confirm_before
        if not guard.leave():
            warnings.append("the guard of this change was killed meanwhile, so nobody takes the change back: it stands, and there is nothing to confirm")
            confirm_before = None
    return replace(tried[-1], steps=steps, words=tuple(words), warnings=warnings, confirm_before=confirm_before)


def _rolled_back(request: Request, door: Door, tried: Sequence[Outcome], cause: Exception, guard: Optional[Guard], kept: KeptFiles) -> Exception:
    """Undo by planning the way back to what the scope owned before; report the cause either way."""
    if not tried:
        return cause  # nothing was changed yet
    word = "what stood before was put back"
    try:
        undo = note_undo(tried[0].snapshot, [step for outcome in tried for step in outcome.firewall_done])
        _put_back(request, kept, door.timeout, undo, [step for outcome in tried for step in outcome.steps])
    except (ContainerNetError, OSError) as error:
        word = "putting back what stood before failed too (%s); correct the cause and run again" % error
        if guard is not None:
            guard.abandon()
    else:
        if guard is not None:
            guard.dismiss()
    failure = cause if isinstance(cause, ContainerNetError) else ContainerNetError(str(cause))
    failure.args = ("%s; %s" % (failure, word),)
    return failure


def _put_back(request: Request, kept: KeptFiles, timeout: float, undo: Undo, steps: Sequence[Step]) -> int:
    """Bring the scope back to what it owned before the steps; return how many that took. A firewall that cannot be changed holds up nothing else."""
    try:
        return _go_back(request, kept, timeout, undo, steps)
    except (FirewallError, ToolFailed):
        _go_back(replace(request, backend=NoFirewall()), kept, timeout, undo, steps)
        raise


def _go_back(request: Request, kept: KeptFiles, timeout: float, undo: Undo, steps: Sequence[Step]) -> int:
    kept.recall_settings()
    back = way_back(request, undo.before, steps)
    for attempt in range(1, ATTEMPTS + 1):
        run = _Run(back, Door(timeout=timeout), undo=undo)
        try:
            outcome = run.plan()
            run.apply(outcome)
            kept.write()
            return len(outcome.steps)
        except KernelRace as error:
            if attempt == ATTEMPTS:
                raise
            time.sleep(attempt * error.pause)
        finally:
            run.close()
    raise KernelRace("no attempt was made")


class _Run:
    """One pass of the pipeline over one host."""

    def __init__(self, request: Request, door: Door, undo: Optional[Undo] = None) -> None:
        self._request = request
        self._door = door
        self._containers = Containers()
        self._rooms = Rooms(self._containers.open)
        self._record = Record(request.state_directory, request.place)
        self._loans = Loans(request.state_directory)
        self._visited = Visited(Visits(request.state_directory, request.scope), self._rooms)
        self._firewall = Firewall(request.backend, request.run, self._rooms)
        self._firewalls = Firewalls(self._firewall, request.backend, request.run, self._rooms, request.place)
        self._undo = undo
        self._later = Snapshot()  # what was read, under the names that links will have
        self._connections = Connections(door, self._rooms, request.state_directory, request.scope)
        self._effects = Effects(Means(door, self._rooms, self._loans, self._remember, self._firewall, self._connections))

    def close(self) -> None:
        self._rooms.close()
        self._containers.close()

    def plan(self, *, again: bool = False) -> Outcome:
        """Say what it would take; `again` of a run that is under way, whose flows end when all else is done."""
        request = self._request
        observer = Observer(self._door, self._rooms, self._loans, read_placeholder, self._effects.observe)
        observer.observe_place(HOST)
        if self._rooms.find(request.place) is None:
            raise NamespaceMissing("there is no network namespace named '%s'; nothing was changed" % request.place.reference)
        if request.early:
            observe_named(observer, self._rooms, list_named_namespaces(), ())
            self._visited.observe(observer, ())
        if request.residents:
            self._observe_residents(observer)
        if request.looks and request.place != HOST:
            observer.observe_place(request.place)
        facts = self._facts(observer.snapshot)
        if request.looks:
            facts = replace(facts, holdings=self._firewalls.find_holdings(observer.snapshot, request.scope, request.publishes))
        kernel, rules = request.build(facts)
        self._observe_rest(observer, kernel)
        standing = observer.snapshot
        is_known = partial(self._visited.knows, standing)
        if not request.adopt:
            know_again(kernel, standing, is_known)
        if self._undo is None and not again:
            observe_tunnels(standing, kernel, self._door, self._rooms)
        desired = tuple(sign_addresses(kernel, standing, request.scope)) + self._firewalls.read(standing, rules, request.scope, self._undo)
        snapshot = self._later = self._foresee_names(observer, kernel)
        prunable: Set[Key] = set()
        told: List[str] = []
        if request.prune or request.adopt:
            desired += self._visited.loopbacks(snapshot, desired)
        if request.prune:
            desired += kept_parents(snapshot, request.scope, desired)
            prunable |= scope_keys(snapshot, request.scope)
        if request.refuse_emptying:
            refuse_emptying(snapshot, request.scope, prunable)
        if request.prune or request.restore:
            desired += restored_sysctls(snapshot, request.place, request.scope, desired, self._record.read())
        if request.prune:
            desired += self._visited.restored(snapshot, desired, prunable)
            used = used_bridges([item.key for item in desired], snapshot, prunable)
            prunable -= used.keys()
            told = [
                "bridge %s stays, for interfaces that are not ours use it: %s; take them out, then remove it with another run" % (key[2], ", ".join(names))
                for key, names in used.items()
            ]
        if request.removes:
            prunable |= set(request.removes(snapshot))
        prunable |= {item.key for item in snapshot.firewall()}
        left_links: FrozenSet[LinkKey] = frozenset()
        if request.adopt:
            steps = plan(desired, snapshot, prunable=prunable, adopt=True)
            left = self._visited.left_loopbacks(snapshot, desired, steps)
            if left:
                desired += left
                steps = plan(desired, snapshot, prunable=prunable, adopt=True)
        else:
            steps, desired, around, left_links = plan_around(desired, snapshot, prunable, is_known)
            told += around
        if self._undo is None:
            refuse_duplicates(steps, desired, snapshot)
            if request.left_out is not None:
                request.left_out.refuse_losses(steps)
            refuse_unsupported(steps, snapshot, self._door.timeout)
            refuse_settings(steps, snapshot, self._rooms)
        flows = () if again else self._connections.plan(steps, standing, snapshot, desired, request.place)
        told += ["%s goes with the interface of ours that it stands on" % link.label for link in carried_away(steps, standing)]
        told += [
            "%s says by its alias that the host lent it, as %s, which is not noted here: it stays where it is" % (snapshot.objects[("Link", *key)].label, name)
            for key, name in observer.pretenders.items()
            if ("Link", *key) in snapshot.objects
        ]
        told += tunnel_warnings(steps, desired, snapshot) if not again else []
        # Before more is read for the way back: check mode tells the same.
        words = request.tell(standing, desired, (*steps, *flows)) if request.tell is not None else ()
        if not request.check_mode:
            refuse_missing_lowers(steps, desired, snapshot)
            read_what_goes(observer, steps)
        steps += flows
        left_out = request.left_out.warnings if request.left_out is not None else []
        warnings = [*left_out, *request.notes, *self._firewalls.notes, *map(printable, told)]
        return Outcome(steps, standing, desired, words, warnings=warnings, left_links=left_links, show_rule=request.backend.show)

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
        if any(not item.restore and item.path in recorded for item in settings) or not (recorded or any(item.restore for item in settings)):
            self._record.clear()

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
        again = _Run(self._request, self._door)
        try:
            left = again.plan(again=True).steps
        finally:
            again.close()
        if left:
            raise VerifyError("the kernel does not show what was applied:\n%s" % "\n".join(step.line for step in left[:20]))

    def _facts(self, snapshot: Snapshot) -> Facts:
        recorded = self._record.read()
        with self._rooms.inside(self._request.place):
            now = {path: read_sysctl(path) or "1" for path in FORWARDING.values()}
        off: FrozenSet[int] = frozenset(family for family, path in FORWARDING.items() if recorded.get(path, now[path]) == "0")
        facts = self._visited.facts(snapshot)
        devices = sorted({device for destination, device in facts.routes if destination == DEFAULT_ROUTE_6 and device})
        return replace(
            facts,
            forwarding_off=off,
            accept_ra=tuple((device, read_sysctl(accept_ra_path(device)) or "") for device in devices),
            bridge_netfilter=read_sysctl(BRIDGE_NETFILTER) == "1",
            bridge_filter=read_sysctl(BRIDGE_NETFILTER) is not None,
            users=list_users(),
            wireless=list_wireless_links(),
            residents=find_residents(snapshot) if self._request.residents else (),
            ways_out=find_ways_out(snapshot) if self._request.residents else {},
            lent=tuple(link for link in snapshot.links() if link.nature.lent is not None),
            pci=list_pci_addresses() if self._request.early else (),
        )

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
        self._containers.prepare((*places, *self._request.places))
        refuse_shared(self._rooms, places)
        for place in places:
            if place in observer.snapshot.places and place not in deep:
                observer.observe_settings(place, need(place))
            elif not observer.observe_place(place, need(place)) and place not in made:
                raise NamespaceMissing("there is no network namespace named '%s'; nothing was changed" % Place(place).reference)
        for place in self._request.places:
            if place != HOST and place not in places and not observer.observe_place(place, Need(sysctls=sorted(sysctls.get(place, ())))):
                observer.observe_mark(place)
        if self._request.prune:
            observe_named(observer, self._rooms, list_named_namespaces(), (*places, *self._request.places))
        if self._request.prune or self._request.adopt:
            self._visited.observe(observer, (*places, *self._request.places))
        observer.join_pairs()
