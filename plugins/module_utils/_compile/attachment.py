# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""An endpoint on a bridged segment: a veth pair, its addresses, and the endpoint's default routes."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from .._model.document import Attachment, Endpoint, Network, Subnet
from .._model.link import BridgePort, Link, Veth
from .._model.mark import Mark
from .._model.objects import HOST, Address, KernelObject, Namespace, Route, Sysctl
from .settings import Settings, interface_sysctls

DEFAULT_ROUTE = {4: "0.0.0.0/0", 6: "::/0"}
INTERFACE_TOKEN = "IFNAME"


@dataclass(frozen=True)
class Segment:
    """What an endpoint needs to know of a network to join it."""

    network: Network
    bridge: str
    mtu: int
    port: BridgePort


def compile_endpoint(endpoint: Endpoint, segments: Mapping[str, Segment], scope: str, ipv6: bool) -> Tuple[KernelObject, ...]:
    objects: List[KernelObject] = []
    if endpoint.place.startswith("netns:"):
        objects.append(Namespace(endpoint.place, str(Mark(scope, "namespace"))))
    for path, value in endpoint.sysctls:
        objects.append(Sysctl(endpoint.place, path.replace(".", "/"), value))
    for attachment in endpoint.attachments:
        objects.extend(_compile_attachment(endpoint, attachment, segments[attachment.network], scope, ipv6))
    objects.extend(_default_routes(endpoint, segments))
    return tuple(objects)


def _compile_attachment(endpoint: Endpoint, attachment: Attachment, segment: Segment, scope: str, ipv6: bool) -> List[KernelObject]:
    mark = str(Mark(scope, "endpoint", attachment.network, endpoint.name))
    tuned, plain = _split_sysctls(attachment)
    objects: List[KernelObject] = [
        Link(
            HOST,
            attachment.host_interface_name,
            kind=Veth(endpoint.place, attachment.interface_name, leads=True),
            mtu=segment.mtu,
            up=True,
            master=segment.bridge,
            alias=mark,
            link_local=False if ipv6 else None,
            port=segment.port,
        ),
        Link(
            endpoint.place,
            attachment.interface_name,
            kind=Veth(HOST, attachment.host_interface_name),
            mtu=segment.mtu,
            mac=attachment.mac_address,
            up=True,
            alias=mark,
            sysctls=_merge(interface_sysctls(attachment.addresses, ipv6=ipv6), tuned),
        ),
    ]
    objects.extend(Sysctl(endpoint.place, path, value) for path, value in plain)
    for address in attachment.addresses:
        subnet = find_subnet(segment.network, address)
        if subnet is not None:
            objects.append(Address(endpoint.place, attachment.interface_name, "%s/%s" % (address, subnet.subnet.split("/")[1]), announce=True))
    return objects


def _split_sysctls(attachment: Attachment) -> Tuple[Settings, Settings]:
    """Return the interface's own settings as (`ipv4/key`, value), and the rest as (path, value)."""
    tuned: List[Tuple[str, str]] = []
    plain: List[Tuple[str, str]] = []
    for key, value in attachment.sysctls:
        parts = key.split(".")
        if len(parts) == 5 and parts[0] == "net" and parts[2:4] == ["conf", INTERFACE_TOKEN]:
            tuned.append(("%s/%s" % (parts[1], parts[4]), value))
        else:
            plain.append((key.replace(".", "/").replace(INTERFACE_TOKEN, attachment.interface_name), value))
    return tuple(tuned), tuple(plain)


def _merge(defaults: Settings, own: Settings) -> Settings:
    merged: Dict[str, str] = dict(defaults)
    merged.update(own)
    return tuple(merged.items())


def _default_routes(endpoint: Endpoint, segments: Mapping[str, Segment]) -> List[KernelObject]:
    """Choose one gateway of each family: highest gw_priority, then a network that leads out, then dual stack, then by name."""
    routes: List[KernelObject] = []
    for family in (4, 6):
        best: Optional[Tuple[Tuple[int, bool, bool, str], str, str]] = None
        for attachment in endpoint.attachments:
            gateway = _gateway(attachment, segments[attachment.network].network, family)
            if gateway is None:
                continue
            network = segments[attachment.network].network
            dual = all(_gateway(attachment, network, other) for other in (4, 6))
            order = (-attachment.gw_priority, network.internal, not dual, attachment.network)
            if best is None or order < best[0]:
                best = (order, gateway, attachment.interface_name)
        if best is not None:
            routes.append(Route(endpoint.place, DEFAULT_ROUTE[family], gateway=best[1], device=best[2]))
    return routes


def _gateway(attachment: Attachment, network: Network, family: int) -> Optional[str]:
    address = attachment.ipv4_address if family == 4 else attachment.ipv6_address
    if address is None or (network.driver == "bridge" and network.internal):
        return None
    subnet = find_subnet(network, address)
    return subnet.gateway if subnet else None


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
