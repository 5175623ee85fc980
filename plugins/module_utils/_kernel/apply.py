# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Carry out steps: the host's links first, then each namespace in one visit, everything batched."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import Callable, Collection, Dict, FrozenSet, Iterable, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from .._model.errors import KernelError, KernelRace, errno_name
from .._model.firewall import FirewallObject
from .._model.limits import IPV6_LEAST_MTU
from .._model.link import Link
from .._model.objects import GONE, Address, BridgeVlan, FdbEntry, KernelObject, Namespace, Sysctl, is_foreign
from .._model.place import HOST
from .._model.snapshot import Snapshot
from .._plan.step import CREATE, DELETE, LOWERED, Step
from . import link
from .announce import announce_addresses
from .door import Door, Refusal
from .entries import entry_messages
from .loans import Loans
from .namespace import Rooms, create_namespace, delete_namespace
from .nic import give_back_nics, home_alias, take_nics
from .sysctl import link_sysctl_path, read_sysctl, write_sysctl

# A fresh namespace may hold the kernel's fallback tunnel devices behind `lo`.
FIRST_FREE_INDEX = 16
LAST_INDEX = 2**31 - 1
TEARDOWN = 0.5  # seconds
RACES = frozenset((errno.EEXIST, errno.EBUSY, errno.ENODEV, errno.ENOENT, errno.ESRCH))

Message = Tuple[Step, bytes]


class Applier:
    """Turns steps into messages. Interface numbers are chosen here, so that one batch can create a link and refer to it.

    The snapshot calls links as they will be called, and so do all steps but those that remove a link or give it its name.
    """

    def __init__(
        self,
        door: Door,
        rooms: Rooms,
        loans: Loans,
        snapshot: Snapshot,
        desired: Iterable[KernelObject],
        *,
        namespace_path: Callable[[str], str],
        remember: Callable[[str, Mapping[str, str]], None],
    ) -> None:
        self._door = door
        self._rooms = rooms
        self._loans = loans
        self._snapshot = snapshot
        self._namespace_path = namespace_path
        self._remember = remember
        # A port of ours must not change the MTU of somebody else's bridge, of which nothing is asked.
        bridges = [item for item in desired if isinstance(item, Link) and item.nature.has_ports]
        self._mtus = {(item.place, item.name): item.mtu or getattr(snapshot.link(item.place, item.name), "mtu", None) for item in bridges}
        self._indices: Dict[Tuple[str, str], int] = {}
        self._numbers: Dict[str, Set[int]] = {}
        self._bridges = {(found.place, found.name) for found in snapshot.links() if found.nature.has_ports}
        for found in snapshot.links():
            number = found.index or 0
            self._indices[found.place, found.name] = number
            self._numbers.setdefault(found.place, set()).add(number)

    def apply(self, steps: Sequence[Step], apply_firewall: Callable[[Sequence[Step]], None]) -> None:
        kernel = [step for step in steps if not isinstance(step.subject, FirewallObject)]
        walls = [step for step in steps if isinstance(step.subject, FirewallObject)]
        # A namespace that gets rid of all its rules does so while its links can still tell that there are any.
        leaving = {step.place for step in walls} - {HOST} - {step.place for step in walls if step.action != DELETE}
        apply_firewall([step for step in walls if step.place in leaving])
        self._go_first([step for step in kernel if step.leads])
        renames = [step for step in kernel if step.renames]
        kernel = [step for step in kernel if not step.leads and not step.renames]
        links_going = [step for step in kernel if step.action == DELETE and isinstance(step.subject, Link)]
        self._delete_links([step for step in links_going if not _is_nic(step)])
        give_back_nics(self._door, self._rooms, self._loans, [step for step in links_going if _is_nic(step)])
        for step in kernel:
            if step.action == DELETE and isinstance(step.subject, Namespace):
                delete_namespace(self._rooms, step.place, self._namespace_path(step.place))
        self._rename_links([step for step in renames if not step.waits_for_firewall])
        apply_firewall([step for step in walls if step.place == HOST])
        self._rename_links([step for step in renames if step.waits_for_firewall])
        for step in kernel:
            if step.action == CREATE and isinstance(step.subject, Namespace):
                self._create_namespace(step, step.subject)
        rest = [step for step in kernel if step.action != DELETE or not isinstance(step.subject, (Link, Namespace))]
        places: Dict[str, List[Step]] = {HOST: []}
        for step in rest:
            if not isinstance(step.subject, Namespace):
                places.setdefault(step.place, []).append(step)
        self._choose_indices(rest)
        made = [step for step in rest if step.action == CREATE and isinstance(step.subject, Link)]
        take_nics(self._door, self._rooms, self._loans, [step for step in made if _is_nic(step)], self._note_number)
        self._pin_bridges(rest)
        self._create_links(made)
        self._bridges |= {(step.place, step.subject.name) for step in made if isinstance(step.subject, Link) and step.subject.nature.has_ports}
        self._apply_place(HOST, places.pop(HOST))
        # Inside, rules stand before the links are raised, and after the host's ends have their marks.
        apply_firewall([step for step in walls if step.place not in leaving | {HOST}])
        for place, mine in places.items():
            self._apply_place(place, mine)
        self._announce(rest)

    def _go_first(self, steps: Sequence[Step]) -> None:
        """Bring home what must not vanish with a link."""
        places: Dict[str, List[Step]] = {}
        for step in steps:
            places.setdefault(step.place, []).append(step)
        for place, mine in places.items():
            with self._rooms.inside(place):
                self._send(place, [(step, message) for step in mine for message in self._messages(step)])

    def _delete_links(self, steps: Sequence[Step]) -> None:
        places: Dict[str, List[Step]] = {}
        for step in steps:
            places.setdefault(step.place, []).append(step)
        for place, mine in places.items():
            indices = [step.subject.index or 0 for step in mine if isinstance(step.subject, Link)]
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

    def _rename_links(self, steps: Sequence[Step]) -> None:
        """Give links the names that all other steps call them by."""
        places: Dict[str, List[Message]] = {}
        for step in steps:
            if isinstance(step.desired, Link) and isinstance(step.current, Link):
                messages = link.rename_link(step.desired.name, step.current.index or 0, lowered=LOWERED in step.groups)
                places.setdefault(step.place, []).extend((step, message) for message in messages)
        for place, mine in places.items():
            with self._rooms.inside(place):
                self._send(place, mine)

    def _create_namespace(self, step: Step, namespace: Namespace) -> None:
        def send(place: str, messages: List[bytes]) -> None:
            self._send(place, [(step, message) for message in messages])

        try:
            create_namespace(self._rooms, namespace.place, self._namespace_path(namespace.place), namespace.mark or "", send)
        except OSError as error:
            raise KernelError(step.line, error.errno or 0, str(error)) from error

    def _choose_indices(self, steps: Sequence[Step]) -> None:
        """Where a link is made from another place, the kernel looks its number up there too, so it must be free in both."""
        sent: List[Tuple[str, Link]] = []
        for step in steps:
            subject = step.subject
            if step.action == CREATE and isinstance(subject, Link) and subject.nature.lent is None:
                if subject.below != subject.place:
                    sent.append((subject.below, subject))
                    continue
                self._take_number(subject, subject.place)
        for sender, link_there in sent:
            self._take_number(link_there, sender)

    def _take_number(self, subject: Link, sender: str) -> None:
        """Take the number after the highest; where a container has given one of its links the last there is, the first that is free."""
        here = self._numbers.setdefault(subject.place, set())
        used = here | self._numbers.get(sender, set())
        number = max(used, default=0) + 1
        if subject.place != HOST:
            number = max(number, FIRST_FREE_INDEX)
        if number > LAST_INDEX:
            number = next(free for free in range(FIRST_FREE_INDEX, LAST_INDEX) if free not in used)
        here.add(number)
        self._indices[subject.place, subject.name] = number

    def _note_number(self, place: str, name: str, number: int) -> None:
        self._indices[place, name] = number

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

    def _pin_bridges(self, steps: Sequence[Step]) -> None:
        """Keep the MTU that a standing bridge is to have, where one of its ports is about to have another."""
        joining: Dict[Tuple[str, str], List[Step]] = {}
        for step in steps:
            bridge = _bridge_of(step)
            if self._mtus.get(bridge) not in (None, _mtu_of(step)):
                joining.setdefault(bridge, []).append(step)
        for (place, name), ports in joining.items():
            standing, mtu = self._snapshot.link(place, name), self._mtus[place, name]
            if standing is not None and standing.mtu == mtu:
                with self._rooms.inside(place):
                    self._send(place, [(ports[0], message) for message in link.pin_mtu(mtu or 0, self._index_of(place, name))])

    def _create_links(self, steps: Sequence[Step]) -> None:
        """Make all links, as few datagrams as their order allows: what stands on a link made from elsewhere has to wait for it."""
        peers = {(step.place, step.subject.name): step.subject for step in steps if isinstance(step.subject, Link)}
        batches: Dict[Tuple[int, str], List[Message]] = {}
        made: Dict[Tuple[str, str], Tuple[int, str]] = {}
        for step in steps:
            subject = step.subject
            if not isinstance(subject, Link) or subject.nature.lent is not None:
                continue
            peer = peers.get(subject.peer) if subject.nature.leads and subject.peer is not None else None
            message = link.create_link(subject, peer, self._index_of, self._descriptor)
            if message is None:
                continue
            sender, below = subject.below, made.get(subject.lower) if subject.lower is not None else None
            where = (below[0] + (below[1] != sender) if below else 0, sender)
            batches.setdefault(where, []).append((step, message))
            made[subject.place, subject.name] = where
            if peer is not None:
                made[peer.place, peer.name] = where
        for (_wave, sender), messages in sorted(batches.items(), key=lambda batch: batch[0][0]):
            with self._rooms.inside(sender):
                self._send(sender, messages)

    def _apply_place(self, place: str, steps: Sequence[Step]) -> None:
        with self._rooms.inside(place):
            self._note_sysctls(place, steps)
            self._send(place, list(self._growth(steps)))
            for step in steps:
                self._write_sysctls(step)
            fresh = {step.subject.name for step in steps if step.action == CREATE and isinstance(step.subject, Link)}
            ordered = sorted(steps, key=lambda step: _raising_order(step, fresh))
            # An address of the host goes only when it stands elsewhere for sure.
            last = [step for step in ordered if step.action == DELETE and isinstance(step.subject, Address) and is_foreign(step.subject)]
            for part in ([step for step in ordered if step not in last], last) if last else (ordered,):
                self._send(place, [(step, message) for step in part for message in self._messages(step)])

    def _growth(self, steps: Sequence[Step]) -> Iterator[Message]:
        """Yield what gives links the MTU that IPv6 needs: until then, they have none of its settings."""
        links = [(step, step.subject) for step in steps if isinstance(step.subject, Link) and step.action != DELETE]
        small = {item.master for _step, item in links if item.mtu and item.mtu < IPV6_LEAST_MTU}
        for step, item in links:
            if (item.mtu or 0) < IPV6_LEAST_MTU:
                continue
            if step.action == CREATE and item.nature.has_ports and item.name in small:
                yield from ((step, message) for message in link.pin_mtu(item.mtu or 0, self._index_of(item.place, item.name)))
            elif isinstance(step.current, Link) and (step.current.mtu or IPV6_LEAST_MTU) < IPV6_LEAST_MTU:
                yield from ((step, message) for message in link.change_link(item, ("mtu",), self._index_of(item.place, item.name), self._index_of))

    def _announce(self, steps: Sequence[Step]) -> None:
        """Tell neighbours, the host among them, where addresses live now: when all have moved, for who has one still would say so."""
        made = {(step.place, step.subject.name) for step in steps if step.action == CREATE and isinstance(step.subject, Link)}
        renumbered = {(step.place, step.subject.name) for step in steps if isinstance(step.subject, Link) and "mac" in step.groups}
        standing = self._snapshot.of(Address)
        held = {item.address.partition("/")[0] for item in standing if item.place != HOST}
        told: Dict[str, Dict[str, Address]] = {}
        for found in standing if renumbered else ():
            if (found.place, found.device) in renumbered:
                told.setdefault(found.place, {})[found.address] = found
        for step in steps:
            item = step.subject
            if isinstance(item, Address) and step.action == DELETE:
                told.get(item.place, {}).pop(item.address, None)
        for step in steps:
            item = step.subject
            # A fresh link announced its addresses when it was raised; one that was somebody's until now is told once more.
            if isinstance(item, Address) and step.action == CREATE and item.announce:
                if (item.place, item.device) not in made or item.address.partition("/")[0] in held:
                    told.setdefault(item.place, {})[item.address] = item
        for place, addresses in told.items():
            with self._rooms.inside(place):
                announce_addresses(addresses.values())

    def _note_sysctls(self, place: str, steps: Sequence[Step]) -> None:
        """Keep what settings are that are to come back; those of what was just made could not be read before."""
        earlier: Dict[str, str] = {}
        for step in steps:
            subject = step.desired
            if isinstance(subject, Sysctl) and subject.restore:
                value = step.current.value if isinstance(step.current, Sysctl) else read_sysctl(subject.path)
                if value is not None and value != subject.value:
                    earlier[subject.path] = value
        if earlier:
            self._remember(place, earlier)

    def _write_sysctls(self, step: Step) -> None:
        """Tune a link before it is raised; set a namespace's own values."""
        subject = step.desired
        pairs: List[Tuple[str, str]] = []
        if isinstance(subject, Sysctl) and subject.value is not None:
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
            if _is_nic(step):
                return self._nic_messages(step, subject, index)
            if step.action == CREATE:
                return [*link.enslave_link(subject, index, self._index_of), *link.configure_link(subject, index)]
            fields = tuple(group for group in step.groups if group != "sysctls")
            return link.change_link(subject, fields, index, self._index_of)
        device = getattr(subject, "device", None)
        index_of_device = self._index_of(subject.place, device) if device else None
        return entry_messages(step, index_of_device, self._index_through(subject), on_bridge=(subject.place, device) in self._bridges)

    def _index_through(self, subject: KernelObject) -> Optional[int]:
        """Return the number of the link that a forwarding entry leaves by; None where that is no link, or none any more."""
        if not isinstance(subject, FdbEntry) or subject.through in ("", GONE):
            return None
        return self._index_of(subject.place, subject.through)

    def _nic_messages(self, step: Step, subject: Link, index: int) -> List[bytes]:
        """A NIC was named and marked when it was taken; its mark holds more than the declaration knows."""
        fields = tuple(group for group in step.groups if group != "sysctls")
        if step.action == CREATE:
            fields = ("up", *(name for name in ("master", "link_local", "port") if getattr(subject, name)))
        elif "alias" in fields and isinstance(step.current, Link) and step.current.nature.lent is not None:
            subject = replace(subject, alias=home_alias(subject.alias or "", step.current.nature.lent))
        return link.change_link(subject, fields, index, self._index_of)

    def _send(self, place: str, messages: Sequence[Message], forgive: FrozenSet[int] = frozenset()) -> None:
        if not messages:
            return
        with self._door.open(place) as line:
            refusals = [r for r in line.change([message for _step, message in messages], lambda at: messages[at][0].line) if r.errno not in forgive]
        if refusals:
            raise _error(messages[refusals[0].position][0], refusals[0])


def _bridge_of(step: Step) -> Tuple[str, str]:
    """Return the place and name of the bridge whose port is made, moved there or gets another MTU."""
    subject, current = step.subject, step.current
    if not isinstance(subject, Link) or step.action == DELETE or not (step.action == CREATE or {"master", "mtu"}.intersection(step.groups)):
        return "", ""
    master = subject.master if subject.master is not None else current.master if isinstance(current, Link) else None
    return subject.place, master or ""


def _mtu_of(step: Step) -> Optional[int]:
    return step.desired.mtu if isinstance(step.desired, Link) and step.desired.mtu else getattr(step.current, "mtu", None)


def _is_nic(step: Step) -> bool:
    return isinstance(step.subject, Link) and step.subject.nature.lent is not None


def _raising_order(step: Step, fresh: Collection[str]) -> int:
    """A fresh link gets its addresses before it is raised: raising makes the kernel announce them (arp_notify, ndisc_notify)."""
    subject = step.subject
    if step.action == CREATE and isinstance(subject, Address) and subject.device in fresh:
        return 0
    return 1 if isinstance(subject, Link) else 2


def _error(step: Step, refusal: Refusal) -> Exception:
    reason = "%s%s" % (errno_name(refusal.errno), ": " + refusal.reason if refusal.reason else "")
    shares = isinstance(step.subject, Link) and step.subject.nature.takes_all
    if shares and refusal.errno == errno.EADDRINUSE:
        # The link of a namespace that was just deleted keeps its MAC until the kernel has taken that apart.
        return KernelRace("%s: %s (another link on the same parent has this MAC)" % (step.line, reason), pause=TEARDOWN)
    if shares and refusal.errno in (errno.EBUSY, errno.EINVAL) and step.action == CREATE:
        reason += " (the parent is held by something else: a bridge, a passthru link, or links of the other kind in some namespace)"
        return KernelError(step.line, refusal.errno, reason)
    if refusal.errno in RACES:
        return KernelRace("%s: %s" % (step.line, reason))
    if refusal.errno in (errno.EOPNOTSUPP, errno.EAFNOSUPPORT):
        reason = "%s (%s)" % (reason, _what_lacks(step.subject, refusal.reason))
    elif refusal.errno == errno.ENETDOWN and isinstance(step.subject, Link):
        reason += " (the link that it stands on must be up)"
    return KernelError(step.line, refusal.errno, reason)


def _what_lacks(subject: KernelObject, reason: str) -> str:
    kind = subject.kind if isinstance(subject, Link) else None
    if kind is not None and reason.startswith("Unknown device type"):
        return "this kernel lacks the kind of link '%s', its module is %s" % (kind.kind, kind.module)
    if isinstance(subject, BridgeVlan) or (kind is not None and kind.vlan_filtering):
        return "this kernel's bridges cannot tell VLANs apart"
    return "this kernel lacks support for it"
