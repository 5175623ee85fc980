# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The one list of the actuators. Each is loaded when there is something for it to do."""

from __future__ import annotations

from typing import Callable, Dict, NamedTuple, Tuple, Type

from .._model.firewall import FirewallObject
from .._model.frames import FrameTable
from .._model.guest import Guest
from .._model.link import Link
from .._model.objects import Address, BridgeVlan, FdbEntry, Flows, KernelObject, Limit, Namespace, Neighbour, PolicyRule, ProxyNeighbour, Route, Sysctl
from .._model.stored import Stored
from .._plan.step import Step
from .base import Actuator, Means, is_settled, never

ENTRIES = (Address, Route, PolicyRule, ProxyNeighbour, BridgeVlan, Limit)


class Row(NamedTuple):
    """One actuator: `handles` says of which objects it gets the steps, `settles` which of these are carried out in the visit of their place."""

    load: Callable[[Means], Actuator]
    handles: Tuple[Type[KernelObject], ...]
    settles: Callable[[Step], bool] = is_settled
    reads: bool = False  # it is asked in every place that is read
    always: bool = False  # it acts without steps, too


def _load_rtnetlink(means: Means) -> Actuator:
    from .rtnetlink import Rtnetlink

    return Rtnetlink(means)


def _load_rows(means: Means) -> Actuator:
    from .rows import RowSender

    return RowSender(means)


def _load_nics(means: Means) -> Actuator:
    from .nics import Nics

    return Nics(means)


def _load_namespaces(means: Means) -> Actuator:
    from .namespaces import Namespaces

    return Namespaces(means)


def _load_sysctls(means: Means) -> Actuator:
    from .sysctls import Sysctls

    return Sysctls(means)


def _load_frames(means: Means) -> Actuator:
    from .frames import Frames

    return Frames(means)


def _load_announcements(means: Means) -> Actuator:
    from .announcements import Announcements

    return Announcements(means)


def _load_asked(means: Means) -> Actuator:
    from .asked import Asked

    return Asked(means)


def _load_storing(means: Means) -> Actuator:
    from .storing import Storing

    return Storing(means)


def _load_guests(means: Means) -> Actuator:
    from .guests import GuestNotes

    return GuestNotes(means)


# In one phase they act in this order.
ACTUATORS: Dict[str, Row] = {
    "rtnetlink": Row(_load_rtnetlink, (Link, *ENTRIES)),
    "rows": Row(_load_rows, (Neighbour, FdbEntry)),
    "nics": Row(_load_nics, (Link,), settles=never),
    "namespaces": Row(_load_namespaces, (Namespace,), settles=never),
    "sysctls": Row(_load_sysctls, (Sysctl, Link), reads=True),
    "firewall": Row(lambda means: means.firewall, (FirewallObject,), settles=never),
    "frames": Row(_load_frames, (FrameTable,), settles=never),
    "announcements": Row(_load_announcements, (Address, Link), settles=never),
    "asked": Row(_load_asked, (Address, Link), settles=never),
    "storing": Row(_load_storing, (Stored,), settles=never),
    "guests": Row(_load_guests, (Guest,), settles=never),
    "connections": Row(lambda means: means.connections, (Flows,), settles=never, always=True),
}
