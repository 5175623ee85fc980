# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Hand a link of the host to another namespace and take it back. What it was like at home is noted on the host; its alias only tells people."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from typing import Callable, Optional, Sequence

from .._kinds.nic import Nic
from .._model.errors import KernelError, KernelRace, errno_name
from .._model.kind import Attributes, Lent
from .._model.link import Link
from .._model.mark import DEVICE_ROLE, Mark, read_mark
from .._model.place import HOST
from .._plan.step import Step
from . import netlink
from .door import Door, Line
from .loans import Loan, Loans
from .namespace import NamespaceHandles
from .parse import RawLink, parse_link

Numbered = Callable[[str, str, int], None]  # (place, link name, its number there)


def take_nics(door: Door, handles: NamespaceHandles, loans: Loans, steps: Sequence[Step], numbered: Numbered) -> None:
    """Note that links of the host are lent, and move them into their places, each in one message that also names and marks it."""
    for step in steps:
        nic = step.subject
        lent = nic.nature.lent if isinstance(nic, Link) else None
        if not isinstance(nic, Link) or lent is None:
            continue
        target = handles.find(nic.place)
        with door.open(HOST) as line:
            home = _find(line, HOST, lent.home_name or "")
            mark = read_mark(nic.alias)
            if home is None or target is None or mark is None:
                raise KernelRace("%s: interface %s is gone" % (step.line, lent.home_name))
            here = home.link
            loan = Loan(mark.scope, home.kind, home.hardware, os.fstat(target).st_ino, 0, here.mtu or 0, bool(here.up), here.mac or "")
            loans.remember(here.name, loan)
            kind = _as_lent(here.name, loan)
            attributes: Attributes = [("IFLA_NET_NS_FD", target), ("IFLA_IFNAME", nic.name), ("IFLA_IFALIAS", home_alias(nic.alias or "", kind))]
            if nic.mtu:
                attributes.append(("IFLA_MTU", nic.mtu))
            if nic.mac:
                attributes.append(("IFLA_ADDRESS", nic.mac))
            _send(line, step, [netlink.link_message(netlink.RTM_NEWLINK, netlink.NLM_F_REQUEST, attributes, index=home.number, up=False)])
        with handles.inside(nic.place), door.open(nic.place) as line:
            found = _find(line, nic.place, nic.name)
        if found is None:
            raise KernelRace("%s: interface %s is gone" % (step.line, nic.name))
        loans.remember(here.name, replace(loan, index=found.number))
        numbered(nic.place, nic.name, found.number)


def give_back_nics(door: Door, handles: NamespaceHandles, loans: Loans, steps: Sequence[Step]) -> None:
    """Return links to the host as they were there: name, MTU, MAC, up or down, and nobody's mark."""
    for step in steps:
        nic = step.subject
        lent, home = nic.nature.lent if isinstance(nic, Link) else None, handles.find(HOST)
        if not isinstance(nic, Link) or lent is None:
            continue
        attributes: Attributes = [("IFLA_NET_NS_FD", home)] if nic.place != HOST else []
        attributes.extend([("IFLA_IFNAME", lent.home_name), ("IFLA_IFALIAS", "")])
        if lent.home_mtu and lent.home_mtu != nic.mtu:
            attributes.append(("IFLA_MTU", lent.home_mtu))
        if lent.home_mac and lent.home_mac != nic.mac:
            attributes.append(("IFLA_ADDRESS", lent.home_mac))
        index = nic.index or 0
        # Only a link that is down may be renamed on all kernels.
        lowered = netlink.link_message(netlink.RTM_NEWLINK, netlink.NLM_F_REQUEST, [], index=index, up=False)
        renamed = netlink.link_message(netlink.RTM_NEWLINK, netlink.NLM_F_REQUEST, attributes, index=index, up=bool(lent.home_up))
        with handles.inside(nic.place), door.open(nic.place) as line:
            _send(line, step, [lowered, renamed])
        loans.forget(lent.home_name or "")


def home_alias(alias: str, lent: Lent) -> str:
    """Return a mark with what a link was like at home."""
    mark = read_mark(alias)
    if mark is None:
        return alias
    return str(mark._replace(network="%s/%d/%s" % (lent.home_name, lent.home_mtu or 0, "up" if lent.home_up else "down")))


def read_nic(link: Link, name: str, loan: Loan) -> Link:
    """Return a lent link as one. Its alias is what we wrote, without what it was like at home; of another, only the scope and the name are left."""
    kind, mark = _as_lent(name, loan), read_mark(link.alias)
    ours = Mark(loan.scope, DEVICE_ROLE, name, mark.endpoint if mark is not None else "")
    if link.alias != home_alias(str(ours), kind):
        ours = ours._replace(endpoint="")
    return replace(link, kind=kind, alias=str(ours))


def _as_lent(name: str, loan: Loan) -> Nic:
    return Nic(name, loan.mtu or None, loan.up, loan.mac or None)


def _find(line: Line, place: str, name: str) -> Optional[RawLink]:
    try:
        answer = line.ask(netlink.link_message(netlink.RTM_GETLINK, netlink.NLM_F_REQUEST, [("IFLA_IFNAME", name)]))
    except OSError as error:
        if error.errno == errno.ENODEV:
            return None
        raise
    return parse_link(place, answer)


def _send(line: Line, step: Step, messages: Sequence[bytes]) -> None:
    refusals = line.change(messages, lambda _at: step.line)
    if not refusals:
        return
    reason = "%s%s" % (errno_name(refusals[0].errno), ": " + refusals[0].reason if refusals[0].reason else "")
    if refusals[0].errno in (errno.ENODEV, errno.EEXIST):
        raise KernelRace("%s: %s" % (step.line, reason))
    raise KernelError(step.line, refusals[0].errno, reason)
