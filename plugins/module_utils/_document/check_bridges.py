# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules of bridges: ports that are the host's own links, VLANs, routing domains."""

from __future__ import annotations

from typing import Dict

from .._model.document import BridgeNetwork, Network
from .scene import Scene


def check_bridges(scene: Scene) -> None:
    bridges = [network for network in scene.document.networks if isinstance(network, BridgeNetwork)]
    made = {network.bridge_name: network.name for network in bridges}
    ports: Dict[str, str] = {}
    domains: Dict[str, str] = {}
    for network in bridges:
        path = scene.network(network)
        for index, name in enumerate(network.interfaces):
            place = scene.item(path + ".interfaces", index)
            if name in made:
                scene.report(place, name, 'this is the bridge of network "%s"' % made[name], "name a link of the host itself")
            elif name in ports:
                scene.report(place, name, 'network "%s" takes this interface too' % ports[name], "an interface is a port of one bridge")
            ports.setdefault(name, network.name)
        if network.vrf is not None:
            if network.vrf in made:
                scene.report(path + ".vrf", network.vrf, 'this is the bridge of network "%s"' % made[network.vrf], "choose another name")
            elif network.vrf in domains:
                rule = 'network "%s" is in this VRF: the firewall tells what comes from a VRF by its name alone' % domains[network.vrf]
                scene.report(path + ".vrf", network.vrf, rule, "give each network a VRF of its own")
            domains.setdefault(network.vrf, network.name)
            if network.interfaces:
                scene.report(
                    path + ".vrf", network.vrf, "the host's own addresses on its interfaces would leave the main routing table", "remove one of the two"
                )
    _check_vlans(scene)


def _check_vlans(scene: Scene) -> None:
    networks: Dict[str, Network] = {network.name: network for network in scene.document.networks}
    for endpoint in scene.document.endpoints:
        for attachment in endpoint.attachments:
            network = networks.get(attachment.network)
            filtered = isinstance(network, BridgeNetwork) and network.vlan_filtering
            if network is None or filtered:
                continue
            for key, value in (("vlan", attachment.vlan), ("trunk", ", ".join(map(str, attachment.trunk)))):
                if value:
                    rule = 'network "%s" does not filter by VLAN' % network.name
                    scene.report("%s.%s" % (scene.attachment(endpoint, attachment), key), value, rule, "set vlan_filtering: true on a network of driver bridge")
