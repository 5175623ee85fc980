# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules of routed networks: parts, peers, and the ways to them."""

from __future__ import annotations

from typing import Iterator, Sequence, Tuple

from ..._document.scene import Scene
from ..._model import span
from ..._model.addresses import ip_version
from ..._model.network import Network
from .network import RoutedNetwork, RoutedPeer

Part = Tuple[span.Span, str, str, str]  # span, path, subnet, whose


def check_routed(networks: Sequence[RoutedNetwork], scene: Scene) -> None:
    for network in networks:
        path = scene.network(network)
        if not network.subnets and path + ".ipam_config" not in scene.troubled:
            scene.report(path, network.name, "a routed network needs a subnet", "add ipam_config")
        for index, subnet in enumerate(network.subnets):
            if subnet.gateway:
                rule = "endpoints of a routed network have the host itself as gateway, with the same address everywhere"
                scene.report(scene.item(path + ".ipam_config", index) + ".gateway", subnet.gateway, rule, "remove it")
        if network.internal and network.proxy_interfaces:
            rule = "an internal network has no neighbours outside to answer"
            scene.report(path + ".proxy_interfaces", ", ".join(network.proxy_interfaces), rule, "remove it or internal: true")
        _check_parts(scene, network)
        for index, peer in enumerate(network.peers):
            _check_next_hops(scene, network, peer, scene.item(path + ".peers", index))
        _check_reach(scene, network)
        _check_members(scene, network)


def _parts(scene: Scene, network: RoutedNetwork) -> Iterator[Part]:
    path = scene.network(network)
    for index, item in enumerate(network.subnets):
        yield span.span(item.subnet), scene.item(path + ".ipam_config", index) + ".subnet", item.subnet, "this host"
    for position, peer in enumerate(network.peers):
        place = scene.item(path + ".peers", position) + ".subnets"
        for index, subnet in enumerate(peer.subnets):
            yield span.span(subnet), scene.item(place, index), subnet, "host %s" % peer.host


def _check_parts(scene: Scene, network: RoutedNetwork) -> None:
    """Report parts that lie outside the network, and parts of two hosts that share addresses."""
    path = scene.network(network)
    if network.host_prefixes or network.host_subnets:
        return  # ipam_config is the whole network still
    hosts = set()
    for index, peer in enumerate(network.peers):
        if peer.host in hosts:
            scene.report(scene.item(path + ".peers", index) + ".host", peer.host, "this host is listed twice", "remove one")
        hosts.add(peer.host)
    reach = [span.span(subnet) for subnet in network.reach]
    cover = None
    for part in sorted(_parts(scene, network), key=lambda row: (row[0][0], row[0][1], -row[0][2])):
        (version, first, last), place, subnet, owner = part
        if path + ".reach" not in scene.troubled and not any(version == family and low <= first and last <= high for family, low, high in reach):
            scene.report(place, subnet, "outside the network: reach is %s" % ", ".join(network.reach), "correct reach or the subnet")
        if cover is not None and cover[0][0] == version and first <= cover[0][2]:
            # Two subnets of this host are compared with those of all networks.
            if owner != cover[3] or owner != "this host":
                scene.report(place, subnet, "overlaps %s of %s" % (cover[2], cover[3]), "give each host a part of its own")
        else:
            cover = part


def _check_next_hops(scene: Scene, network: RoutedNetwork, peer: RoutedPeer, path: str) -> None:
    families = [ip_version(hop) for hop in peer.next_hops]
    if len(set(families)) < len(families):
        scene.report(path + ".next_hops", ", ".join(peer.next_hops), "at most one address of each family", "keep one IPv4 and one IPv6 address")
    for subnet in peer.subnets:
        family = ip_version(subnet)
        if family not in families and path + ".next_hops" not in scene.troubled:
            rule = "host %s has no IPv%d address on the underlay, which an IPv%d part is routed to" % (peer.host, family, family)
            scene.report(path + ".next_hops", ", ".join(peer.next_hops) or None, rule, "add one, or leave out %s" % subnet)
    parts = [item.subnet for item in network.subnets] + [subnet for other in network.peers for subnet in other.subnets]
    for hop in peer.next_hops:
        holder = next((subnet for subnet in parts if span.holds(subnet, hop)), None)
        if holder is not None:
            scene.report(path + ".next_hops", hop, "lies in %s, which is routed by way of it" % holder, "use the host's underlay address")


def _check_reach(scene: Scene, network: RoutedNetwork) -> None:
    """Report another network here that has addresses of this one."""
    parts = [item.subnet for item in network.subnets]
    for other in scene.document.networks:
        if other is network or (isinstance(other, RoutedNetwork) and other.name < network.name):
            continue
        others = [item.subnet for item in other.subnets]
        for path, subnet in _taken(scene, other):
            # Where the parts themselves overlap, that was said already.
            met = next((mine for mine in network.reach if span.overlap(mine, subnet) and not (mine in parts and subnet in others)), None)
            if met is not None and not any(span.overlap(mine, theirs) for mine in parts for theirs in others):
                scene.report(path, subnet, 'overlaps %s, which network "%s" reaches' % (met, network.name), "choose a subnet outside it")


def _taken(scene: Scene, network: Network) -> Iterator[Tuple[str, str]]:
    """Yield path and subnet of all that leads into a network."""
    if isinstance(network, RoutedNetwork) and network.reach != tuple(item.subnet for item in network.subnets):
        for index, subnet in enumerate(network.reach):
            yield scene.item(scene.network(network) + ".reach", index), subnet
        return
    for index, item in enumerate(network.subnets):
        yield scene.item(scene.network(network) + ".ipam_config", index) + ".subnet", item.subnet


def _check_members(scene: Scene, network: RoutedNetwork) -> None:
    for endpoint in scene.document.endpoints:
        for attachment in endpoint.attachments:
            if attachment.network == network.name and attachment.ipam == "none":
                rule = "a routed network leads to an endpoint by its address"
                scene.report(scene.attachment(endpoint, attachment) + ".ipam", "none", rule, "remove ipam: none")
