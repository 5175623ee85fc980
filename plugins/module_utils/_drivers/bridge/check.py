# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules of bridges: ports that are the host's own links, VLANs, routing domains."""

from __future__ import annotations

from typing import Dict, Sequence

from ..._document.scene import Scene
from ..._model.names import split_vlan
from .network import BridgeNetwork


def check_bridges(bridges: Sequence[BridgeNetwork], scene: Scene) -> None:
    made = {network.bridge_name: network.name for network in bridges}
    parents = {network.parent: network.name for network in scene.document.networks if network.parent}
    ports: Dict[str, str] = {}
    domains: Dict[str, BridgeNetwork] = {}
    tables: Dict[int, BridgeNetwork] = {}
    for network in bridges:
        path = scene.network(network)
        for index, name in enumerate(network.interfaces):
            place = scene.item(path + ".interfaces", index)
            lower = (split_vlan(name) or (name, 0))[0]
            if lower in made:
                what = "bridge" if lower == name else "VLAN %s of the bridge" % name.partition(".")[2]
                scene.report(place, name, 'this is the %s of network "%s"' % (what, made[lower]), "name a link of the host itself")
            elif name in parents:
                scene.report(place, name, 'network "%s" has it as parent, and a port passes all its frames to the bridge' % parents[name], "use one of the two")
            elif name in ports:
                scene.report(place, name, 'network "%s" takes this interface too' % ports[name], "an interface is a port of one bridge")
            ports.setdefault(name, network.name)
        if network.vrf is not None:
            if network.vrf in made:
                scene.report(path + ".vrf", network.vrf, 'this is the bridge of network "%s"' % made[network.vrf], "choose another name")
            _check_table(scene, network, domains, tables)
            if network.interfaces:
                scene.report(
                    path + ".vrf", network.vrf, "the host's own addresses on its interfaces would leave the main routing table", "remove one of the two"
                )


def _check_table(scene: Scene, network: BridgeNetwork, domains: Dict[str, BridgeNetwork], tables: Dict[int, BridgeNetwork]) -> None:
    """A VRF is one table, and a table is that of one VRF."""
    if network.vrf is None or network.vrf_table is None:
        return
    path = scene.network(network) + ".vrf_table"
    other = domains.setdefault(network.vrf, network)
    if other.vrf_table != network.vrf_table:
        scene.report(path, network.vrf_table, 'network "%s" gives the same VRF table %d' % (other.name, other.vrf_table or 0), "write the same in both")
        return
    other = tables.setdefault(network.vrf_table, network)
    if other.vrf != network.vrf:
        scene.report(path, network.vrf_table, 'this is the table of VRF %s of network "%s"' % (other.vrf, other.name), "choose another table")
