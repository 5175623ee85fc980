# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Kernel objects as the planner sees them: a place, an identity, fields to compare. None means "not asked for"."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import attrgetter
from typing import Any, Callable, ClassVar, FrozenSet, Iterable, Optional, Tuple

from .amount import AT_ONCE, NEVER, Duration, Rate, Share, Size
from .mark import KERNEL_PROTOCOL, PROTOCOL
from .names import SCOPE_METRICS
from .once import Once
from .place import HOST, Place, in_place
from .routing import DEFAULT_ROUTE

FLOOD_MAC = "00:00:00:00:00:00"
GONE = "a link that is gone"  # no link has a name with spaces
LOCAL_TABLE = 255
MAIN_TABLE = 254
# The one setting that is no file below /proc/sys: whether `lo` is up or down.
LOOPBACK = "net/lo"


@dataclass(frozen=True)
class KernelObject:
    """Base of every kind. IDENTITY names an object; CREATE_ONLY fields can only change by replacement."""

    IDENTITY: ClassVar[Tuple[str, ...]] = ("place",)
    CREATE_ONLY: ClassVar[FrozenSet[str]] = frozenset()
    # Fields that describe but are never compared.
    DESCRIPTIVE: ClassVar[FrozenSet[str]] = frozenset()
    # Its place in the order in which objects come; they go the other way round.
    RANK: ClassVar[int] = 10

    place: str

    @Once
    def key(self) -> Tuple[object, ...]:
        kind: Any = type(self)
        return _identity(kind)(self)

    @property
    def label(self) -> str:
        raise TypeError("a kernel object needs a label")

    @property
    def owner(self) -> Optional[str]:
        """Return the scope that it names itself, where no mark of a link tells."""
        return None


@lru_cache(maxsize=None)
def _identity(kind: Any) -> Callable[[KernelObject], Tuple[object, ...]]:
    return attrgetter("__class__.__name__", *kind.IDENTITY)


@dataclass(frozen=True)
class Namespace(KernelObject):
    """A named network namespace. `mark` is the alias of its `lo`; None accepts a foreign one."""

    RANK = 0

    mark: Optional[str] = None

    @property
    def name(self) -> str:
        return Place(self.place).reference

    @property
    def label(self) -> str:
        return "namespace %s" % self.name


@dataclass(frozen=True)
class AddressDetails:
    """What somebody said about an address of his own, beside the address."""

    broadcast: Optional[str] = None
    peer: Optional[str] = None
    name: Optional[str] = None  # IPv4 only; None: that of the device
    metric: int = 0  # of its subnet's route; 0 is the kernel's default
    scope: int = 0
    flags: int = 0  # those a user sets

    NO_SUBNET_ROUTE: ClassVar[int] = 0x200


@dataclass(frozen=True)
class Address(KernelObject):
    """An IP address with prefix length on a device."""

    IDENTITY = ("place", "device", "address")
    RANK = 4

    device: str = ""
    address: str = ""  # 10.0.0.1/24
    announce: bool = False
    protocol: Optional[int] = None  # who made it; None: this collection
    details: AddressDetails = AddressDetails()
    # What is sent comes from another one: IPv4 has a primary one in the same subnet, an IPv6 one is deprecated.
    secondary: Optional[bool] = None
    DESCRIPTIVE = frozenset(("announce", "protocol", "details"))

    @property
    def label(self) -> str:
        return "address %s on %s%s" % (self.address, self.device, in_place(self.place))

    def brings(self, route: "Route") -> bool:
        """Tell whether the kernel makes this route for the address, and takes it away with it."""
        if route.protocol != KERNEL_PROTOCOL or route.device != self.device or self.details.flags & AddressDetails.NO_SUBNET_ROUTE:
            return False
        ip, prefix = self.address.split("/")
        subnet = ipaddress.ip_interface("%s/%s" % (self.details.peer or ip, prefix)).network
        usual, default = (0, 0) if subnet.version == 4 else (256, 1024)
        return route.destination == str(subnet) and (route.metric or default) == (self.details.metric or usual)


@dataclass(frozen=True)
class Hop:
    """One of several next hops of a route."""

    device: str
    gateway: str = ""
    weight: int = 1


@dataclass(frozen=True)
class Route(KernelObject):
    """A route with our protocol number. One with several next hops has them all in `nexthops`, in order, and those of the first in `gateway` and `device`."""

    IDENTITY = ("place", "destination", "table", "metric")
    RANK = 6

    destination: str = ""  # canonical subnet; 0.0.0.0/0 and ::/0 are the default routes
    table: int = MAIN_TABLE
    metric: int = 0  # 0 is the family's default: none for IPv4, 1024 for IPv6
    gateway: Optional[str] = None
    device: Optional[str] = None
    type: Optional[str] = None  # unicast | blackhole | unreachable | prohibit; None is unicast
    source: Optional[str] = None  # the address preferred for own packets
    onlink: Optional[bool] = None  # the gateway is reachable on the device although no subnet of it says so
    protocol: Optional[int] = None  # who made it; None: this collection
    nexthops: Optional[Tuple[Hop, ...]] = None  # () is one next hop
    DESCRIPTIVE = frozenset(("protocol",))

    @property
    def devices(self) -> FrozenSet[str]:
        """The devices of all next hops."""
        return frozenset(hop.device for hop in self.nexthops) if self.nexthops else frozenset((self.device,) if self.device else ())

    def along(self, hops: Iterable[Hop]) -> Route:
        """Return the same route by other next hops."""
        ordered = tuple(sorted(hops, key=lambda hop: (hop.device, hop.gateway)))
        return replace(self, gateway=ordered[0].gateway, device=ordered[0].device, nexthops=ordered if len(ordered) > 1 else ())

    def over(self, device: Optional[str]) -> Optional[Route]:
        """Return what of a route leads over one device, or None."""
        if not self.nexthops:
            return self if self.device == device else None
        left = [hop for hop in self.nexthops if hop.device == device]
        return self.along(left) if left else None

    @property
    def label(self) -> str:
        table = "" if self.table == MAIN_TABLE else " table %d" % self.table
        # A metric that was not chosen, but tells whose the route is, would only puzzle.
        metric = " metric %d" % self.metric if 0 < self.metric < SCOPE_METRICS else ""
        return "route %s%s%s%s" % (self.destination, table, metric, in_place(self.place))


@dataclass(frozen=True)
class PolicyRule(KernelObject):
    """Which packets use which routing table. Carries our protocol number."""

    IDENTITY = ("place", "family", "priority", "source", "interface", "destination", "out_interface", "mark", "mask")
    RANK = 5

    family: int = 4
    priority: int = 0
    source: str = ""  # canonical subnet or address/32, address/128
    table: Optional[int] = None
    interface: str = ""  # only of what comes in there
    destination: str = ""  # canonical subnet; "" is every one
    out_interface: str = ""  # only of what is sent by a socket bound to it
    mark: int = 0
    mask: int = 0  # which bits of a packet's mark are compared

    @property
    def is_from_anywhere(self) -> bool:
        return self.source in DEFAULT_ROUTE.values()

    @property
    def label(self) -> str:
        to = " to %s" % self.destination if self.destination else ""
        by = (" by %s" % self.interface if self.interface else "") + (" out of %s" % self.out_interface if self.out_interface else "")
        mark = " marked %#x/%#x" % (self.mark, self.mask) if self.mask else ""
        return "rule %d from %s%s%s%s%s" % (self.priority, self.source, to, by, mark, in_place(self.place))


@dataclass(frozen=True)
class ProxyNeighbour(KernelObject):
    """An address the place answers ARP or ND for on a device, on behalf of a container."""

    IDENTITY = ("place", "device", "address")
    RANK = 7

    device: str = ""
    address: str = ""

    @property
    def label(self) -> str:
        return "proxy %s on %s%s" % (self.address, self.device, in_place(self.place))


@dataclass(frozen=True)
class BridgeVlan(KernelObject):
    """A VLAN that a bridge port (or the bridge itself) takes part in."""

    IDENTITY = ("place", "device", "vlan_id")
    RANK = 3

    device: str = ""
    vlan_id: int = 1
    untagged: Optional[bool] = None  # frames leave without a tag
    native: Optional[bool] = None  # frames that come without a tag belong to it (PVID)

    @property
    def label(self) -> str:
        return "vlan %d on %s%s" % (self.vlan_id, self.device, in_place(self.place))


@dataclass(frozen=True)
class Netem:
    """What a bad network would do to what a link sends: how late it comes, and of how many packets in a million. All 0: nothing."""

    delay: Duration = AT_ONCE
    jitter: Duration = AT_ONCE  # more or less than that
    loss: Share = NEVER
    duplicate: Share = NEVER
    reorder: Share = NEVER  # sent at once, in front of those that wait
    waiting: int = 0  # packets that may

    def __bool__(self) -> bool:
        return self != NO_NETEM


NO_NETEM = Netem()


@dataclass(frozen=True)
class Limit(KernelObject):
    """How fast a link sends, and how late and badly. Of a queueing discipline that is somebody else's only its kind is known."""

    IDENTITY = ("place", "device")
    RANK = 3
    DESCRIPTIVE = frozenset(("discipline",))

    device: str = ""
    rate: Optional[Rate] = None  # 0: any
    burst: Optional[Size] = None  # what leaves at once after a pause
    queue: Optional[Size] = None  # what may wait
    netem: Netem = NO_NETEM
    discipline: str = "tbf"

    @property
    def label(self) -> str:
        return "%s limit on %s%s" % ("ingress" if self.place == HOST else "egress", self.device, in_place(self.place))


@dataclass(frozen=True)
class Neighbour(KernelObject):
    """A permanent neighbour entry."""

    IDENTITY = ("place", "device", "address")
    RANK = 8

    device: str = ""
    address: str = ""
    mac: Optional[str] = None

    @property
    def label(self) -> str:
        return "neighbour %s on %s%s" % (self.address, self.device, in_place(self.place))


@dataclass(frozen=True)
class FdbEntry(KernelObject):
    """A static forwarding entry: of a VXLAN device when `remote` is set, else of the bridge for its port."""

    IDENTITY = ("place", "device", "mac")
    RANK = 9

    device: str = ""
    mac: str = ""
    remote: Optional[str] = None  # the VTEP behind which the MAC lives; all-zero MAC rows are the flood list
    through: str = ""  # the link of the underlay that leads there, or GONE; without it the host's routes decide

    @Once
    def key(self) -> Tuple[object, ...]:
        table = ((self.remote, self.through) if self.mac == FLOOD_MAC else "vxlan") if self.remote else "bridge"
        return ("FdbEntry", self.place, self.device, self.mac, table)

    @property
    def label(self) -> str:
        where = " via %s" % self.remote if self.remote else ""
        return "fdb %s%s on %s%s" % (self.mac, where, self.device, in_place(self.place))


def interface_of(path: str) -> Optional[str]:
    """Return the interface that a setting is of, if it is of one: net/ipv4/conf/eth0/rp_filter."""
    parts = path.split("/")
    return parts[3] if len(parts) == 5 else None


@dataclass(frozen=True)
class Sysctl(KernelObject):
    """A value below /proc/sys of a namespace, or LOOPBACK. `restore` asks that removal puts the earlier value back."""

    IDENTITY = ("place", "path")
    RANK = 1

    path: str = ""  # net/ipv4/ip_forward
    value: Optional[str] = None
    restore: bool = False
    DESCRIPTIVE = frozenset(("restore",))

    @property
    def label(self) -> str:
        if self.path == LOOPBACK:
            return "lo%s" % in_place(self.place)
        return "sysctl %s%s" % (self.path.replace("/", "."), in_place(self.place))


@dataclass(frozen=True)
class Flows(KernelObject):
    """Connections that end together: those to one port, or all that one address asked for."""

    IDENTITY = ("place", "protocol", "source", "destination", "target")

    protocol: str = ""
    source: str = ""
    destination: str = ""
    target: str = ""  # where the destination was translated to

    @property
    def label(self) -> str:
        ends = "from %s" % self.source if self.source else "to %s" % self.destination
        return "flows %s %s%s%s" % (self.protocol, ends, " (→ %s)" % self.target if self.target else "", in_place(self.place))


def is_foreign(item: KernelObject) -> bool:
    """Tell whether an address or route was somebody else's before it was moved, and stays his."""
    return getattr(item, "protocol", None) not in (None, PROTOCOL)
