# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Messages about steps: many in one datagram, and what the kernel says against one of them in the words of its step."""

from __future__ import annotations

import errno
from typing import Dict, FrozenSet, Iterable, List, Sequence, Tuple

from .._kernel.door import Door, Refusal
from .._model.errors import KernelError, KernelRace, errno_name
from .._model.link import Link
from .._model.objects import BridgeVlan, KernelObject
from .._plan.step import CREATE, Step

TEARDOWN = 0.5  # seconds
RACES = frozenset((errno.EEXIST, errno.EBUSY, errno.ENODEV, errno.ENOENT, errno.ESRCH))

Message = Tuple[Step, bytes]


def by_place(steps: Iterable[Step]) -> Dict[str, List[Step]]:
    places: Dict[str, List[Step]] = {}
    for step in steps:
        places.setdefault(step.place, []).append(step)
    return places


def send(door: Door, place: str, messages: Sequence[Message], forgive: FrozenSet[int] = frozenset()) -> None:
    """Send them from the place in which we are; raise the first refusal that is not forgiven."""
    if not messages:
        return
    with door.open(place) as line:
        refusals = [r for r in line.change([message for _step, message in messages], lambda at: messages[at][0].line) if r.errno not in forgive]
    if refusals:
        raise _error(messages[refusals[0].position][0], refusals[0])


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
