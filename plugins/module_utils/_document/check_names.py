# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Names that must be unique: of networks, endpoints, containers and interfaces."""

from __future__ import annotations

from typing import Dict, Iterator, Tuple

from .._model.document import host_ends
from .._model.names import ROUTED_PREFIX
from .scene import Scene


def _host_interfaces(scene: Scene) -> Iterator[Tuple[str, str, str]]:
    """Yield (name, path, owner) of every interface the document makes on the host."""
    for network in scene.document.networks:
        path, owner = scene.network(network), 'network "%s"' % network.name
        for made in network.made_links:
            yield made.name, "%s.%s" % (path, made.key), "%s %s" % (made.words, owner)
    for endpoint in scene.document.endpoints:
        for attachment in endpoint.attachments:
            owner = 'the host side of endpoint "%s" on network "%s"' % (endpoint.name, attachment.network)
            yield attachment.host_interface_name, scene.attachment(endpoint, attachment) + ".host_interface_name", owner
    for wire in scene.document.links:
        for index, end in enumerate(wire.ends):
            if end.endpoint is None:
                yield end.interface_name, scene.end(wire, index) + ".interface_name", 'end %d of link "%s"' % (index, wire.name)


def _check_twice_declared(scene: Scene) -> None:
    for kind, paths in (
        ("network", [(item.name, scene.network(item)) for item in scene.document.networks]),
        ("endpoint", [(item.name, scene.endpoint(item)) for item in scene.document.endpoints]),
    ):
        seen = set()
        for name, path in paths:
            if name in seen:
                scene.report(path, name, "another %s has the same name" % kind, "rename or remove one")
            seen.add(name)


def _check_host_interfaces(scene: Scene) -> None:
    owners: Dict[str, str] = {}
    for name, path, owner in _host_interfaces(scene):
        if name in owners:
            scene.report(path, name, "this interface name is also that of %s" % owners[name], "choose another name")
        elif name:
            owners[name] = owner


def _check_prefixes(scene: Scene) -> None:
    """The firewall knows the host's ends of routed endpoints by the beginning of their names."""
    bridged = [network for network in scene.document.networks if network.is_bridged]
    named = [("%s.%s" % (scene.network(network), made.key), made.name) for network in bridged for made in network.made_links]
    named += [(scene.end(wire, index) + ".interface_name", end.interface_name) for wire, index, end in host_ends(scene.document.links)]
    for path, name in named:
        if name.startswith(ROUTED_PREFIX):
            scene.report(path, name, "names that begin with %s are those of routed endpoints" % ROUTED_PREFIX, "choose another name")


def _check_endpoints(scene: Scene) -> None:
    places: Dict[str, str] = {}
    for endpoint in scene.document.endpoints:
        if endpoint.place and endpoint.place in places:
            rule = 'endpoint "%s" has the same container' % places[endpoint.place]
            path = "%s.container.%s" % (scene.endpoint(endpoint), endpoint.place.kind)
            scene.report(path, endpoint.place.reference, rule, "declare one endpoint with both networks")
        places.setdefault(endpoint.place, endpoint.name)
        inside: Dict[str, str] = {}
        for attachment in endpoint.attachments:
            name = attachment.interface_name
            if name and name in inside:
                path = scene.attachment(endpoint, attachment) + ".interface_name"
                scene.report(path, name, 'network "%s" of this endpoint has the same interface_name' % inside[name], "choose another name")
            inside.setdefault(name, attachment.network)


def check_names(scene: Scene) -> None:
    _check_twice_declared(scene)
    _check_host_interfaces(scene)
    _check_prefixes(scene)
    _check_endpoints(scene)
