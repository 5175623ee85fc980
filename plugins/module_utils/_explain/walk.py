# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The way of one packet, there and back, as the kernel would take it: route, rules, link, and again at the next place."""

from __future__ import annotations

from ipaddress import ip_address
from typing import List, NamedTuple, Optional, Sequence

from .._firewall.rulesets import BRIDGED, Entry, Seen
from .._kernel.live import BRIDGED as BRIDGED_SETTINGS
from .._model.link import Link
from .._model.live import RouteAnswer, RouteQuestion
from .._model.objects import LOCAL_TABLE, MAIN_TABLE, Address, ProxyNeighbour
from .._model.place import HOST
from .._model.routing import FORWARDING
from .arrival import check_arrival, check_ends, find_absence
from .datagram import ECHO, Datagram, Translations
from .gate import Passage, Stop, pass_hook
from .guard import find_lie
from .reasons import describe_route, describe_rule, does_not_forward, find_route, why_no_way
from .segment import Reach, describe_link, find_reach, find_reach_inwards, is_down
from .sites import Sites
from .story import Cause, Ends, Hop, Story, command, name_place
from .trip import Trip, is_ours
from .tunnel import find_far_end, find_row, outer_size
from .world import World

STEPS = 32  # of places; more is a loop


class Landed(NamedTuple):
    """Where a packet came to. Without a place it left this host by `device`."""

    place: Optional[str]
    device: str
    datagram: Datagram


def walk(world: World, trip: Trip, sites: Sites) -> Story:
    """Follow a packet and its answer."""
    return _Walk(world, trip, sites).run()


class _Walk:
    def __init__(self, world: World, trip: Trip, sites: Sites) -> None:
        self._world, self._trip, self._sites = world, trip, sites
        self._hops: List[Hop] = []
        self._doubts: List[str] = []
        self._translations = Translations()
        self._steps = 0
        self._largest = 0
        self._answering = False
        self._last_way = ""  # the route that was taken last, with the rule that led to it where that was no usual one

    def run(self) -> Story:
        cause = None
        try:
            self._there_and_back()
        except Ends as end:
            cause = end.cause
        return Story(tuple(self._hops), cause, tuple(dict.fromkeys(self._doubts)), self._largest)

    def _there_and_back(self) -> None:
        trip = self._trip
        version = 6 if ":" in trip.target.address else 4
        kind = ECHO[version][1] if not trip.port else -1
        source = "" if trip.choose_source else trip.start.address
        first = Datagram(source, trip.target.address, trip.protocol, trip.port, kind, trip.size)
        check_ends(self._world, trip)
        landed = self._begin(first)
        check_arrival(self._world, trip, self._sites, landed.place, landed.device, landed.datagram, self._last_way, self._doubts.append)
        if landed.place is not None:
            listens = " and listens on %d/%s" % (landed.datagram.port, trip.protocol) if trip.port and trip.protocol != "sctp" else ""
            self._tell(landed.place, "has %s%s" % (landed.datagram.destination, listens))
        self._answering, self._steps = True, 0
        answer = landed.datagram.answered()
        back = self._send(landed.place, answer) if landed.place is not None else self._come_in(landed.device, answer)
        if back.place != trip.start.place:
            where = "leaves this host by %s" % back.device if back.place is None else "comes to %s" % name_place(back.place)
            raise Ends(Cause("answer", "the answer %s instead of %s%s" % (where, trip.start.words, self._last_way and ": " + self._last_way)))

    def _begin(self, first: Datagram) -> Landed:
        start = self._trip.start
        if start.place is not None:
            return self._send(start.place, first)
        if start.far is not None:
            return self._come_in(start.far.device, first)
        device = self._ask(HOST, RouteQuestion(start.address)).device
        return self._come_in(device, first)

    # One place after the other.

    def _send(self, place: str, datagram: Datagram) -> Landed:
        """A program of a place sends."""
        way = self._ask(place, RouteQuestion(datagram.destination, datagram.source, mark=datagram.mark))
        datagram = datagram._replace(source=datagram.source or way.source)
        asked = datagram
        datagram = self._translated(place, datagram, self._pass(place, "output", datagram, None, way.device))
        if (datagram.destination, datagram.mark) != (asked.destination, asked.mark):
            way = self._ask(place, RouteQuestion(datagram.destination, datagram.source, mark=datagram.mark))
        if way.is_local:
            self._tell(place, "%s stays here" % datagram.describe())
            # Where it is sent to was decided when it was sent.
            return self._deliver(place, "lo", datagram._replace(mark=self._pass(place, "prerouting", datagram, "lo", None).seen.mark))
        return self._go_out(place, way, datagram)

    def _receive(self, place: str, device: str, datagram: Datagram) -> Landed:
        """A packet comes to a place."""
        self._steps += 1
        if self._steps > STEPS:
            raise Ends(Cause("loop", "it goes in circles, last by %s" % name_place(place)))
        datagram = datagram._replace(mark=0, user=None)
        self._pass(place, "ingress", datagram, device, None, device=device)
        passage = self._pass(place, "prerouting", datagram, device, None)
        datagram = self._translated(place, datagram, passage)
        if not datagram.is_first:
            datagram = self._translations.undo_source(place, datagram)
        way = self._ask(place, RouteQuestion(datagram.destination, datagram.source, device, datagram.mark))
        link = self._world.snapshot.link(place, device)
        domain = link.master if link is not None and link.master and self._is_domain(place, link.master) else device
        if way.is_local:
            return self._deliver(place, domain or device, datagram)
        if datagram.family == 6 and self._world.space(place).settings.get(FORWARDING[6]) == "0":
            raise Ends(does_not_forward(place, 6, device))
        passage = self._pass(place, "forward", datagram, domain, way.device)
        return self._go_out(place, way, datagram._replace(mark=passage.seen.mark))

    def _is_domain(self, place: str, name: str) -> bool:
        link = self._world.snapshot.link(place, name)
        return link is not None and link.nature.is_domain

    def _deliver(self, place: str, device: str, datagram: Datagram) -> Landed:
        self._pass(place, "input", datagram, device, None)
        if not datagram.is_first:
            datagram = self._translations.undo_target(place, datagram)
        return Landed(place, device, datagram)

    def _go_out(self, place: str, way: RouteAnswer, datagram: Datagram) -> Landed:
        passage = self._pass(place, "postrouting", datagram, None, way.device)
        if passage.translation is not None and passage.translation.rule.target in ("SNAT", "MASQUERADE"):
            new = passage.translation.rule.to or self._ask(place, RouteQuestion(datagram.destination)).source or datagram.source
            if new != datagram.source:
                self._tell(place, "takes %s for the source %s" % (new, datagram.source))
                self._translations.note_source(place, datagram.source, new)
                datagram = datagram._replace(source=new)
        if not datagram.is_first:
            datagram = self._translations.undo_target(place, datagram)
        gateway = " by the gateway %s" % way.gateway if way.gateway else ""
        self._tell(place, "%s leaves by %s%s" % (datagram.describe(), way.device, gateway))
        link = self._world.snapshot.link(place, way.device)
        limit = way.mtu or (link.mtu if link is not None else 0) or 0
        if limit and datagram.size > limit:
            words = "%d bytes are too many for %s of %s, whose MTU is %d" % (datagram.size, way.device, name_place(place), limit)
            raise Ends(Cause("mtu", words, about=(link.label,) if link is not None else ()))
        self._fits(limit)
        if link is None:
            raise Ends(Cause("link", "%s has no link %s" % (name_place(place), way.device)))
        return self._transmit(link, way.gateway or datagram.destination, datagram, bool(way.gateway))

    # From link to link.

    def _transmit(self, link: Link, hop: str, datagram: Datagram, by_gateway: bool) -> Landed:
        """Bring a packet to whoever has the address of the next hop."""
        reaches = [self._as_outside(reach) for reach in find_reach(self._world, link.place, link.name)]
        ends = [reach for reach in reaches if not reach.leads_on and (reach.place, reach.device) != (link.place, link.name)]
        holders = self._by_row(link, hop, ends) or [reach for reach in ends if self._answers(reach, hop)]
        clear = [reach for reach in holders if reach.block is None]
        if len({reach.place for reach in clear}) > 1:
            who = " and ".join(name_place(place) for place in sorted({reach.place for reach in clear}))
            raise Ends(Cause("duplicate", "%s both have %s" % (who, hop), about=(hop,), fix="take the address from one of them"))
        if holders:
            return self._cross(clear[0] if clear else holders[0], datagram)
        tunnel = next((reach for reach in reaches if reach.leads_on and self._link(reach).nature.tunnel is not None), None)
        if tunnel is not None and (self._sites.far_of(hop) is not None or find_row(self._world, tunnel, hop) is not None):
            return self._enter_tunnel(tunnel, hop, datagram)
        way_out = min((reach for reach in reaches if reach.leads_on and reach is not tunnel), key=lambda reach: reach.block is not None, default=None)
        absence = find_absence(self._world, self._sites, link, hop, by_gateway, sure=way_out is None)
        if absence is not None or way_out is None:
            raise Ends(absence or Cause("neighbour", "nobody behind %s has %s" % (describe_link(link), hop)))
        return self._cross(way_out, datagram)

    def _link(self, reach: Reach) -> Link:
        link = self._world.snapshot.link(reach.place, reach.device)
        if link is None:
            raise KeyError((reach.place, reach.device))
        return link

    def _as_outside(self, reach: Reach) -> Reach:
        """Who is not of this host's networks stands for the world outside."""
        if reach.leads_on or reach.place in (self._trip.start.place, self._trip.target.place) or is_ours(self._world.snapshot, reach.place, self._sites):
            return reach
        peer = self._link(reach).peer
        return reach._replace(place=peer[0], device=peer[1], leads_on=True) if peer is not None else reach._replace(leads_on=True)

    def _by_row(self, link: Link, hop: str, ends: Sequence[Reach]) -> List[Reach]:
        """Return who has the MAC that is written down for an address here."""
        row = next((row for row in self._world.space(link.place).neighbours if (row.device, row.address) == (link.name, hop) and row.fixed), None)
        if row is None:
            return []
        found = [reach for reach in ends if self._link(reach).mac == row.mac]
        if not found and any(self._answers(reach, hop) for reach in ends):
            words = "%s has the row %s = %s for %s, and nobody there has that MAC" % (name_place(link.place), hop, row.mac, link.name)
            raise Ends(
                Cause(
                    "neighbour",
                    words,
                    about=("neighbour %s on %s" % (hop, link.name),),
                    fix=command(link.place, "ip", "neighbour delete %s dev %s" % (hop, link.name)),
                )
            )
        return found

    def _answers(self, reach: Reach, address: str) -> bool:
        """Tell whether an end answers for an address: its own, or that of somebody it stands for."""
        snapshot, settings = self._world.snapshot, self._world.space(reach.place).settings
        anywhere = ":" not in address and settings.get("net/ipv4/conf/%s/arp_ignore" % reach.device, "0") == "0"
        for item in snapshot.of(Address):
            if item.place == reach.place and item.address.partition("/")[0] == address and (anywhere or item.device == reach.device):
                return True
        if any((item.place, item.device, item.address) == (reach.place, reach.device, address) for item in snapshot.of(ProxyNeighbour)):
            return True
        if ":" in address or settings.get("net/ipv4/conf/%s/proxy_arp" % reach.device, "0") == "0":
            return False
        way = self._world.route(reach.place, RouteQuestion(address))
        return not way.errno and way.device not in ("", reach.device)

    def _cross(self, reach: Reach, datagram: Datagram) -> Landed:
        """Follow a frame to where it was found to come to."""
        if reach.block is not None:
            self._tell(reach.place, "the frame does not come to %s" % reach.device)
            raise Ends(reach.block)
        if reach.links[2:]:
            self._tell(HOST if any(crossing.place == HOST for crossing in reach.crossings) else reach.place, "over %s" % ", ".join(reach.links[1:]))
        if reach.mtu and datagram.size > reach.mtu:
            words = "%d bytes are too many for %s, whose MTU is %d, and nobody is told" % (datagram.size, reach.narrow, reach.mtu)
            raise Ends(Cause("mtu", words, about=(reach.narrow.partition(" ")[0],)))
        self._fits(reach.mtu)
        mac = None if reach.leads_on else self._link(reach).mac
        for crossing in reach.crossings:
            for row in self._world.space(crossing.place).forwarding:
                ports = self._world.snapshot.link(crossing.place, row.device)
                if (
                    row.fixed
                    and row.mac == mac
                    and not row.remote
                    and ports is not None
                    and ports.master == crossing.bridge != row.device != crossing.leaves_by
                ):
                    words = "bridge %s has a fixed row that says %s is behind %s" % (crossing.bridge, mac, row.device)
                    raise Ends(Cause("fdb", words, about=("fdb %s" % mac,), fix="bridge fdb delete %s dev %s master" % (mac, row.device)))
            lie = find_lie(self._world, crossing, datagram)
            if lie is not None:
                raise Ends(lie)
            hook = "forward" if crossing.came_by and crossing.leaves_by else "input" if crossing.came_by else "output"
            self._pass(crossing.place, BRIDGED + hook, datagram, crossing.came_by or None, crossing.leaves_by or None)
            if hook == "forward" and self._world.space(crossing.place).settings.get(BRIDGED_SETTINGS[datagram.family]) == "1":
                self._pass(crossing.place, "forward", datagram, crossing.bridge, crossing.bridge, bridged=True)
        if reach.leads_on:
            return Landed(None, reach.device, datagram)
        return self._receive(reach.place, reach.device, datagram)

    def _come_in(self, device: str, datagram: Datagram) -> Landed:
        """A packet comes from outside, for whoever there has the address; else for the host, which is a router."""
        link = self._world.snapshot.link(HOST, device)
        if link is None:
            raise Ends(Cause("route", "%s does not know from where %s would come" % (name_place(HOST), datagram.source)))
        down = is_down(link)
        if down is not None:
            raise Ends(down)
        tunnel = link.nature.tunnel
        if tunnel is not None and tunnel.local:
            self._leave_tunnel(link, datagram)
        self._tell(HOST, "%s comes in by %s" % (datagram.describe(), device))
        reaches = [reach for reach in find_reach_inwards(self._world, HOST, device) if not reach.leads_on]
        holders = [reach for reach in reaches if self._answers(reach, datagram.destination) and is_ours(self._world.snapshot, reach.place, self._sites)]
        usual = [reach for reach in reaches if reach.place == HOST]
        if not holders and not usual:
            raise Ends(Cause("link", "nobody behind %s takes %s" % (describe_link(link), datagram.destination)))
        return self._cross(min(holders or usual, key=lambda reach: (reach.block is not None, reach.place != HOST)), datagram)

    # Through tunnels.

    def _enter_tunnel(self, reach: Reach, hop: str, datagram: Datagram) -> Landed:
        if reach.block is not None:
            raise Ends(reach.block)
        link, far = self._link(reach), self._sites.far_of(hop)
        tunnel = link.nature.tunnel
        mac, remote = find_far_end(self._world, link, hop, far)
        self._tell(HOST, "%s is %s behind %s, over %s" % (hop, mac, remote, link.name))
        inner = self._cross(reach, datagram)
        if tunnel is not None:
            self._outer(Datagram(tunnel.local or "", remote, "udp", tunnel.port or 0, size=outer_size(datagram.size, remote), vni=tunnel.vni, user=None))
        return inner

    def _outer(self, outer: Datagram) -> None:
        landed = self._send(HOST, outer)
        if landed.place is not None:
            raise Ends(Cause("tunnel", "the tunnel's packet to %s comes to %s" % (outer.destination, name_place(landed.place))))

    def _leave_tunnel(self, link: Link, datagram: Datagram) -> None:
        """The packet around it has to come in first."""
        tunnel, far = link.nature.tunnel, self._sites.far_of(datagram.source)
        if tunnel is None or far is None or not tunnel.local:
            return
        outer = Datagram(far.vtep, tunnel.local, "udp", tunnel.port or 0, size=outer_size(datagram.size, far.vtep), vni=tunnel.vni, user=None)
        device = self._ask(HOST, RouteQuestion(far.vtep)).device
        self._receive(HOST, device, outer)

    # What the kernel and its rules say.

    def _ask(self, place: str, question: RouteQuestion) -> RouteAnswer:
        way = self._world.route(place, question)
        if way.errno:
            raise Ends(why_no_way(self._world, place, question, way.errno, self._sites))
        rule, row = find_route(self._world.space(place), question)
        if not way.is_local:
            self._last_way = describe_route(place, row) if row is not None else ""
            if rule is not None and row is not None and rule.table not in (MAIN_TABLE, LOCAL_TABLE):
                self._last_way += ", by %s" % describe_rule(place, rule)
        return way

    def _pass(
        self, place: str, hook: str, datagram: Datagram, came_by: Optional[str], leaves_by: Optional[str], *, bridged: bool = False, device: str = ""
    ) -> Passage:
        rule_sets = self._world.rule_sets(place)
        own = self._owns(place, datagram.destination)
        seen = Seen(
            datagram.seen(came_by, leaves_by, own, self._translations.states(place)),
            datagram.mark,
            datagram.user,
            datagram.vni,
            bridged,
            bool(came_by) and self._is_off_path(place, datagram, came_by or ""),
            bool(datagram.source) and self._owns(place, datagram.source),
        )
        passage = pass_hook(rule_sets, datagram.family, hook, seen, translating=datagram.is_first, device=device)
        self._doubts.extend(passage.doubts)
        if passage.stop is not None:
            raise Ends(_describe_stop(place, hook, passage.stop))
        return passage

    def _is_off_path(self, place: str, datagram: Datagram, device: str) -> bool:
        asked = any(entry.rule.off_path for rule_set in self._world.rule_sets(place) for entries in rule_set.chains.values() for entry in entries)
        if not asked or not datagram.source or device == "lo":
            return False
        way = self._world.route(place, RouteQuestion(datagram.source))
        return bool(way.errno) or (way.device != device and not way.is_local)

    def _translated(self, place: str, datagram: Datagram, passage: Passage) -> Datagram:
        datagram = datagram._replace(mark=passage.seen.mark)
        entry: Optional[Entry] = passage.translation
        if entry is None or entry.rule.target != "DNAT":
            return datagram
        target = entry.rule.to or datagram.destination
        port = passage.seen.packet.port
        self._tell(place, "leads %s to %s%s" % (datagram.describe().partition("→ ")[2], target, ":%d" % port if port else ""))
        self._translations.note_target(place, datagram.destination, target)
        return datagram._replace(destination=target, port=port)

    def _owns(self, place: str, address: str) -> bool:
        if ip_address(address).is_loopback:
            return True
        return any(item.place == place and item.address.partition("/")[0] == address for item in self._world.snapshot.of(Address))

    def _fits(self, mtu: int) -> None:
        if mtu and (not self._largest or mtu < self._largest):
            self._largest = mtu

    def _tell(self, place: str, words: str) -> None:
        self._hops.append(Hop(place, words, self._answering))


def _describe_stop(place: str, hook: str, stop: Stop) -> Cause:
    fix = ""
    if stop.entry is None:
        fix = "let %s pass what belongs to these networks" % stop.hook.chain
    elif not stop.entry.rule.is_ours:
        fix = "remove that rule, or put one before it that lets this pass"
    words = "%s %s it in %s: %s" % (name_place(place), "refuses" if stop.refuses else "drops", hook, stop.words)
    return Cause("firewall", words, about=("firewall",), fix=fix, rule=stop.entry.rule if stop.entry is not None else None)
