# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Published ports: two owners of one host port, and endpoints no port can lead to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Set, Tuple

from .._model.addresses import ip_version
from .._model.document import Endpoint, PublishedPort
from .._model.network import Network
from .._model.published import WILDCARDS, at_loopback, share_address, takes_host_ports
from .opened_ports import check_opened_ports
from .scene import Scene

Held = Tuple[int, str]  # last port, owner


@dataclass
class Holders:
    """Who reaches furthest so far, by host address; ports come in rising order, so only that one can still be met."""

    exact: Dict[object, Held] = field(default_factory=dict)
    family: Dict[object, Held] = field(default_factory=dict)

    def find(self, port: PublishedPort) -> Optional[str]:
        """Return the owner of a port this one clashes with."""
        address = port.host_ip
        if at_loopback(address):
            held = [self.exact.get(address)]
        elif address is None:
            held = [self.family.get(4), self.family.get(6), self.family.get(None)]
        elif address in WILDCARDS:
            held = [self.family.get(ip_version(address)), self.family.get(None)]
        else:
            held = [self.exact.get(address), self.exact.get(WILDCARDS[ip_version(address) == 6]), self.family.get(None)]
        return next((item[1] for item in held if item is not None and item[0] >= port.published), None)

    def add(self, port: PublishedPort, owner: str) -> None:
        reach = (port.published + port.count - 1, owner)
        family = None if port.host_ip is None else ip_version(port.host_ip)
        rows: List[Tuple[Dict[object, Held], object]] = [(self.exact, port.host_ip)]
        if not at_loopback(port.host_ip):
            rows.append((self.family, family))
        for table, key in rows:
            if key not in table or table[key][0] < reach[0]:
                table[key] = reach


def _check_clashes(scene: Scene) -> None:
    rows: List[Tuple[Tuple[str, int, int, int], PublishedPort, Endpoint]] = []
    networks = {network.name: network for network in scene.document.networks}
    for position, endpoint in enumerate(scene.document.endpoints):
        if not takes_host_ports(endpoint, networks):
            continue
        _check_chosen(scene, endpoint)
        for index, port in enumerate(endpoint.ports):
            if not port.published:
                continue
            rows.append(((port.protocol, port.published, position, index), port, endpoint))
    rows.sort(key=lambda row: row[0])
    holders: Dict[str, Holders] = {}
    for key, port, endpoint in rows:
        held = holders.setdefault(port.protocol, Holders())
        owner = held.find(port)
        if owner is not None:
            path = scene.item(scene.endpoint(endpoint) + ".ports", key[3])
            scene.report(path, str(port), "the host port is already published: %s" % owner, "choose another port or host_ip")
        held.add(port, '%s of endpoint "%s"' % (port, endpoint.name))


def _check_chosen(scene: Scene, endpoint: Endpoint) -> None:
    """Report a port inside for which two host ports are to be chosen: nobody could tell which of them is whose."""
    before: List[PublishedPort] = []
    for index, port in enumerate(endpoint.ports):
        if port.published:
            continue
        other = next((other for other in before if _lead_to_one(port, other)), None)
        if other is not None:
            path = scene.item(scene.endpoint(endpoint) + ".ports", index)
            scene.report(path, str(port), "a host port is chosen for it already: %s" % other, "remove one, or name its host port")
        before.append(port)


def _lead_to_one(one: PublishedPort, other: PublishedPort) -> bool:
    overlap = one.target < other.target + other.count and other.target < one.target + one.count
    return overlap and one.protocol == other.protocol and share_address(one.host_ip, other.host_ip)


def _reach_fault(port: PublishedPort, bridged: List[Network], direct: bool, families: Set[int]) -> Optional[Tuple[str, str]]:
    """Return why a port leads to no address of its endpoint, and the fix."""
    if not bridged and direct:
        return "nothing is translated on its macvlan or ipvlan networks: the endpoint is reached at its own address", "remove the port"
    if not bridged:
        return "a port needs a bridge network on its endpoint", "attach the endpoint to a network of driver bridge"
    if all(network.vrf for network in bridged):
        return 'network "%s" is in a VRF: what comes in elsewhere finds no way there' % bridged[0].name, "remove the port, or attach a network without vrf"
    if all(network.internal or network.vrf for network in bridged):
        internal = next(network for network in bridged if network.internal)
        return 'network "%s" is internal: nothing outside reaches it' % internal.name, "remove the port or internal: true"
    wanted = None if port.host_ip is None else ip_version(port.host_ip)
    if wanted is None and not families:
        return "the endpoint has no address on a bridge network that is not internal", "give it an address"
    if wanted is not None and wanted not in families:
        return "host_ip is IPv%d, the endpoint has no IPv%d address on a bridge network" % (wanted, wanted), "use a host_ip of the other family"
    return None


def _check_reach(scene: Scene) -> None:
    networks = {network.name: network for network in scene.document.networks}
    bridges = {network.name: network for network in scene.document.networks if network.translates and not network.on_lan}
    lan = {network.name for network in scene.document.networks if network.on_lan}
    for endpoint in scene.document.endpoints:
        path = scene.endpoint(endpoint)
        if not endpoint.ports or path + ".networks" in scene.troubled or scene.lacks_networks or not takes_host_ports(endpoint, networks):
            continue
        bridged = [bridges[item.network] for item in endpoint.attachments if item.network in bridges]
        if any(scene.network(network) + ".ipam_config" in scene.troubled for network in bridged):
            continue
        families: Set[int] = set()
        for attachment in endpoint.attachments:
            network = bridges.get(attachment.network)
            if network is not None and not network.internal and not network.vrf:
                families.update(ip_version(address) for address in attachment.addresses)
                if attachment.ipam == "allocate":
                    families.update(ip_version(subnet.subnet) for subnet in network.subnets)
        direct = bool(endpoint.attachments) and lan.issuperset(item.network for item in endpoint.attachments)
        for index, port in enumerate(endpoint.ports):
            fault = _reach_fault(port, bridged, direct, families)
            if fault:
                scene.report(scene.item(path + ".ports", index), str(port), *fault)


def check_ports(scene: Scene) -> None:
    _check_clashes(scene)
    _check_reach(scene)
    check_opened_ports(scene)
