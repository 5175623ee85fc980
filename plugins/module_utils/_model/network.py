# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What there is to ask of a network. The networks of each driver stand in `_drivers`, a folder for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, List, Mapping, NamedTuple, Optional, Tuple

from . import names
from .addresses import ip_version

if TYPE_CHECKING:
    from .document import Attachment
    from .link import Link


class Subnet(NamedTuple):
    """One entry of ipam_config."""

    subnet: str
    gateway: Optional[str] = None
    ip_range: Optional[str] = None
    aux_addresses: Tuple[Tuple[str, str], ...] = ()


class RemoteEndpoint(NamedTuple):
    """An endpoint of a network on another host."""

    name: str
    mac: str
    vtep: str
    addresses: Tuple[str, ...] = ()


class MadeLink(NamedTuple):
    """A link of the host that a network brings with it, and the key that names it."""

    key: str
    name: str
    words: str  # as in "the bridge of"


@dataclass(frozen=True)
class UsedLink:
    """A link of the host that a network names, by which key and, of a list, at which place."""

    key: str
    name: str
    index: Optional[int] = None


class TunnelEnds(NamedTuple):
    """A peer's end of a tunnel and ours."""

    peer: str
    vtep: str
    interface: Optional[str]
    vni: int


Fault = Tuple[str, object, str, str]  # key, value, rule, fix


@dataclass(frozen=True)
class Network:
    """Base of the networks of every driver, and what is true of one that says nothing else. Fields of a driver need defaults."""

    driver: ClassVar[str] = ""

    is_bridged: ClassVar[bool] = False  # its endpoints are ports of a bridge of the host, where wires may have ports too
    has_parent: ClassVar[bool] = False  # its endpoints' links stand on a link of the host; nothing of theirs passes through the host
    is_tunnelled: ClassVar[bool] = False  # its hosts send each other frames in tunnels, so that its addresses have one owner in the fleet
    is_local: ClassVar[bool] = False  # on another host a network of its name is another one
    translates: ClassVar[bool] = False  # published ports lead to its endpoints by translation
    opens_ports: ClassVar[bool] = False  # published ports are opened at its endpoints' own addresses
    follows_connections: ClassVar[bool] = False  # the host tracks what is said on its segment
    names_interfaces: ClassVar[bool] = False  # the host's ends of its endpoints' links have names of its own making
    has_members_only: ClassVar[bool] = False  # so that whoever has its gateway's address is a router among them

    name: str
    subnets: Tuple[Subnet, ...] = ()
    mtu: Optional[int] = None  # None: what the links below it take
    internal: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    on_every_host: bool = False  # only for a fleet's plan
    default_policy: str = "allow"  # allow | deny: what no policy names, into its endpoints
    default_egress: str = "allow"  # and out of them

    def subnets_of(self, family: int) -> Tuple[Subnet, ...]:
        return tuple(subnet for subnet in self.subnets if ip_version(subnet.subnet) == family)

    @property
    def bridge_name(self) -> str:
        return ""

    @property
    def anti_spoofing(self) -> bool:
        """Whether its endpoints send from their own addresses only."""
        return False

    @property
    def mac_address(self) -> Optional[str]:
        """The MAC that is asked for on the host's own link of the segment."""
        return None

    @property
    def interfaces(self) -> Tuple[str, ...]:
        """The host's own links that become ports."""
        return ()

    @property
    def vlan_filtering(self) -> bool:
        return False

    @property
    def stp(self) -> Optional[bool]:
        return None

    @property
    def vrf(self) -> Optional[str]:
        return None

    @property
    def parent(self) -> Optional[str]:
        return None

    @property
    def gateway_on_host(self) -> bool:
        """Whether its gateways are addresses of the host; elsewhere a container may have them, and route for the others."""
        return False

    @property
    def declines_gateway(self) -> bool:
        """Whether it is said that the host is to be no gateway on it."""
        return False

    @property
    def passes_host(self) -> bool:
        """Whether the host sees, and can keep back, the packets of its endpoints."""
        return not self.has_parent

    @property
    def host_is_router(self) -> bool:
        """Whether it is the host that takes packets of its endpoints further."""
        return self.gateway_on_host

    @property
    def is_forwarded(self) -> bool:
        """Whether the host must forward for it."""
        return False

    @property
    def isolates(self) -> bool:
        """Whether its endpoints are kept apart from each other."""
        return False

    @property
    def masquerade(self) -> bool:
        """Whether what leaves it has an address of the host as source."""
        return False

    @property
    def no_masquerade(self) -> Tuple[str, ...]:
        """Where it keeps its own address as source nevertheless."""
        return ()

    @property
    def leads_outside(self) -> bool:
        """Whether the host surely takes its endpoints' packets to others, and brings the answers back."""
        return False

    @property
    def snat_addresses(self) -> Tuple[str, ...]:
        """The addresses that what leaves it has as source; at most one of each family."""
        return ()

    @property
    def snat_elsewhere(self) -> bool:
        """Whether these need not be on this host."""
        return False

    @property
    def publishes(self) -> bool:
        """Whether a published port can lead to its endpoints by translation."""
        return False

    @property
    def on_lan(self) -> bool:
        """Whether its subnets are those of a LAN, which the host itself may be on and neither routes nor closes."""
        return self.has_parent

    @property
    def has_way_out(self) -> bool:
        """Whether something on the segment may take packets out of it."""
        return not self.internal

    @property
    def needs_no_gateway(self) -> bool:
        """Whether an endpoint's interface itself leads to all that the network reaches, whatever its subnets."""
        return False

    @property
    def shares_mac(self) -> bool:
        """Whether an endpoint has the parent's own MAC."""
        return False

    @property
    def takes_sources(self) -> bool:
        """Whether an endpoint's interface takes in the frames of those MACs only that it names."""
        return False

    @property
    def home_devices(self) -> Tuple[str, ...]:
        """The host's links that may hold addresses of the subnets."""
        return ()

    @property
    def made_links(self) -> Tuple[MadeLink, ...]:
        return ()

    @property
    def used_links(self) -> Tuple[UsedLink, ...]:
        return ()

    @property
    def taken_links(self) -> Tuple[Tuple[str, str, str], ...]:
        """The links of the host that it takes away from it: (where below the network's path, name, who takes it)."""
        return ()

    @property
    def named_on_host(self) -> Tuple[str, ...]:
        """The links and addresses of the host that it names without standing on them."""
        return ()

    @property
    def vtep_address(self) -> str:
        return ""

    @property
    def tunnel_port(self) -> Optional[int]:
        """The UDP port of its tunnels."""
        return None

    @property
    def vni(self) -> int:
        return 0

    @property
    def tunnels(self) -> Tuple[TunnelEnds, ...]:
        return ()

    @property
    def remote_endpoints(self) -> Tuple[RemoteEndpoint, ...]:
        return ()

    @property
    def is_closed(self) -> bool:
        """Whether only its members may reach its endpoints at their own addresses."""
        return True

    @property
    def denies(self) -> bool:
        """Whether it is closed to, or closes its endpoints to, whom no policy names."""
        return self.default_policy == "deny" or self.default_egress == "deny"

    @property
    def reach(self) -> Tuple[str, ...]:
        """The subnets of the whole network where this host has only a part of it."""
        return ()

    @property
    def host_reason(self) -> str:
        """Why the host itself surely reaches its endpoints at their own addresses, in words, if it does."""
        return ""

    def find_clash(self, _other: Network) -> Optional[Fault]:
        """Return why it cannot be on one parent with another network."""
        return None

    def next_door(self, _family: int) -> Optional[str]:
        """Return the subnet that stands before an endpoint where that is not the network's own."""
        return None

    def name_interface(self, scope: str, endpoint: str) -> str:
        """Return what the host's end of an endpoint's link is called, if nobody says so."""
        return names.host_interface_name(scope, endpoint, self.name)

    def find_features(self, _links: Mapping[str, Link]) -> List[str]:
        """Return what it needs of the kernel that not every kernel has; `links` are the host's now."""
        return []

    def without_gateway(self) -> Network:
        """Return it with the host as no gateway, where it could be one."""
        return self

    def keeps_apart(self, one: Attachment, other: Attachment) -> bool:
        """Tell whether no frame passes between the ports of two endpoints of one host."""
        return all(self.isolates if item.isolated is None else item.isolated for item in (one, other))

    def refusal(self, one: Attachment, other: Attachment) -> Optional[str]:
        """Return why two endpoints of one host must not reach each other."""
        return "both are isolated on network %s" % self.name if self.keeps_apart(one, other) else None

    def reaches(self, _one: Attachment, _other: Attachment, _local: bool) -> bool:
        """Tell whether two endpoints that nothing forbids surely reach each other; `local` says that they are on one host."""
        return True
