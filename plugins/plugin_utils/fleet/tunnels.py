# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Tunnels of the fleet as pairs of ends: each end names the other host, and both have the same VNI and port."""

from __future__ import annotations

from typing import Callable, Dict, Iterator, List, Mapping, Sequence, Set, Tuple

from ...module_utils._document.scalars import read_unicast_address
from ...module_utils._model.document import Tunnel, Wire
from ...module_utils._model.errors import Problem
from .reading import LINKS, Host

IsAt = Callable[[str, str], bool]  # whether an address is one of a host
End = Tuple[Host, Wire, Tunnel]


def check_tunnels(hosts: Sequence[Host], vteps: Mapping[str, str], problems: List[Problem]) -> None:
    """Report a tunnel whose other host has one back that is another tunnel: nothing would pass through either."""
    known = {host.name: _addresses(host, vteps) for host in hosts}
    ends = list(list_ends(hosts))
    for end, others in _without_twin(ends, lambda host, address: address in known[host]):
        back = next((other for other in others if other[0].name > end[0].name), None)
        if back is None:
            continue  # said at the other end, or there is no tunnel back at all
        host, wire, tunnel = end
        other, its, far = back
        field, mine, theirs = ("vni", tunnel.vni, far.vni) if tunnel.vni != far.vni else ("udp_port", tunnel.udp_port, far.udp_port)
        rule = "link %s of host %s leads back with %s %d, so nothing passes" % (its.name, other.name, field, theirs)
        problems.append(Problem("%s.%s[%s].tunnel.%s" % (host.path, LINKS, wire.name, field), mine, rule, "give both ends the same"))


def list_lonely(hosts: Sequence[Host], is_at: IsAt) -> List[str]:
    """Return tunnels without a twin in the fleet, in words."""
    found = []
    for (host, wire, tunnel), _others in _without_twin(list(list_ends(hosts)), is_at):
        there = next((other.name for other in hosts if other is not host and is_at(other.name, tunnel.remote)), None)
        why = "host %s has no such tunnel back" % there if there else "which is no host of the fleet"
        found.append("%s of %s to %s, %s" % (wire.name, host.name, tunnel.remote, why))
    return found


def list_ends(hosts: Sequence[Host]) -> Iterator[End]:
    for host in hosts:
        for wire in host.links:
            if wire.tunnel is not None:
                yield host, wire, wire.tunnel


def _without_twin(ends: Sequence[End], is_at: IsAt) -> Iterator[Tuple[End, List[End]]]:
    """Yield each end without a twin, with the ends without one that lead back."""
    back: Dict[int, List[int]] = {}
    for number, (host, _wire, tunnel) in enumerate(ends):
        back[number] = [
            other
            for other, (far_host, _far, far) in enumerate(ends)
            if far_host is not host and is_at(far_host.name, tunnel.remote) and is_at(host.name, far.remote)
        ]
    paired: Set[int] = {
        number
        for number, others in back.items()
        if any((ends[other][2].vni, ends[other][2].udp_port) == (ends[number][2].vni, ends[number][2].udp_port) for other in others)
    }
    for number, end in enumerate(ends):
        if number not in paired:
            yield end, [ends[other] for other in back[number] if other not in paired]


def _addresses(host: Host, vteps: Mapping[str, str]) -> Set[str]:
    """Return the addresses by which the others reach a host, as far as variables and the lock file say them."""
    variables = host.variables
    listed = variables.underlay_addresses if isinstance(variables.underlay_addresses, list) else [variables.underlay_addresses]
    values = [vteps.get(host.name), variables.vtep_address, variables.default_address, *variables.default_addresses, *listed]
    values += [wire.tunnel.local for wire in host.links if wire.tunnel is not None]
    return {address for value in values if value for address in [read_unicast_address(value, host.path, [])] if address is not None}
