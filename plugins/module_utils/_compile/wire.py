# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Wires: a veth pair between two endpoints, an endpoint and a bridge or the host itself, or two bridges; and tunnels that end in an endpoint."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, Iterable, List, Mapping, Tuple

from .._drivers.mtu import OUTER_TTL, STANDARD_MTU, VXLAN_OVERHEAD
from .._drivers.segment import Segment
from .._drivers.settings import interface_sysctls
from .._kinds.veth import Veth
from .._kinds.vxlan import Vxlan
from .._model.addresses import ip_version, port_mac
from .._model.document import Document, Tunnel, Wire, WireEnd
from .._model.errors import EnvironmentUnfit
from .._model.joined import joined_networks, with_subnets
from .._model.link import Link
from .._model.mark import LINK_ROLE, Mark
from .._model.objects import Address, KernelObject
from .._model.place import HOST
from .._model.snapshot import Facts

# A host answers for all its addresses on all its bridges; where bridges are joined, only the one that has the address may.
ANSWER_FOR_OWN = ("ipv4/arp_ignore", "1")


@dataclass(frozen=True)
class _Spot:
    """Where an end of a wire is."""

    place: str
    name: str


def compile_wires(document: Document, segments: Mapping[str, Segment], facts: Facts) -> Tuple[KernelObject, ...]:
    """Return what the wires and tunnels of a declaration are made of."""
    places = {endpoint.name: endpoint.place for endpoint in document.endpoints}
    objects: List[KernelObject] = []
    for wire in document.links:
        mark = str(Mark(document.scope, LINK_ROLE, wire.name))
        if wire.tunnel is not None:
            objects.extend(_compile_tunnel(wire, wire.tunnel, places, mark, facts))
        else:
            objects.extend(_compile_wire(wire, places, segments, mark, facts.ipv6))
    return tuple(objects)


def _compile_wire(wire: Wire, places: Mapping[str, str], segments: Mapping[str, Segment], mark: str, ipv6: bool) -> Iterable[KernelObject]:
    spots = [_Spot(places[end.endpoint] if end.endpoint is not None else HOST, end.interface_name) for end in wire.ends]
    mtu = wire.mtu or min([segments[end.network].mtu for end in wire.ends if end.network is not None], default=STANDARD_MTU)
    joins = all(end.network is not None for end in wire.ends)
    leading = next((index for index, end in enumerate(wire.ends) if end.endpoint is None), 0)
    for index, end in enumerate(wire.ends):
        here, there = spots[index], spots[1 - index]
        kind = Veth(there.place, there.name, leads=index == leading)
        if end.network is None:
            link = Link(here.place, here.name, kind=kind, mtu=mtu, up=True, alias=mark)
            # On the host it may have been a port of a bridge before.
            yield from _inner_end(end, replace(link, master="", link_local=ipv6 or None) if end.host else link, ipv6)
            continue
        segment = segments[end.network]
        # Behind such a port is not one neighbour but a switch: sending back to it, or shutting it off, would cut or double what passes.
        port = replace(segment.port, hairpin=False, isolated=False) if joins else segment.port
        silent = False if ipv6 else None
        link = Link(HOST, here.name, kind=kind, mtu=mtu, up=True, master=segment.bridge, alias=mark, link_local=silent, port=port)
        yield replace(link, first_mac=port_mac(here.name))


def _inner_end(end: WireEnd, link: Link, ipv6: bool) -> Iterable[KernelObject]:
    yield replace(link, mac=end.mac_address, sysctls=interface_sysctls(end.addresses, ipv6=ipv6))
    yield from (Address(link.place, link.name, address, announce=True) for address in end.addresses)


def _compile_tunnel(wire: Wire, tunnel: Tunnel, places: Mapping[str, str], mark: str, facts: Facts) -> Iterable[KernelObject]:
    """Return a VXLAN device whose far side is the host's underlay and whose near side is the container's: no bridge between."""
    end = wire.ends[0]
    kind = Vxlan(
        vni=tunnel.vni,
        port=tunnel.udp_port,
        local=tunnel.local,
        device=tunnel.underlay_interface,
        ttl=OUTER_TTL,
        learning=False,
        lower_place=HOST,
        remote=tunnel.remote,
    )
    link = Link(places[end.endpoint or ""], end.interface_name, kind=kind, mtu=_tunnel_mtu(wire, tunnel, facts), up=True, alias=mark)
    return _inner_end(end, link, facts.ipv6)


def _tunnel_mtu(wire: Wire, tunnel: Tunnel, facts: Facts) -> int:
    underlay = facts.links.get(tunnel.underlay_interface or "") or facts.device_of(tunnel.local or "")
    if underlay is None or underlay.mtu is None:
        raise EnvironmentUnfit("link %s: no interface of this host carries the address %s; nothing was changed" % (wire.name, tunnel.local))
    largest = underlay.mtu - VXLAN_OVERHEAD[ip_version(tunnel.remote)]
    if wire.mtu is not None and wire.mtu > largest:
        raise EnvironmentUnfit(
            "link %s: mtu %d does not fit the underlay %s (%d); at most %d; nothing was changed" % (wire.name, wire.mtu, underlay.name, underlay.mtu, largest)
        )
    return wire.mtu or largest


def find_tunnel_ends(document: Document, facts: Facts) -> Document:
    """Return the declaration with the local address of every tunnel: where none is given, that of the way to its remote."""

    def find(wire: Wire) -> Wire:
        tunnel = wire.tunnel
        if tunnel is None or tunnel.local is not None:
            return wire
        device = tunnel.underlay_interface or facts.device_towards(tunnel.remote)
        local = facts.address_on(device or "", ip_version(tunnel.remote))
        if local is None:
            raise EnvironmentUnfit("link %s: this host has no address and no way to %s; nothing was changed" % (wire.name, tunnel.remote))
        return wire._replace(tunnel=tunnel._replace(local=local))

    return replace(document, links=tuple(find(wire) for wire in document.links)) if document.links else document


def join_segments(document: Document, segments: Dict[str, Segment]) -> None:
    """Let the endpoints of a joined network have addresses and gateways of the others: it is one layer 2."""
    for name, group in joined_networks(document.links).items():
        segment = segments[name]
        segments[name] = segment.widened(with_subnets(segment.network, [network for network in document.networks if network.name in group]))


def quieten_bridges(document: Document, objects: Iterable[KernelObject], segments: Mapping[str, Segment]) -> Tuple[KernelObject, ...]:
    """Return the objects with the bridges of joined networks answering only for the addresses they have themselves."""
    joined = {segments[name].bridge for name in joined_networks(document.links)}

    def quieten(item: KernelObject) -> KernelObject:
        if isinstance(item, Link) and item.nature.has_ports and item.place == HOST and item.name in joined and item.alias:
            return replace(item, sysctls=(*(item.sysctls or ()), ANSWER_FOR_OWN))
        return item

    return tuple(map(quieten, objects)) if joined else tuple(objects)
