# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""From the inventory's variables to one validated declaration per host."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Dict, FrozenSet, List, Optional, Sequence, Tuple

from ...module_utils._document import check, reader
from ...module_utils._drivers.overlay.driver import DRIVER as OVERLAY
from ...module_utils._drivers.overlay.network import OverlayNetwork
from ...module_utils._model.document import Document, Endpoint, Wire
from ...module_utils._model.errors import Problem
from ...module_utils._model.network import Network
from .used import list_used

NETWORKS = "fleet_networks"
ENDPOINTS = "fleet_endpoints"
LINKS = "fleet_links"
POLICIES = "fleet_policies"


@dataclass(frozen=True)
class HostVariables:
    """What the inventory says of one host, in the plain types of JSON. None is a variable that is not set."""

    name: str
    networks: object = field(default_factory=list)
    endpoints: object = field(default_factory=list)
    links: object = field(default_factory=list)
    policies: object = field(default_factory=list)
    vtep_address: object = None
    underlay_interface: object = None
    underlay_addresses: object = None
    default_address: Optional[str] = None  # a fact, where facts were gathered
    default_addresses: Tuple[str, ...] = ()  # the same of each family


@dataclass(frozen=True)
class Host:
    """One host after validation. `networks_path` is the variable path of its networks, `used` names those that are made there."""

    name: str
    variables: HostVariables
    networks: Tuple[Network, ...]
    endpoints: Tuple[Endpoint, ...]
    networks_path: str = NETWORKS
    links: Tuple[Wire, ...] = ()
    used: FrozenSet[str] = frozenset()

    @property
    def overlays(self) -> Tuple[OverlayNetwork, ...]:
        return OVERLAY.own(self.networks)

    @property
    def path(self) -> str:
        return "hostvars[%s]" % self.name

    def attachment_path(self, endpoint: str, network: str) -> str:
        return "%s.%s[%s].networks[%s]" % (self.path, ENDPOINTS, endpoint, network)


@dataclass(frozen=True)
class _Networks:
    """A list of networks, read once however many hosts share it."""

    path: str
    networks: Tuple[Network, ...]
    problems: Tuple[Problem, ...]


def _content(networks: object) -> str:
    return json.dumps(networks, sort_keys=True, default=repr)


def read_fleet(fleet: Sequence[HostVariables], *, scope: str, problems: List[Problem]) -> Tuple[Host, ...]:
    """Return every host's declaration; each problem is reported once, with the variable path that caused it."""
    contents = [_content(variables.networks) for variables in fleet]
    shared = len(set(contents)) == 1
    known: Dict[str, _Networks] = {}
    found: Dict[Tuple[str, str, str], Problem] = {}
    hosts = []
    for variables, content in zip(fleet, contents):
        if content not in known:
            path = NETWORKS if shared else "hostvars[%s].%s" % (variables.name, NETWORKS)
            faults: List[Problem] = []
            networks = reader.read_networks(variables.networks, path=NETWORKS, scope=scope, problems=faults)
            known[content] = _Networks(path, networks, tuple(faults))
        read = known[content]
        local = list(read.problems)
        endpoints = reader.read_endpoints(variables.endpoints, path=ENDPOINTS, scope=scope, networks=read.networks, problems=local)
        links = reader.read_links(variables.links, path=LINKS, scope=scope, endpoints=endpoints, problems=local)
        document = Document(scope=scope, networks=read.networks, endpoints=endpoints, links=links)
        check.check_document(document, path_networks=NETWORKS, path_endpoints=ENDPOINTS, path_links=LINKS, problems=local)
        for problem in local:
            placed = place_problem(problem, host=variables.name, networks_path=read.path)
            found.setdefault((placed.path, placed.rule, placed.fix), placed)
        used = list_used(document, variables.underlay_interface)
        hosts.append(Host(variables.name, variables, read.networks, endpoints, read.path, links, used))
    problems.extend(found.values())
    return tuple(hosts)


def place_problem(problem: Problem, *, host: str, networks_path: str) -> Problem:
    """Return a problem of one host's document with its path in the whole inventory."""
    if problem.path.startswith(NETWORKS):
        return problem._replace(path=networks_path + problem.path[len(NETWORKS) :])
    return problem._replace(path="hostvars[%s].%s" % (host, problem.path))
