# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules of routers and of devices that are handed over."""

from __future__ import annotations

from typing import Dict, Iterator, Tuple

from .._model.document import Endpoint
from .._model.names import split_vlan
from .._model.network import Network
from .scene import Scene

SETTINGS = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")


def _check_router(scene: Scene, endpoint: Endpoint) -> None:
    if endpoint.network_mode is not None:
        return  # it cannot be one, which was said where it was read
    path = scene.endpoint(endpoint)
    attached = [attachment.network for attachment in endpoint.attachments]
    for index, name in enumerate(endpoint.masquerade):
        if name not in attached and path + ".networks" not in scene.troubled:
            fix = "name one of %s" % ", ".join(attached) if attached else "attach it first"
            scene.report(scene.item(path + ".masquerade", index), name, "the endpoint is not attached to this network", fix)
    if endpoint.masquerade and not endpoint.forwarding:
        scene.report(path + ".masquerade", list(endpoint.masquerade), "an endpoint that does not forward has nobody to hide", "add forwarding: true")
    if endpoint.forwarding:
        for key, value in endpoint.sysctls:
            if key in SETTINGS and value == "0":
                scene.report("%s.sysctls[%s]" % (path, key), value, "forwarding: true sets it to 1", "remove one of the two")


def _check_device_owners(scene: Scene) -> None:
    owners: Dict[Tuple[object, ...], str] = {}
    for endpoint in scene.document.endpoints:
        for index, device in enumerate(endpoint.devices):
            key = (device.name, device.mac, device.pci_address)
            if owners.setdefault(key, endpoint.name) != endpoint.name:
                path = scene.item(scene.endpoint(endpoint) + ".devices", index)
                scene.report(path, device.name or device.mac or device.pci_address, 'endpoint "%s" has the same device' % owners[key], "a link has one place")
    for path, written, link in links_of_the_host(scene):
        owner = owners.get((link, None, None))
        if owner is not None:
            scene.report(path, written, 'endpoint "%s" gets this link (devices)' % owner, "a link has one place")


def links_of_the_host(scene: Scene) -> Iterator[Tuple[str, str, str]]:
    """Yield path, value and name of the links that the document needs on the host itself; for a VLAN, of the link below it."""
    for network in scene.document.networks:
        path = scene.network(network)
        for link in network.used_links:
            place = "%s.%s" % (path, link.key)
            yield place if link.index is None else scene.item(place, link.index), link.name, (split_vlan(link.name) or (link.name, 0))[0]
    for wire in scene.document.links:
        if wire.tunnel is not None and wire.tunnel.underlay_interface:
            yield scene.link(wire) + ".tunnel.underlay_interface", wire.tunnel.underlay_interface, wire.tunnel.underlay_interface


def router_gateways(scene: Scene, network: Network) -> Tuple[str, ...]:
    """Return the addresses that routers among the endpoints have on a network whose gateway is none of the host.

    Where nobody else can be the gateway, whoever has its address is a router, by the means of this collection or by others.
    """
    if network.gateway_on_host:
        return ()
    routers = (endpoint for endpoint in scene.document.endpoints if network.has_members_only or _forwards(endpoint))
    found = [address for endpoint in routers for item in endpoint.attachments if item.network == network.name for address in item.addresses]
    found += [address for remote in network.remote_endpoints for address in remote.addresses]
    return tuple(found)


def _forwards(endpoint: Endpoint) -> bool:
    return endpoint.forwarding or any(key in SETTINGS and value != "0" for key, value in endpoint.sysctls)


def check_routers(scene: Scene) -> None:
    """Report routers without a task, and devices with two places."""
    for endpoint in scene.document.endpoints:
        _check_router(scene, endpoint)
    _check_device_owners(scene)
