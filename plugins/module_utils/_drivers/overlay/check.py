# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules of overlays: VNIs, tunnel addresses and peers."""

from __future__ import annotations

from typing import Dict, Sequence, Tuple

from ..._document.scene import Scene
from ..._model import span
from ..._model.addresses import ip_version
from .network import OverlayNetwork


def _check_vnis(scene: Scene, overlays: Sequence[OverlayNetwork]) -> None:
    owners: Dict[Tuple[int, int], str] = {}
    for network in overlays:
        key = (network.udp_port, network.vni)
        if network.vni and key in owners:
            rule = 'network "%s" has the same VNI on udp_port %d' % (owners[key], network.udp_port)
            scene.report(scene.network(network) + ".vni", network.vni, rule, "choose another VNI")
        owners.setdefault(key, network.name)


def _check_peers(scene: Scene, network: OverlayNetwork) -> None:
    path = scene.network(network) + ".peers"
    hosts: Dict[str, str] = {}
    names = set()
    for index, peer in enumerate(network.peers):
        place = scene.item(path, index)
        if peer.vtep == network.vtep_address:
            scene.report(place + ".vtep", peer.vtep, 'this is the host\'s own vtep_address, peer "%s" cannot have it' % peer.host, "list only other hosts")
        elif network.vtep_address and ip_version(peer.vtep) != ip_version(network.vtep_address):
            scene.report(place + ".vtep", peer.vtep, "vtep_address is IPv%d" % ip_version(network.vtep_address), "use one family on the underlay")
        if peer.vtep in hosts:
            scene.report(place + ".vtep", peer.vtep, 'peer "%s" has the same VTEP' % hosts[peer.vtep], "remove one or correct it")
        elif peer.host in names:
            scene.report(place + ".host", peer.host, "this host is listed twice", "remove one")
        hosts.setdefault(peer.vtep, peer.host)
        names.add(peer.host)


def _check_remote_endpoints(scene: Scene, network: OverlayNetwork) -> None:
    path = scene.network(network)
    vteps = {peer.vtep for peer in network.peers}
    local = {endpoint.name for endpoint in scene.document.endpoints if any(item.network == network.name for item in endpoint.attachments)}
    seen = set()
    lacks_peers = path + ".peers" in scene.troubled
    for place, remote in zip(scene.items(path + ".remote_endpoints"), network.remote_endpoints):
        if remote.vtep not in vteps and not lacks_peers:
            scene.report(place + ".vtep", remote.vtep, 'no peer of network "%s" has this VTEP' % network.name, "add the host to peers")
        if remote.name in local or remote.name in seen:
            where = "on this host" if remote.name in local else "in this list"
            scene.report(place + ".name", remote.name, "an endpoint %s has the same name" % where, "rename one")
        seen.add(remote.name)


def _check_underlay(scene: Scene, overlays: Sequence[OverlayNetwork]) -> None:
    """Report tunnel addresses inside a container network: their traffic would loop into the tunnel."""
    # The underlay may well be the LAN that containers are on.
    subnets = list(scene.led_by_host)
    reported = set()
    for network in overlays:
        path = scene.network(network)
        rows = [(network.vtep_address, path + ".vtep_address")] if network.vtep_address else []
        rows += [(peer.vtep, scene.item(path + ".peers", index) + ".vtep") for index, peer in enumerate(network.peers)]
        for address, place in rows:
            for subnet, holder in subnets:
                if span.holds(subnet, address) and (network.name, subnet) not in reported:
                    reported.add((network.name, subnet))
                    rule = "the underlay address lies in the subnet %s of %s" % (subnet, holder)
                    scene.report(place, address, rule, "choose another subnet for the %s" % holder.partition(" ")[0])


def check_overlays(overlays: Sequence[OverlayNetwork], scene: Scene) -> None:
    _check_vnis(scene, overlays)
    for network in overlays:
        _check_peers(scene, network)
        _check_remote_endpoints(scene, network)
    _check_underlay(scene, overlays)
