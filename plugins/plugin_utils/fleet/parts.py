# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each host's part of a routed network: the one that is written down, else the one it had, else one cut from the pool."""

from __future__ import annotations

import ipaddress
from typing import Dict, List, Mapping, Sequence, Set, Tuple

from ...module_utils._drivers.routed.network import RoutedNetwork
from ...module_utils._model import span
from ...module_utils._model.addresses import canonical_network, ip_version
from ...module_utils._model.errors import Problem
from ...module_utils._model.names import derive_seed
from .reading import Host

Parts = Dict[str, Tuple[str, ...]]  # by host
Carriers = Sequence[Tuple[Host, RoutedNetwork]]


class _Slots:
    """The parts of one length that the subnets of a family can be cut into, by number."""

    def __init__(self, subnets: Sequence[str], length: int) -> None:
        self.version = ip_version(subnets[0])
        self.length = length
        self.size = 1 << ((32 if self.version == 4 else 128) - length)
        self._runs = [(span.span(subnet)[1], (span.span(subnet)[2] - span.span(subnet)[1] + 1) // self.size) for subnet in subnets]
        self.count = sum(count for _first, count in self._runs)
        self._used: Set[int] = set()

    def cover(self, subnet: str) -> None:
        """Take the slots that a subnet shares addresses with."""
        version, first, last = span.span(subnet)
        passed = 0
        for start, count in self._runs:
            if version == self.version and first < start + count * self.size and last >= start:
                low = max(0, (first - start) // self.size)
                high = min(count - 1, (last - start) // self.size)
                self._used.update(range(passed + low, passed + high + 1))
            passed += count

    @property
    def free(self) -> int:
        return self.count - len(self._used)

    def claim(self, subnet: str) -> bool:
        """Take a recorded slot if it is one and nobody has it."""
        version, first, _last = span.span(subnet)
        passed = 0
        for start, count in self._runs:
            number, rest = divmod(first - start, self.size)
            if version == self.version and not rest and 0 <= number < count and subnet.endswith("/%d" % self.length) and passed + number not in self._used:
                self._used.add(passed + number)
                return True
            passed += count
        return False

    def take(self, seed: int) -> str:
        """Take the first free slot from a position on. There must be one."""
        number = seed % self.count
        while number in self._used:
            number = (number + 1) % self.count
        self._used.add(number)
        for start, count in self._runs:
            if number < count:
                return "%s/%d" % (span.text(self.version, start + number * self.size), self.length)
            number -= count
        raise ValueError("no such slot")


def cut_parts(carriers: Carriers, path: str, recorded: Mapping[str, Tuple[str, ...]], problems: List[Problem]) -> Tuple[Parts, Parts]:
    """Return each host's part, and of these what the plan chose and the lock must keep."""
    network = carriers[0][1]
    if not network.host_prefixes and not network.host_subnets:
        return _given_parts(carriers, path, problems), {}
    parts: Parts = {host.name: () for host, _network in carriers}
    parts.update(_explicit_parts(network, set(parts), path, problems))
    chosen: Parts = {}
    for version, length in network.host_prefixes:
        subnets = [item.subnet for item in network.subnets_of(version)]
        short = next((subnet for subnet in subnets if int(subnet.split("/")[1]) > length), None)
        if not subnets or short is not None:
            rule = "the network has no IPv%d subnet" % version if not subnets else "a part of length /%d is larger than %s" % (length, short)
            problems.append(Problem(path + ".host_prefix", length, rule, "correct host_prefix or ipam_config"))
            continue
        found = _cut_family(network.name, parts, _Slots(subnets, length), recorded, path, problems)
        for host, part in found.items():
            parts[host] += (part,)
            chosen[host] = chosen.get(host, ()) + (part,)
    _check_complete(network, parts, path, problems)
    return parts, chosen


def _cut_family(name: str, parts: Parts, slots: _Slots, recorded: Mapping[str, Tuple[str, ...]], path: str, problems: List[Problem]) -> Dict[str, str]:
    for held in parts.values():
        for subnet in held:
            slots.cover(subnet)
    wanting = sorted(host for host, held in parts.items() if not any(ip_version(subnet) == slots.version for subnet in held))
    if len(wanting) > slots.free:
        rule = "needs %d parts of length /%d, has %d" % (len(wanting), slots.length, slots.free)
        problems.append(Problem(path + ".ipam_config", len(wanting), rule, "use a larger subnet or a longer host_prefix"))
        return {}
    found: Dict[str, str] = {}
    # Recorded parts of all hosts come before any new one, so that a newcomer never displaces an old one.
    for host in wanting:
        old = next((subnet for subnet in recorded.get(host, ()) if ip_version(subnet) == slots.version and slots.claim(subnet)), None)
        if old is not None:
            found[host] = canonical_network(old)
    for host in wanting:
        if host not in found:
            found[host] = slots.take(derive_seed(name, host))
    return found


def _given_parts(carriers: Carriers, path: str, problems: List[Problem]) -> Parts:
    """Return the parts where each host's own variables say what it has."""
    parts: Parts = {}
    owners: Dict[str, str] = {}
    for host, network in carriers:
        parts[host.name] = tuple(item.subnet for item in network.subnets)
        for subnet in parts[host.name]:
            owner = owners.setdefault(subnet, host.name)
            if owner != host.name:
                rule = "hosts %s and %s have the same part" % (owner, host.name)
                problems.append(Problem("%s[%s].ipam_config" % (host.networks_path, network.name), subnet, rule, "add host_prefix or host_subnets"))
                return parts
    _check_overlaps(parts, path + ".ipam_config", problems)
    return parts


def _explicit_parts(network: RoutedNetwork, hosts: Set[str], path: str, problems: List[Problem]) -> Parts:
    place = path + ".host_subnets"
    parts: Parts = {}
    for host, subnets in network.host_subnets:
        if host not in hosts:
            problems.append(Problem("%s.%s" % (place, host), host, "no host of this network has this name", "it has %s" % ", ".join(sorted(hosts)[:5])))
            continue
        for subnet in subnets:
            part = ipaddress.ip_network(subnet)
            if not any(_lies_in(part, item.subnet) for item in network.subnets):
                whole = ", ".join(item.subnet for item in network.subnets)
                problems.append(Problem("%s.%s" % (place, host), subnet, "outside the network: %s" % whole, "write a part of it"))
        parts[host] = subnets
    _check_overlaps(parts, place, problems)
    return parts


def _lies_in(part: object, whole: str) -> bool:
    version, first, last = span.span(str(part))
    family, low, high = span.span(whole)
    return version == family and low <= first and last <= high


def _check_overlaps(parts: Parts, path: str, problems: List[Problem]) -> None:
    rows = sorted(((span.span(subnet), subnet, host) for host, held in parts.items() for subnet in held), key=lambda row: (row[0][0], row[0][1], -row[0][2]))
    cover = None
    for row in rows:
        if cover is not None and cover[0][0] == row[0][0] and row[0][1] <= cover[0][2] and cover[2] != row[2]:
            problems.append(Problem(path, row[1], "host %s has it, and host %s %s" % (row[2], cover[2], cover[1]), "give each host a part of its own"))
        elif cover is None or row[0][0] != cover[0][0] or row[0][2] > cover[0][2]:
            cover = row


def _check_complete(network: RoutedNetwork, parts: Parts, path: str, problems: List[Problem]) -> None:
    """Report hosts without a part where no length says how to cut one."""
    lengths = dict(network.host_prefixes)
    for version in sorted({ip_version(item.subnet) for item in network.subnets} - set(lengths)):
        waiting = [host for host, held in parts.items() if not any(ip_version(subnet) == version for subnet in held)]
        if waiting:
            rule = "%d hosts have no IPv%d part, the first is %s" % (len(waiting), version, waiting[0])
            problems.append(Problem(path + ".host_subnets", waiting[0], rule, "add host_prefix, or a part for every host"))
