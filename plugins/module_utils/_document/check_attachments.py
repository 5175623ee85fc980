# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Options of an attachment's interface that its network or its addresses do not allow."""

from __future__ import annotations

from .._model.document import Attachment
from .._model.limits import IPV6_LEAST_MTU
from .._model.network import Network
from .scene import Scene


def check_attachments(scene: Scene) -> None:
    networks = {network.name: network for network in scene.document.networks}
    for endpoint in scene.document.endpoints:
        for attachment in endpoint.attachments:
            network, path = networks.get(attachment.network), scene.attachment(endpoint, attachment)
            if network is not None:
                _check_mtu(scene, path + ".mtu", attachment, network)
                _check_sources(scene, path, attachment, network)
                if attachment.ingress_rate is not None and network.has_parent:
                    rule = 'network "%s" has driver %s, where nothing of the host\'s stands before the endpoint' % (network.name, network.driver)
                    scene.report(path + ".ingress_rate", str(attachment.ingress_rate), rule, "remove it; egress_rate is possible")
                _check_guard(scene, path, attachment, network)
                if attachment.dscp is not None and (network.on_lan or not attachment.addresses):
                    rule = 'network "%s" is not routed by this host' % network.name if network.on_lan else "it is told by its addresses, and has none here"
                    scene.report(path + ".dscp", attachment.dscp, rule, "remove it" if network.on_lan else "remove it, or ipam: none")
                if attachment.isolated is not None and not network.is_bridged:
                    rule = 'network "%s" has driver %s, whose endpoints are no ports of a bridge' % (network.name, network.driver)
                    scene.report(path + ".isolated", attachment.isolated, rule, "remove it")


def _check_guard(scene: Scene, path: str, attachment: Attachment, network: Network) -> None:
    guarded = network.anti_spoofing if attachment.anti_spoofing is None else attachment.anti_spoofing
    allowed = (("allowed_addresses", attachment.allowed_addresses), ("allowed_macs", attachment.allowed_macs))
    said = [(key, list(values)) for key, values in allowed if values]
    if not network.is_bridged:
        rule = 'network "%s" has driver %s, whose endpoints are no ports of a bridge' % (network.name, network.driver)
        for key, value in (*said, *([("anti_spoofing", attachment.anti_spoofing)] if attachment.anti_spoofing is not None else ())):
            scene.report("%s.%s" % (path, key), value, rule, "remove it")
    elif not guarded:
        for key, value in said:
            scene.report("%s.%s" % (path, key), value, "nothing holds this endpoint to its own addresses", "remove it, or set anti_spoofing: true")


def _check_sources(scene: Scene, path: str, attachment: Attachment, network: Network) -> None:
    key = path + ".source_macs"
    if attachment.source_macs and not network.takes_sources:
        rule = 'network "%s" takes in frames whoever sent them, only driver macvlan with mode source tells senders apart' % network.name
        scene.report(key, list(attachment.source_macs), rule, "remove it")
    elif network.takes_sources and not attachment.source_macs and key not in scene.troubled:
        rule = 'network "%s" has mode source, where an interface takes in only frames of the MACs it names' % network.name
        scene.report(path, attachment.network, rule, "add source_macs")


def _check_mtu(scene: Scene, path: str, attachment: Attachment, network: Network) -> None:
    if attachment.mtu is None or path in scene.troubled:
        return
    six = next((address for address in attachment.addresses if ":" in address), None)
    if network.mtu is not None and attachment.mtu > network.mtu:
        scene.report(path, attachment.mtu, 'network "%s" takes packets of %d bytes' % (network.name, network.mtu), "at most %d" % network.mtu)
    elif six is not None and attachment.mtu < IPV6_LEAST_MTU:
        rule = "IPv6 needs an MTU of at least %d, and this endpoint has %s" % (IPV6_LEAST_MTU, six)
        scene.report(path, attachment.mtu, rule, "use %d or more" % IPV6_LEAST_MTU)
