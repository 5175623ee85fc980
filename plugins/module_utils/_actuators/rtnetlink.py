# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Links and what hangs on them, as batches of messages."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import Collection, Dict, Iterable, List, Sequence, Set, Tuple

from .._kernel import link
from .._kernel.entries import entry_messages
from .._model.errors import KernelError, KernelRace
from .._model.link import Link
from .._model.objects import Address, Route, is_foreign
from .._plan.step import CREATE, DELETE, LOWERED, Step
from .base import Effect, Means, Phase, Scene, is_settled
from .mtu import bridge_mtus, growth, pins
from .nics import is_nic
from .numbers import Numbers
from .sending import Message, by_place, send


class Rtnetlink(Effect):
    """Turns steps into messages."""

    def __init__(self, means: Means) -> None:
        self._door = means.door
        self._handles = means.handles
        self._bridges: Set[Tuple[str, str]] = set()  # place and name of those that stand or were made

    def apply(self, phase: Phase, steps: Sequence[Step], scene: Scene) -> None:
        if phase is Phase.LEAD:
            self._bridges = {(found.place, found.name) for found in scene.snapshot.links() if found.nature.has_ports}
            for place, mine in by_place(step for step in steps if step.leads).items():
                with self._handles.inside(place):
                    self._send_all(place, mine, scene)
        elif phase is Phase.REMOVE:
            self._delete_links([step for step in steps if _is_link(step, DELETE) and not step.leads and not is_nic(step)])
        elif phase in (Phase.RENAME, Phase.RENAME_LATE):
            self._rename_links([step for step in steps if step.renames and step.waits_for_firewall == (phase is Phase.RENAME_LATE)])
        elif phase is Phase.NUMBER:
            scene.numbers.choose([subject for step in _made(steps) if isinstance(subject := step.subject, Link) and not is_nic(step)])
        elif phase is Phase.BUILD:
            self._build([step for step in steps if is_settled(step)], scene)
        elif phase is Phase.GROW:
            send(self._door, steps[0].place, list(growth(steps, scene.numbers)))
        elif phase is Phase.SETTLE:
            self._settle(steps, scene)

    def _delete_links(self, steps: Sequence[Step]) -> None:
        for place, mine in by_place(steps).items():
            indices = [step.subject.index or 0 for step in mine if isinstance(step.subject, Link)]
            messages = link.delete_links(indices)
            owners = mine + [mine[-1]] * (len(messages) - len(mine))
            with self._handles.inside(place):
                try:
                    send(self._door, place, list(zip(owners, messages)), forgive=frozenset((errno.ENODEV,)))
                except KernelError:
                    self._keep_links(place, indices)
                    raise

    def _keep_links(self, place: str, indices: Sequence[int]) -> None:
        """Take links out of the group again that the kernel would not delete."""
        with self._door.open(place) as line:
            line.change(link.group_links(indices, link.NO_GROUP))

    def _rename_links(self, steps: Sequence[Step]) -> None:
        for place, mine in by_place(steps).items():
            messages: List[Message] = []
            for step in mine:
                if isinstance(step.desired, Link) and isinstance(step.current, Link):
                    words = link.rename_link(step.desired.name, step.current.index or 0, lowered=LOWERED in step.groups)
                    messages.extend((step, message) for message in words)
            with self._handles.inside(place):
                send(self._door, place, messages)

    def _build(self, steps: Sequence[Step], scene: Scene) -> None:
        for place, messages in pins(steps, bridge_mtus(scene.desired, scene.snapshot), scene.snapshot, scene.numbers):
            with self._handles.inside(place):
                send(self._door, place, messages)
        made = _made(steps)
        self._create_links(made, scene.numbers)
        self._bridges |= {(step.place, step.subject.name) for step in made if isinstance(step.subject, Link) and step.subject.nature.has_ports}

    def _create_links(self, steps: Sequence[Step], numbers: Numbers) -> None:
        """Make all links, as few datagrams as their order allows: what stands on a link made from elsewhere has to wait for it."""
        peers = {(step.place, step.subject.name): step.subject for step in steps if isinstance(step.subject, Link)}
        batches: Dict[Tuple[int, str], List[Message]] = {}
        made: Dict[Tuple[str, str], Tuple[int, str]] = {}
        for step in steps:
            subject = step.subject
            if not isinstance(subject, Link) or is_nic(step):
                continue
            peer = peers.get(subject.peer) if subject.nature.leads and subject.peer is not None else None
            message = link.create_link(subject, peer, numbers.find, self._descriptor)
            if message is None:
                continue
            sender, below = subject.below, made.get(subject.lower) if subject.lower is not None else None
            where = (below[0] + (below[1] != sender) if below else 0, sender)
            batches.setdefault(where, []).append((step, message))
            made[subject.place, subject.name] = where
            if peer is not None:
                made[peer.place, peer.name] = where
        for (_wave, sender), messages in sorted(batches.items(), key=lambda batch: batch[0][0]):
            with self._handles.inside(sender):
                send(self._door, sender, messages)

    def _descriptor(self, place: str) -> int:
        descriptor = self._handles.find(place)
        if descriptor is None:
            raise KernelRace("namespace %s is gone" % place)
        return descriptor

    def _settle(self, steps: Sequence[Step], scene: Scene) -> None:
        fresh = {step.subject.name for step in _made(steps) if isinstance(step.subject, Link)}
        ordered = sorted(steps, key=lambda step: _raising_order(step, fresh))
        # An address of the host goes only when it stands elsewhere for sure.
        last = [step for step in ordered if step.action == DELETE and isinstance(step.subject, Address) and is_foreign(step.subject)]
        for part in ([step for step in ordered if step not in last], last) if last else (ordered,):
            self._send_all(steps[0].place, part, scene)

    def _send_all(self, place: str, steps: Iterable[Step], scene: Scene) -> None:
        send(self._door, place, [(step, message) for step in steps for message in self._messages(step, scene.numbers)])

    def _messages(self, step: Step, numbers: Numbers) -> List[bytes]:
        subject = step.subject
        if isinstance(subject, Link):
            index = numbers.find(subject.place, subject.name)
            if is_nic(step):
                return _nic_messages(step, subject, index, numbers)
            if step.action == CREATE:
                return [*link.enslave_link(subject, index, numbers.find), *link.configure_link(subject, index)]
            fields = tuple(group for group in step.groups if group != "sysctls")
            return link.change_link(subject, fields, index, numbers.find)
        device = getattr(subject, "device", None)
        index_of_device = numbers.find(subject.place, device) if device else None
        hops = tuple(numbers.find(subject.place, hop.device) for hop in subject.nexthops or ()) if isinstance(subject, Route) else ()
        return entry_messages(step, index_of_device, on_bridge=(subject.place, device) in self._bridges, hops=hops)


def _is_link(step: Step, action: str) -> bool:
    return step.action == action and isinstance(step.subject, Link)


def _made(steps: Sequence[Step]) -> List[Step]:
    return [step for step in steps if _is_link(step, CREATE)]


def _nic_messages(step: Step, subject: Link, index: int, numbers: Numbers) -> List[bytes]:
    """A NIC was named and marked when it was taken; its mark holds more than the declaration knows."""
    fields = tuple(group for group in step.groups if group != "sysctls")
    if step.action == CREATE:
        fields = ("up", *(name for name in ("master", "link_local", "port") if getattr(subject, name)))
    elif "alias" in fields and isinstance(step.current, Link) and step.current.nature.lent is not None:
        from .._kernel.nic import home_alias

        subject = replace(subject, alias=home_alias(subject.alias or "", step.current.nature.lent))
    return link.change_link(subject, fields, index, numbers.find)


def _raising_order(step: Step, fresh: Collection[str]) -> int:
    """A fresh link gets its addresses before it is raised: raising makes the kernel announce them (arp_notify, ndisc_notify)."""
    subject = step.subject
    if step.action == CREATE and isinstance(subject, Address) and subject.device in fresh:
        return 0
    return 1 if isinstance(subject, Link) else 2
