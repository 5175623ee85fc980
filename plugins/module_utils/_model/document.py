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
    labels: Mapping[str, str] = field(default_factory=dict)


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


Network = Union[BridgeNetwork, OverlayNetwork]


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
    aliases: Tuple[str, ...] = ()
    sysctls: Tuple[Tuple[str, str], ...] = ()  # IFNAME stands for the interface
    ipam: str = "allocate"  # none: no address is allocated (a layer 2 attachment)

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
class Endpoint:
    """A container, known by the place of its namespace, and what it is attached to."""

    name: str
    place: str
    attachments: Tuple[Attachment, ...] = ()
    ports: Tuple[PublishedPort, ...] = ()
    sysctls: Tuple[Tuple[str, str], ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """Everything one scope declares for one host."""

    scope: str = DEFAULT_SCOPE
    networks: Tuple[Network, ...] = ()
    endpoints: Tuple[Endpoint, ...] = ()
