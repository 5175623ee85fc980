# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Whom a frame reaches: through pairs, bridges and tunnels to every end that has addresses, and what stops it on the way there."""

from __future__ import annotations

from typing import Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Set, Tuple

from .._model.link import Link
from .._model.live import FORWARDS
from .._model.objects import BridgeVlan
from .._model.place import in_place
from .story import Cause, command, name_place
from .world import World

STATES = {0: "disabled", 1: "listening", 2: "learning", FORWARDS: "forwarding", 4: "blocking"}


class Crossing(NamedTuple):
    """A frame that goes from port to port of a bridge, or, where one is "", from or to the bridge itself."""

    place: str
    bridge: str
    came_by: str
    leaves_by: str


class Reach(NamedTuple):
    """One end that frames come to. Those that lead on, out of what is seen here, are tunnels or `outside`."""

    place: str
    device: str
    links: Tuple[str, ...] = ()  # on the way, for people
    crossings: Tuple[Crossing, ...] = ()
    mtu: int = 0  # of the smallest link that only drops what is larger; 0 is not known
    narrow: str = ""  # that link
    block: Optional[Cause] = None
    leads_on: bool = False
    vlan: int = 0  # where bridges tell them apart

    def stopped(self, cause: Optional[Cause]) -> Reach:
        return self._replace(block=cause) if self.block is None and cause is not None else self

    def through(self, link: Link) -> Reach:
        """Return the same, one link further."""
        told = self._replace(links=(*self.links, "%s%s" % (link.name, in_place(link.place))))
        if link.mtu and (not self.mtu or link.mtu < self.mtu):
            return told._replace(mtu=link.mtu, narrow=describe_link(link))
        return told


def describe_link(link: Link) -> str:
    return "%s of %s" % (link.name, name_place(link.place))


def find_reach(world: World, place: str, device: str) -> List[Reach]:
    """Return whom frames reach that leave a place by a device."""
    return list(_Spread(world).leave(place, device, Reach(place, device)))


def find_reach_inwards(world: World, place: str, device: str) -> List[Reach]:
    """Return whom frames reach that come to a place by a device, as from the far end of a tunnel."""
    return list(_Spread(world).arrive(place, device, Reach(place, device)))


def is_down(link: Link) -> Optional[Cause]:
    if link.up:
        return None
    return Cause("link", "%s is down" % describe_link(link), about=(link.label,), fix=command(link.place, "ip", "link set %s up" % link.name))


class _Spread:
    """Frames are flooded once over each link and direction."""

    def __init__(self, world: World) -> None:
        self._world, self._snapshot = world, world.snapshot
        self._seen: Set[Tuple[str, str, bool]] = set()
        self._vlans: Dict[Tuple[str, str], Tuple[int, FrozenSet[int]]] = {}
        for item in self._snapshot.of(BridgeVlan):
            native, all_of = self._vlans.get((item.place, item.device), (0, frozenset()))
            self._vlans[item.place, item.device] = (item.vlan_id if item.native else native, all_of | {item.vlan_id})

    def leave(self, place: str, device: str, reach: Reach) -> Iterator[Reach]:
        """A frame leaves a place's own stack, or its bridge, by a link."""
        link = self._snapshot.link(place, device)
        if link is None or (place, device, True) in self._seen:
            return
        self._seen.add((place, device, True))
        reach = reach.stopped(is_down(link)).through(link)
        nature = link.nature
        if nature.has_ports:
            yield from self._cross(link, None, reach)
        elif nature.takes_all and link.lower is not None:
            yield from self._share(link, reach)
        elif link.peer is not None and self._snapshot.link(*link.peer) is not None:
            yield from self.arrive(*link.peer, reach)
        else:
            yield reach._replace(place=place, device=device, leads_on=True)

    def arrive(self, place: str, device: str, reach: Reach) -> Iterator[Reach]:
        """A frame comes out of a link."""
        link = self._snapshot.link(place, device)
        if link is None or (place, device, False) in self._seen:
            return
        self._seen.add((place, device, False))
        reach = reach.stopped(is_down(link)).through(link)
        master = self._snapshot.link(place, link.master) if link.master else None
        if master is not None and master.nature.has_ports:
            yield from self._cross(master, link, reach.stopped(is_down(master)).stopped(self._not_forwarding(link)))
            return
        yield reach._replace(place=place, device=device)
        for child in self._on(link):
            yield reach._replace(place=child.place, device=child.name).stopped(is_down(child)).through(child)

    def _on(self, link: Link) -> Iterator[Link]:
        return (other for other in self._snapshot.links() if other.nature.takes_all and other.lower == (link.place, link.name))

    def _share(self, link: Link, reach: Reach) -> Iterator[Reach]:
        """A link on a parent reaches the others there, as far as its mode says, and what the parent leads to."""
        parent = self._snapshot.link(*link.lower) if link.lower is not None else None
        if parent is None:
            yield reach._replace(place=link.place, device=link.name, leads_on=True)
            return
        for other in self._on(parent):
            if other.key != link.key and link.nature.mode == other.nature.mode == "bridge":
                yield reach._replace(place=other.place, device=other.name).stopped(is_down(other)).through(other)
        yield from self.leave(parent.place, parent.name, reach)

    def _cross(self, bridge: Link, came_by: Optional[Link], reach: Reach) -> Iterator[Reach]:
        """A frame goes through a bridge, from a port or from the host."""
        place, name = bridge.place, came_by.name if came_by is not None else ""
        if bridge.nature.vlan_filtering:
            native, _all = self._vlans.get((place, name or bridge.name), (0, frozenset()))
            reach = reach._replace(vlan=native)
            if not native:
                reach = reach.stopped(Cause("vlan", "%s has no VLAN for frames without a tag" % (name or bridge.name), about=("vlan", name)))
        if came_by is not None:
            there = reach._replace(place=place, device=bridge.name, crossings=(*reach.crossings, Crossing(place, bridge.name, name, "")))
            yield self._in_vlan(bridge, bridge.name, there)
        for port in self._snapshot.links(place):
            if port.master != bridge.name or (port.name == name and not (port.port is not None and port.port.hairpin)):
                continue
            further = reach._replace(crossings=(*reach.crossings, Crossing(place, bridge.name, name, port.name)))
            further = further.stopped(_apart(came_by, port)).stopped(self._not_forwarding(port))
            yield from self.leave(place, port.name, self._in_vlan(bridge, port.name, further))

    def _in_vlan(self, bridge: Link, device: str, reach: Reach) -> Reach:
        if not bridge.nature.vlan_filtering or reach.vlan in self._vlans.get((bridge.place, device), (0, frozenset()))[1]:
            return reach
        return reach.stopped(Cause("vlan", "%s is not in VLAN %d of %s" % (device, reach.vlan, describe_link(bridge)), about=("vlan", device)))

    def _not_forwarding(self, port: Link) -> Optional[Cause]:
        state = self._world.space(port.place).blocked.get(port.name)
        if state is None or not port.up:
            return None
        peer = self._snapshot.link(*port.peer) if port.peer is not None else None
        if peer is not None and not peer.up:
            return is_down(peer)
        return Cause("port", "port %s of bridge %s is %s" % (port.name, port.master, STATES.get(state, "in state %d" % state)), about=(port.name,))


def _apart(one: Optional[Link], other: Link) -> Optional[Cause]:
    if one is None or one.port is None or other.port is None or not (one.port.isolated and other.port.isolated):
        return None
    words = "ports %s and %s of bridge %s are both isolated" % (one.name, other.name, other.master)
    return Cause("isolated", words, about=("isolated", one.name, other.name))
