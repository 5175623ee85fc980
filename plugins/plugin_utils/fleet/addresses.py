# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Addresses: per host where a network is the host's own, over the whole fleet where it is an overlay or a LAN."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Mapping, Sequence, Tuple

from ...module_utils._document.allocate import allocate
from ...module_utils._model.document import Endpoint
from ...module_utils._model.errors import Problem
from .lans import allocate_lans, is_lan, lan_networks
from .lock import Addresses, Lock
from .overlays import Overlay
from .reading import NETWORKS, Host, place_problem

Recorded = Dict[str, Dict[str, Addresses]]


def allocate_addresses(
    hosts: Sequence[Host], overlays: Mapping[str, Overlay], *, vteps: Mapping[str, str], lock: Lock, problems: List[Problem]
) -> Tuple[Tuple[Host, ...], Recorded]:
    """Return the hosts with every address and MAC filled in, and what to record: the addresses that no variable gives."""
    local = _allocate_local(hosts, lock, problems)
    filled = allocate_lans(_allocate_overlays(hosts, local, overlays, lock, problems), vteps=vteps, lock=lock, problems=problems)
    recorded: Recorded = {}
    for before, after in zip(hosts, filled):
        shared = set(overlays) | set(lan_networks(before))
        for asked, given in zip(before.endpoints, after.endpoints):
            for wish, place in zip(asked.attachments, given.attachments):
                chosen = tuple(address for address in place.addresses if address not in wish.addresses)
                if chosen:
                    recorded.setdefault(place.network, {})[owner_key(before.name, given.name, place.network in shared)] = chosen
    return filled, recorded


def owner_key(host: str, endpoint: str, shared: bool) -> str:
    """Return the lock file's name for an endpoint on a network. On an overlay or a LAN it may move to another host and keep its address."""
    return endpoint if shared else "%s/%s" % (host, endpoint)


def _by_host(lock: Lock) -> Dict[str, Recorded]:
    """Return the recorded addresses of host-local networks: host, network, endpoint."""
    found: Dict[str, Recorded] = {}
    for network, held in lock.addresses.items():
        for owner, addresses in held.items():
            host, slash, endpoint = owner.rpartition("/")
            if slash:
                found.setdefault(host, {}).setdefault(network, {})[endpoint] = addresses
    return found


def _allocate_local(hosts: Sequence[Host], lock: Lock, problems: List[Problem]) -> List[Tuple[Endpoint, ...]]:
    recorded = _by_host(lock)
    found: Dict[Tuple[str, str, str], Problem] = {}
    result = []
    for host in hosts:
        networks = [network for network in host.networks if not network.is_tunnelled and not is_lan(network)]
        faults: List[Problem] = []
        result.append(allocate(networks, host.endpoints, taken=recorded.get(host.name, {}), problems=faults, path=NETWORKS))
        for problem in faults:
            # The shortage is that of one host, the network's definition may be everybody's: say whose.
            placed = place_problem(problem._replace(rule="host %s %s" % (host.name, problem.rule)), host=host.name, networks_path=host.networks_path)
            found.setdefault((placed.path, placed.rule, placed.fix), placed)
    problems.extend(found.values())
    return result


def _allocate_overlays(
    hosts: Sequence[Host], local: Sequence[Tuple[Endpoint, ...]], overlays: Mapping[str, Overlay], lock: Lock, problems: List[Problem]
) -> Tuple[Host, ...]:
    everywhere = [endpoint for endpoints in local for endpoint in endpoints]
    faults: List[Problem] = []
    networks = [overlay.network for overlay in overlays.values()]
    filled = iter(allocate(networks, everywhere, taken=lock.addresses, problems=faults, path=NETWORKS))
    for problem in faults:
        overlay = next(overlay for overlay in overlays.values() if problem.path.startswith("%s[%s]." % (NETWORKS, overlay.name)))
        problems.append(problem._replace(path=overlay.path + problem.path[len(NETWORKS) + len(overlay.name) + 2 :]))
    return tuple(replace(host, endpoints=tuple(next(filled) for _endpoint in endpoints)) for host, endpoints in zip(hosts, local))
