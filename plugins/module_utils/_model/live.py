# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a packet meets in one namespace beside links and addresses, as the kernel tells it at this moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import FrozenSet, Mapping, NamedTuple, Optional, Tuple

FORWARDS = 3  # the state of a bridge's port that takes part


class RouteRow(NamedTuple):
    """A route of any table."""

    destination: str
    table: int
    metric: int
    device: str
    gateway: str = ""
    type: str = "unicast"


class RuleRow(NamedTuple):
    """A rule of any kind; None and "" stand for any."""

    family: int
    priority: int
    action: str  # table | goto | nop | blackhole | unreachable | prohibit
    table: int = 0
    source: str = ""
    destination: str = ""
    interface: str = ""
    out_interface: str = ""
    mark: int = 0
    mask: int = 0
    inverted: bool = False
    limited: bool = False  # it says more than these fields


class NeighbourRow(NamedTuple):
    """Which MAC an address has, as far as it is known."""

    device: str
    address: str
    mac: str
    fixed: bool


class ForwardingRow(NamedTuple):
    """Behind which port of a bridge, or which far end of a tunnel, a MAC lives."""

    device: str
    mac: str
    remote: str = ""
    fixed: bool = False


class RouteQuestion(NamedTuple):
    """Where would this packet go? With `came_by` it is one that comes in."""

    destination: str
    source: str = ""
    came_by: str = ""
    mark: int = 0


class RouteAnswer(NamedTuple):
    """What the kernel says: an error as its number, or the way."""

    errno: int = 0
    device: str = ""
    gateway: str = ""
    source: str = ""
    table: int = 0
    is_local: bool = False
    mtu: int = 0  # of the route itself


@dataclass(frozen=True)
class Space:
    """One namespace."""

    routes: Tuple[RouteRow, ...] = ()
    rules: Tuple[RuleRow, ...] = ()
    neighbours: Tuple[NeighbourRow, ...] = ()
    forwarding: Tuple[ForwardingRow, ...] = ()
    blocked: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))  # ports that do not take part -> their state
    settings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # below /proc/sys
    listening: Optional[FrozenSet[Tuple[str, str, int]]] = None  # (protocol, address, port)
