# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the plan promises: which probe must pass and which must be refused."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Collection, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from ...module_utils._document import span
from ...module_utils._model.addresses import ip_version
from ...module_utils._model.document import Attachment, BridgeNetwork, Endpoint, Network, PublishedPort
from .planner import FleetPlan
from .reading import Host

# Up to this many endpoints every one is probed from every other, and beyond it a part of them.
ALL_PAIRS_LIMIT = 50
SAMPLE = 2
FIRST_UNPUBLISHED = 61001
# Columns of the matrix that are no endpoint.
OUTSIDE, DIRECT, UNPUBLISHED = "outside", "direct", "unpublished"

Check = Dict[str, Any]
WILDCARDS = ("0.0.0.0", "::")


@dataclass(frozen=True)
class _Member:
    """An endpoint with its host and the networks it is on."""

    host: Host
    endpoint: Endpoint
    container: Dict[str, Any]
    networks: Dict[str, Network]

    def attachment(self, network: str) -> Optional[Attachment]:
        return next((item for item in self.endpoint.attachments if item.network == network), None)

    def is_on(self, network: str, host: Host) -> bool:
        """Tell whether this endpoint is on a network of that host: the same overlay, or a bridge of the same host."""
        return network in self.networks and (self.host is host or not isinstance(self.networks[network], BridgeNetwork))

    def ways_out(self, version: int) -> List[BridgeNetwork]:
        """Return the networks that lead this endpoint to the outside, by masquerading."""
        ways = []
        for attachment in self.endpoint.attachments:
            network = self.networks[attachment.network]
            if isinstance(network, BridgeNetwork) and not network.internal and network.gateway_on_host and network.masquerade:
                if any(ip_version(address) == version for address in attachment.addresses):
                    ways.append(network)
        return ways

    @property
    def is_confined(self) -> bool:
        return bool(self.endpoint.attachments) and all(network.internal for network in self.networks.values())


class _Outside:
    """Each host's underlay address, and for each host another one that stands for the outside."""

    def __init__(self, plan: FleetPlan) -> None:
        self.networks = {host.name: host.networks for host in plan.hosts}
        self.addresses: Dict[str, str] = {}
        for host in plan.hosts:
            address = plan.vteps.get(host.name) or host.variables.default_address
            if address:
                self.addresses[host.name] = address
        self._order = list(self.addresses)
        self._index = {name: index for index, name in enumerate(self._order)}
        self._known = set(self.addresses.values())

    def of(self, host: str) -> Optional[str]:
        """Return the next host in inventory order whose address differs, None in a fleet of one."""
        if host not in self._index or len(self._known) < 2:
            return None
        start = self._index[host]
        for step in range(1, len(self._order)):
            other = self._order[(start + step) % len(self._order)]
            if self.addresses[other] != self.addresses[host]:
                return other
        return None


def expectations(plan: FleetPlan) -> List[Check]:
    """Return every probe of the fleet, in a stable order."""
    members = [_member(host, endpoint, raw) for host in plan.hosts for endpoint, raw in _declared(host)]
    outside = _Outside(plan)
    checks: List[Check] = []
    for source, target in _pairs(members):
        checks += _between(source, target)
    neighbours: Dict[str, List[_Member]] = {}
    for member in members:
        neighbours.setdefault(member.host.name, []).append(member)
    for member in members:
        checks += _to_outside(member, outside)
        checks += _published(member, neighbours[member.host.name], outside)
    for host in plan.hosts:
        checks += _unpublished(host, outside)
    return checks


def probes(checks: Sequence[Check], *, playing: Optional[Collection[str]] = None) -> Dict[str, Dict[str, List[Dict[str, Any]]]]:
    """Return by host what M(probe) must do there: the checks that start from it, and the responders that answer others.

    What needs a responder on a host that is not `playing` is left out, for nobody would answer there.
    """
    found: Dict[str, Dict[str, List[Dict[str, Any]]]] = {}
    responders: Set[Tuple[str, str, str, int]] = set()
    for check in checks:
        if playing is not None and check["to_port"] is not None and check["to_host"] not in playing:
            continue
        found.setdefault(check["from_host"], {"checks": [], "listen": []})["checks"].append(_as_probe(check))
        if check["to_port"] is None:
            continue
        key = (check["to_host"], check["to"], check["type"], check["to_port"])
        if key not in responders:
            responders.add(key)
            responder = {"name": check["to"], "in": check["to_container"], "protocol": check["type"], "port": check["to_port"]}
            found.setdefault(check["to_host"], {"checks": [], "listen": []})["listen"].append(responder)
    return found


def _as_probe(check: Check) -> Dict[str, Any]:
    start = {**(check["container"] or {}), "label": check["from"] or check["from_host"]}
    target = _target(check)
    found = {"from": start, "type": check["type"], "address": check["address"], "to": target, "expect": check["expect"]}
    found["name"] = "%s -> %s (%s), %s" % (start["label"], target, check["address"], check["reason"])
    if check["port"] is not None:
        found["port"] = check["port"]
    return found


def _target(check: Check) -> str:
    """Return the matrix column: an endpoint, its published port, or what must stay closed or lies outside."""
    if check["port"] is not None:
        return "%s:%d/%s" % (check["to"], check["port"], check["type"]) if check["to"] else UNPUBLISHED
    return check["to"] or (DIRECT if check["to_host"] else OUTSIDE)


def _declared(host: Host) -> Iterator[Tuple[Endpoint, Dict[str, Any]]]:
    raw = host.variables.endpoints
    containers = {entry["name"]: entry.get("container") for entry in raw} if isinstance(raw, list) else {}
    for endpoint in host.endpoints:
        yield endpoint, containers[endpoint.name]


def _member(host: Host, endpoint: Endpoint, container: Dict[str, Any]) -> _Member:
    networks = {network.name: network for network in host.networks}
    return _Member(host, endpoint, container, {item.network: networks[item.network] for item in endpoint.attachments})


def _pairs(members: Sequence[_Member]) -> Iterator[Tuple[_Member, _Member]]:
    """Yield (source, target): all of a small fleet; of a large one a ring, a ring in each network, and a sample."""
    if len(members) <= ALL_PAIRS_LIMIT:
        yield from ((source, target) for source in members for target in members if source is not target)
        return
    rings: Dict[Tuple[str, str], List[int]] = {}
    places: List[List[Tuple[Tuple[str, str], int]]] = []
    for index, member in enumerate(members):
        places.append([])
        for name, network in member.networks.items():
            ring = rings.setdefault((member.host.name if isinstance(network, BridgeNetwork) else "", name), [])
            places[index].append(((member.host.name if isinstance(network, BridgeNetwork) else "", name), len(ring)))
            ring.append(index)
    for index, member in enumerate(members):
        targets = [(index + 1) % len(members)]
        targets += [rings[key][(place + 1) % len(rings[key])] for key, place in places[index]]
        for step in range(SAMPLE):
            text = "%s\0%s\0%d" % (member.host.name, member.endpoint.name, step)
            targets.append(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % len(members))
        for target in dict.fromkeys(targets):
            if target != index:
                yield member, members[target]


def _check(
    source: Optional[_Member],
    kind: str,
    address: str,
    expect: str,
    reason: str,
    *,
    from_host: str = "",
    port: Optional[int] = None,
    to: Optional[_Member] = None,
    to_host: str = "",
    to_port: Optional[int] = None,
) -> Check:
    """Return a probe; without a source it starts from the host `from_host` itself."""
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
    }


def _between(source: _Member, target: _Member) -> Iterator[Check]:
    """Yield a ping to every address of the target that tells something."""
    near = [subnet.subnet for network in source.networks.values() for subnet in network.subnets]
    for attachment in target.endpoint.attachments:
        network = target.networks[attachment.network]
        for address in attachment.addresses:
            if source.is_on(network.name, target.host):
                mine = source.attachment(network.name)
                if mine is None or not any(ip_version(item) == ip_version(address) for item in mine.addresses):
                    continue
                if isinstance(network, BridgeNetwork) and not network.enable_icc:
                    yield _check(source, "ping", address, "refuse", "network %s has enable_icc: false" % network.name, to=target)
                else:
                    yield _check(source, "ping", address, "pass", "both on network %s" % network.name, to=target)
                    if not isinstance(network, BridgeNetwork) and source.host is not target.host:
                        yield _check(source, "mtu", address, "pass", "the tunnel takes full packets of network %s" % network.name, to=target)
            elif any(span.holds(subnet, address) for subnet in near):
                continue  # on this host the address means another endpoint
            elif isinstance(network, BridgeNetwork) and network.trusted_interfaces:
                continue
            elif source.is_confined:
                yield _check(source, "ping", address, "refuse", "only on internal networks", to=target)
            else:
                yield _check(source, "ping", address, "refuse", "not on network %s" % network.name, to=target)


def _to_outside(member: _Member, outside: _Outside) -> Iterator[Check]:
    other = outside.of(member.host.name)
    if other is None:
        return
    address = outside.addresses[other]
    if any(span.holds(subnet.subnet, address) for network in member.networks.values() for subnet in network.subnets):
        return
    ways = member.ways_out(ip_version(address))
    if ways:
        yield _check(member, "ping", address, "pass", "network %s leads outside, to host %s" % (ways[0].name, other))
    elif member.is_confined:
        yield _check(member, "ping", address, "refuse", "only on internal networks, so no way to host %s" % other)


def _published(member: _Member, neighbours: Sequence[_Member], outside: _Outside) -> Iterator[Check]:
    """Yield probes of the first and last port of every published range: from another host, from the endpoint itself and from another network."""
    own = outside.addresses.get(member.host.name)
    other = outside.of(member.host.name)
    for port in member.endpoint.ports:
        address = _published_address(port, own)
        if port.protocol not in ("tcp", "udp") or address is None or not _inside(member, ip_version(address)):
            continue
        stranger = next((item for item in neighbours if not set(item.networks) & set(member.networks) and item.ways_out(ip_version(address))), None)
        for step in dict.fromkeys((0, port.count - 1)):
            number, inside = port.published + step, port.target + step
            if other is not None:
                allowed = not port.allowed_sources or any(span.holds(source, outside.addresses[other]) for source in port.allowed_sources)
                reason = "published as %s" % port if allowed else "published as %s, not for host %s" % (port, other)
                expect = "pass" if allowed else "refuse"
                yield _check(None, port.protocol, address, expect, reason, from_host=other, port=number, to=member, to_port=inside)
            if port.allowed_sources:
                continue
            if member.ways_out(ip_version(address)):
                yield _check(member, port.protocol, address, "pass", "its own published port %s" % port, port=number, to=member, to_port=inside)
            if stranger is not None:
                yield _check(stranger, port.protocol, address, "pass", "published as %s" % port, port=number, to=member, to_port=inside)


def _published_address(port: PublishedPort, own: Optional[str]) -> Optional[str]:
    if port.host_ip is None:
        return own
    if port.host_ip in WILDCARDS:
        return own if own and ip_version(own) == ip_version(port.host_ip) else None
    return port.host_ip


def _inside(member: _Member, version: int) -> bool:
    """Tell whether a published port can lead to the endpoint in this family."""
    return any(
        ip_version(address) == version
        for item in member.endpoint.attachments
        for address in item.addresses
        if isinstance(member.networks[item.network], BridgeNetwork) and not member.networks[item.network].internal
    )


def _unpublished(host: Host, outside: _Outside) -> Iterator[Check]:
    """Yield, from another host, a port that nobody published and the bare addresses of one endpoint of every bridge network."""
    other = outside.of(host.name)
    if other is None:
        return
    taken: Set[int] = set()
    for endpoint in host.endpoints:
        for port in endpoint.ports:
            taken.update(range(port.published, port.published + port.count))
    free = next((number for number in range(FIRST_UNPUBLISHED, 65536) if number not in taken), None)
    if free is not None:
        yield _check(None, "tcp", outside.addresses[host.name], "refuse", "not published", from_host=other, port=free, to_host=host.name)
    held = [subnet.subnet for network in outside.networks[other] for subnet in network.subnets]
    for network in host.networks:
        if not isinstance(network, BridgeNetwork) or network.trusted_interfaces:
            continue
        reached = next((item for endpoint in host.endpoints for item in endpoint.attachments if item.network == network.name and item.addresses), None)
        for address in reached.addresses if reached else ():
            if not any(span.holds(subnet, address) for subnet in held):
                reason = "an address of network %s, which only host %s reaches" % (network.name, host.name)
                yield _check(None, "ping", address, "refuse", reason, from_host=other, to_host=host.name)
