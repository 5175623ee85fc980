# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules between policies and whom they name."""

from __future__ import annotations

from typing import Dict, FrozenSet, Iterable, Iterator, Mapping, Optional, Sequence, Set, Tuple

from .._model.addresses import ip_version
from .._model.document import Endpoint
from .._model.joined import joined_networks
from .._model.network import Network
from .._model.policy import UNSEEN, Policy, Selector
from .._model.selected import held_addresses, select_endpoints
from .scene import Scene

FAMILIES = frozenset((4, 6))
JOINED = "a link makes it one layer 2 with other networks, and connections between them are not followed"


class Known:
    """What policies may name: the endpoints and networks of a host, or of all hosts of a fleet, each with those of its own."""

    def __init__(self, hosts: Sequence[Tuple[Sequence[Endpoint], Sequence[Network]]], joined: Iterable[str]) -> None:
        self._hosts = [(endpoints, {network.name: network for network in networks}) for endpoints, networks in hosts]
        self.joined = frozenset(joined)
        self.endpoints = frozenset(endpoint.name for endpoints, _networks in hosts for endpoint in endpoints)
        self.groups = frozenset(group for endpoints, _networks in hosts for endpoint in endpoints for group in endpoint.groups)
        self.networks: Dict[str, Network] = {network.name: network for _endpoints, networks in hosts for network in networks}

    def find(self, selector: Selector) -> Iterator[Tuple[Endpoint, Mapping[str, Network]]]:
        """Yield the endpoints that a side names, each with the networks of its host."""
        for endpoints, networks in self._hosts:
            yield from ((endpoint, networks) for endpoint in select_endpoints(selector, endpoints))

    def names(self, key: str) -> FrozenSet[str]:
        return {"endpoints": self.endpoints, "groups": self.groups, "networks": frozenset(self.networks)}[key]


def check_host_policies(scene: Scene) -> None:
    """Report what is wrong with the policies of one host."""
    document = scene.document
    check_policies(document.policies, Known([(document.endpoints, document.networks)], joined_networks(document.links)), scene)
    for network in document.networks:
        if network.name in joined_networks(document.links):
            for key, value in (("default_policy", network.default_policy), ("default_egress", network.default_egress)):
                if value != "allow":
                    scene.report("%s.%s" % (scene.network(network), key), value, JOINED, "remove the link or the key")


def check_policies(policies: Sequence[Policy], known: Known, scene: Scene, list_path: str = "policies") -> None:
    """Report whom they name and nobody can judge, or is."""
    for policy in policies:
        path = "%s[%s]" % (list_path, policy.name)
        families = FAMILIES
        faults = len(scene.problems)
        for key, selector in (("from", policy.source), ("to", policy.target)):
            if selector is not None:
                _check_names(selector, "%s.%s" % (path, key), known, scene)
                families &= _families(selector, known)
        planned = any(selector is not None and selector.planned for selector in (policy.source, policy.target))
        if not families and not planned and len(scene.problems) == faults and not scene.lacks_networks:
            scene.report(path, policy.name, "no packet can be from the one side to the other: they have no address of one IP version", "name others")


def _check_names(selector: Selector, path: str, known: Known, scene: Scene) -> None:
    for key, name in selector.names():
        place = "%s.%s" % (path, key)
        if key == "cidrs":
            continue
        if name not in known.names(key):
            if not selector.planned and not _is_troubled(key, name, scene):
                declared = ", ".join(sorted(known.names(key))) or "none"
                scene.report(place, name, "no such %s is declared" % key[:-1].replace("group", "group of endpoints"), "declared: %s" % declared)
        elif key == "networks":
            _check_network(known.networks[name], place, name, known, scene)
    named: Set[str] = set()
    for endpoint, networks in known.find(selector):
        if endpoint.name in named:
            continue
        named.add(endpoint.name)
        key = "endpoints" if endpoint.name in selector.endpoints else "groups"
        _check_endpoint(endpoint, networks, "%s.%s" % (path, key), known, scene)


def _check_endpoint(endpoint: Endpoint, networks: Mapping[str, Network], path: str, known: Known, scene: Scene) -> None:
    if endpoint.network_mode not in (None, "none"):
        fix = "name the endpoint that has the namespace" if str(endpoint.network_mode).startswith("container:") else "name its address in cidrs"
        scene.report(path, endpoint.name, "it has no network of its own (network_mode %s)" % endpoint.network_mode, fix)
        return
    attached = [networks[item.network] for item in endpoint.attachments if item.network in networks]
    for network in attached:
        if not _check_network(network, path, endpoint.name, known, scene):
            return
    if not any(True for _held in held_addresses(endpoint, networks)) and not _is_troubled("endpoints", endpoint.name, scene):
        scene.report(path, endpoint.name, "it has no address on any network, so nothing is from it or to it", "attach it, or leave it out")


def _check_network(network: Network, path: str, value: str, known: Known, scene: Scene) -> bool:
    """Report a network whose packets the host cannot judge; tell whether it can."""
    whose = "" if value == network.name else 'on network "%s" ' % network.name
    if not network.passes_host:
        fix = "name %s" % ("only networks that do" if not whose else "endpoints that are on no such network")
        scene.report(path, value, whose + UNSEEN % network.driver, fix)
    elif network.name in known.joined:
        scene.report(path, value, whose + JOINED, "remove the link, or name others")
    else:
        return True
    return False


def _is_troubled(key: str, name: str, scene: Scene) -> bool:
    """Tell whether what is missing may only be missing because of another fault."""
    if key == "groups":
        return any(path.startswith(scene.endpoints) for path in scene.troubled)
    return "%s[%s]" % (getattr(scene, key), name) in scene.troubled


def _families(selector: Selector, known: Known) -> FrozenSet[int]:
    """Return in which IP versions a side is anybody."""
    found = {ip_version(address) for address in (*selector.cidrs, *selector.addresses)}
    for endpoint, networks in known.find(selector):
        found.update(ip_version(held.address) for held in held_addresses(endpoint, networks))
    for name in selector.networks:
        network: Optional[Network] = known.networks.get(name)
        if network is not None:
            # On a bridge anybody may speak IPv6, with the address that each link has.
            found.update(FAMILIES if network.is_bridged else {ip_version(subnet.subnet) for subnet in network.subnets})
    return frozenset(found)
