# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The keys of driver routed."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Mapping, Optional, Sequence, Set, Tuple

from .._model import names
from .._model.addresses import ip_version
from .._model.document import Attachment, Endpoint, Network, RoutedNetwork, RoutedPeer, Subnet
from .._model.errors import Problem
from .entry import Entry, is_map, key_text, list_of, one_or_list_of, read_entry
from .scalars import Problems, integer, read_boolean, read_container_subnet, read_interface_name, read_printable, read_unicast_address

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


def read_routed(entry: Entry, *, name: str, subnets: Tuple[Subnet, ...], mtu: Optional[int], labels: Mapping[str, str]) -> RoutedNetwork:
    """Return a routed network. What a fleet's plan fills in (reach, peers) may be missing."""
    no_peers: Tuple[RoutedPeer, ...] = ()
    none: Tuple[str, ...] = ()
    no_hosts: HostSubnets = ()
    return RoutedNetwork(
        name=name,
        subnets=subnets,
        reach=entry.get("reach", _read_subnets, none) or tuple(item.subnet for item in subnets),
        peers=entry.get("peers", list_of(_read_peer), no_peers),
        proxy_interfaces=entry.get("proxy_interfaces", list_of(read_interface_name), none),
        internal=entry.get("internal", read_boolean, False),
        mtu=mtu,
        labels=labels,
        host_prefixes=_read_host_prefix(entry, subnets),
        host_subnets=entry.get("host_subnets", _read_host_subnets, no_hosts),
    )


def refuse_fleet_keys(networks: Sequence[Network], path: str, problems: Problems) -> None:
    """On a host a network must be its own part already, and is made because it is declared there."""
    for network in networks:
        if network.on_every_host:
            rule = "only a fleet's plan leaves out what a host does not use; here every declared network is made"
            problems.append(Problem("%s[%s].on_every_host" % (path, network.name), True, rule, "remove it"))
        if isinstance(network, RoutedNetwork):
            for key, value in (("host_prefix", network.host_prefixes), ("host_subnets", network.host_subnets)):
                if value:
                    rule = "a host is given its own part: fleet_plan cuts it from the network"
                    fix = "give this host's part in ipam_config, and reach and peers"
                    problems.append(Problem("%s[%s].%s" % (path, network.name, key), value, rule, fix))


def name_interfaces(endpoints: Sequence[Endpoint], networks: Sequence[Network], scope: str) -> Tuple[Endpoint, ...]:
    """Return the endpoints with their host-side names on routed networks, where none was given."""
    routed = {network.name for network in networks if isinstance(network, RoutedNetwork)}
    return tuple(_named(endpoint, routed, scope) if routed else endpoint for endpoint in endpoints)


def _named(endpoint: Endpoint, routed: Set[str], scope: str) -> Endpoint:
    def name(attachment: Attachment) -> Attachment:
        usual = names.host_interface_name(scope, endpoint.name, attachment.network)
        if attachment.network not in routed or attachment.host_interface_name != usual:
            return attachment
        return replace(attachment, host_interface_name=names.routed_interface_name(scope, endpoint.name, attachment.network))

    return replace(endpoint, attachments=tuple(map(name, endpoint.attachments)))
