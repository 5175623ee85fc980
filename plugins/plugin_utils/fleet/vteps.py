# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""This host's address on the underlay, for every host that carries an overlay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

from ...module_utils._document.scalars import read_interface_name, read_unicast_address
from ...module_utils._model.errors import Problem
from .lock import Lock
from .reading import Host

VTEP = "fleet_vtep_address"
INTERFACE = "fleet_underlay_interface"


@dataclass(frozen=True)
class Vteps:
    """`by_host` is the address a host uses unless a network names its own; `recorded` came from facts and goes into the lock."""

    by_host: Dict[str, str]
    recorded: Dict[str, str]
    warnings: Tuple[str, ...]


def resolve_vteps(hosts: Sequence[Host], *, lock: Lock, problems: List[Problem]) -> Vteps:
    """Take each host's VTEP from its variable, else the lock, else its facts."""
    chosen: Dict[str, str] = {}
    recorded: Dict[str, str] = {}
    warnings = []
    for host in hosts:
        path = "%s.%s" % (host.path, VTEP)
        variables = host.variables
        if variables.underlay_interface is not None:
            read_interface_name(variables.underlay_interface, "%s.%s" % (host.path, INTERFACE), problems)
        if variables.vtep_address is not None:
            address = read_unicast_address(variables.vtep_address, path, problems)
            if address is not None:
                chosen[host.name] = address
            continue
        waiting = [network.name for network in host.overlays if not network.vtep_address]
        if not waiting:
            continue
        used = next((name for name in waiting if name in host.used), None)
        fact = variables.default_address
        address = lock.vteps.get(host.name) or fact
        if address is None and used is not None:
            rule = "overlay %s needs this host's underlay address, and neither variable, lock file nor facts have it" % used
            problems.append(Problem(path, None, rule, "set %s" % VTEP))
        if address is None:
            continue
        if fact and fact != address:
            warnings.append(
                "host %s: the lock file records VTEP %s, its facts say %s; the recorded one is used (set %s or delete the line if the host moved)"
                % (host.name, address, fact, VTEP)
            )
        chosen[host.name] = recorded[host.name] = address
    _check_owners(hosts, chosen, problems)
    return Vteps(chosen, recorded, tuple(warnings))


def _check_owners(hosts: Sequence[Host], chosen: Dict[str, str], problems: List[Problem]) -> None:
    owners: Dict[str, str] = {}
    for host in hosts:
        used = {network.vtep_address: "%s[%s].vtep_address" % (host.networks_path, network.name) for network in host.overlays if network.vtep_address}
        if host.name in chosen:
            used[chosen[host.name]] = "%s.%s" % (host.path, VTEP)
        for address, path in used.items():
            owner = owners.setdefault(address, host.name)
            if owner != host.name:
                rule = "hosts %s and %s have the same VTEP" % (owner, host.name)
                problems.append(Problem(path, address, rule, "give each host its own underlay address"))
