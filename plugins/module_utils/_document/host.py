# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules between the declaration and what the host has now."""

from __future__ import annotations

from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from .._drivers.base import HostView
from .._model import span
from .._model.addresses import canonical_ip, ip_version
from .._model.document import Document, host_ends
from .._model.errors import Problem
from .._model.mark import read_mark
from .._model.names import scope_metric
from .._model.objects import MAIN_TABLE, Route
from .._model.published import WILDCARDS, fixed_sources, published_ports
from .._model.snapshot import Facts, Way

Pairs = Sequence[Tuple[str, str]]  # (device, address/prefix) or (destination, device)
EVERYTHING = ("default", "0.0.0.0/0", "::/0")
OVERRIDE = "use another one or set allow_management: true"


class _Part(NamedTuple):
    """Addresses that a network or an end of a wire makes the host's neighbours."""

    path: str
    value: str  # as it is declared
    owner: str
    devices: Tuple[str, ...]  # by which the host is to reach them
    fix: str = "choose another subnet"
    of_lan: bool = False  # a piece of the host's own LAN, and no route of the host leads there because of it

    @property
    def whole(self) -> span.Span:
        return span.span(self.value)


def _parts(document: Document) -> Iterator[_Part]:
    for network in document.networks:
        path, owner = "networks[%s].ipam_config[%%d].subnet" % network.name, 'network "%s"' % network.name
        for index, subnet in enumerate(network.subnets):
            yield _Part(path % index, subnet.subnet, owner, network.home_devices, of_lan=network.has_parent)
    for wire, index, end in host_ends(document.links):
        path, owner = "links[%s].ends[%d].addresses" % (wire.name, index), 'link "%s"' % wire.name
        yield from (_Part(path, address, owner, (end.interface_name,), "choose another address") for address in end.addresses)


def _plain(cidr: str) -> str:
    """Return the address of `address/prefix`."""
    return canonical_ip(cidr.partition("/")[0])


def _check_overlaps(document: Document, addresses: Pairs, routes: Pairs, links: Mapping[str, Optional[str]], problems: List[Problem]) -> None:
    own = _own_links(document, links)
    tunnels = {network.vtep_address: network.name for network in document.networks if network.vtep_address}
    facts: Dict[Tuple[str, span.Span], str] = {}
    leading: Dict[Tuple[str, span.Span], str] = {}
    for device, cidr in addresses:
        tunnel = tunnels.get(_plain(cidr))
        words = 'the underlay %s of overlay "%s"' % (cidr, tunnel) if tunnel else "the host's address %s on %s" % (cidr, device)
        facts.setdefault((device, span.span(cidr)), words)
    for destination, device in routes:
        if destination not in EVERYTHING:
            leading.setdefault((device, span.span(destination)), "the host's route %s by %s" % (destination, device or "no device"))
    for part in _parts(document):
        if part.of_lan:
            continue
        here = part.whole
        for (device, there), words in facts.items():
            if _meet(here, there) and device not in part.devices and device not in own:
                problems.append(_overlap(part, words))
        stands = _has_stood(part, addresses, own)
        for (device, there), words in leading.items():
            if (device, there) in facts or not _meet(here, there) or device in part.devices or device in own:
                continue
            if not _is_wider(there, here):
                problems.append(_overlap(part, words, stands=stands))
            elif not stands:
                problems.append(_out_of(part, words))


def _check_ways(document: Document, addresses: Pairs, ways: Sequence[Way], links: Mapping[str, Optional[str]], problems: List[Problem]) -> None:
    """Report subnets that routes with many next hops, or those of a table that a rule leads to, take packets of."""
    own = _own_links(document, links)
    for part in _parts(document) if ways else ():
        here = part.whole
        stands = _has_stood(part, addresses, own)
        for way in ways:
            there = span.span(way.destination)
            everything = way.destination in EVERYTHING
            if part.of_lan or not _meet(here, there) or (everything and not way.ahead) or own.union(part.devices) & set(way.devices):
                continue
            table = "" if way.table == MAIN_TABLE else " in table %d" % way.table
            words = "the host's route %s by %s%s" % (way.destination, " and ".join(dict.fromkeys(way.devices)) or "no device", table)
            if way.ahead and _is_wider(there, here):
                rule = "%s is out of the host's reach: every packet asks %s first" % (part.owner, words)
                fix = "add a rule that leads to the main table before it" if everything else part.fix
                problems.append(Problem(part.path, part.value, rule, fix, stands=stands, tells=everything))
            elif not _is_wider(there, here):
                problems.append(_overlap(part, words, stands=stands))
            elif not stands:
                problems.append(_out_of(part, words))


def _overlap(part: _Part, words: str, *, stands: bool = False) -> Problem:
    return Problem(part.path, part.value, "%s overlaps %s" % (part.owner, words), part.fix, stands=stands)


def _out_of(part: _Part, words: str) -> Problem:
    rule = "%s takes these addresses out of %s" % (part.owner, words)
    return Problem(part.path, part.value, rule, "%s if somebody needs them there" % part.fix, tells=True)


def _own_links(document: Document, links: Mapping[str, Optional[str]]) -> Set[str]:
    """Return what this scope made: what it no longer declares goes away in the same run."""
    marks = {name: read_mark(alias) for name, alias in links.items()}
    return {name for name, mark in marks.items() if mark is not None and mark.scope == document.scope}


def _meet(one: span.Span, other: span.Span) -> bool:
    return one[0] == other[0] and one[1] <= other[2] and other[1] <= one[2]


def _is_wider(one: span.Span, other: span.Span) -> bool:
    """Tell whether a route to `one` takes no packet from a host that has `other` itself: the longer prefix wins."""
    return one[1] <= other[1] and other[2] <= one[2] and one != other


def _has_stood(part: _Part, addresses: Pairs, own: Set[str]) -> bool:
    """Tell whether this scope has it on the host already, so that whatever meets it came later."""
    held = [span.span(cidr) for device, cidr in addresses if device in part.devices]
    return part.whole in held or (all(one[0] != part.whole[0] for one in held) and any(device in own for device in part.devices))


def _check_controller(document: Document, addresses: Pairs, ssh_peer: str, problems: List[Problem]) -> None:
    for part in _parts(document):
        if part.of_lan:
            continue
        # A controller that already sits in this network stays reachable.
        inside = any(device in part.devices and span.holds(cidr, ssh_peer) for device, cidr in addresses)
        if span.holds(part.value, ssh_peer) and not inside:
            problems.append(Problem(part.path, part.value, "would make controller %s unreachable" % ssh_peer, OVERRIDE))


def _check_ipv6(document: Document, problems: List[Problem]) -> None:
    for part in _parts(document):
        if ip_version(part.value) == 6:
            fix = "enable it or remove the %s" % part.fix.rpartition(" ")[2]
            problems.append(Problem(part.path, part.value, "IPv6 is disabled on this host (net.ipv6.conf.*.disable_ipv6)", fix))


def _check_ssh_port(document: Document, ssh_port: int, problems: List[Problem]) -> Set[str]:
    """Report ports that would take SSH away; return their paths."""
    refused = set()
    for path, _endpoint, port in published_ports(document):
        inside = port.published <= ssh_port < port.published + port.count
        if port.protocol == "tcp" and inside and (port.host_ip is None or port.host_ip in WILDCARDS):
            rule = "port %d is how this host is reached by SSH" % ssh_port
            problems.append(Problem(path, str(port), rule, "add a host_ip SSH does not use, or set allow_management: true"))
            refused.add(path)
    return refused


def check_host(view: HostView) -> None:
    """Report what of the declaration this host cannot or must not have; an address of the host itself is never shared."""
    document, facts, problems, port = view.document, view.facts, view.problems, view.connection.port
    links = {name: link.alias for name, link in facts.links.items()}
    _check_overlaps(document, facts.addresses, () if view.allow_management else _foreign_routes(facts, document.scope), links, problems)
    _check_ways(document, facts.addresses, () if view.allow_management else facts.ways, links, problems)
    if view.connection.peer and not view.allow_management:
        _check_controller(document, facts.addresses, view.connection.peer, problems)
    if not facts.ipv6:
        _check_ipv6(document, problems)
    refused: Set[str] = set()
    holdings = facts.holdings
    if port is not None and view.allow_management:
        holdings = holdings._replace(listening=tuple(row for row in holdings.listening if row[0] != "tcp" or row[2] != port))
    elif port is not None:
        refused = _check_ssh_port(document, port, problems)
    ports, sources = [*published_ports(document)], [*fixed_sources(document)]
    if ports or sources:
        from .host_taken import check_taken

        check_taken(ports, sources, holdings, problems, refused=frozenset(refused), name_process=view.name_process, given=view.given)


def _foreign_routes(facts: Facts, scope: str) -> Pairs:
    """Return the host's routes without those that this scope made over links of the host, and those of ours that only a rule of ours leads to."""
    metric = scope_metric(scope)
    routes = [item for item in facts.entries if isinstance(item, Route) and (item.table == MAIN_TABLE or item.protocol is not None)]
    return tuple((item.destination, item.device or "") for item in routes if item.metric != metric)
