# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Routed networks: each host's part of the subnets, and by which addresses the others reach it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, List, Mapping, Sequence, Set, Tuple

from ...module_utils._drivers.routed.driver import DRIVER as ROUTED
from ...module_utils._drivers.routed.network import RoutedNetwork, RoutedPeer
from ...module_utils._model import span
from ...module_utils._model.addresses import ip_version
from ...module_utils._model.document import Endpoint
from ...module_utils._model.errors import Problem
from ...module_utils._model.network import Network, Subnet
from .checks import definitions, rivals
from .lock import Addresses, Lock
from .next_hops import NextHops, resolve_next_hops
from .parts import Parts, cut_parts
from .reading import Host

# What every host of a routed network must have alike, and the key that sets it.
AGREED = (("subnets", "ipam_config"), ("host_prefixes", "host_prefix"), ("host_subnets", "host_subnets"), ("internal", "internal"))


@dataclass(frozen=True)
class Routed:
    """One routed network of the fleet: what it reaches, and each host's part of it."""

    name: str
    path: str
    reach: Tuple[str, ...]
    parts: Parts
    peers: Tuple[RoutedPeer, ...]


@dataclass(frozen=True)
class RoutedPlan:
    """All routed networks. `parts` and `next_hops` are what goes into the lock."""

    networks: Dict[str, Routed]
    parts: Dict[str, Dict[str, Addresses]]
    next_hops: Dict[str, Addresses]
    warnings: Tuple[str, ...] = ()


def collect_routed(hosts: Sequence[Host], *, lock: Lock, problems: List[Problem]) -> RoutedPlan:
    """Return the plan of all routed networks; report where hosts disagree, and what no part or next hop can be found for."""
    carriers: Dict[str, List[Tuple[Host, RoutedNetwork]]] = {}
    for host in hosts:
        for network in ROUTED.own(host.networks):
            carriers.setdefault(network.name, []).append((host, network))
    if not carriers:
        return RoutedPlan({}, {}, {})
    troubled = {problem.path for problem in problems}
    cut: Dict[str, Parts] = {}
    chosen: Dict[str, Dict[str, Addresses]] = {}
    for name, found in carriers.items():
        _check_agreement(found, problems)
        path = "%s[%s]" % (found[0][0].networks_path, name)
        if any(other.startswith(path) for other in troubled):
            continue
        cut[name], chosen[name] = cut_parts(found, path, lock.parts.get(name, {}), problems)
    _check_drivers(hosts, carriers, problems)
    hops = resolve_next_hops({name: [host for host, _network in found] for name, found in carriers.items()}, cut, lock=lock, problems=problems)
    networks = {name: _join(name, carriers[name], parts, hops) for name, parts in cut.items()}
    _check_unique(hosts, networks, problems)
    return RoutedPlan(networks, {name: parts for name, parts in chosen.items() if parts}, hops.recorded, hops.warnings)


def _join(name: str, carriers: Sequence[Tuple[Host, RoutedNetwork]], parts: Parts, hops: NextHops) -> Routed:
    peers = tuple(RoutedPeer(host.name, hops.by_host.get(host.name, ()), parts.get(host.name, ())) for host, _network in carriers if name in host.used)
    reach = tuple(dict.fromkeys(subnet for _host, network in carriers for subnet in network.reach))
    strangers = tuple(dict.fromkeys(peer for _host, network in carriers for peer in network.peers))
    return Routed(name, "%s[%s]" % (carriers[0][0].networks_path, name), reach, parts, peers + strangers)


def _check_agreement(carriers: Sequence[Tuple[Host, RoutedNetwork]], problems: List[Problem]) -> None:
    """Where the plan cuts the parts, all hosts must name the same whole."""
    owner, definition = carriers[0]
    seen: Set[int] = {id(definition)}
    for host, network in carriers[1:]:
        if id(network) in seen or not (network.host_prefixes or network.host_subnets or definition.host_prefixes or definition.host_subnets):
            continue
        seen.add(id(network))
        for attribute, key in AGREED:
            if getattr(network, attribute) != getattr(definition, attribute):
                path = "%s[%s].%s" % (host.networks_path, network.name, key)
                rule = "differs from that of host %s" % owner.name
                problems.append(Problem(path, key, rule, "a routed network is the same on all its hosts; define it once for the group"))


def _check_drivers(hosts: Sequence[Host], carriers: Mapping[str, List[Tuple[Host, RoutedNetwork]]], problems: List[Problem]) -> None:
    seen: Set[int] = set()
    for host in hosts:
        own = {network.name for network in ROUTED.own(host.networks)}
        for network in host.networks:
            if network.name in carriers and network.name not in own and id(network) not in seen:
                seen.add(id(network))
                rule = "network %s is routed on host %s" % (network.name, carriers[network.name][0][0].name)
                problems.append(Problem("%s[%s].driver" % (host.networks_path, network.name), network.driver, rule, "rename one of them"))


def _check_unique(hosts: Sequence[Host], networks: Mapping[str, Routed], problems: List[Problem]) -> None:
    """Report another network of the fleet with addresses of a routed one: the hosts would not know where to send them."""
    known = definitions(hosts)
    for routed in networks.values():
        for path, network in rivals(routed.name, networks, known):
            for item in network.subnets:
                met = next((subnet for subnet in routed.reach if span.overlap(subnet, item.subnet)), None)
                if met is not None:
                    rule = "overlaps routed network %s (%s); its subnets must be unique in the fleet" % (routed.name, met)
                    problems.append(Problem(path + ".ipam_config", item.subnet, rule, "use another subnet"))


def own_parts(hosts: Sequence[Host], plan: RoutedPlan, problems: List[Problem]) -> Tuple[Host, ...]:
    """Return the hosts with their own parts in place of the whole networks, so that addresses come from these; report those that do not."""
    if not plan.networks:
        return tuple(hosts)
    return tuple(_own_parts(host, plan, problems) for host in hosts)


def _own_parts(host: Host, plan: RoutedPlan, problems: List[Problem]) -> Host:
    cut: Dict[str, Network] = {}
    for whole in ROUTED.own(host.networks):
        routed = plan.networks.get(whole.name)
        if routed is not None:
            part = routed.parts.get(host.name, ())
            for endpoint in host.endpoints:
                _check_endpoint(host, endpoint, whole.name, part, problems)
            cut[whole.name] = replace(whole, subnets=tuple(_part_of(whole, subnet) for subnet in part), reach=routed.reach)
    return replace(host, networks=tuple(cut.get(network.name, network) for network in host.networks))


def _part_of(network: RoutedNetwork, part: str) -> Subnet:
    """Return a part with what the whole reserves in it."""
    whole = next((item for item in network.subnets if span.overlap(item.subnet, part)), Subnet(part))
    if whole.subnet == part:
        return whole
    return Subnet(part, aux_addresses=tuple(pair for pair in whole.aux_addresses if span.holds(part, pair[1])))


def _check_endpoint(host: Host, endpoint: Endpoint, network: str, part: Sequence[str], problems: List[Problem]) -> None:
    for attachment in endpoint.attachments:
        for address in attachment.addresses if attachment.network == network and part else ():
            held = [subnet for subnet in part if ip_version(subnet) == ip_version(address)]
            if held and not any(span.holds(subnet, address) for subnet in held):
                path = "%s.ipv%d_address" % (host.attachment_path(endpoint.name, network), ip_version(address))
                rule = "outside %s, the part of network %s that host %s has" % (", ".join(held), network, host.name)
                problems.append(Problem(path, address, rule, "use an address of it, or remove it to have one chosen"))
