# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""By which of its addresses the other hosts reach a host: one of each family that a routed network needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, Sequence, Tuple

from ...module_utils._document.entry import one_or_list_of
from ...module_utils._document.scalars import read_unicast_address
from ...module_utils._model.addresses import ip_version
from ...module_utils._model.errors import Problem
from .lock import Addresses, Lock
from .parts import Parts
from .reading import Host
from .vteps import VTEP

ADDRESSES = "fleet_underlay_addresses"
_read = one_or_list_of(read_unicast_address)


@dataclass(frozen=True)
class NextHops:
    """`by_host` has at most one address of each family; `recorded` came from facts and goes into the lock."""

    by_host: Dict[str, Addresses]
    recorded: Dict[str, Addresses]
    warnings: Tuple[str, ...] = ()


def resolve_next_hops(carriers: Mapping[str, Sequence[Host]], parts: Mapping[str, Parts], *, lock: Lock, problems: List[Problem]) -> NextHops:
    """Take each host's addresses from its variable, else from its VTEP's, else the lock, else its facts."""
    hosts = {host.name: host for found in carriers.values() for host in found}
    needed = _needed(carriers, parts)
    by_host: Dict[str, Addresses] = {}
    recorded: Dict[str, Addresses] = {}
    warnings: List[str] = []
    for name, host in hosts.items():
        given = _given(host, problems)
        facts = {ip_version(address): address for address in host.variables.default_addresses}
        kept = {ip_version(address): address for address in lock.next_hops.get(name, ())}
        found: List[str] = []
        fresh: List[str] = []
        for family, (network, required) in sorted(needed.get(name, {}).items()):
            address = given.get(family)
            if address is None:
                address = kept.get(family) or facts.get(family)
                if address is None and required:
                    rule = "network %s needs this host's IPv%d underlay address for its IPv%d part, and neither variable, lock file nor facts have it"
                    path = "%s.%s" % (host.path, ADDRESSES)
                    problems.append(Problem(path, None, rule % (network, family, family), "set %s" % ADDRESSES))
                if address is None:
                    continue
                if facts.get(family, address) != address:
                    text = (
                        "host %s: the lock file records next hop %s, its facts say %s; the recorded one is used (set %s or delete the line if the host moved)"
                    )
                    warnings.append(text % (name, address, facts[family], ADDRESSES))
                fresh.append(address)
            found.append(address)
        by_host[name] = tuple(found)
        if fresh:
            recorded[name] = tuple(fresh)
    _check_owners(by_host, problems)
    return NextHops(by_host, recorded, tuple(warnings))


def _needed(carriers: Mapping[str, Sequence[Host]], parts: Mapping[str, Parts]) -> Dict[str, Dict[int, Tuple[str, bool]]]:
    """Return the families in which each host has a part that others may look for, with a network that says so, and whether they do."""
    needed: Dict[str, Dict[int, Tuple[str, bool]]] = {}
    for name, found in carriers.items():
        users = {host.name for host in found if name in host.used}
        for host in found if len(found) > 1 else ():
            required = host.name in users and len(users) > 1
            for subnet in parts.get(name, {}).get(host.name, ()):
                families = needed.setdefault(host.name, {})
                if not families.get(ip_version(subnet), ("", False))[1]:
                    families[ip_version(subnet)] = (name, required)
    return needed


def _given(host: Host, problems: List[Problem]) -> Dict[int, str]:
    found: Dict[int, str] = {}
    if host.variables.underlay_addresses is not None:
        path = "%s.%s" % (host.path, ADDRESSES)
        addresses = _read(host.variables.underlay_addresses, path, problems) or ()
        for address in addresses:
            if ip_version(address) in found:
                problems.append(Problem(path, address, "at most one address of each family", "keep one IPv4 and one IPv6 address"))
            found.setdefault(ip_version(address), address)
    elif isinstance(host.variables.vtep_address, str):
        vtep = read_unicast_address(host.variables.vtep_address, "%s.%s" % (host.path, VTEP), [])
        if vtep is not None:
            found[ip_version(vtep)] = vtep
    return found


def _check_owners(by_host: Mapping[str, Addresses], problems: List[Problem]) -> None:
    owners: Dict[str, str] = {}
    for host, addresses in by_host.items():
        for address in addresses:
            owner = owners.setdefault(address, host)
            if owner != host:
                rule = "hosts %s and %s have the same underlay address" % (owner, host)
                problems.append(Problem("hostvars[%s].%s" % (host, ADDRESSES), address, rule, "give each host its own underlay address"))
