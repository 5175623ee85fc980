# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Carry out steps: the host's links first, then each namespace in one visit, everything batched."""

from __future__ import annotations

import errno
from typing import Callable, Collection, Dict, FrozenSet, List, Optional, Sequence, Tuple

from .._model.errors import KernelError, KernelRace, errno_name
from .._model.link import Link, Veth
from .._model.objects import HOST, Address, Chain, FdbEntry, Jump, KernelObject, Namespace, Neighbour, Route, Sysctl
from .._model.snapshot import Snapshot
from .._plan.step import CHANGE, CREATE, DELETE, Step
from . import address, link, neighbour, route
from .announce import announce_addresses
from .door import Door, Refusal
from .namespace import Rooms, create_namespace, delete_namespace
from .sysctl import link_sysctl_path, write_sysctl

# A fresh namespace may hold the kernel's fallback tunnel devices behind `lo`.
FIRST_FREE_INDEX = 16
RACES = frozenset((errno.EEXIST, errno.EBUSY, errno.ENODEV, errno.ENOENT, errno.ESRCH))

Message = Tuple[Step, bytes]


class Applier:
    """Turns steps into messages. Interface numbers are chosen here, so that one batch can create a link and refer to it."""

    def __init__(self, door: Door, rooms: Rooms, snapshot: Snapshot, *, namespace_path: Callable[[str], str], remember: Callable[[str, str], None]) -> None:
        self._door = door
        self._rooms = rooms
        self._snapshot = snapshot
        self._namespace_path = namespace_path
        self._remember = remember
        self._indices: Dict[Tuple[str, str], int] = {}
        self._next: Dict[str, int] = {}
        for found in snapshot.links():
            number = found.index or 0
            self._indices[found.place, found.name] = number
            self._next[found.place] = max(self._next.get(found.place, 0), number)

    def apply(self, steps: Sequence[Step], apply_firewall: Callable[[Sequence[Step]], None]) -> None:
        kernel = [step for step in steps if not isinstance(step.subject, (Chain, Jump))]
        links_going = [step for step in kernel if step.action == DELETE and isinstance(step.subject, Link)]
        self._delete_links(links_going)
        for step in kernel:
            if step.action == DELETE and isinstance(step.subject, Namespace):
                delete_namespace(self._rooms, step.place, self._namespace_path(step.place))
        apply_firewall([step for step in steps if isinstance(step.subject, (Chain, Jump))])
        for step in kernel:
            if step.action == CREATE and isinstance(step.subject, Namespace):
                self._create_namespace(step, step.subject)
        rest = [step for step in kernel if step.action != DELETE or not isinstance(step.subject, (Link, Namespace))]
        places: Dict[str, List[Step]] = {HOST: []}
        for step in rest:
            if not isinstance(step.subject, Namespace):
                places.setdefault(step.place, []).append(step)
        self._choose_indices(rest)
        peers = {(s.place, s.subject.name): s.subject for s in rest if s.action == CREATE and isinstance(s.subject, Link)}
        for place, mine in places.items():
            self._create_links(place, mine, peers)
        for place, mine in places.items():
            if mine:
                self._apply_place(place, mine)

    def _delete_links(self, steps: Sequence[Step]) -> None:
        places: Dict[str, List[Step]] = {}
        for step in steps:
            places.setdefault(step.place, []).append(step)
        for place, mine in places.items():
            indices = [self._indices.pop((place, step.subject.name)) for step in mine if isinstance(step.subject, Link)]
            messages = link.delete_links(indices)
            owners = mine + [mine[-1]] * (len(messages) - len(mine))
            with self._rooms.inside(place):
                try:
                    self._send(place, list(zip(owners, messages)), forgive=frozenset((errno.ENODEV,)))
                except KernelError:
                    self._keep_links(place, indices)
                    raise

    def _keep_links(self, place: str, indices: Sequence[int]) -> None:
        """Take links out of the group again that the kernel would not delete."""
        with self._door.open(place) as line:
            line.change(link.group_links(indices, link.NO_GROUP))

    def _create_namespace(self, step: Step, namespace: Namespace) -> None:
        def send(place: str, messages: List[bytes]) -> None:
            self._send(place, [(step, message) for message in messages])

        try:
            create_namespace(self._rooms, namespace.place, self._namespace_path(namespace.place), namespace.mark or "", send)
        except OSError as error:
            raise KernelError(step.line, error.errno or 0, str(error)) from error

    def _choose_indices(self, steps: Sequence[Step]) -> None:
        for step in steps:
            subject = step.subject
            if step.action == CREATE and isinstance(subject, Link):
                number = max(self._next.get(subject.place, 0), FIRST_FREE_INDEX - 1 if subject.place != HOST else 0) + 1
                self._next[subject.place] = number
                self._indices[subject.place, subject.name] = number

    def _index_of(self, place: str, name: str) -> int:
        try:
            return self._indices[place, name]
        except KeyError:
            raise KernelRace("interface %s is gone" % name) from None

    def _descriptor(self, place: str) -> int:
        descriptor = self._rooms.find(place)
        if descriptor is None:
            raise KernelRace("namespace %s is gone" % place)
        return descriptor

    def _create_links(self, place: str, steps: Sequence[Step], peers: Dict[Tuple[str, str], Link]) -> None:
        """Make the links of a place, and with them the far ends of its pairs in other places."""
        messages = self._creations(steps, peers)
        if messages:
            with self._rooms.inside(place):
                self._send(place, messages)

    def _apply_place(self, place: str, steps: Sequence[Step]) -> None:
        with self._rooms.inside(place):
            for step in steps:
                self._write_sysctls(step)
            fresh = {step.subject.name for step in steps if step.action == CREATE and isinstance(step.subject, Link)}
            ordered = sorted(steps, key=lambda step: _raising_order(step, fresh))
            messages = [(step, message) for step in ordered for message in self._messages(step)]
            self._send(place, messages)
            added = [step.subject for step in steps if step.action == CREATE and isinstance(step.subject, Address)]
            announce_addresses([address for address in added if address.announce and address.device not in fresh])

    def _creations(self, steps: Sequence[Step], peers: Dict[Tuple[str, str], Link]) -> List[Message]:
        messages: List[Message] = []
        for step in steps:
            subject = step.subject
            if step.action != CREATE or not isinstance(subject, Link):
                continue
            peer = None
            if isinstance(subject.kind, Veth) and subject.kind.leads:
                peer = peers.get((subject.kind.peer_place or "", subject.kind.peer_name or ""))
            message = link.create_link(subject, peer, self._index_of, self._descriptor)
            if message is not None:
                messages.append((step, message))
        return messages

    def _write_sysctls(self, step: Step) -> None:
        """Tune a link before it is raised; set a namespace's own values."""
        subject = step.desired
        pairs: List[Tuple[str, str]] = []
        if isinstance(subject, Sysctl) and subject.value is not None:
            if subject.restore and isinstance(step.current, Sysctl) and step.current.value is not None:
                self._remember(subject.path, step.current.value)
            pairs = [(subject.path, subject.value)]
        elif isinstance(subject, Link) and subject.sysctls and (step.action == CREATE or "sysctls" in step.groups):
            pairs = [(link_sysctl_path(subject.name, setting), value) for setting, value in subject.sysctls]
        for path, value in pairs:
            try:
                write_sysctl(path, value)
            except OSError as error:
                raise KernelError("%s (%s = %s)" % (step.line, path.replace("/", "."), value), error.errno or 0, error.strerror or str(error)) from error

    def _messages(self, step: Step) -> List[bytes]:
        subject = step.subject
        if isinstance(subject, Link):
            index = self._index_of(subject.place, subject.name)
            if step.action == CREATE:
                return link.configure_link(subject, index)
            fields = tuple(group for group in step.groups if group != "sysctls")
            return link.change_link(subject, fields, index, self._index_of)
        message = self._entry_message(step.action, subject)
        return [message] if message is not None else []

    def _entry_message(self, action: str, subject: KernelObject) -> Optional[bytes]:
        device = getattr(subject, "device", None)
        index = self._index_of(subject.place, device) if device else None
        if isinstance(subject, Route):
            make = {CREATE: route.create_route, CHANGE: route.change_route, DELETE: route.delete_route}[action]
            return make(subject, index)
        if index is None:
            return None
        if isinstance(subject, Address):
            return (address.delete_address if action == DELETE else address.create_address)(subject, index)
        if isinstance(subject, Neighbour):
            return (neighbour.delete_neighbour if action == DELETE else neighbour.ensure_neighbour)(subject, index)
        if isinstance(subject, FdbEntry):
            return (neighbour.delete_fdb if action == DELETE else neighbour.ensure_fdb)(subject, index)
        return None

    def _send(self, place: str, messages: Sequence[Message], forgive: FrozenSet[int] = frozenset()) -> None:
        if not messages:
            return
        with self._door.open(place) as line:
            refusals = [r for r in line.change([message for _step, message in messages]) if r.errno not in forgive]
        if refusals:
            raise _error(messages[refusals[0].position][0], refusals[0])


def _raising_order(step: Step, fresh: Collection[str]) -> int:
    """A fresh link gets its addresses before it is raised: raising makes the kernel announce them (arp_notify, ndisc_notify)."""
    subject = step.subject
    if step.action == CREATE and isinstance(subject, Address) and subject.device in fresh:
        return 0
    return 1 if isinstance(subject, Link) else 2


def _error(step: Step, refusal: Refusal) -> Exception:
    reason = "%s%s" % (errno_name(refusal.errno), ": " + refusal.reason if refusal.reason else "")
    if refusal.errno in RACES:
        return KernelRace("%s: %s" % (step.line, reason))
    if refusal.errno in (errno.EOPNOTSUPP, errno.EAFNOSUPPORT):
        reason += " (this kernel lacks support for it)"
    return KernelError(step.line, refusal.errno, reason)
