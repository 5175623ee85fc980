# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple, Union

from .objects import KernelObject, in_place


@dataclass(frozen=True)
class Bridge:
    """A Linux bridge."""

    kind = "bridge"

    stp: Optional[bool] = None
    ageing_time: Optional[int] = None  # seconds
    multicast_snooping: Optional[bool] = None
    priority: Optional[int] = None


@dataclass(frozen=True)
class Veth:
    """One end of a veth pair. Creating the end with `leads` makes both; the other end is then only configured."""

    kind = "veth"

    peer_place: Optional[str] = None
    peer_name: Optional[str] = None
    leads: bool = False


@dataclass(frozen=True)
class Vxlan:
    """A VXLAN device. The kernel fixes vni, port, local and lower device at creation."""

    kind = "vxlan"

    vni: Optional[int] = None
    port: Optional[int] = None
    local: Optional[str] = None
    device: Optional[str] = None
    group: Optional[str] = None
    ttl: Optional[int] = None
    learning: Optional[bool] = None
    proxy: Optional[bool] = None


@dataclass(frozen=True)
class BridgePort:
    """Flags of a link as a port of its bridge."""

    hairpin: Optional[bool] = None
    isolated: Optional[bool] = None
    learning: Optional[bool] = None
    flood: Optional[bool] = None


LinkKind = Union[Bridge, Veth, Vxlan]


@dataclass(frozen=True)
class Link(KernelObject):
    """A network interface. `alias` carries the ownership mark."""

    IDENTITY = ("place", "name")
    DESCRIPTIVE = frozenset(("index", "first_mac"))

    name: str = ""
    kind: Optional[LinkKind] = None
    mtu: Optional[int] = None
    mac: Optional[str] = None
    up: Optional[bool] = None
    master: Optional[str] = None  # "" is no master
    alias: Optional[str] = None
    link_local: Optional[bool] = None  # False: the kernel makes no fe80:: address
    port: Optional[BridgePort] = None
    sysctls: Optional[Tuple[Tuple[str, str], ...]] = None  # (("ipv6/accept_ra", "0"), ...) below /proc/sys/net/*/conf/NAME
    index: Optional[int] = None  # as observed
    first_mac: Optional[str] = None  # for creation only, where `mac` is not asked for

    @property
    def label(self) -> str:
        return "%s %s%s" % (self.kind.kind if self.kind else "link", self.name, in_place(self.place))
