# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What wires promise: both ends reach each other, and who is wired to a network reaches its endpoints.

The host asks at the other end of a wire of its own, and is not asked: its own firewall decides who may ask the host.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from ...module_utils._model import span
from ...module_utils._model.document import Wire, WireEnd, host_ends
from .members import Check, Member, make_check
from .outside import Outside
from .planner import FleetPlan
from .reading import Host

End = Tuple[Member, WireEnd]


def check_wires(plan: FleetPlan, members: Sequence[Member], outside: Outside) -> Iterator[Check]:
    known = {(member.host.name, member.endpoint.name): member for member in members}
    tunnels: List[Tuple[Host, Wire]] = []
    for host in plan.hosts:
        for wire in host.links:
            if wire.tunnel is not None:
                tunnels.append((host, wire))
                continue
            ends = [(known[host.name, end.endpoint], end) for end in wire.ends if end.endpoint and (host.name, end.endpoint) in known]
            if len(ends) == 2:
                yield from _both_ways(ends[0], ends[1], "link %s" % wire.name)
            elif len(ends) == 1:
                yield from _from_host(ends[0], wire)
                network = next((end.network for end in wire.ends if end.network), None)
                yield from _into_network(ends[0], network, host, members, wire)
    yield from _through_tunnels(tunnels, known, outside)


def _both_ways(one: End, other: End, reason: str) -> Iterator[Check]:
    for (source, near), (target, far) in ((one, other), (other, one)):
        for address in far.addresses:
            plain = address.split("/")[0]
            if any(span.holds(subnet, plain) for subnet in near.addresses) and not source.is_led(plain) and source is not target:
                yield make_check(source, "ping", plain, "pass", reason, to=target)


def _from_host(end: End, wire: Wire) -> Iterator[Check]:
    """Yield pings from the host to the endpoint at the other end."""
    member, far = end
    own = [address for _wire, _index, near in host_ends((wire,)) for address in near.addresses]
    for address in far.addresses:
        plain = address.split("/")[0]
        if any(span.holds(subnet, plain) and not member.is_led(subnet.split("/")[0]) for subnet in own):
            yield make_check(None, "ping", plain, "pass", "link %s" % wire.name, from_host=member.host.name, to=member)


def _into_network(end: End, name: Optional[str], host: Host, members: Sequence[Member], wire: Wire) -> Iterator[Check]:
    """Yield pings between a wired endpoint and one endpoint of the network."""
    network = next((item for item in host.networks if item.name == name), None)
    if network is None or network.isolates or network.vlan_filtering:
        return
    for member in members:
        attachment = member.attachment(network.name)
        if member.host is host and attachment is not None and member is not end[0]:
            prefix = {subnet.subnet: subnet.subnet.split("/")[1] for subnet in network.subnets}
            held = tuple("%s/%s" % (address, prefix[subnet]) for address in attachment.addresses for subnet in prefix if span.holds(subnet, address))
            yield from _both_ways(end, (member, WireEnd(endpoint=member.endpoint.name, addresses=held)), "link %s to network %s" % (wire.name, network.name))
            return


def _through_tunnels(tunnels: Sequence[Tuple[Host, Wire]], known: Dict[Tuple[str, str], Member], outside: Outside) -> Iterator[Check]:
    """Yield pings through tunnels whose two ends are both in this fleet and name each other."""
    for index, (host, wire) in enumerate(tunnels):
        for other, far in tunnels[index + 1 :]:
            near_end, far_end = wire.tunnel, far.tunnel
            if near_end is None or far_end is None or (near_end.vni, near_end.udp_port) != (far_end.vni, far_end.udp_port):
                continue
            if not (outside.is_at(other.name, near_end.remote) and outside.is_at(host.name, far_end.remote)):
                continue
            ends = [(known.get((at.name, end.endpoint or "")), end) for at, item in ((host, wire), (other, far)) for end in item.ends]
            found = [(member, end) for member, end in ends if member is not None]
            if len(found) == 2:
                yield from _both_ways(found[0], found[1], "tunnel %s" % wire.name)
