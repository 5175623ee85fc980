# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The declaration of one host after validation: every default applied, every value canonical."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, Optional, Tuple, Union

DEFAULT_SCOPE = "main"
DEFAULT_UDP_PORT = 4789
PROTOCOLS = ("tcp", "udp", "sctp")


@dataclass(frozen=True)
class Subnet:
    """One entry of ipam_config."""

    subnet: str
    gateway: Optional[str] = None
    ip_range: Optional[str] = None
    aux_addresses: Tuple[Tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Peer:
    """Another host of an overlay."""

    host: str
    vtep: str
    foreign: bool = False  # it asks and answers ARP and ND as any machine does, and nobody writes down for it what is where


@dataclass(frozen=True)
class RemoteEndpoint:
    """An endpoint of an overlay on another host."""

    name: str
    mac: str
    vtep: str
    addresses: Tuple[str, ...] = ()


@dataclass(frozen=True)
class BridgeNetwork:
    driver = "bridge"

    name: str
    subnets: Tuple[Subnet, ...] = ()
    bridge_name: str = ""
    mtu: Optional[int] = None  # None: that of the interface with the default route
    mac_address: Optional[str] = None
    internal: bool = False
    masquerade: bool = True
    snat_addresses: Tuple[str, ...] = ()  # at most one of each family
    enable_icc: bool = True
    gateway_on_host: bool = True  # False: the bridge gets no address
    hairpin: bool = False
    host_access: Union[str, Tuple[str, ...]] = "established"  # none | established | all | ("53/udp", ...)
    trusted_interfaces: Tuple[str, ...] = ()
    interfaces: Tuple[str, ...] = ()  # the host's own links that become ports; their addresses and routes move to the bridge
    vlan_filtering: bool = False
    stp: Optional[bool] = None
    priority: Optional[int] = None
    ageing_time: Optional[int] = None  # seconds
    multicast_snooping: Optional[bool] = None
    vrf: Optional[str] = None
    vrf_table: Optional[int] = None
    snat_elsewhere: bool = False  # the source addresses need not be on this host
    routed_keys: Tuple[str, ...] = field(default=(), compare=False)  # what the declaration says of how the host routes and closes the segment
    adopted: bool = False  # the bridge is somebody else's
    lan: bool = False  # and the host is on it as others are
    labels: Mapping[str, str] = field(default_factory=dict)
    on_every_host: bool = False  # only for a fleet's plan

    @property
    def has_others(self) -> bool:
        """Whether more than our own endpoints may be on the segment."""
        return self.adopted or bool(self.interfaces)

    @property
    def on_lan(self) -> bool:
        """Whether the segment is a LAN of the host, which this host neither routes nor closes."""
        return self.lan or (bool(self.interfaces) and not self.gateway_on_host)

    @property
    def home_devices(self) -> Tuple[str, ...]:
        """The host's links that may hold addresses of the subnets."""
        return (self.bridge_name, *self.interfaces)


@dataclass(frozen=True)
class OverlayNetwork:
    driver = "overlay"

    name: str
    subnets: Tuple[Subnet, ...] = ()
    bridge_name: str = ""
    vxlan_name: str = ""
    vni: int = 0
    udp_port: int = DEFAULT_UDP_PORT
    vtep_address: str = ""
    underlay_interface: Optional[str] = None
    mtu: Optional[int] = None  # None: that of the underlay less 50 (IPv4) or 70 (IPv6)
    peers: Tuple[Peer, ...] = ()
    remote_endpoints: Tuple[RemoteEndpoint, ...] = ()
    internal: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)
    on_every_host: bool = False  # only for a fleet's plan

    @property
    def home_devices(self) -> Tuple[str, ...]:
        """The host's links that may hold addresses of the subnets."""
        return (self.bridge_name,)

    @property
    def answers_locally(self) -> bool:
        """Whether ARP and ND are answered on this host. The kernel then takes every ARP packet out of the tunnel, answers to foreign ends as well."""
        return not any(peer.foreign for peer in self.peers)


@dataclass(frozen=True)
class MacvlanNetwork:
    driver = "macvlan"

    name: str
    subnets: Tuple[Subnet, ...] = ()
    parent: Optional[str] = None  # None: the interface with the default route; NAME.VLAN is made where it does not exist
    mode: str = "bridge"  # bridge | private | vepa | passthru
    internal: bool = False  # without a parent: on a dummy link
    host_access: bool = False
    shim_name: str = ""  # the host's own macvlan where host_access is true
    broadcast_queue_length: Optional[int] = None  # frames
    broadcast_limit: Optional[int] = None  # listeners; None: the kernel's
    mtu: Optional[int] = None  # None: that of the parent
    labels: Mapping[str, str] = field(default_factory=dict)
    on_every_host: bool = False  # only for a fleet's plan

    @property
    def shares_mac(self) -> bool:
        """Whether an endpoint has the parent's own MAC."""
        return self.mode == "passthru"

    @property
    def home_devices(self) -> Tuple[str, ...]:
        """The host's links that may hold addresses of the subnets."""
        return tuple(name for name in (self.parent, self.shim_name) if name)


@dataclass(frozen=True)
class IpvlanNetwork:
    driver = "ipvlan"

    name: str
    subnets: Tuple[Subnet, ...] = ()
    parent: Optional[str] = None
    mode: str = "l2"  # l2 | l3 | l3s
    flag: str = "bridge"  # bridge | private | vepa
    internal: bool = False
    mtu: Optional[int] = None
    labels: Mapping[str, str] = field(default_factory=dict)
    on_every_host: bool = False  # only for a fleet's plan
    shares_mac = True

    @property
    def home_devices(self) -> Tuple[str, ...]:
        """The host's links that may hold addresses of the subnets."""
        return (self.parent,) if self.parent else ()


@dataclass(frozen=True)
class RoutedPeer:
    """Another host of a routed network: where its part of the subnets lies."""

    host: str
    next_hops: Tuple[str, ...]  # its addresses on the underlay, at most one of each family
    subnets: Tuple[str, ...]


@dataclass(frozen=True)
class RoutedNetwork:
    """Containers behind point-to-point links, reached by routes: no bridge, no NAT."""

    driver = "routed"

    name: str
    subnets: Tuple[Subnet, ...] = ()  # this host's part
    reach: Tuple[str, ...] = ()  # the subnets of the whole network; its members may talk to each other
    peers: Tuple[RoutedPeer, ...] = ()
    proxy_interfaces: Tuple[str, ...] = ()  # where this host answers ARP and ND for its endpoints
    internal: bool = False
    mtu: Optional[int] = None  # None: that of the way to the peers, else that of the interface with the default route
    host_prefixes: Tuple[Tuple[int, int], ...] = ()  # (IP version, length) of each host's part; only for a fleet's plan
    host_subnets: Tuple[Tuple[str, Tuple[str, ...]], ...] = ()  # (host, its part); only for a fleet's plan
    labels: Mapping[str, str] = field(default_factory=dict)
    on_every_host: bool = False  # only for a fleet's plan

    @property
    def home_devices(self) -> Tuple[str, ...]:
        """The host's links that may hold addresses of the subnets."""
        return self.proxy_interfaces


# Networks whose endpoints are on the segment of a link of the host.
LanNetwork = Union[MacvlanNetwork, IpvlanNetwork]
LAN_NETWORKS = (MacvlanNetwork, IpvlanNetwork)
Network = Union[BridgeNetwork, OverlayNetwork, MacvlanNetwork, IpvlanNetwork, RoutedNetwork]


def is_on_lan(network: object) -> bool:
    """Tell whether a network's subnets are those of a LAN, which the host itself may be on."""
    return isinstance(network, LAN_NETWORKS) or (isinstance(network, BridgeNetwork) and network.on_lan)


@dataclass(frozen=True)
class StaticRoute:
    """A route inside a container."""

    destination: str
    gateway: Optional[str] = None
    type: str = "unicast"  # unicast | blackhole | unreachable | prohibit
    metric: int = 0
    interface: Optional[str] = None


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
    given: bool = field(default=False, compare=False)  # an address that nobody asked for by name is among them
    routes: Tuple[StaticRoute, ...] = ()
    vlan: Optional[int] = None  # untagged VLAN of a port on a bridge with vlan_filtering
    trunk: Tuple[int, ...] = ()  # tagged VLANs of it

    @property
    def addresses(self) -> Tuple[str, ...]:
        return tuple(address for address in (self.ipv4_address, self.ipv6_address) if address)


@dataclass(frozen=True)
class PublishedPort:
    """A range of host ports led to a range of the same size inside. One port is a range of one."""

    published: int
    target: int
    count: int = 1
    protocol: str = "tcp"
    host_ip: Optional[str] = None  # None: every address of the host; 0.0.0.0 and :: are every one of that family
    allowed_sources: Tuple[str, ...] = ()

    def __str__(self) -> str:
        first = str(self.published) if self.count == 1 else "%d-%d" % (self.published, self.published + self.count - 1)
        last = str(self.target) if self.count == 1 else "%d-%d" % (self.target, self.target + self.count - 1)
        host = ("[%s]:" % self.host_ip if ":" in self.host_ip else self.host_ip + ":") if self.host_ip else ""
        return "%s%s:%s/%s" % (host, first, last, self.protocol)


@dataclass(frozen=True)
class Device:
    """One of the host's own links, handed over to an endpoint. Exactly one of name, mac and pci_address finds it."""

    interface_name: str
    name: Optional[str] = None
    mac: Optional[str] = None
    pci_address: Optional[str] = None  # 0000:03:00.0
    addresses: Tuple[str, ...] = ()  # with prefix length
    mtu: Optional[int] = None


@dataclass(frozen=True)
class WireEnd:
    """One end of a wire: an interface of an endpoint, or a port of a network."""

    endpoint: Optional[str] = None
    network: Optional[str] = None
    interface_name: str = ""
    mac_address: Optional[str] = None
    addresses: Tuple[str, ...] = ()  # with prefix length; only of an endpoint


@dataclass(frozen=True)
class Tunnel:
    """A point-to-point VXLAN straight into an endpoint."""

    vni: int
    remote: str
    local: Optional[str] = None
    udp_port: int = DEFAULT_UDP_PORT
    underlay_interface: Optional[str] = None


@dataclass(frozen=True)
class Wire:
    """Two ends joined by a veth pair, or one end of a tunnel."""

    name: str
    ends: Tuple[WireEnd, ...]  # two; one where there is a tunnel
    tunnel: Optional[Tunnel] = None
    mtu: Optional[int] = None


@dataclass(frozen=True)
class Endpoint:
    """A container, known by the place of its namespace, and what it is attached to."""

    name: str
    place: str  # "" where network_mode is host or container:NAME and no container is named
    attachments: Tuple[Attachment, ...] = ()
    ports: Tuple[PublishedPort, ...] = ()
    sysctls: Tuple[Tuple[str, str], ...] = ()
    network_mode: Optional[str] = None  # none | host | container:ENDPOINT; None: the networks it lists
    forwarding: bool = False  # a router between its interfaces
    masquerade: Tuple[str, ...] = ()  # networks towards which it hides the others behind its own address
    source_routing: bool = True  # with several gateways: answers leave by the interface the question came in on
    routes: Tuple[StaticRoute, ...] = ()
    devices: Tuple[Device, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """Everything one scope declares for one host."""

    scope: str = DEFAULT_SCOPE
    networks: Tuple[Network, ...] = ()
    endpoints: Tuple[Endpoint, ...] = ()
    links: Tuple[Wire, ...] = ()
