# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Whether a packet came to whom it was for, and who is not where he should be."""

from __future__ import annotations

from typing import Callable, Optional

from .._model import span
from .._model.addresses import ip_version
from .._model.link import Link
from .._model.objects import Address
from .._model.place import HOST, in_place
from .datagram import Datagram
from .reasons import missing_address
from .segment import describe_link
from .sites import Site, Sites
from .story import Cause, Ends, name_place
from .trip import Trip, is_ours
from .world import World

ANY = {4: ("0.0.0.0", "::"), 6: ("::",)}


def check_ends(world: World, trip: Trip) -> None:
    """Raise Ends where a container does not run."""
    for end in (trip.start, trip.target):
        if end.place is not None and end.place not in world.snapshot.places:
            raise Ends(Cause("place", "%s does not run: nothing of its network can be seen" % end.words, about=("namespace %s" % name_place(end.place),)))


def check_arrival(
    world: World, trip: Trip, sites: Sites, place: Optional[str], device: str, datagram: Datagram, last_way: str, doubt: Callable[[str], None]
) -> None:
    """Raise Ends where a packet came to somebody else, to nobody who listens, or where its answer would not find back."""
    expected = trip.target.place
    published = sites.publication(trip.port, trip.protocol, trip.target.address) if trip.port and expected == HOST else None
    if published is not None:
        expected = published.place
    if place == HOST != expected and published is not None:
        port = "port %d/%s of the host" % (trip.port, trip.protocol)
        words = "no rule leads %s to %s" % (port, published.endpoint)
        if (datagram.destination, datagram.port) != (trip.target.address, trip.port):
            words = "somebody's rule leads %s to %s:%d instead of %s" % (port, datagram.destination, datagram.port, published.endpoint)
        raise Ends(Cause("published", words, about=("firewall",)))
    led_on = published is None and trip.target.place == HOST and datagram.destination != trip.target.address
    if place != expected and not led_on:
        where = "leaves this host by %s" % device if place is None else "comes to %s" % name_place(place)
        wanted = trip.target.words if published is None else published.endpoint
        words = "it %s instead of %s%s" % (where, wanted, ": " + last_way if last_way else "")
        kind = "route" if place is None else "published" if published is not None else "duplicate"
        raise Ends(Cause(kind, words, about=(last_way.partition(",")[0],) if last_way else ()))
    if place is None:
        _check_source(world, sites, device, datagram, doubt)
    elif trip.port and trip.protocol in ("tcp", "udp"):
        _check_service(world, place, datagram)


def _check_service(world: World, place: str, datagram: Datagram) -> None:
    listening = world.space(place).listening
    wanted = (datagram.destination, *ANY[datagram.family])
    if listening is not None and not any((datagram.protocol, address, datagram.port) in listening for address in wanted):
        words = "nobody listens on %d/%s of %s in %s" % (datagram.port, datagram.protocol, datagram.destination, name_place(place))
        other = next((address for protocol, address, port in listening if (protocol, port) == (datagram.protocol, datagram.port)), "")
        words += ", only on %s" % other if other else ""
        raise Ends(Cause("service", words, fix="start what should listen there"))


def _check_source(world: World, sites: Sites, device: str, datagram: Datagram, doubt: Callable[[str], None]) -> None:
    """Outside, an address that only this host knows has no answer."""
    site = sites.of_address(datagram.source)
    if site is None or site.network is None or site.network.has_parent or sites.far_of(datagram.destination) is not None:
        return
    bare = any(span.holds(target, datagram.destination) for target in site.network.no_masquerade)
    if site.network.masquerade and not site.network.internal and not bare:
        words = "it leaves by %s with the source %s, and no rule hides that: nobody outside can answer" % (device, datagram.source)
        raise Ends(Cause("masquerade", words, about=("firewall",)))
    reason = "no_masquerade" if bare else "masquerade: false"
    doubt("the answer needs a route to %s outside: network %s hides nothing (%s)" % (datagram.source, site.network.name, reason))


def find_absence(world: World, sites: Sites, link: Link, hop: str, by_gateway: bool, *, sure: bool) -> Optional[Cause]:
    """Tell why the next hop is not there; None where somebody outside may be it."""
    site, far = sites.of_address(hop), sites.far_of(hop)
    if far is not None:
        words = "the tunnel %s to %s is no port of the bridge that %s leads to" % (far.device, hop, describe_link(link))
        return Cause("port", words, about=(far.device,))
    for item in world.snapshot.of(Address):
        if item.address.partition("/")[0] == hop and (item.place, item.device) != (link.place, link.name) and is_ours(world.snapshot, item.place, sites):
            holder = world.snapshot.link(item.place, item.device)
            if holder is not None and (item.place != HOST or not sure or not by_gateway):
                return _outside_segment(world, holder, link, hop, site)
    gateway = _site_of_gateway(sites, hop)
    if site is not None:
        inside = world.snapshot.link(site.place, site.interface)
        if inside is None:
            words = "there is no interface %s in %s" % (site.interface, name_place(site.place))
            return Cause("link", words, about=("%s%s" % (site.interface, in_place(site.place)),))
        return missing_address(site.interface, site.place, site.prefix_of(hop) or hop)
    if gateway is not None and gateway.network is not None and gateway.network.gateway_on_host:
        length = gateway.prefixed[0].partition("/")[2] if gateway.prefixed else ""
        return missing_address(gateway.network.bridge_name, HOST, "%s/%s" % (hop, length))
    if not sure:
        return None
    if by_gateway:
        words = "nobody behind %s has %s, the gateway of %s" % (describe_link(link), hop, name_place(link.place))
        return Cause("gateway", words, about=("route", in_place(link.place)))
    return Cause("neighbour", "nobody behind %s has %s" % (describe_link(link), hop))


def _site_of_gateway(sites: Sites, hop: str) -> Optional[Site]:
    for site in sites.sites:
        if site.network is not None and any(subnet.gateway == hop for subnet in site.network.subnets):
            prefixed = tuple(found for found in site.prefixed if ip_version(found) == ip_version(hop))
            return site._replace(prefixed=prefixed)
    return None


def _outside_segment(world: World, holder: Link, link: Link, hop: str, site: Optional[Site]) -> Cause:
    """The address is there, but frames do not come to it."""
    end = world.snapshot.link(*holder.peer) if holder.peer is not None else None
    port = end if end is not None and end.place == HOST else holder
    bridge = site.network.bridge_name if site is not None and site.network is not None and site.network.is_bridged else ""
    own = world.snapshot.link(*link.peer) if link.peer is not None else None
    if bridge and port.master == bridge and own is not None and own.place == HOST and own.master != bridge:
        port = own
    if bridge and port.master != bridge:
        where = "in %s" % port.master if port.master else "in none"
        words = "port %s of %s is not in bridge %s, it is %s" % (port.name, name_place(holder.place if port is not own else link.place), bridge, where)
        return Cause("port", words, about=(port.label,), fix="ip link set %s master %s" % (port.name, bridge))
    return Cause("neighbour", "%s has %s, but nothing leads there from %s" % (describe_link(holder), hop, describe_link(link)))
