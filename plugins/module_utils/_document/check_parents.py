# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules of macvlan and ipvlan networks: who may stand on one parent, and what such a network does not have."""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from .._model import names
from .._model.document import LAN_NETWORKS, Document, Endpoint, IpvlanNetwork, LanNetwork, MacvlanNetwork
from .scene import Scene

Fault = Tuple[str, object, str, str]  # key, value, rule, fix
# What is one for all networks on a parent, by driver.
SHARED_KEYS = {"macvlan": ("broadcast_limit",), "ipvlan": ("mode", "flag")}


def lan_networks(document: Document) -> List[LanNetwork]:
    return [network for network in document.networks if isinstance(network, LAN_NETWORKS)]


def parent_clashes(networks: Sequence[LanNetwork]) -> Iterator[Tuple[LanNetwork, Fault]]:
    """Yield what two networks on one parent cannot have together. One without a parent is compared once the host's default is known."""
    held: Dict[str, List[LanNetwork]] = {}
    for network in networks:
        if network.parent is None:
            continue
        for other in held.setdefault(network.parent, []):
            fault = _clash(network, other)
            if fault:
                yield network, fault
                break
        held[network.parent].append(network)


def _clash(network: LanNetwork, other: LanNetwork) -> Optional[Fault]:
    parent = str(network.parent)
    if network.driver != other.driver:
        rule = 'network "%s" has it too, with driver %s, and an interface carries links of one of the two' % (other.name, other.driver)
        return "parent", parent, rule, "use one driver or another parent"
    if isinstance(network, MacvlanNetwork) and isinstance(other, MacvlanNetwork) and "passthru" in (network.mode, other.mode):
        return "parent", parent, 'network "%s" has it too, and mode passthru shares its parent with nobody' % other.name, "use another parent or mode"
    for key in SHARED_KEYS[network.driver]:
        mine, its = getattr(network, key), getattr(other, key)
        if None not in (mine, its) and mine != its:
            return key, mine, 'network "%s" has %s on the same parent, where it is one for all' % (other.name, its), "use one %s" % key
    return None


def _members(scene: Scene, network: LanNetwork) -> List[Endpoint]:
    return [endpoint for endpoint in scene.document.endpoints if any(item.network == network.name for item in endpoint.attachments)]


def _check_gateways(scene: Scene, network: LanNetwork) -> None:
    rule, fix = "", ""
    if network.internal:
        rule, fix = "an internal network has no way out", "remove the gateway or internal: true"
    elif isinstance(network, IpvlanNetwork) and network.mode != "l2":
        rule, fix = "in mode %s the interface itself is the way out, without a gateway" % network.mode, "remove it"
    for index, subnet in enumerate(network.subnets if rule else ()):
        if subnet.gateway:
            scene.report(scene.item(scene.network(network) + ".ipam_config", index) + ".gateway", subnet.gateway, rule, fix)


def _check_passthru(scene: Scene, network: LanNetwork) -> None:
    if not isinstance(network, MacvlanNetwork) or network.mode != "passthru":
        return
    if network.internal:
        scene.report(scene.network(network) + ".mode", network.mode, "an internal network has no parent to hand over", "use mode bridge or name a parent")
    members = _members(scene, network)
    for endpoint in members[1:]:
        path = "%s.networks[%s]" % (scene.endpoint(endpoint), network.name)
        scene.report(path, network.name, 'mode passthru has room for one endpoint, and "%s" is there' % members[0].name, "remove one or use mode bridge")


def _check_attachments(scene: Scene, networks: Dict[str, LanNetwork]) -> None:
    for endpoint in scene.document.endpoints:
        for attachment in endpoint.attachments:
            network = networks.get(attachment.network)
            if network is None:
                continue
            path = scene.attachment(endpoint, attachment)
            if attachment.mac_address and network.shares_mac:
                rule = "on driver %s%s an endpoint has the MAC of the parent" % (network.driver, "" if network.driver == "ipvlan" else " in mode passthru")
                scene.report(path + ".mac_address", attachment.mac_address, rule, "remove it")
            if attachment.host_interface_name not in ("", names.host_interface_name(scene.document.scope, endpoint.name, network.name)):
                rule = "driver %s makes one interface, inside the container" % network.driver
                scene.report(path + ".host_interface_name", attachment.host_interface_name, rule, "remove it")


def _made(scene: Scene) -> Iterator[Tuple[str, str]]:
    """Yield the names of the links the document itself makes on the host, and whose they are."""
    for network in scene.document.networks:
        for attribute in ("bridge_name", "vxlan_name", "shim_name"):
            name = getattr(network, attribute, "")
            if name:
                yield name, 'network "%s"' % network.name
        if isinstance(network, LAN_NETWORKS) and network.internal:
            yield names.dummy_name(network.name), 'network "%s"' % network.name


def _check_loops(scene: Scene, networks: Sequence[LanNetwork]) -> None:
    made = dict(_made(scene))
    for network in networks:
        parent = network.parent or ""
        owner = made.get((names.split_vlan(parent) or (parent, 0))[0])
        if owner is not None:
            own = owner == 'network "%s"' % network.name
            rule = "this link is made for %s, a parent is one of the host's own" % ("this network itself" if own else owner)
            scene.report(scene.network(network) + ".parent", network.parent, rule, "name another parent")


def check_parents(scene: Scene) -> None:
    networks = lan_networks(scene.document)
    if not networks:
        return
    for network, (key, value, rule, fix) in parent_clashes(networks):
        scene.report("%s.%s" % (scene.network(network), key), value, rule, fix)
    for network in networks:
        _check_gateways(scene, network)
        _check_passthru(scene, network)
    _check_loops(scene, networks)
    _check_attachments(scene, {network.name: network for network in networks})
