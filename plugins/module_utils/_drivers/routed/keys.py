# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The keys of driver routed."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ..._document.entry import Entry, is_map, key_text, list_of, one_or_list_of, read_entry
from ..._document.scalars import Problems, integer, read_boolean, read_container_subnet, read_interface_name, read_printable, read_unicast_address
from ..._model.addresses import ip_version
from ..._model.errors import Problem
from ..._model.network import Subnet
from ..base import Common
from .network import RoutedNetwork, RoutedPeer

FLEET_KEYS = frozenset(("host_prefix", "host_subnets"))
KEYS = frozenset(("reach", "peers", "proxy_interfaces", "internal")) | FLEET_KEYS
PEER_KEYS = frozenset(("host", "next_hops", "subnets"))
HostSubnets = Tuple[Tuple[str, Tuple[str, ...]], ...]
Prefixes = Tuple[Tuple[int, int], ...]
_LENGTHS = {"ipv4": (4, integer(8, 30)), "ipv6": (6, integer(16, 126))}
_read_subnets = list_of(read_container_subnet)
_read_hops = one_or_list_of(read_unicast_address)


def _read_peer(value: object, path: str, problems: Problems) -> Optional[RoutedPeer]:
    entry = read_entry(value, path, problems, allowed=PEER_KEYS, required=("host", "next_hops", "subnets"))
    if entry is None:
        return None
    none: Tuple[str, ...] = ()
    host = entry.get("host", read_printable, None)
    hops = entry.get("next_hops", _read_hops, none)
    subnets = entry.get("subnets", _read_subnets, none)
    return RoutedPeer(host=host, next_hops=hops, subnets=subnets) if host is not None else None


def _read_host_subnets(value: object, path: str, problems: Problems) -> Optional[HostSubnets]:
    if not is_map(value, path, problems):
        return None
    found: List[Tuple[str, Tuple[str, ...]]] = []
    for key, item in value.items():  # type: ignore[attr-defined]
        place = "%s.%s" % (path, key_text(key))
        host = read_printable(key, place, problems)
        subnets = one_or_list_of(read_container_subnet)(item, place, problems)
        if host is not None and subnets is not None:
            found.append((host, subnets))
    return tuple(found)


def _read_host_prefix(entry: Entry, subnets: Sequence[Subnet]) -> Prefixes:
    """Return the length of each host's part by IP version; one number will do where there is one family."""
    if "host_prefix" not in entry.raw:
        return ()
    value, path = entry.raw["host_prefix"], entry.path + ".host_prefix"
    families = sorted({ip_version(item.subnet) for item in subnets})
    if not isinstance(value, dict):
        if len(families) > 1:
            entry.report("host_prefix", "the network has subnets of both families", "write {ipv4: 24, ipv6: 64}")
            return ()
        value = {"ipv%d" % family: value for family in families}
    found: Dict[int, int] = {}
    for key, length in value.items():
        place = "%s.%s" % (path, key_text(key)) if isinstance(entry.raw["host_prefix"], dict) else path
        if key not in _LENGTHS:
            entry.problems.append(Problem(place, length, "unknown key", "write ipv4 or ipv6"))
            continue
        family, read = _LENGTHS[key]
        number = read(length, place, entry.problems)
        if number is not None:
            found[family] = number
    return tuple(sorted(found.items()))


def read_routed(entry: Entry, common: Common) -> RoutedNetwork:
    """Return a routed network. What a fleet's plan fills in (reach, peers) may be missing."""
    no_peers: Tuple[RoutedPeer, ...] = ()
    none: Tuple[str, ...] = ()
    no_hosts: HostSubnets = ()
    return RoutedNetwork(
        reach=entry.get("reach", _read_subnets, none) or tuple(item.subnet for item in common.subnets),
        peers=entry.get("peers", list_of(_read_peer), no_peers),
        proxy_interfaces=entry.get("proxy_interfaces", list_of(read_interface_name), none),
        internal=entry.get("internal", read_boolean, False),
        **common.fields(),
        host_prefixes=_read_host_prefix(entry, common.subnets),
        host_subnets=entry.get("host_subnets", _read_host_subnets, no_hosts),
    )


def refuse_whole(network: RoutedNetwork, path: str, problems: Problems) -> None:
    """On a host a network must be its own part already."""
    for key, value in (("host_prefix", network.host_prefixes), ("host_subnets", network.host_subnets)):
        if value:
            rule = "a host is given its own part: fleet_plan cuts it from the network"
            problems.append(Problem("%s.%s" % (path, key), value, rule, "give this host's part in ipam_config, and reach and peers"))


def merge_peers(raw: Mapping[str, Any], shared: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a declared network with the peers that the fleet's plan lists, but for the row of this host, which has this host's part."""
    rows, own = shared.get("peers"), raw.get("ipam_config")
    if not isinstance(rows, list) or not isinstance(own, list):
        return {**raw, "peers": rows}
    part = [item.get("subnet") for item in own if isinstance(item, dict)]
    return {**raw, "peers": [row for row in rows if not (isinstance(row, dict) and row.get("subnets") == part)]}
