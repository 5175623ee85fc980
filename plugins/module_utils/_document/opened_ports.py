# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Ports of routed networks: opened at the endpoint's own address, where no port of the host is taken."""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

from .._model.document import PublishedPort
from .._model.network import Network
from .._model.published import takes_host_ports
from .scene import Scene


def check_opened_ports(scene: Scene) -> None:
    networks: Dict[str, Network] = {network.name: network for network in scene.document.networks}
    for endpoint in scene.document.endpoints:
        path = scene.endpoint(endpoint)
        if not endpoint.ports or takes_host_ports(endpoint, networks) or path + ".networks" in scene.troubled:
            continue
        routed = [networks[item.network] for item in endpoint.attachments if item.network in networks and networks[item.network].opens_ports]
        for index, port in enumerate(endpoint.ports):
            fault = _fault(port, routed)
            if fault:
                scene.report(scene.item(path + ".ports", index), str(port), *fault)


def _fault(port: PublishedPort, routed: List[Network]) -> Optional[Tuple[str, str]]:
    if all(network.internal for network in routed):
        return 'network "%s" is internal: nothing outside reaches it' % routed[0].name, "remove the port or internal: true"
    if port.published not in (0, port.target):  # 0: there is nothing to choose
        return "a routed network translates no ports: published and target must be the same", 'write "%s"' % _same(port)
    if port.host_ip is not None:
        return "a routed network opens the port at the endpoint's own address, not at one of the host", "remove host_ip"
    return None


def _same(port: PublishedPort) -> str:
    ports = str(port.target) if port.count == 1 else "%d-%d" % (port.target, port.target + port.count - 1)
    return "%s:%s/%s" % (ports, ports, port.protocol)
