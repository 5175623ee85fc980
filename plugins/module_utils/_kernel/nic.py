# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Hand a link of the host to another namespace and take it back. What it was like at home is written into its alias, so that no file can get lost."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import Callable, Optional, Sequence

from .._model.errors import KernelError, KernelRace, errno_name
from .._model.link import Link, Nic
from .._model.mark import Mark, read_mark
from .._model.objects import HOST
from .._plan.step import Step
from . import wire
from .door import Door, Line
from .namespace import Rooms
from .parse import parse_link

Numbered = Callable[[str, str, int], None]  # (place, link name, its number there)


def take_nics(door: Door, rooms: Rooms, steps: Sequence[Step], numbered: Numbered) -> None:
    """Move links of the host into their places, each in one message that also names and marks it."""
    for step in steps:
        nic = step.subject
        if not isinstance(nic, Link) or not isinstance(nic.kind, Nic):
            continue
        target = rooms.find(nic.place)
        with door.open(HOST) as line:
            home = _find(line, HOST, nic.kind.home_name or "")
            if home is None or home.index is None or target is None:
                raise KernelRace("%s: interface %s is gone" % (step.line, nic.kind.home_name))
            kind = Nic(home.name, home.mtu, home.up)
            attributes: wire.Attributes = [("IFLA_NET_NS_FD", target), ("IFLA_IFNAME", nic.name), ("IFLA_IFALIAS", home_alias(nic.alias or "", kind))]
            if nic.mtu:
                attributes.append(("IFLA_MTU", nic.mtu))
            if nic.mac:
                attributes.append(("IFLA_ADDRESS", nic.mac))
            _send(line, step, [wire.link_message(wire.RTM_NEWLINK, wire.NLM_F_REQUEST, attributes, index=home.index, up=False)])
        with rooms.inside(nic.place), door.open(nic.place) as line:
            found = _find(line, nic.place, nic.name)
        if found is None or found.index is None:
            raise KernelRace("%s: interface %s is gone" % (step.line, nic.name))
        numbered(nic.place, nic.name, found.index)


def give_back_nics(door: Door, rooms: Rooms, steps: Sequence[Step]) -> None:
    """Return links to the host as they were there: name, MTU, up or down, and nobody's mark."""
    for step in steps:
        nic = step.subject
        if not isinstance(nic, Link) or not isinstance(nic.kind, Nic):
            continue
        kind, home = nic.kind, rooms.find(HOST)
        attributes: wire.Attributes = [("IFLA_NET_NS_FD", home)] if nic.place != HOST else []
        attributes.extend([("IFLA_IFNAME", kind.home_name), ("IFLA_IFALIAS", "")])
        if kind.home_mtu and kind.home_mtu != nic.mtu:
            attributes.append(("IFLA_MTU", kind.home_mtu))
        index = nic.index or 0
        # Only a link that is down may be renamed on all kernels.
        lowered = wire.link_message(wire.RTM_NEWLINK, wire.NLM_F_REQUEST, [], index=index, up=False)
        renamed = wire.link_message(wire.RTM_NEWLINK, wire.NLM_F_REQUEST, attributes, index=index, up=bool(kind.home_up))
        with rooms.inside(nic.place), door.open(nic.place) as line:
            _send(line, step, [lowered, renamed])


def home_alias(alias: str, kind: Nic) -> str:
    """Return a mark with what a link was like at home."""
    mark = read_mark(alias)
    if mark is None:
        return alias
    return str(replace(mark, network="%s/%d/%s" % (kind.home_name, kind.home_mtu or 0, "up" if kind.home_up else "down")))


def read_nic(link: Link, mark: Mark) -> Link:
    """Return a link that carries the mark of a NIC as one, its alias without what it was like at home."""
    name, _slash, rest = mark.network.partition("/")
    mtu, _slash, state = rest.partition("/")
    kind = Nic(name, int(mtu) if mtu.isdigit() and int(mtu) else None, state == "up" if state else None)
    return replace(link, kind=kind, alias=str(replace(mark, network=name)))


def _find(line: Line, place: str, name: str) -> Optional[Link]:
    try:
        answer = line.ask(wire.link_message(wire.RTM_GETLINK, wire.NLM_F_REQUEST, [("IFLA_IFNAME", name)]))
    except OSError as error:
        if error.errno == errno.ENODEV:
            return None
        raise
    return parse_link(place, answer).link


def _send(line: Line, step: Step, messages: Sequence[bytes]) -> None:
    refusals = line.change(messages, [step.line] * len(messages))
    if not refusals:
        return
    reason = "%s%s" % (errno_name(refusals[0].errno), ": " + refusals[0].reason if refusals[0].reason else "")
    if refusals[0].errno in (errno.ENODEV, errno.EEXIST):
        raise KernelRace("%s: %s" % (step.line, reason))
    raise KernelError(step.line, refusals[0].errno, reason)
