# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Networks on a parent: gateways they cannot have, and what their endpoints cannot choose."""

from __future__ import annotations

from typing import Sequence

from .._document.scene import Scene
from .._model import names
from .parent_network import ParentNetwork


def check_parent_networks(networks: Sequence[ParentNetwork], scene: Scene) -> None:
    for network in networks:
        fault = network.gateway_fault
        for index, subnet in enumerate(network.subnets):
            if fault is not None and subnet.gateway:
                scene.report(scene.item(scene.network(network) + ".ipam_config", index) + ".gateway", subnet.gateway, *fault)
        _check_attachments(network, scene)


def _check_attachments(network: ParentNetwork, scene: Scene) -> None:
    for endpoint in scene.document.endpoints:
        for attachment in endpoint.attachments:
            if attachment.network != network.name:
                continue
            path = scene.attachment(endpoint, attachment)
            if attachment.mac_address and network.shares_mac:
                rule = "on driver %s%s an endpoint has the MAC of the parent" % (network.driver, network.mac_words)
                scene.report(path + ".mac_address", attachment.mac_address, rule, "remove it")
            if attachment.host_interface_name not in ("", names.host_interface_name(scene.document.scope, endpoint.name, network.name)):
                rule = "driver %s makes one interface, inside the container" % network.driver
                scene.report(path + ".host_interface_name", attachment.host_interface_name, rule, "remove it")
