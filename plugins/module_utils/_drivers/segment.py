# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a driver offers to those who join its networks, and what their interfaces have on all of them."""

from __future__ import annotations

import ipaddress
from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Dict, Iterator, List, Optional, Sequence, Set, Tuple

from .._model.addresses import ip_version
from .._model.document import Attachment, Endpoint
from .._model.errors import EnvironmentUnfit
from .._model.kind import LinkKind
from .._model.link import WITHOUT_IPV6, BridgePort, Link, Tuning
from .._model.network import Network, Subnet
from .._model.objects import Address, KernelObject
from .settings import Settings, interface_sysctls

PLAIN_PORT = BridgePort()
INTERFACE_TOKEN = "IFNAME"
OWN_SETTINGS = frozenset(name for name, _value in interface_sysctls(("0.0.0.0/0", "::/0"), ipv6=True))


class Segment(ABC):
    """Where the endpoints of a network are."""

    network: Network  # as declared
    mtu: int
    bridge: str = ""  # that a port can be added to
    port: BridgePort = PLAIN_PORT  # what its ports are like

    @abstractmethod
    def join(self, endpoint: Endpoint, attachment: Attachment, mark: str, ipv6: bool) -> Sequence[KernelObject]:
        """Return the links, addresses and routes that put an endpoint on the segment; `mark` is their alias."""

    def mtu_of(self, endpoint: Endpoint, attachment: Attachment) -> int:
        """Return the MTU of an endpoint's interface: its own, where that fits."""
        if attachment.mtu is not None and attachment.mtu > self.mtu:
            raise EnvironmentUnfit(
                "endpoint %s: mtu %d does not fit network %s (%d); at most %d; nothing was changed"
                % (endpoint.name, attachment.mtu, self.network.name, self.mtu, self.mtu)
            )
        return attachment.mtu or self.mtu

    def inner_link(self, endpoint: Endpoint, attachment: Attachment, kind: LinkKind, mark: str, ipv6: bool, mac: Optional[str] = None) -> Link:
        """Return an endpoint's interface, with all that an attachment says of it."""
        return Link(
            endpoint.place,
            attachment.interface_name,
            kind=kind,
            mtu=self.mtu_of(endpoint, attachment),
            mac=mac,
            up=attachment.up,
            alias=mark,
            tuning=Tuning(attachment.promisc, attachment.allmulti, attachment.txqueuelen),
            sysctls=inner_settings(endpoint, attachment, ipv6),
        )

    def widened(self, _network: Network) -> Segment:
        """Return it for its network with the subnets of those that wires join to it."""
        return self

    def gateway(self, attachment: Attachment, family: int) -> Optional[str]:
        """Return the way out that the segment offers in a family, or None; "" is the interface itself, without a next hop."""
        return subnet_gateway(attachment, self.network, family) if self.network.has_way_out else None


def inner_settings(endpoint: Endpoint, attachment: Attachment, ipv6: bool) -> Settings:
    """Return the settings of an endpoint's interface: ours, overruled by those of the declaration.

    With IPv4 addresses only it speaks no IPv6, as with Docker: by link-local addresses it would be reached past all that is said of its own,
    and what a thousand of them tell all listeners would be carried to a thousand ports each.
    """
    ours = interface_sysctls(attachment.addresses, ipv6=ipv6)
    if ipv6 and attachment.addresses and not _has_ipv6(endpoint, attachment):
        ours += (WITHOUT_IPV6,)
    return _merge(ours, split_sysctls(attachment)[0])


def _has_ipv6(endpoint: Endpoint, attachment: Attachment) -> bool:
    targets = (route.destination for route in endpoint.routes)
    return any(ip_version(address) == 6 for address in (*attachment.addresses, *targets))


def inner_addresses(endpoint: Endpoint, attachment: Attachment, network: Network) -> List[KernelObject]:
    """Return the addresses of an endpoint's interface, each with the prefix length of its subnet or its own."""
    own = dict(item.split("/") for item in attachment.more if "/" in item)
    lengths = {address: own.get(address) or subnet.subnet.split("/")[1] for address, subnet in _subnets_of(attachment, network) if subnet is not None}
    return rank_addresses(endpoint, attachment, ["%s/%s" % pair for pair in lengths.items()])


def _subnets_of(attachment: Attachment, network: Network) -> Iterator[Tuple[str, Optional[Subnet]]]:
    return ((address, find_subnet(network, address)) for address in attachment.addresses)


def rank_addresses(endpoint: Endpoint, attachment: Attachment, addresses: Sequence[str]) -> List[KernelObject]:
    """Return an attachment's addresses so that what is sent comes from the first one of each family."""
    if not attachment.more:
        return [Address(endpoint.place, attachment.interface_name, address, announce=True) for address in addresses]
    found: List[KernelObject] = []
    known: Set[str] = set()
    for address in addresses:
        subnet = str(ipaddress.ip_interface(address).network)
        second = (subnet in known and not subnet.endswith("/32")) if ":" not in address else address.partition("/")[0] in attachment.further
        known.add(subnet)
        found.append(Address(endpoint.place, attachment.interface_name, address, announce=True, secondary=second or None))
    return found


def split_sysctls(attachment: Attachment) -> Tuple[Settings, Settings]:
    """Return what overrules our own settings of the interface as (`ipv4/key`, value), and the rest as (path, value)."""
    tuned: List[Tuple[str, str]] = []
    plain: List[Tuple[str, str]] = []
    for key, value in attachment.sysctls:
        parts = key.split(".")
        if len(parts) == 5 and parts[2:4] == ["conf", INTERFACE_TOKEN] and "%s/%s" % (parts[1], parts[4]) in OWN_SETTINGS:
            tuned.append(("%s/%s" % (parts[1], parts[4]), value))
        else:
            plain.append((key.replace(".", "/").replace(INTERFACE_TOKEN, attachment.interface_name), value))
    return tuple(tuned), tuple(plain)


def _merge(defaults: Settings, own: Settings) -> Settings:
    merged: Dict[str, str] = dict(defaults)
    merged.update(own)
    return tuple(merged.items())


def subnet_gateway(attachment: Attachment, network: Network, family: int) -> Optional[str]:
    """Return the gateway of the subnet that an attachment's address of a family lies in."""
    address = attachment.ipv4_address if family == 4 else attachment.ipv6_address
    subnet = find_subnet(network, address) if address else None
    return subnet.gateway if subnet and subnet.gateway != address else None


def find_subnet(network: Network, address: str) -> Optional[Subnet]:
    """Return the subnet that contains an address."""
    candidates = [s for s in network.subnets if (":" in s.subnet) == (":" in address)]
    if len(candidates) == 1:
        return candidates[0]
    return _containing(tuple(candidates), address)


@lru_cache(maxsize=4096)
def _containing(candidates: Sequence[Subnet], address: str) -> Optional[Subnet]:
    ip = ipaddress.ip_address(address)
    return next((s for s in candidates if ip in ipaddress.ip_network(s.subnet)), None)
