# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""From where to where: names and addresses as people write them, and what they stand for here."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import List, NamedTuple, Optional, Sequence, Tuple

from .._model.addresses import canonical_ip, ip_version, is_link_local
from .._model.document import PROTOCOLS
from .._model.errors import InputError, Problem
from .._model.objects import Address
from .._model.place import HOST, Place
from .._model.snapshot import Snapshot
from .sites import Far, Site, Sites

THE_HOST, OUTSIDE = "host", "outside"
ELSEWHERE = {4: "198.51.100.1", 6: "2001:db8:ffff::1"}  # stands for everybody outside; of the blocks for documentation
_PORT = re.compile(r"(?P<end>.*?)(?::(?P<port>[0-9]{1,5})(?:/(?P<protocol>[a-z]+))?)?\Z")


class End(NamedTuple):
    """One end. Without a place it is not on this host."""

    words: str
    place: Optional[str]
    address: str = ""
    site: Optional[Site] = None
    far: Optional[Far] = None

    @property
    def network(self) -> str:
        if self.far is not None:
            return self.far.network
        return self.site.network.name if self.site is not None and self.site.network is not None else ""


class Trip(NamedTuple):
    start: End
    target: End
    protocol: str
    port: int = 0
    size: int = 84
    choose_source: bool = True  # the kernel chooses, as for any program that names none


class Target(NamedTuple):
    """TO, taken apart."""

    end: str
    port: int = 0
    protocol: str = ""


def read_target(text: str) -> Target:
    """Take TO[:PORT[/PROTO]] apart."""
    bracketed = re.match(r"\[(?P<end>[^\]]*)\](?::(?P<port>[0-9]{1,5})(?:/(?P<protocol>[a-z]+))?)?\Z", text)
    found = bracketed or (None if text.count(":") > 1 else _PORT.match(text))
    if found is None:
        return Target(text)
    protocol = found["protocol"] or ("tcp" if found["port"] else "")
    if protocol and protocol not in PROTOCOLS:
        raise _refusal("TO", text, "no such protocol: %s" % protocol, "write %s" % " or ".join("PORT/%s" % word for word in PROTOCOLS))
    if found["port"] and not 1 <= int(found["port"]) <= 65535:
        raise _refusal("TO", text, "a port is 1 to 65535", "write TO:PORT, such as web:80")
    return Target(found["end"], int(found["port"] or 0), protocol)


def plan_trip(start: str, target: Target, scope: str, sites: Sites, snapshot: Snapshot, size: int) -> Trip:
    """Return whom is meant. Of several addresses those of one network and family are taken, IPv4 before IPv6."""
    starts, targets = (_find_ends(path, text, scope, sites, snapshot) for path, text in (("FROM", start), ("TO", target.end)))
    chosen = min(((one, other) for one in starts for other in targets if _family(one) == _family(other)), key=_preference, default=None)
    if chosen is None:
        raise _refusal("TO", target.end, "%s and %s have no address of one family" % (start, target.end), "name an address")
    one, other = chosen
    named = start not in (one.address, canonical(start)) or one.place is None
    protocol = target.protocol or {4: "icmp", 6: "ipv6-icmp"}[_family(other)]
    return Trip(one, other, protocol, target.port, size, choose_source=named and one.place is not None)


def canonical(text: str) -> str:
    try:
        return canonical_ip(text)
    except ValueError:
        return ""


def _preference(pair: Tuple[End, End]) -> Tuple[bool, bool, int]:
    one, other = pair
    near = bool(one.network) and one.network == other.network
    if one.place == HOST or other.place == HOST:
        inside, host = (other, one) if one.place == HOST else (one, other)
        near = inside.site is None or (inside.site.network is not None and any(item.gateway == host.address for item in inside.site.network.subnets))
    return (_family(other) == 6 and near, not near, _family(other))


def _family(end: End) -> int:
    return ip_version(end.address)


def _find_ends(path: str, text: str, scope: str, sites: Sites, snapshot: Snapshot) -> Sequence[End]:
    if text == OUTSIDE:
        return [End(OUTSIDE, None, address) for address in ELSEWHERE.values()]
    if text == THE_HOST:
        held = [item.address.partition("/")[0] for item in snapshot.of(Address) if item.place == HOST and not is_link_local(item.address)]
        outer = [End("the host", HOST, address) for address in held if not ip_address(address).is_loopback]
        return outer or [End("the host", HOST, address) for address in held]
    address = canonical(text)
    if address:
        return [_at_address(text, address, sites, snapshot)]
    prefix, _slash, name = text.rpartition("/")
    found = sites.named(name, prefix or scope)
    ends: List[End] = [End("%s/%s" % (site.scope, name), site.place, item, site) for site in found for item in site.addresses]
    far = sites.far_named(name, prefix or scope)
    ends += [End("%s/%s" % (other.scope, name), None, item, far=other) for other in far for item in other.addresses]
    scopes = sorted({*(site.scope for site in found), *(other.scope for other in far)})
    if len(scopes) > 1:
        raise _refusal(path, text, "scopes %s have an endpoint of this name" % " and ".join(scopes), "write %s/%s, or give --scope" % (scopes[0], name))
    if not ends:
        known = sorted({site.endpoint for site in sites.sites if scope in ("", site.scope)})
        rule = "no endpoint with an address has this name" if not found else "this endpoint has no address"
        raise _refusal(
            path, text, rule, "name an address, host, outside, or an endpoint of a scope that is kept here: %s" % (", ".join(known) or "there is none")
        )
    return ends


def _at_address(text: str, address: str, sites: Sites, snapshot: Snapshot) -> End:
    site, far = sites.of_address(address), sites.far_of(address)
    holders = [Place(item.place) for item in snapshot.of(Address) if item.address.partition("/")[0] == address]
    if site is not None:
        return End(text, site.place, address, site)
    if far is not None:
        return End(text, None, address, far=far)
    ours = [place for place in holders if place == HOST or is_ours(snapshot, place, sites)]
    return End(text, ours[0] if ours else None, address)


def is_ours(snapshot: Snapshot, place: str, sites: Sites) -> bool:
    """Tell whether a place belongs to what is looked at: one with a link of ours in it; all others stand for the world outside."""
    return place == HOST or place in sites.places or any(link.key in snapshot.mine for link in snapshot.links(place))


def _refusal(path: str, value: object, rule: str, fix: str) -> InputError:
    return InputError((Problem(path, value, rule, fix),))
