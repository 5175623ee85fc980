# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules that only the whole fleet can break; what one host's declaration shows is checked with that declaration."""

from __future__ import annotations

from bisect import bisect_left
from typing import Container, Dict, Iterable, Iterator, List, Mapping, Sequence, Set, Tuple

from ...module_utils._model import span
from ...module_utils._model.document import Attachment, host_ends
from ...module_utils._model.errors import Problem
from ...module_utils._model.network import Network
from .overlays import Overlay
from .reading import LINKS, Host

# The path of a network, the network, and the names beside it in its list.
Definition = Tuple[str, Network, Set[str]]

Owners = Dict[Tuple[str, str], Tuple[str, str]]  # (overlay, value) -> (host, endpoint)


def check_endpoints(hosts: Sequence[Host], overlays: Mapping[str, Overlay], problems: List[Problem]) -> None:
    """Report names, addresses and MACs that two hosts use on one overlay. The hosts' addresses are filled in."""
    names: Owners = {}
    values: Owners = {}
    for host in hosts:
        for endpoint in host.endpoints:
            for attachment in endpoint.attachments:
                if attachment.network in overlays:
                    _check_attachment(host, endpoint.name, attachment, names, values, problems)


def _check_attachment(host: Host, endpoint: str, attachment: Attachment, names: Owners, values: Owners, problems: List[Problem]) -> None:
    overlay = attachment.network
    path = host.attachment_path(endpoint, overlay)
    me = (host.name, endpoint)
    clash = False
    other = names.setdefault((overlay, endpoint), me)
    if other[0] != host.name:
        clash = True
        problems.append(Problem(path, endpoint, "host %s has an endpoint of the same name on overlay %s" % (other[0], overlay), "rename one of them"))
    for key, value in attachment.claims:
        other = values.setdefault((overlay, value), me) if value else me
        # A MAC derived from a name or address that clashes is no second fault.
        if other[0] != host.name and not (clash and key == "mac_address"):
            clash = True
            rule = "endpoint %s of host %s has the same on overlay %s" % (other[1], other[0], overlay)
            problems.append(Problem("%s.%s" % (path, key), value, rule, "use another, or remove it to have one chosen"))


def check_subnets(hosts: Sequence[Host], overlays: Mapping[str, Overlay], problems: List[Problem]) -> None:
    """Report an overlay whose subnet another network of the fleet overlaps, and a network that swallows the underlay."""
    known = definitions(hosts)
    for overlay in overlays.values():
        for path, network in rivals(overlay.name, overlays, known):
            for mine, other in _overlaps(overlay.network, network):
                rule = "overlaps overlay %s (%s); an overlay's subnet must be unique in the fleet" % (overlay.name, mine)
                problems.append(Problem(path + ".ipam_config", other, rule, "use another subnet"))
    _check_underlay(hosts, overlays, problems)


def definitions(hosts: Sequence[Host]) -> List[Definition]:
    """Return each distinct network with its path and the names beside it, however many hosts share it."""
    seen: Set[int] = set()
    found = []
    for host in hosts:
        beside = {network.name for network in host.networks}
        for network in host.networks:
            if id(network) not in seen:
                seen.add(id(network))
                found.append(("%s[%s]" % (host.networks_path, network.name), network, beside))
    return found


def rivals(name: str, compared: Container[str], known: Iterable[Definition]) -> Iterator[Tuple[str, Network]]:
    """Yield the networks that one of `compared` was not compared with yet. Two of one list were when that host's declaration was checked."""
    for path, network, beside in known:
        if network.name != name and name not in beside and not (network.name in compared and network.name < name):
            yield path, network


def _overlaps(one: Network, other: Network) -> List[Tuple[str, str]]:
    return [(mine.subnet, its.subnet) for mine in one.subnets for its in other.subnets if span.overlap(mine.subnet, its.subnet)]


def _check_underlay(hosts: Sequence[Host], overlays: Mapping[str, Overlay], problems: List[Problem]) -> None:
    """A host that carries an overlay must keep its way to every VTEP: none of its networks and wires may hold one."""
    vteps = sorted((span.number(peer.vtep), peer.host) for overlay in overlays.values() for peer in overlay.carriers)
    seen: Set[int] = set()
    for host in hosts:
        for path, subnet in _led_by_host(host, seen) if host.overlays else ():
            version, first, last = span.span(subnet)
            place = bisect_left(vteps, ((version, first), ""))
            if place < len(vteps) and vteps[place][0] <= (version, last):
                (_family, number), owner = vteps[place]
                rule = "holds %s, the VTEP of host %s, so it would cut off the underlay" % (span.text(version, number), owner)
                problems.append(Problem(path, subnet, rule, "use another subnet"))


def _led_by_host(host: Host, seen: Set[int]) -> Iterator[Tuple[str, str]]:
    """Yield path and subnet of what a host itself leads to, a network of many hosts once."""
    for network in host.networks:
        if id(network) not in seen and not network.on_lan:  # the underlay may well be the LAN that containers are on
            seen.add(id(network))
            yield from (("%s[%s].ipam_config" % (host.networks_path, network.name), subnet.subnet) for subnet in network.subnets)
    for wire, index, end in host_ends(host.links):
        yield from (("%s.%s[%s].ends[%d].addresses" % (host.path, LINKS, wire.name, index), address) for address in end.addresses)
