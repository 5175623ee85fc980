# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules of wires and tunnels."""

from __future__ import annotations

from typing import Dict, Iterator, List, Mapping, Optional, Tuple

from .._model import span
from .._model.document import Endpoint, Wire, host_ends
from .._model.joined import joined_networks
from .._model.network import Network
from .check_routers import links_of_the_host
from .scene import Scene

Holder = Tuple[str, str, str]  # address, path, owner


def _check_targets(scene: Scene, wire: Wire, networks: Mapping[str, Network], endpoints: Mapping[str, Endpoint]) -> None:
    for index, end in enumerate(wire.ends):
        if end.host:
            continue
        kind, name = ("endpoint", end.endpoint) if end.endpoint is not None else ("network", end.network or "")
        known: Mapping[str, object] = endpoints if kind == "endpoint" else networks
        path = "%s.%s" % (scene.end(wire, index), kind)
        if name not in known:
            if not any(entry.endswith("[%s]" % name) for entry in scene.troubled):
                declared = ", ".join(sorted(known)) or "none"
                scene.report(path, name, "no such %s is declared (one that is absent counts as undeclared)" % kind, "declared: %s" % declared)
            continue
        network, endpoint = networks.get(name), endpoints.get(name)
        if kind == "network" and network is not None and not network.is_bridged:
            scene.report(path, name, "this network has driver %s, and so no bridge to be a port of" % network.driver, "name one of driver bridge or overlay")
        if kind == "endpoint" and endpoint is not None and endpoint.network_mode not in (None, "none"):
            rule = "this endpoint has no namespace of its own (network_mode: %s)" % endpoint.network_mode
            fix = "write host: true instead" if endpoint.network_mode == "host" else "name the endpoint whose namespace it uses"
            scene.report(path, name, rule, fix)


def _check_interfaces(scene: Scene) -> None:
    """Report interface names that something else inside the same endpoint has."""
    owners: Dict[Tuple[str, str], str] = {}
    for endpoint in scene.document.endpoints:
        for attachment in endpoint.attachments:
            owners.setdefault((endpoint.name, attachment.interface_name), 'network "%s"' % attachment.network)
        for index, device in enumerate(endpoint.devices):
            key, owner = (endpoint.name, device.interface_name), "entry %d of devices" % index
            if device.interface_name and owners.setdefault(key, owner) != owner:
                path = "%s.devices[%d].interface_name" % (scene.endpoint(endpoint), index)
                scene.report(path, device.interface_name, "%s of this endpoint has the same interface_name" % owners[key], "choose another name")
    for wire in scene.document.links:
        for index, end in enumerate(wire.ends):
            if end.endpoint is None:
                continue
            key, owner = (end.endpoint, end.interface_name), 'end %d of link "%s"' % (index, wire.name)
            if owners.setdefault(key, owner) != owner:
                cycle = "" if owners[key] != 'end 0 of link "%s"' % wire.name else " (a loop, %s -> %s)" % (end.endpoint, end.endpoint)
                path = scene.end(wire, index) + ".interface_name"
                scene.report(path, end.interface_name, "%s has the same interface_name in this endpoint%s" % (owners[key], cycle), "choose another name")


def _check_uses(scene: Scene) -> None:
    """Report who names an end on the host as a link that he found there, or as one of his own."""
    made = {
        end.interface_name: 'end %d of link "%s"' % (index, wire.name)
        for wire in scene.document.links
        for index, end in enumerate(wire.ends)
        if end.endpoint is None
    }
    used = list(links_of_the_host(scene)) if made else []
    for endpoint in scene.document.endpoints:
        path = scene.endpoint(endpoint) + ".devices"
        used += [(scene.item(path, index), device.name, device.name) for index, device in enumerate(endpoint.devices) if device.name]
    used += [(scene.network(network) + ".vrf", network.vrf, network.vrf) for network in scene.document.networks if network.vrf]
    for path, written, name in used:
        if name in made:
            scene.report(path, written, "this is %s" % made[name], "name another link")


def _check_rings(scene: Scene, networks: Mapping[str, Network]) -> None:
    """Frames would circle in networks that are joined in a ring, unless every bridge in it runs STP."""
    ways: Dict[str, Dict[str, str]] = {}
    for wire in scene.document.links:
        ends = [end.network for end in wire.ends if end.network is not None]
        if len(ends) != 2 or ends[0] == ends[1]:
            continue
        way = _way(ways, ends[1], ends[0])
        if way is not None and not all(name in networks and networks[name].stp for name in way):
            cycle = " -> ".join([ends[0], *way])
            scene.report(scene.link(wire), wire.name, "joins networks in a ring: %s" % cycle, "remove one link, or set stp: true on each")
            continue
        ways.setdefault(ends[0], {}).setdefault(ends[1], wire.name)
        ways.setdefault(ends[1], {}).setdefault(ends[0], wire.name)


def _way(ways: Mapping[str, Mapping[str, str]], start: str, goal: str) -> Optional[List[str]]:
    """Return the networks on the way from one to another over the wires so far, or None."""
    before: Dict[str, str] = {start: ""}
    pending = [start]
    while pending:
        name = pending.pop(0)
        for following in ways.get(name, ()):
            if following not in before:
                before[following] = name
                pending.append(following)
    if goal not in before:
        return None
    way = [goal]
    while before[way[-1]]:
        way.append(before[way[-1]])
    return way[::-1]


def _held(scene: Scene, names: object) -> Iterator[Holder]:
    """Yield who has an address on some networks, apart from wires."""
    members = names if isinstance(names, frozenset) else frozenset((names,))
    for network in scene.document.networks:
        if network.name not in members:
            continue
        for subnet in network.subnets:
            if subnet.gateway and network.gateway_on_host:
                yield subnet.gateway, "", 'the gateway of network "%s"' % network.name
        for remote in network.remote_endpoints:
            yield from ((address, "", 'remote endpoint "%s"' % remote.name) for address in remote.addresses)
    for endpoint in scene.document.endpoints:
        for attachment in endpoint.attachments:
            if attachment.network in members:
                yield from ((address, "", 'endpoint "%s"' % endpoint.name) for address in attachment.addresses)


def _check_addresses(scene: Scene) -> None:
    """Report addresses with two owners on a layer 2, and an endpoint that has one twice."""
    groups = joined_networks(scene.document.links)
    owners: Dict[Tuple[object, str], str] = {}
    seen = set()
    for wire in scene.document.links:
        network = next((end.network for end in wire.ends if end.network is not None), None)
        segment: object = ("wire", wire.name) if network is None else groups.get(network, frozenset((network,)))
        if segment not in seen and network is not None:
            for address, _path, owner in _held(scene, segment):
                owners.setdefault((segment, address), owner)
        seen.add(segment)
        for index, end in enumerate(wire.ends):
            for address in end.addresses:
                plain = address.split("/")[0]
                owner = 'end %d of link "%s"' % (index, wire.name)
                for key in ((segment, plain), (("endpoint", end.endpoint), plain)):
                    if owners.setdefault(key, owner) != owner:
                        scene.report(scene.end(wire, index) + ".addresses", address, "%s has it too" % owners[key], "choose another address")
                        break


def _check_host_ends(scene: Scene) -> None:
    """Report addresses of the host's ends whose subnets are somebody else's here: the host would have two ways to them."""
    held: List[Tuple[str, str, str]] = []  # subnet, what it is of, link
    for network in scene.document.networks:
        held.extend((subnet.subnet, 'network "%s"' % network.name, "") for subnet in network.subnets)
    for wire, index, end in host_ends(scene.document.links):
        for address in end.addresses:
            met = next((row for row in held if row[2] != wire.name and span.overlap(row[0], address)), None)
            if met is not None and met[0].split("/")[0] != address.split("/")[0]:
                scene.report(scene.end(wire, index) + ".addresses", address, "overlaps %s of %s" % met[:2], "choose another address")
        held.extend((address, 'link "%s"' % wire.name, wire.name) for address in end.addresses)


def _check_tunnels(scene: Scene) -> None:
    owners = {(n.tunnel_port, n.vni): 'network "%s"' % n.name for n in scene.document.networks if n.vni}
    for wire in scene.document.links:
        tunnel = wire.tunnel
        if tunnel is None:
            continue
        path = scene.link(wire) + ".tunnel"
        owner = owners.setdefault((tunnel.udp_port, tunnel.vni), 'link "%s"' % wire.name)
        if owner != 'link "%s"' % wire.name:
            scene.report(path + ".vni", tunnel.vni, "%s has the same VNI on udp_port %d" % (owner, tunnel.udp_port), "choose another VNI")
        for subnet, holder in scene.led_by_host:
            if span.holds(subnet, tunnel.remote):
                rule = "the underlay address lies in the subnet %s of %s" % (subnet, holder)
                scene.report(path + ".remote", tunnel.remote, rule, "choose another subnet for the %s" % holder.partition(" ")[0])


def _check_wire(scene: Scene, wire: Wire, networks: Mapping[str, Network]) -> None:
    macs = [end.mac_address for end in wire.ends if end.mac_address]
    if len(macs) == 2 and macs[0] == macs[1]:
        scene.report(scene.end(wire, 1) + ".mac_address", macs[1], "the other end has the same MAC", "choose another MAC or leave it out")
    for end in wire.ends:
        network = networks.get(end.network or "")
        limit = network.mtu if network is not None else None
        if wire.mtu is not None and limit is not None and wire.mtu > limit:
            scene.report(scene.link(wire) + ".mtu", wire.mtu, 'network "%s" has mtu %d' % (end.network, limit), "use at most %d" % limit)


def check_links(scene: Scene) -> None:
    """Report what is wrong with wires, tunnels, and interfaces that share a name inside an endpoint."""
    networks = {network.name: network for network in scene.document.networks}
    endpoints = {endpoint.name: endpoint for endpoint in scene.document.endpoints}
    _check_interfaces(scene)
    _check_uses(scene)
    for wire in scene.document.links:
        _check_targets(scene, wire, networks, endpoints)
        _check_wire(scene, wire, networks)
    _check_rings(scene, networks)
    _check_addresses(scene)
    _check_host_ends(scene)
    _check_tunnels(scene)
