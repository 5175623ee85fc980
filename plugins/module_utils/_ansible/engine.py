# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The pipeline: observe, compile, plan, apply, verify. Every module is this with another declaration."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Callable, Dict, FrozenSet, Iterable, List, Optional, Sequence, Set, Tuple

from .._compile.host import FORWARDING, accept_ra_path
from .._firewall.backend import Backend, RunCommand
from .._kernel.apply import Applier
from .._kernel.door import Door
from .._kernel.hostlock import host_lock
from .._kernel.namespace import Rooms
from .._kernel.observe import Observer
from .._kernel.record import Record
from .._kernel.sysctl import read_sysctl
from .._model.collector import collector_paused
from .._model.errors import ContainerNetError, KernelRace, NamespaceMissing, VerifyError
from .._model.link import Link
from .._model.objects import HOST, KernelObject, Namespace, Sysctl
from .._model.rule import Rule
from .._model.snapshot import Facts, Key, Snapshot, host_facts
from .._plan.planner import plan
from .._plan.step import CREATE, Step
from .._runtime.namespace import list_named_namespaces, namespace_path, open_namespace, read_placeholder
from .duplicates import refuse_duplicates
from .rollback import earlier_objects, read_what_goes
from .scope import restored_sysctls, scope_keys

STATE_DIRECTORY = "/run/container_net"
ATTEMPTS = 3
DEFAULT_ROUTE_6 = "::/0"
BRIDGE_NETFILTER = "net/bridge/bridge-nf-call-iptables"

Build = Callable[[Facts], Tuple[Sequence[KernelObject], Sequence[Rule]]]


@dataclass(frozen=True)
class Request:
    """What one run wants. `removes` picks further keys to delete from the snapshot; `prune` adds all that the scope owns."""

    scope: str
    build: Build
    backend: Backend
    run: RunCommand
    check_mode: bool = False
    prune: bool = False
    adopt: bool = False
    restore: bool = False  # put the host's earlier settings back if nobody needs ours any more; `prune` implies it
    removes: Optional[Callable[[Snapshot], Iterable[Key]]] = None
    place: str = HOST  # whose firewall and forwarding
    places: Tuple[str, ...] = ()  # to be read although nothing is desired there
    lock_timeout: float = 60.0
    verify: bool = True
    state_directory: str = STATE_DIRECTORY


@dataclass
class Outcome:
    """What a run found and did."""

    steps: Tuple[Step, ...] = ()
    snapshot: Snapshot = field(default_factory=Snapshot)
    desired: Tuple[KernelObject, ...] = ()
    netlink_changes: int = 0
    firewall_restores: int = 0
    seconds: float = 0.0
    warnings: List[str] = field(default_factory=list)


def converge(request: Request, *, door: Optional[Door] = None) -> Outcome:
    """Bring the host to what the request declares, or in check mode say what that would take."""
    started = time.monotonic()
    door = door or Door()
    with collector_paused():
        outcome = _check(request, door) if request.check_mode else _change(request, door)
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
        return _converge_locked(request, door)


def _converge_locked(request: Request, door: Door) -> Outcome:
    """Plan again when something else changes the same objects meanwhile; after a failure put back what stood before."""
    tried: List[Outcome] = []
    for attempt in range(1, ATTEMPTS + 1):
        run = _Run(request, door)
        try:
            tried.append(run.plan())
            run.apply(tried[-1])
            return _joined(tried)
        except (KernelRace, VerifyError) as error:
            if attempt == ATTEMPTS:
                raise _rolled_back(request, door, tried, error) from error
        except (ContainerNetError, OSError) as error:
            raise _rolled_back(request, door, tried, error) from error
        finally:
            run.close()
    raise KernelRace("no attempt was made")


def _joined(tried: Sequence[Outcome]) -> Outcome:
    """Return the last outcome with the steps of all attempts, each told once."""
    steps = {step.line: step for outcome in tried for step in outcome.steps}
    return replace(tried[-1], steps=tuple(steps.values()))


def _rolled_back(request: Request, door: Door, tried: Sequence[Outcome], cause: Exception) -> Exception:
    """Undo by planning the way back to what the scope owned before; report the cause either way."""
    if not tried:
        return cause  # nothing was changed yet
    before = tried[0].snapshot
    steps = [step for outcome in tried for step in outcome.steps]
    earlier = earlier_objects(before, steps, request.scope, Record(request.state_directory, request.place).read())
    made = {step.subject.key for step in steps if step.action == CREATE} - set(before.objects)
    back = Request(
        scope=request.scope,
        build=lambda _facts: (earlier, ()),
        backend=request.backend,
        run=request.run,
        removes=lambda snapshot: made & set(snapshot.objects),
        restore=not earlier,
        place=request.place,
        places=tuple(dict.fromkeys(step.place for step in steps)),
        verify=False,
        state_directory=request.state_directory,
    )
    word = "what stood before was put back"
    for attempt in range(1, ATTEMPTS + 1):
        run = _Run(back, Door(timeout=door.timeout), firewall_as=before)
        try:
            run.apply(run.plan())
            break
        except (ContainerNetError, OSError) as error:
            if attempt == ATTEMPTS or not isinstance(error, KernelRace):
                word = "putting back what stood before failed too (%s); correct the cause and run again" % error
                break
        finally:
            run.close()
    failure = cause if isinstance(cause, ContainerNetError) else ContainerNetError(str(cause))
    failure.args = ("%s; %s" % (failure, word),)
    return failure


class _Run:
    """One pass of the pipeline over one host."""

    def __init__(self, request: Request, door: Door, firewall_as: Optional[Snapshot] = None) -> None:
        self._request = request
        self._door = door
        self._rooms = Rooms(open_namespace)
        self._record = Record(request.state_directory, request.place)
        self._firewall_as = firewall_as

    def close(self) -> None:
        self._rooms.close()

    def plan(self) -> Outcome:
        request = self._request
        observer = Observer(self._door, self._rooms, read_placeholder)
        observer.observe_place(HOST, {})
        if self._rooms.find(request.place) is None:
            raise NamespaceMissing("there is no network namespace named '%s'; nothing was changed" % request.place.partition(":")[2])
        kernel, rules = request.build(self._facts(observer.snapshot))
        self._observe_rest(observer, kernel)
        snapshot = observer.snapshot
        desired = tuple(kernel) + self._firewall(snapshot, rules)
        prunable: Set[Key] = set()
        if request.prune:
            prunable |= scope_keys(snapshot, request.scope)
        if request.prune or request.restore:
            desired += restored_sysctls(snapshot, request.place, request.scope, desired, self._record.read())
        if request.removes:
            prunable |= set(request.removes(snapshot))
        prunable |= {key for key in snapshot.mine if key[0] in ("Chain", "Jump")}
        steps = plan(desired, snapshot, prunable=prunable, adopt=request.adopt)
        refuse_duplicates(steps, desired, snapshot)
        if not request.check_mode:
            read_what_goes(observer, steps)
        return Outcome(steps, snapshot, desired)

    def apply(self, outcome: Outcome) -> None:
        if outcome.steps:
            self._apply_steps(outcome)
        settings = [item for item in outcome.desired if isinstance(item, Sysctl)]
        recorded = self._record.read()
        if any(not item.restore and item.path in recorded for item in settings) or not (recorded or any(item.restore for item in settings)):
            self._record.clear()

    def _apply_steps(self, outcome: Outcome) -> None:
        request = self._request
        applier = Applier(self._door, self._rooms, outcome.snapshot, namespace_path=namespace_path, remember=self._record.remember)

        def apply_firewall(steps: Sequence[Step]) -> None:
            with self._rooms.inside(request.place):
                outcome.firewall_restores += request.backend.apply(steps, request.run)

        applier.apply(outcome.steps, apply_firewall)
        if outcome.firewall_restores:
            outcome.warnings.extend(request.backend.warnings(request.run))
        if request.verify:
            self._verify()

    def _verify(self) -> None:
        again = _Run(self._request, self._door)
        try:
            left = again.plan().steps
        finally:
            again.close()
        if left:
            raise VerifyError("the kernel does not show what was applied:\n%s" % "\n".join(step.line for step in left[:20]))

    def _facts(self, snapshot: Snapshot) -> Facts:
        recorded = self._record.read()
        with self._rooms.inside(self._request.place):
            now = {path: read_sysctl(path) or "1" for path in FORWARDING.values()}
        off: FrozenSet[int] = frozenset(family for family, path in FORWARDING.items() if recorded.get(path, now[path]) == "0")
        facts = host_facts(snapshot)
        devices = sorted({device for destination, device in facts.routes if destination == DEFAULT_ROUTE_6 and device})
        return replace(
            facts,
            forwarding_off=off,
            accept_ra=tuple((device, read_sysctl(accept_ra_path(device)) or "") for device in devices),
            bridge_netfilter=read_sysctl(BRIDGE_NETFILTER) == "1",
        )

    def _observe_rest(self, observer: Observer, desired: Sequence[KernelObject]) -> None:
        settings: Dict[Tuple[str, str], Tuple[str, ...]] = {}
        sysctls: Dict[str, Set[str]] = {}
        for item in desired:
            if isinstance(item, Link) and item.sysctls:
                settings[item.place, item.name] = tuple(name for name, _value in item.sysctls)
            elif isinstance(item, Sysctl):
                sysctls.setdefault(item.place, set()).add(item.path)
        sysctls.setdefault(self._request.place, set()).update(self._record.read())
        observer.observe_host_settings({key: value for key, value in settings.items() if key[0] == HOST}, sorted(sysctls.get(HOST, ())))
        by_place: Dict[str, Dict[Tuple[str, str], Tuple[str, ...]]] = {}
        for key, value in settings.items():
            by_place.setdefault(key[0], {})[key] = value
        made = {item.place for item in desired if isinstance(item, Namespace)}
        places = dict.fromkeys(item.place for item in desired if item.place != HOST)
        for place in places:
            if not observer.observe_place(place, by_place.get(place, {}), sysctls.get(place, ())) and place not in made:
                raise NamespaceMissing("there is no network namespace named '%s'; nothing was changed" % place.partition(":")[2])
        for place in self._request.places:
            if place != HOST and place not in places:
                observer.observe_place(place, {}, sysctls.get(place, ()))
        if self._request.prune:
            for place in list_named_namespaces():
                if place not in places:
                    observer.observe_mark(place)
        observer.join_pairs()

    def _firewall(self, snapshot: Snapshot, rules: Sequence[Rule]) -> Tuple[KernelObject, ...]:
        """Read the firewall and return what it should hold: other scopes' rules as they are, ours as compiled."""
        request = self._request
        with self._rooms.inside(request.place):
            current = request.backend.observe(request.run, request.place)
        for item in current:
            snapshot.add(item, mine=True)
        if self._firewall_as is not None:
            return tuple(item for key, item in self._firewall_as.objects.items() if key[0] in ("Chain", "Jump"))
        return tuple(request.backend.compose(rules, scope=request.scope, current=current, place=request.place))
