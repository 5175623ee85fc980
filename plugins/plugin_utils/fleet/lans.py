# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""LANs: a macvlan or ipvlan network, or a bridge on the LAN, that several hosts carry is one segment, where an address has one owner in the fleet."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, FrozenSet, List, Mapping, Sequence, Set, Tuple

from ...module_utils._document.allocate import allocate
from ...module_utils._model.errors import Problem
from ...module_utils._model.network import Network, Subnet
from ...module_utils._model.shared_lan import reserved_addresses, shared_lans
from .lock import Lock
from .reading import NETWORKS, Host, place_problem

# A LAN is known by its name and subnets: sites may use one name for different wires.
LanKey = Tuple[str, Tuple[str, ...]]
Definition = Tuple[LanKey, Tuple[Subnet, ...]]
Owner = Tuple[str, str]  # host, endpoint


def is_lan(network: Network) -> bool:
    """Tell whether a network is a piece of a LAN; an internal one has no wire, and is its host's own."""
    return network.on_lan and not network.internal


def lan_networks(host: Host) -> Dict[str, Network]:
    return {network.name: network for network in host.networks if is_lan(network)}


def _key(network: Network) -> LanKey:
    return network.name, tuple(subnet.subnet for subnet in network.subnets)


def _by_definition(hosts: Sequence[Host]) -> Dict[Definition, List[int]]:
    """Return the hosts, as positions, of each LAN and each way to hand out its addresses."""
    found: Dict[Definition, List[int]] = {}
    for position, host in enumerate(hosts):
        for network in lan_networks(host).values():
            found.setdefault((_key(network), network.subnets), []).append(position)
    return found


def _find_wires(hosts: Sequence[Host]) -> Dict[LanKey, FrozenSet[LanKey]]:
    """Return, for each LAN of which networks of one host have a subnet in common, all that are then one wire."""
    wires: Dict[LanKey, FrozenSet[LanKey]] = {}
    for host in hosts:
        networks = lan_networks(host)
        for names in set(shared_lans(host.networks).values()):
            keys = frozenset(_key(networks[name]) for name in names)
            joined = keys.union(*(wires.get(key, ()) for key in keys))
            wires.update(dict.fromkeys(joined, joined))
    return wires


def allocate_lans(hosts: Sequence[Host], *, vteps: Mapping[str, str], lock: Lock, problems: List[Problem]) -> Tuple[Host, ...]:
    """Return the hosts with addresses and MACs on their LANs. Hosts may differ in ip_range; an address is given once all the same.

    The hosts' own addresses, as far as the plan knows them, are nobody else's.
    """
    filled = list(hosts)
    own = {address for host in hosts for address in (vteps.get(host.name), host.variables.default_address) if address}
    held: Dict[LanKey, Set[str]] = {}
    for host in hosts:
        _note(host, held)
    wires = _find_wires(hosts)
    for host in hosts if wires else ():
        for network in lan_networks(host).values():
            if _key(network) in wires:
                held[_key(network)].update(reserved_addresses(network))
    for (key, _subnets), positions in _by_definition(hosts).items():
        name = key[0]
        members = [(position, endpoint) for position in positions for endpoint in filled[position].endpoints]
        here = {endpoint.name for _position, endpoint in members}
        recorded = {address for owner, addresses in lock.addresses.get(name, {}).items() if owner not in here for address in addresses}
        faults: List[Problem] = []
        network = lan_networks(hosts[positions[0]])[name]
        reserved = own.union(recorded, *(held[other] for other in wires.get(key, (key,))))
        given = iter(allocate([network], [item for _position, item in members], taken=lock.addresses, reserved=reserved, problems=faults, path=NETWORKS))
        for position in positions:
            filled[position] = replace(filled[position], endpoints=tuple(next(given) for _endpoint in filled[position].endpoints))
            _note(filled[position], held)
        first = hosts[positions[0]]
        problems.extend(place_problem(problem, host=first.name, networks_path=first.networks_path) for problem in faults)
    return tuple(filled)


def _note(host: Host, held: Dict[LanKey, Set[str]]) -> None:
    """Write down which addresses the endpoints of a host have on its LANs."""
    networks = lan_networks(host)
    for network in networks.values():
        held.setdefault(_key(network), set())
    for endpoint in host.endpoints if networks else ():
        for item in endpoint.attachments:
            if item.network in networks:
                held[_key(networks[item.network])].update(item.addresses)


def check_lans(hosts: Sequence[Host], *, vteps: Mapping[str, str], problems: List[Problem]) -> None:
    """Report names, addresses and MACs that two hosts use on one LAN, and addresses that belong to a host itself."""
    names: Dict[Tuple[str, str], Owner] = {}
    values: Dict[Tuple[FrozenSet[LanKey], str], Owner] = {}
    wires = _find_wires(hosts)
    machines = {address: name for name, address in sorted(vteps.items())}
    for host in hosts:
        networks = lan_networks(host)
        for endpoint in host.endpoints:
            for attachment in endpoint.attachments:
                network = networks.get(attachment.network)
                if network is None:
                    continue
                me, path = (host.name, endpoint.name), host.attachment_path(endpoint.name, network.name)
                other = names.setdefault((network.name, endpoint.name), me)
                clash = other[0] != host.name
                if clash:
                    rule = "host %s has an endpoint of the same name on network %s" % (other[0], network.name)
                    problems.append(Problem(path, endpoint.name, rule, "rename one of them"))
                wire = wires.get(_key(network), frozenset((_key(network),)))
                for key, value in attachment.claims:
                    other = values.setdefault((wire, value), me) if value else me
                    # A MAC derived from a name or address that clashes is no second fault.
                    if other[0] != host.name and not (clash and key == "mac_address"):
                        clash = True
                        rule = "endpoint %s of host %s has the same on network %s" % (other[1], other[0], network.name)
                        problems.append(Problem("%s.%s" % (path, key), value, rule, "use another, or remove it to have one chosen"))
                    elif value in machines:
                        rule = "host %s itself has this address" % machines[value]
                        problems.append(Problem("%s.%s" % (path, key), value, rule, "use another, or remove it to have one chosen"))
