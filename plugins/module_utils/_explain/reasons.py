# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Why the kernel knows no way: the rule, the route, or what is missing, found in the tables that it asked."""

from __future__ import annotations

import errno
from ipaddress import ip_address, ip_network
from typing import Iterator, Optional, Tuple

from .._model.addresses import ip_version
from .._model.live import RouteQuestion, RouteRow, RuleRow, Space
from .._model.objects import LOCAL_TABLE, MAIN_TABLE, Address
from .._model.place import in_place
from .._model.routing import DEFAULT_ROUTE, FORWARDING
from .segment import is_down
from .sites import Sites
from .story import Cause, command, name_place
from .world import World

REFUSING = frozenset(("blackhole", "unreachable", "prohibit"))


def describe_route(place: str, row: RouteRow) -> str:
    table = "" if row.table == MAIN_TABLE else " table %d" % row.table
    way = " via %s" % row.gateway if row.gateway else ""
    return "route %s%s%s%s%s" % (row.type + " " if row.type in REFUSING else "", row.destination, way, table, in_place(place))


def describe_rule(place: str, row: RuleRow) -> str:
    said = ["rule %d" % row.priority, "from %s" % (row.source or "all")]
    said += ["to %s" % row.destination] if row.destination else []
    said += ["by %s" % row.interface] if row.interface else []
    said += ["marked %#x/%#x" % (row.mark, row.mask)] if row.mask else []
    said.append("lookup %d" % row.table if row.action == "table" else row.action)
    return " ".join(said) + in_place(place)


def matching_rules(space: Space, question: RouteQuestion) -> Iterator[RuleRow]:
    """Yield the rules that ask, or refuse, for a packet, in their order."""
    for row in sorted(space.rules, key=lambda row: row.priority):
        if row.family != ip_version(question.destination) or row.limited or row.out_interface:
            continue
        fits = (
            (not row.source or (bool(question.source) and _holds(row.source, question.source)))
            and (not row.destination or _holds(row.destination, question.destination))
            and (not row.interface or row.interface == (question.came_by or "lo"))
            and (not row.mask or question.mark & row.mask == row.mark)
        )
        if fits != row.inverted:
            yield row


def find_route(space: Space, question: RouteQuestion) -> Tuple[Optional[RuleRow], Optional[RouteRow]]:
    """Return which rule and route decide, as far as the tables show."""
    for rule in matching_rules(space, question):
        if rule.action in REFUSING:
            return rule, None
        row = longest(space, rule.table, question.destination) if rule.action == "table" else None
        if row is not None and row.type != "throw":
            return rule, row
    return None, None


def longest(space: Space, table: int, address: str) -> Optional[RouteRow]:
    rows = [row for row in space.routes if row.table == table and _holds(row.destination, address)]
    return min(rows, key=lambda row: (-int(row.destination.partition("/")[2]), row.metric), default=None)


def why_no_way(world: World, place: str, question: RouteQuestion, number: int, sites: Sites) -> Cause:
    """Name what the kernel's error number stands for."""
    space, version = world.space(place), ip_version(question.destination)
    if number == errno.EXDEV or _is_filtered(world, place, question):
        return _reverse_path(world, place, question)
    rule, row = find_route(space, question)
    if rule is not None and row is None:
        return Cause(
            "rule",
            "%s refuses it" % describe_rule(place, rule),
            about=("rule %d" % rule.priority,),
            fix=command(place, "ip", "rule delete priority %d" % rule.priority),
        )
    if row is not None and row.type in REFUSING:
        words = describe_route(place, row)
        words += " (%s)" % describe_rule(place, rule) if rule is not None and rule.table not in (MAIN_TABLE, LOCAL_TABLE) else ""
        return Cause(
            "route",
            "%s refuses it" % words,
            about=("route %s" % row.destination,),
            fix=command(place, "ip", "route delete %s %s" % (row.type, row.destination)),
        )
    if question.came_by and version == 4 and space.settings.get("net/ipv4/conf/%s/forwarding" % question.came_by, "1") == "0":
        return does_not_forward(place, version, question.came_by)
    if question.came_by and number == errno.EINVAL and _is_own(world, place, question.source):
        return Cause("duplicate", "%s has %s, too, and takes nothing that comes from it" % (name_place(place), question.source), about=(question.source,))
    return _missing_route(world, place, question.destination, sites)


def does_not_forward(place: str, version: int, device: str) -> Cause:
    path = FORWARDING[version]
    words = "%s does not forward what comes by %s (%s is 0)" % (name_place(place), device, path.replace("/", "."))
    return Cause("forwarding", words, about=("sysctl %s" % path.replace("/", "."),), fix=command(place, "sysctl", "-w %s=1" % path.replace("/", ".")))


def _is_filtered(world: World, place: str, question: RouteQuestion) -> bool:
    """Tell whether rp_filter drops a packet; newer kernels give no error number of its own for that."""
    if not question.came_by or ip_version(question.source) == 6:
        return False
    value, back = _rp_filter(world, place, question.came_by), world.route(place, RouteQuestion(question.source))
    return (value == "1" and back.device != question.came_by and not back.is_local) or (value == "2" and back.errno != 0)


def _rp_filter(world: World, place: str, device: str) -> str:
    settings = world.space(place).settings
    return max(settings.get("net/ipv4/conf/%s/rp_filter" % name, "0") for name in ("all", device))


def _reverse_path(world: World, place: str, question: RouteQuestion) -> Cause:
    back = world.route(place, RouteQuestion(question.source))
    value = _rp_filter(world, place, question.came_by)
    where = "leaves by %s" % back.device if back.device else "has no way"
    words = "rp_filter (%s) on %s of %s drops it: what is sent to %s %s" % (value, question.came_by, name_place(place), question.source, where)
    key = "net.ipv4.conf.%s.rp_filter" % question.came_by
    return Cause("rp_filter", words, about=("sysctl %s" % key,), fix=command(place, "sysctl", "-w %s=2" % key))


def _missing_route(world: World, place: str, destination: str, sites: Sites) -> Cause:
    """No route leads there: is it that an interface is down, an address missing or of another prefix, or just the route?"""
    version = ip_version(destination)
    held = {item.address for item in world.snapshot.of(Address) if item.place == place}
    own = [site for site in sites.sites if site.place == place]
    near = [site for site in own if any(_holds(prefixed, destination) for prefixed in site.prefixed)]
    for site in [*near, *(site for site in own if site not in near)]:
        link = world.snapshot.link(place, site.interface)
        if link is None:
            return Cause("link", "there is no interface %s in %s" % (site.interface, name_place(place)), about=("%s%s" % (site.interface, in_place(place)),))
        down = is_down(link)
        if down is not None:
            return down
        for prefixed in site.prefixed:
            wrong = next((found for found in held if found.partition("/")[0] == prefixed.partition("/")[0] and found != prefixed), None)
            if ip_version(prefixed) == version and wrong is not None and prefixed not in held:
                return Cause("address", "address %s on %s of %s should be %s" % (wrong, site.interface, name_place(place), prefixed), about=("address",))
            if ip_version(prefixed) == version and prefixed not in held:
                return missing_address(site.interface, place, prefixed)
    default = not any(row.destination == DEFAULT_ROUTE[version] and row.table == MAIN_TABLE for row in world.space(place).routes)
    words = "%s has no route to %s%s" % (name_place(place), destination, ", and no default route" if default else "")
    return Cause("route", words, about=("route %s" % DEFAULT_ROUTE[version] if default else "route",))


def missing_address(interface: str, place: str, address: str) -> Cause:
    words = "address %s is missing on %s of %s" % (address, interface, name_place(place))
    return Cause("address", words, about=("address %s" % address,), fix=command(place, "ip", "address add %s dev %s" % (address, interface)))


def _is_own(world: World, place: str, address: str) -> bool:
    return any(item.place == place and item.address.partition("/")[0] == address for item in world.snapshot.of(Address))


def _holds(network: str, address: str) -> bool:
    ip, subnet = ip_address(address), ip_network(network, strict=False)
    return ip.version == subnet.version and ip in subnet
