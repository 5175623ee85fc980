# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The keys of driver routed."""

from __future__ import annotations

from functools import partial
from typing import Dict, List, Optional, Sequence, Tuple

from ..._document.entry import is_map, key_text, list_of, map_of, one_or_list_of, read_entry
from ..._document.scalars import integer, read_boolean, read_container_subnet, read_interface_name, read_printable, read_unicast_address
from ..._model.errors import Problem
from ..._schema.reading import Problems, Read, Shape, either, reader
from ..._schema.schema import Field, Schema
from .network import RoutedPeer

HostSubnets = Tuple[Tuple[str, Tuple[str, ...]], ...]
Prefixes = Tuple[Tuple[int, int], ...]  # (IP version, length)
_read_subnets = list_of(read_container_subnet)
_read_host_part = one_or_list_of(read_container_subnet)

HOST = Field("host", read_printable, None, "Name of the host.", required=True)
NEXT_HOPS = Field(
    "next_hops", one_or_list_of(read_unicast_address), (), "Addresses of the host on the network between the hosts, one of each IP version.", required=True
)
SUBNETS = Field("subnets", _read_subnets, (), "The host's part of the network.", required=True)
PEER = Schema("an entry of peers of a routed network", (HOST, NEXT_HOPS, SUBNETS))

IPV4 = Field("ipv4", integer(8, 30), None, "Prefix length of each host's IPv4 subnet.")
IPV6 = Field("ipv6", integer(16, 126), None, "Prefix length of each host's IPv6 subnet.")
LENGTHS = Schema("host_prefix", (IPV4, IPV6))
_LENGTHS = {"ipv4": (4, IPV4.read), "ipv6": (6, IPV6.read)}


@map_of(PEER)
def _read_peer(value: object, path: str, problems: Problems) -> Optional[RoutedPeer]:
    entry = read_entry(value, path, problems, PEER)
    if entry is None:
        return None
    host, hops, subnets = entry.get(HOST), entry.get(NEXT_HOPS), entry.get(SUBNETS)
    return RoutedPeer(host=host, next_hops=hops, subnets=subnets) if host is not None else None


@reader(Shape("dict", values=_read_host_part.shape, names=read_printable.shape.pattern))
def _read_host_subnets(value: object, path: str, problems: Problems) -> Optional[HostSubnets]:
    if not is_map(value, path, problems):
        return None
    found: List[Tuple[str, Tuple[str, ...]]] = []
    for key, item in value.items():  # type: ignore[attr-defined]
        place = "%s.%s" % (path, key_text(key))
        host = read_printable(key, place, problems)
        subnets = _read_host_part(item, place, problems)
        if host is not None and subnets is not None:
            found.append((host, subnets))
    return tuple(found)


def read_lengths(value: object, path: str, problems: Problems, families: Sequence[int]) -> Optional[Prefixes]:
    """Return the length of each host's part by IP version; one number will do where there is one family."""
    if not isinstance(value, dict) and len(families) > 1:
        problems.append(Problem(path, value, "the network has subnets of both families", "write {ipv4: 24, ipv6: 64}"))
        return None
    found: Dict[int, int] = {}
    for key, length in (value if isinstance(value, dict) else {"ipv%d" % family: value for family in families}).items():
        place = "%s.%s" % (path, key_text(key)) if isinstance(value, dict) else path
        if key not in _LENGTHS:
            problems.append(Problem(place, length, "unknown key", "write ipv4 or ipv6"))
            continue
        family, read = _LENGTHS[key]
        number = read(length, place, problems)
        if number is not None:
            found[family] = number
    return tuple(sorted(found.items()))


REACH = Field("reach", _read_subnets, (), "Subnets of the whole network, on all hosts.", default_words="those of V(ipam_config)", example="[10.62.0.0/16]")
PEERS = Field("peers", list_of(_read_peer), (), "The other hosts of the network, and their parts; a fleet's plan lists its own.")
PROXY_INTERFACES = Field(
    "proxy_interfaces", list_of(read_interface_name), (), "Links of the host on which it answers ARP and neighbour discovery for the network's endpoints."
)
INTERNAL = Field("internal", read_boolean, False, "Whether only endpoints of the network reach each other.")
HOST_PREFIX = Field(
    "host_prefix",
    Read(partial(read_lengths, families=(4,)), either(Shape("int", low=8, high=126), Shape("dict", schema=LENGTHS))),
    (),
    "Prefix length of each host's part, which the plan cuts from V(ipam_config): a number, or one for each IP version.",
    fleet_only=True,
    example="{ipv4: 24, ipv6: 64}",
)
HOST_SUBNETS = Field(
    "host_subnets",
    _read_host_subnets,
    (),
    "The part of each host, by its name: a subnet or a list of them.",
    fleet_only=True,
    example="{h1: 10.62.1.0/24}",
)

SCHEMA = Schema("driver routed", (REACH, PEERS, PROXY_INTERFACES, INTERNAL, HOST_PREFIX, HOST_SUBNETS))
