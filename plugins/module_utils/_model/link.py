# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from .kind import PLAIN, LinkKind
from .objects import KernelObject
from .place import HOST, in_place


@dataclass(frozen=True)
class BridgePort:
    """Flags of a link as a port of its bridge."""

    hairpin: Optional[bool] = None
    isolated: Optional[bool] = None
    learning: Optional[bool] = None
    flood: Optional[bool] = None


@dataclass(frozen=True)
class Tuning:
    """Which frames a link takes in, and how many may wait to leave by it."""

    promisc: Optional[bool] = None
    allmulti: Optional[bool] = None
    txqueuelen: Optional[int] = None  # packets


LinkKey = Tuple[str, str]  # place, name
MAC_LENGTH = 17  # of its text
WITHOUT_IPV6 = ("ipv6/disable_ipv6", "1")  # among the settings of a link


@dataclass(frozen=True)
class Link(KernelObject):
    """A network interface. `alias` carries the ownership mark."""

    IDENTITY = ("place", "name")
    RANK = 2
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
    tuning: Optional[Tuning] = None
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
    def nature(self) -> LinkKind:
        """What its kind tells; of a link without one, what is true of any."""
        return self.kind if self.kind is not None else PLAIN

    @property
    def below(self) -> str:
        """The place that its lower link, or the underlay of a tunnel, lives in, and that it must be made from."""
        place = self.nature.lower_place
        return self.place if place is None else place

    @property
    def lower(self) -> Optional[LinkKey]:
        """The link that it stands on."""
        name = self.nature.lower
        return (self.below, name) if name else None

    @property
    def peer(self) -> Optional[LinkKey]:
        """The other end of its pair, as far as it is known."""
        kind = self.nature
        return (kind.peer_place or HOST, kind.peer_name) if kind.peer_name else None

    @property
    def beyond(self) -> Optional[str]:
        """The other place that it needs: its peer's or its lower link's."""
        kind = self.nature
        return kind.peer_place if kind.is_end else kind.lower_place

    @property
    def leads_outside(self) -> bool:
        """Whether others are behind it where it is a port. The kernel names no kind for a card, nor do we know that of a machine's tap."""
        return self.kind is None or self.kind.leads_outside

    @property
    def label(self) -> str:
        return "%s %s%s" % (self.nature.kind, self.name, in_place(self.place))
