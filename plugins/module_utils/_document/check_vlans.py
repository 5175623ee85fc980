# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""VLANs of attachments where nothing tells them apart."""

from __future__ import annotations

from typing import Dict

from .._model.network import Network
from .scene import Scene


def check_vlans(scene: Scene) -> None:
    networks: Dict[str, Network] = {network.name: network for network in scene.document.networks}
    for endpoint in scene.document.endpoints:
        for attachment in endpoint.attachments:
            network = networks.get(attachment.network)
            filtered = network is not None and network.vlan_filtering
            if network is None or filtered:
                continue
            for key, value in (("vlan", attachment.vlan), ("trunk", ", ".join(map(str, attachment.trunk)))):
                if value:
                    rule = 'network "%s" does not filter by VLAN' % network.name
                    scene.report("%s.%s" % (scene.attachment(endpoint, attachment), key), value, rule, "set vlan_filtering: true on a network of driver bridge")
