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
    vlan_filtering: Optional[bool] = None


@dataclass(frozen=True)
class Veth:
    """One end of a veth pair. Creating the end with `leads` makes both; the other end is then only configured."""

    kind = "veth"

    peer_place: Optional[str] = None
    peer_name: Optional[str] = None
    leads: bool = False


@dataclass(frozen=True)
class Vxlan:
    """A VXLAN device. The kernel fixes vni and port at creation."""

    kind = "vxlan"

    vni: Optional[int] = None
    port: Optional[int] = None
    local: Optional[str] = None
    device: Optional[str] = None
    group: Optional[str] = None
    ttl: Optional[int] = None
    learning: Optional[bool] = None
    proxy: Optional[bool] = None
    lower_place: Optional[str] = None  # whose underlay it uses; None is the place it lives in
    remote: Optional[str] = None  # the one peer of a point-to-point tunnel
    apart: Optional[bool] = None  # as observed: it reads other headers, so no plain device can share its socket

    @property
    def families(self) -> Tuple[int, ...]:
        """Return the versions of IP that its socket is for; one that reads other headers and names nobody takes both."""
        named = self.local or self.remote or self.group
        return (6 if ":" in named else 4,) if named else (4, 6) if self.apart else (4,)


@dataclass(frozen=True)
class Macvlan:
    """A link with a MAC of its own on a lower link. The lower link may live in another place than the macvlan itself."""

    kind = "macvlan"

    lower: Optional[str] = None
    lower_place: Optional[str] = None  # None is the place it lives in
    mode: Optional[str] = None  # bridge | private | vepa | passthru
    broadcast_queue_length: Optional[int] = None  # frames
    broadcast_limit: Optional[int] = None  # listeners; one for all links on the lower one, and the kernel says it of each


@dataclass(frozen=True)
class Ipvlan:
    """A link that shares the MAC of its lower link."""

    kind = "ipvlan"

    lower: Optional[str] = None
    lower_place: Optional[str] = None
    mode: Optional[str] = None  # l2 | l3 | l3s
    flag: Optional[str] = None  # bridge | private | vepa


@dataclass(frozen=True)
class Vlan:
    """A VLAN device on a lower link."""

    kind = "vlan"

    vlan_id: Optional[int] = None
    protocol: Optional[str] = None  # 802.1q | 802.1ad
    lower: Optional[str] = None
    lower_place: Optional[str] = None


@dataclass(frozen=True)
class Dummy:
    """A link without a wire."""

    kind = "dummy"


@dataclass(frozen=True)
class Vrf:
    """A routing domain: links whose master it is use its table."""

    kind = "vrf"

    table: Optional[int] = None


@dataclass(frozen=True)
class Nic:
    """A link that exists already and is handed to the place it is wanted in; removal gives it back to the host under its own name."""

    kind = "nic"

    home_name: Optional[str] = None
    home_mtu: Optional[int] = None  # as observed: what it gets back with its name
    home_up: Optional[bool] = None
    home_mac: Optional[str] = None


@dataclass(frozen=True)
class BridgePort:
    """Flags of a link as a port of its bridge."""

    hairpin: Optional[bool] = None
    isolated: Optional[bool] = None
    learning: Optional[bool] = None
    flood: Optional[bool] = None


MAC_LENGTH = 17  # of its text
LinkKind = Union[Bridge, Veth, Vxlan, Macvlan, Ipvlan, Vlan, Dummy, Vrf, Nic]


@dataclass(frozen=True)
class Link(KernelObject):
    """A network interface. `alias` carries the ownership mark."""

    IDENTITY = ("place", "name")
    DESCRIPTIVE = frozenset(("index", "first_mac", "condemned", "other_names"))

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
    other_names: Tuple[str, ...] = ()  # as observed
    condemned: bool = False  # as observed: a removal was cut short, and the next one in its place would take this link along

    @property
    def has_mac(self) -> bool:
        """Whether an observed link has an address as Ethernet has them; a tunnel of packets has none, or one of another length."""
        return len(self.mac or "") == MAC_LENGTH

    @property
    def label(self) -> str:
        return "%s %s%s" % (self.kind.kind if self.kind else "link", self.name, in_place(self.place))


def underlay_of(link: Link) -> str:
    """Return the place whose sockets a tunnel uses."""
    return link.kind.lower_place if isinstance(link.kind, Vxlan) and link.kind.lower_place is not None else link.place
