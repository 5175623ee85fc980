# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What stands for the outside of a host: another host of the fleet, by its address of each family."""

from __future__ import annotations

from typing import Dict, Iterable, List, Optional

from ...module_utils._document.scalars import read_unicast_address
from ...module_utils._model.addresses import ip_version
from .planner import FleetPlan
from .reading import Host

FAMILIES = (4, 6)


class Outside:
    """Each host's underlay address of each family, and for each host another one that has one of the same family."""

    def __init__(self, plan: FleetPlan) -> None:
        self.networks = {host.name: host.networks for host in plan.hosts}
        self._addresses: Dict[int, Dict[str, str]] = {version: {} for version in FAMILIES}
        for host in plan.hosts:
            for address in _known_addresses(plan, host):
                self._addresses[ip_version(address)].setdefault(host.name, address)
        self._order = {version: list(found) for version, found in self._addresses.items()}
        self._index = {version: {name: index for index, name in enumerate(order)} for version, order in self._order.items()}
        self._differ = {version: len(set(found.values())) > 1 for version, found in self._addresses.items()}

    def address(self, host: str, version: int) -> Optional[str]:
        """Return the underlay address of a host in a family, where one is known."""
        return self._addresses[version].get(host)

    def is_at(self, host: str, address: str) -> bool:
        """Tell whether an address is a known one of a host."""
        return self.address(host, ip_version(address)) == address

    def has_strangers(self, version: int) -> bool:
        """Tell whether some host has another one outside in a family."""
        return self._differ[version]

    def of(self, host: str, version: int) -> Optional[str]:
        """Return the next host in inventory order whose address of the family differs, None where there is none."""
        found, order = self._addresses[version], self._order[version]
        if host not in found or not self._differ[version]:
            return None
        start = self._index[version][host]
        for step in range(1, len(order)):
            other = order[(start + step) % len(order)]
            if found[other] != found[host]:
                return other
        return None

    def anybody(self, host: str, version: int) -> Optional[str]:
        """Return the outside of a host in a family, else in the other one."""
        return self.of(host, version) or next(filter(None, (self.of(host, other) for other in FAMILIES)), None)


def _known_addresses(plan: FleetPlan, host: Host) -> List[str]:
    """Return the addresses by which others reach a host, the most certain first: what the inventory says, the lock file, facts."""
    variables = host.variables
    listed = variables.underlay_addresses if isinstance(variables.underlay_addresses, list) else [variables.underlay_addresses]
    known = _read([plan.vteps.get(host.name), variables.vtep_address, *listed, *plan.lock.next_hops.get(host.name, ())], host)
    facts = _read([variables.default_address, *variables.default_addresses], host)
    if variables.underlay_addresses is not None or (known and not set(known) & set(facts)):
        return known  # the default route leads to another network than the one between the hosts
    return known + facts


def _read(values: Iterable[object], host: Host) -> List[str]:
    found = (read_unicast_address(value, host.path, []) for value in values if value)
    return [address for address in found if address is not None]
