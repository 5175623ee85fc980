# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Who takes part in a fleet, as the probes see it: endpoints with their networks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, FrozenSet, Iterator, List, Optional, Sequence, Set, Tuple

from ...module_utils._model import span
from ...module_utils._model.addresses import ip_version
from ...module_utils._model.document import Attachment, Endpoint, StaticRoute, Wire, WireEnd
from ...module_utils._model.joined import joined_networks, whole_networks
from ...module_utils._model.network import Network
from ...module_utils._model.place import SLOT
from .planner import FleetPlan
from .reading import Host

EVERYTHING = ("0.0.0.0/0", "::/0")
Check = Dict[str, Any]


@dataclass(frozen=True)
class Member:
    """An endpoint with its host and the networks it is on."""

    host: Host
    endpoint: Endpoint
    container: Dict[str, Any]
    networks: Dict[str, Network]

    def attachment(self, network: str) -> Optional[Attachment]:
        return next((item for item in self.endpoint.attachments if item.network == network), None)

    def is_on(self, network: Network, host: Host) -> bool:
        """Tell whether this endpoint is on a network of that host."""
        return network.name in self.networks and (self.host is host or spans_hosts(self.networks[network.name], network))

    def joined(self, network: str) -> FrozenSet[str]:
        """Return the networks of this host that are one layer 2 with a network."""
        return joined_networks(self.host.links).get(network, frozenset((network,)))

    @property
    def wire_ends(self) -> Tuple[Tuple[Wire, WireEnd], ...]:
        """Return the wires that end here."""
        return tuple((wire, end) for wire in self.host.links for end in wire.ends if end.endpoint == self.endpoint.name)

    @property
    def routes(self) -> Tuple[StaticRoute, ...]:
        """Return all listed routes."""
        return tuple(route for item in self.endpoint.attachments for route in item.routes) + self.endpoint.routes

    def near_subnets(self) -> Iterator[str]:
        """Yield the subnets that mean something on this endpoint's own interfaces."""
        for network in self.networks.values():
            yield from (subnet.subnet for subnet in network.subnets)
        for _wire, end in self.wire_ends:
            yield from end.addresses
        for device in self.endpoint.devices:
            yield from device.addresses

    def default_networks(self, version: int) -> List[Network]:
        """Return the networks of which one has the default route in a family."""
        offers = [
            ((bool(item.default_route), item.gw_priority), self.networks[item.network])
            for item in self.endpoint.attachments
            if item.default_route is not False and _offers(item, self.networks[item.network], version)
        ]
        highest = max((priority for priority, _network in offers), default=(False, 0))
        return [network for priority, network in offers if priority == highest]

    def way_out(self, version: int) -> Optional[Network]:
        """Return the network that leads this endpoint to the outside by masquerading, or None where that is not certain."""
        best = self.default_networks(version)
        leading = [item for item in best if item.leads_outside]
        tagged = any(item.vlan or item.trunk for item in self.endpoint.attachments)  # only the bridge's own VLAN leads to the host
        return leading[0] if leading and len(leading) == len(best) and not tagged else None

    def is_led(self, address: str) -> bool:
        """Tell whether a listed route has a say in where packets to an address go."""
        defaults = [route for route in self.routes if route.destination in EVERYTHING and 0 < route.metric < 1024 and ":" in address]
        listed = (route.destination for route in self.routes if route.destination not in EVERYTHING)
        return bool(defaults or self.endpoint.rules) or any(span.holds(destination, address) for destination in listed)

    def may_pass(self, address: str) -> bool:
        """Tell whether somebody other than the host may take packets for an address further."""
        version = ip_version(address)
        if self.endpoint.devices or self.is_led(address) or any(route.gateways and ip_version(route.destination) == version for route in self.routes):
            return True
        offers = (self.networks[item.network] for item in self.endpoint.attachments if _offers(item, self.networks[item.network], version))
        return any(not network.host_is_router for network in offers)

    @property
    def is_confined(self) -> bool:
        """Tell whether no interface leads further than to neighbours."""
        return bool(self.endpoint.attachments) and all(network.internal for network in self.networks.values())


def spans_hosts(one: Network, other: Network) -> bool:
    """Tell whether the networks of one name on two hosts are one."""
    if one.on_lan:
        return not one.internal and [item.subnet for item in one.subnets] == [item.subnet for item in other.subnets]
    return not one.is_local


class Fleet:
    """Who stands between the networks of each host, and which ways were measured."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._measured: Set[Tuple[str, FrozenSet[str], int]] = set()
        self._routed: Set[Tuple[str, str]] = set()
        for member in members:
            wired = {other.network for wire, end in member.wire_ends for other in wire.ends if other is not end and other.network is not None}
            if member.endpoint.forwarding or wired:
                self._routed.update((_home(member.host, name), name) for name in {*member.networks, *wired})

    def has_routers(self, member: Member, network: Network) -> bool:
        """Tell whether an endpoint that may forward is on a network."""
        return any((_home(member.host, name), name) in self._routed for name in member.joined(network.name))

    def is_first_pair(self, source: Member, target: Member, network: Network, version: int) -> bool:
        """Tell once for each network, pair of hosts and family that this pair of endpoints may stand for all of them."""
        way = (network.name, frozenset((source.host.name, target.host.name)), version)
        is_new = way not in self._measured
        self._measured.add(way)
        return is_new

    def are_joined(self, source: Member, target: Member, network: Network) -> bool:
        """Tell whether wires make a network one layer 2 with one of the source's."""
        return source.host is target.host and not target.joined(network.name).isdisjoint(source.networks)


def _home(host: Host, name: str) -> str:
    """Return what tells networks of one name apart: the host where it is one of its own."""
    return "" if any(network.name == name and network.is_tunnelled for network in host.networks) else host.name


def _offers(attachment: Attachment, network: Network, version: int) -> bool:
    """Tell whether a network offers an endpoint a default route in a family."""
    address = attachment.ipv4_address if version == 4 else attachment.ipv6_address
    if not network.has_way_out:
        return False
    if network.needs_no_gateway:
        return address is not None
    return address is not None and any(subnet.gateway not in (None, address) for subnet in network.subnets if span.holds(subnet.subnet, address))


def make_check(
    source: Optional[Member],
    kind: str,
    address: str,
    expect: str,
    reason: str,
    *,
    from_host: str = "",
    port: Optional[int] = None,
    to: Optional[Member] = None,
    to_host: str = "",
    to_port: Optional[int] = None,
    network: str = "",
) -> Check:
    """Return a probe; without a source it starts from the host `from_host` itself. The network is found by the address, where an endpoint has it."""
    return {
        "from_host": source.host.name if source else from_host,
        "from": source.endpoint.name if source else "",
        "container": source.container if source else None,
        "type": kind,
        "address": address,
        "port": port,
        "expect": expect,
        "reason": reason,
        "to": to.endpoint.name if to else "",
        "to_host": to.host.name if to else to_host,
        "to_container": to.container if to else None,
        "to_port": to_port,
        "from_networks": sorted(source.networks) if source else [],
        "network": network or next((item.network for item in (to.endpoint.attachments if to else ()) if address in item.addresses), ""),
    }


def _seen_from_inside(host: Host) -> Dict[str, Network]:
    """Return the networks as their endpoints see them: those that wires join have their subnets, and their gateways, together."""
    found = whole_networks(host.networks, host.links)
    for name, group in joined_networks(host.links).items():
        if name in found and any(found[other].declines_gateway for other in group if other in found):
            found[name] = found[name].without_gateway()
    return found


def list_members(plan: FleetPlan) -> List[Member]:
    """Return every endpoint that has a namespace of its own, with what finds it on its host. Nobody knows what container fills a slot."""
    found: List[Member] = []
    for host in plan.hosts:
        raw = host.variables.endpoints
        containers = {entry["name"]: entry.get("container") for entry in raw} if isinstance(raw, list) else {}
        networks = _seen_from_inside(host)
        for endpoint in host.endpoints:
            if endpoint.network_mode in (None, "none") and containers[endpoint.name] and endpoint.place.kind != SLOT:
                # Nobody is reached by an interface that is down.
                raised = replace(endpoint, attachments=tuple(item for item in endpoint.attachments if item.up))
                found.append(Member(host, raised, containers[endpoint.name], {item.network: networks[item.network] for item in raised.attachments}))
    return found
