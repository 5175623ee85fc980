# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The declaration of one host after validation: every default applied, every value canonical."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import FrozenSet, Iterable, Iterator, Mapping, NamedTuple, Optional, Tuple

from .addresses import ip_version
from .amount import Rate, Size
from .network import Network
from .objects import MAIN_TABLE, NO_NETEM, Netem
from .place import Place
from .policy import Policy

DEFAULT_SCOPE = "main"
DEFAULT_UDP_PORT = 4789
USUAL_QUEUE = 1000  # packets; what the kernel gives a new link
PROTOCOLS = ("tcp", "udp", "sctp")


class NextHop(NamedTuple):
    """One of several neighbours that packets of a route are shared out to."""

    gateway: Optional[str] = None
    interface: Optional[str] = None
    weight: int = 1


class StaticRoute(NamedTuple):
    """A route inside a container. It leads to one next hop, given by gateway and interface, or to `nexthops`."""

    destination: str
    gateway: Optional[str] = None
    type: str = "unicast"  # unicast | blackhole | unreachable | prohibit
    metric: int = 0
    interface: Optional[str] = None
    table: int = MAIN_TABLE
    src: Optional[str] = None  # the address preferred for own packets
    onlink: bool = False  # a gateway is a neighbour although no subnet says so
    nexthops: Tuple[NextHop, ...] = ()

    @property
    def interfaces(self) -> FrozenSet[str]:
        return frozenset(name for name in (self.interface, *(hop.interface for hop in self.nexthops)) if name)

    @property
    def gateways(self) -> Tuple[str, ...]:
        return tuple(gateway for gateway in (self.gateway, *(hop.gateway for hop in self.nexthops)) if gateway)


class RoutingRule(NamedTuple):
    """Which packets of a container ask which of its routing tables; None and "" stand for any."""

    priority: int
    table: int
    source: Optional[str] = None  # a subnet, as the next
    destination: Optional[str] = None
    in_interface: str = ""
    out_interface: str = ""
    mark: int = 0
    mask: int = 0  # of the mark; 0: whatever the mark

    @property
    def families(self) -> Tuple[int, ...]:
        """Return the versions of IP that it is for: that of its subnets, or both."""
        subnet = self.source or self.destination
        return (ip_version(subnet),) if subnet else (4, 6)


@dataclass(frozen=True)
class Attachment:
    """An endpoint's place on a network. Addresses carry no prefix; the network's subnets give it."""

    network: str
    ipv4_address: Optional[str] = None
    ipv6_address: Optional[str] = None
    mac_address: Optional[str] = None  # None: derived from (network, first address)
    interface_name: str = "eth0"
    host_interface_name: str = ""
    gw_priority: int = 0
    default_route: Optional[bool] = None  # None: where nobody else gave the container one
    metric: Optional[int] = None  # of the default route; None: the family's usual one
    aliases: Tuple[str, ...] = ()
    sysctls: Tuple[Tuple[str, str], ...] = ()  # IFNAME stands for the interface
    ipam: str = "allocate"  # none: no address is allocated (a layer 2 attachment)
    more: Tuple[str, ...] = ()  # further addresses, with a prefix length where that is not their subnet's
    given: bool = field(default=False, compare=False)  # an address that nobody asked for by name is among them
    routes: Tuple[StaticRoute, ...] = ()
    vlan: Optional[int] = None  # untagged VLAN of a port on a bridge with vlan_filtering
    trunk: Tuple[int, ...] = ()  # tagged VLANs of it
    mtu: Optional[int] = None  # None: the network's
    isolated: Optional[bool] = None  # None: as all ports of the network
    anti_spoofing: Optional[bool] = None  # None: as on all of the network
    allowed_addresses: Tuple[str, ...] = ()  # subnets and addresses that it speaks for beside its own
    allowed_macs: Tuple[str, ...] = ()
    up: bool = True
    promisc: bool = False
    allmulti: bool = False
    txqueuelen: int = USUAL_QUEUE
    source_macs: Tuple[str, ...] = ()  # in order; whose frames alone its interface takes in
    ingress_rate: Optional[Rate] = None  # to the endpoint; None: as fast as it comes
    ingress_burst: Optional[Size] = None  # None: by the rate
    egress_rate: Optional[Rate] = None  # from it
    egress_burst: Optional[Size] = None
    dscp: Optional[int] = None  # in the header of what it sends
    netem: Netem = NO_NETEM  # what becomes of what it sends

    @property
    def further(self) -> Tuple[str, ...]:
        """The addresses beside the first one of each family."""
        return tuple(address.partition("/")[0] for address in self.more)

    @property
    def first_addresses(self) -> Tuple[str, ...]:
        return tuple(address for address in (self.ipv4_address, self.ipv6_address) if address)

    @property
    def addresses(self) -> Tuple[str, ...]:
        return (*self.first_addresses, *self.further) if self.more else self.first_addresses

    @property
    def claims(self) -> Tuple[Tuple[str, Optional[str]], ...]:
        """Each thing that nobody else may have on the network, with the key that gives it; the MAC comes last, for it may follow from the others."""
        further = (("addresses", address) for address in self.further)
        return (("ipv4_address", self.ipv4_address), ("ipv6_address", self.ipv6_address), *further, ("mac_address", self.mac_address))


def port_range(first: int, count: int) -> str:
    return str(first) if count == 1 else "%d-%d" % (first, first + count - 1)


@dataclass(frozen=True)
class PublishedPort:
    """A range of host ports led to a range of the same size inside. One port is a range of one."""

    published: int  # 0: to be chosen
    target: int
    count: int = 1
    protocol: str = "tcp"
    host_ip: Optional[str] = None  # None: every address of the host; 0.0.0.0 and :: are every one of that family
    allowed_sources: Tuple[str, ...] = ()
    host_ip_nonlocal: bool = field(default=False, compare=False)  # the host need not have host_ip
    given: bool = field(default=False, compare=False)  # the host port was chosen: nobody asked for its number

    @property
    def wish(self) -> str:
        """Return it as it is declared by who leaves the host port to be chosen."""
        return str(replace(self, published=0))

    def __str__(self) -> str:
        host = ("[%s]:" % self.host_ip if ":" in self.host_ip else self.host_ip + ":") if self.host_ip else ""
        if self.published:
            host += port_range(self.published, self.count)
        return "%s%s%s/%s" % (host, ":" if host else "", port_range(self.target, self.count), self.protocol)


class Device(NamedTuple):
    """One of the host's own links, handed over to an endpoint. Exactly one of name, mac and pci_address finds it."""

    interface_name: str
    name: Optional[str] = None
    mac: Optional[str] = None
    pci_address: Optional[str] = None  # 0000:03:00.0
    addresses: Tuple[str, ...] = ()  # with prefix length
    mtu: Optional[int] = None


class WireEnd(NamedTuple):
    """One end of a wire: an interface of an endpoint, a port of a network, or an interface of the host's own."""

    endpoint: Optional[str] = None
    network: Optional[str] = None
    host: bool = False
    interface_name: str = ""
    mac_address: Optional[str] = None
    addresses: Tuple[str, ...] = ()  # with prefix length; not of a port


class Tunnel(NamedTuple):
    """A point-to-point VXLAN straight into an endpoint."""

    vni: int
    remote: str
    local: Optional[str] = None
    udp_port: int = DEFAULT_UDP_PORT
    underlay_interface: Optional[str] = None


class Wire(NamedTuple):
    """Two ends joined by a veth pair, or one end of a tunnel."""

    name: str
    ends: Tuple[WireEnd, ...]  # two; one where there is a tunnel
    tunnel: Optional[Tunnel] = None
    mtu: Optional[int] = None


def host_ends(wires: Iterable[Wire]) -> Iterator[Tuple[Wire, int, WireEnd]]:
    """Yield the ends that are interfaces of the host's own, each with its wire and its place there."""
    for wire in wires:
        yield from ((wire, index, end) for index, end in enumerate(wire.ends) if end.host)


@dataclass(frozen=True)
class Endpoint:
    """A container, known by the place of its namespace, and what it is attached to."""

    name: str
    place: Place  # "" where network_mode is host or container:NAME and no container is named
    attachments: Tuple[Attachment, ...] = ()
    ports: Tuple[PublishedPort, ...] = ()
    sysctls: Tuple[Tuple[str, str], ...] = ()
    network_mode: Optional[str] = None  # none | host | container:ENDPOINT; None: the networks it lists
    forwarding: bool = False  # a router between its interfaces
    masquerade: Tuple[str, ...] = ()  # networks towards which it hides the others behind its own address
    source_routing: bool = True  # with several gateways: answers leave by the interface the question came in on
    routes: Tuple[StaticRoute, ...] = ()
    rules: Tuple[RoutingRule, ...] = ()
    devices: Tuple[Device, ...] = ()
    groups: Tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """Everything one scope declares for one host."""

    scope: str = DEFAULT_SCOPE
    networks: Tuple[Network, ...] = ()
    endpoints: Tuple[Endpoint, ...] = ()
    links: Tuple[Wire, ...] = ()
    policies: Tuple[Policy, ...] = ()  # in their order
