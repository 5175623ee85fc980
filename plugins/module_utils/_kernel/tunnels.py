# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a new VXLAN device may meet on its UDP port: devices in namespaces that nobody declared, and sockets that no device explains.

A device keeps its socket in the namespace it was made in, wherever it lives: Docker Swarm makes its own on the host and moves them away.
"""

from __future__ import annotations

import os
from typing import Callable, Iterable, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from .._model.errors import ContainerNetError
from .._model.link import Link
from .._model.objects import KernelObject
from .._model.snapshot import Snapshot
from .._runtime import libc
from . import netlink, parse
from .door import Door, Line
from .lowers import standing_on
from .namespace import NamespaceHandles
from .sockets import listening_sockets, name_process

Spaces = Callable[[], Iterable[Tuple[int, str]]]  # inodes and places of all network namespaces that can be found
OpenSpace = Callable[[str], Optional[int]]
Port = Tuple[int, int]  # version of IP, number


def observe_tunnels(snapshot: Snapshot, desired: Iterable[KernelObject], door: Door, handles: NamespaceHandles, spaces: Spaces, open_space: OpenSpace) -> None:
    """Add to a snapshot what wanted tunnels may meet; where none is wanted, nothing is looked for."""
    wanted = [item for item in desired if isinstance(item, Link) and item.nature.tunnel is not None]
    if not wanted:
        return
    found = {place: handles.find(place) for place in (link.below for link in wanted)}
    underlays = {place: descriptor for place, descriptor in found.items() if descriptor is not None}
    known = {handles.identify(place) for place in {link.place for link in snapshot.links()}}
    kinds = sorted({link.nature.kind for link in wanted})
    requests = [netlink.link_message(netlink.RTM_GETLINK, 0, [("IFLA_LINKINFO", {"attrs": [("IFLA_INFO_KIND", kind)]})]) for kind in kinds]
    tunnels: List[Link] = []
    for identity, place in spaces():
        if identity not in known:
            try:
                tunnels.extend(_look_into(place, requests, underlays, door, handles, open_space))
            except (OSError, ContainerNetError):
                continue  # it is gone, or not for us to see; what it holds here shows as a socket
            known.add(identity)
    snapshot.tunnels = tuple(tunnels)
    snapshot.sockets = {key: process for place in underlays for key, process in _find_sockets(place, wanted, snapshot, handles)}


def _look_into(place: str, requests: Sequence[bytes], underlays: Mapping[str, int], door: Door, handles: NamespaceHandles, open_space: OpenSpace) -> List[Link]:
    """Return the tunnels of a namespace whose underlay is one of these places."""
    descriptor = open_space(place)
    if descriptor is None:
        return []
    try:
        with handles.returning():
            libc.setns(descriptor)
            with door.open(place) as line:
                return list(_read_tunnels(place, requests, underlays, line))
    finally:
        os.close(descriptor)


def _read_tunnels(place: str, requests: Sequence[bytes], underlays: Mapping[str, int], line: Line) -> Iterator[Link]:
    raw = [parse.parse_link(place, payload) for request in requests for payload in line.dump(request)]
    moved = [found for found in raw if found.link.nature.tunnel is not None and found.elsewhere is not None]
    numbers = {underlay: parse.parse_namespace_number(line.ask(netlink.namespace_number_message(number))) for underlay, number in underlays.items() if moved}
    for found in moved:
        yield from (standing_on(found.link, underlay, None) for underlay, number in numbers.items() if number == found.elsewhere)


def _find_sockets(place: str, wanted: Iterable[Link], snapshot: Snapshot, handles: NamespaceHandles) -> Iterator[Tuple[Tuple[str, int, int], str]]:
    """Yield the sockets on ports that tunnels shall be raised on, and which process has them, if that is for us to know."""
    standing = (link for link in (*snapshot.links(), *snapshot.tunnels) if link.up)
    ports = _ports(place, (link for link in wanted if link.up)) - _ports(place, standing)
    if not ports:
        return
    with handles.inside(place):
        for protocol, address, port in listening_sockets():
            family = 6 if ":" in address else 4
            if protocol != "udp" or not ports & {(4, port), (6, port)}:
                continue
            process = name_process(protocol, address, port)
            # That of a process takes IPv4 too, that of a tunnel does not.
            families = (4, 6) if address == "::" and process else (family,)
            yield from (((place, version, port), process) for version in families if (version, port) in ports)


def _ports(place: str, links: Iterable[Link]) -> Set[Port]:
    found: Set[Port] = set()
    for link in links:
        tunnel = link.nature.tunnel
        if tunnel is not None and tunnel.port and link.below == place:
            found.update((family, tunnel.port) for family in tunnel.families)
    return found
