# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Policies of the fleet: checked over all hosts, and filled in with the addresses of whom they name, which one host alone does not know."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Sequence, Set, Tuple

from ...module_utils._document.check_policies import Known, check_policies
from ...module_utils._document.reader import read_policies
from ...module_utils._document.scene import Scene
from ...module_utils._model.document import Document
from ...module_utils._model.errors import Problem
from ...module_utils._model.joined import joined_networks
from ...module_utils._model.policy import Policy, Selector
from ...module_utils._model.selected import held_addresses
from .reading import ENDPOINTS, NETWORKS, POLICIES, Host


def plan_policies(hosts: Sequence[Host], problems: List[Problem]) -> Tuple[Tuple[Policy, ...], Tuple[Dict[str, Any], ...]]:
    """Return the policies, and as every host gets them. They are one list, so all hosts that declare something have the same."""
    declaring = [host for host in hosts if host.networks or host.endpoints]
    for host in declaring[1:]:
        if (host.variables.policies or []) != (declaring[0].variables.policies or []):
            rule = "it differs from that of %s, and policies are one list for all hosts of the fleet" % declaring[0].name
            problems.append(Problem("%s.%s" % (host.path, POLICIES), host.variables.policies, rule, "set it once, for the whole group"))
            return (), ()
    raw = declaring[0].variables.policies if declaring else None
    if not raw:
        return (), ()
    policies = read_policies(raw, path=POLICIES, problems=problems)
    if problems:
        return (), ()  # names that are missing may be missing for another fault
    joined = {name for host in hosts for name in joined_networks(host.links)}
    known = Known([(host.endpoints, host.networks) for host in declaring], joined)
    check_policies(policies, known, Scene(Document(), NETWORKS, ENDPOINTS, frozenset(), problems), POLICIES)
    return policies, tuple(_fill(policy, entry, known, declaring) for policy, entry in zip(policies, raw if isinstance(raw, list) else ()))


def _fill(policy: Policy, raw: Mapping[str, Any], known: Known, hosts: Sequence[Host]) -> Dict[str, Any]:
    filled = dict(raw)
    for key, selector in (("from", policy.source), ("to", policy.target)):
        if selector is not None:
            found = list(dict.fromkeys(_addresses(selector, known, hosts)))
            addresses, neighbours = ([address for near, address in found if near == tunnelled] for tunnelled in (False, True))
            filled[key] = {**raw[key], "addresses": addresses, "neighbours": neighbours}
    return filled


def _addresses(selector: Selector, known: Known, hosts: Sequence[Host]) -> Iterator[Tuple[bool, str]]:
    """Yield what may be seen on other hosts, and whether only by neighbours; a network that is each host's own is not seen."""
    for endpoint, networks in known.find(selector):
        for network, address in held_addresses(endpoint, networks):
            if not network.is_local:
                yield network.is_tunnelled, address
    named: Set[str] = set(selector.networks)
    for host in hosts:
        for network in host.networks:
            if network.name in named and not network.is_local:
                yield from ((network.is_tunnelled, subnet.subnet) for subnet in network.subnets)
