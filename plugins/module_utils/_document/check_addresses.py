# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Subnets that overlap, addresses outside their subnet, addresses and MACs with two owners."""

from __future__ import annotations

from functools import lru_cache
from typing import Callable, Dict, FrozenSet, Iterator, List, Mapping, Optional, Sequence, Tuple

from .._model import span
from .._model.addresses import ip_version
from .._model.document import Attachment, Endpoint
from .._model.joined import joined_networks, with_subnets
from .._model.network import Network, Subnet
from .._model.shared_lan import is_divided, shared_lans, takes_part
from .check_routers import router_gateways
from .ipam import host_address_fault
from .scene import Scene

Owned = Tuple[str, str, str]  # address or MAC, path, owner
Members = Mapping[str, List[Tuple[Endpoint, Attachment]]]  # by network


def check_subnets(scene: Scene) -> None:
    """Report subnets that share addresses, naming both networks and the larger subnet."""
    rows: List[Tuple[Tuple[int, int, int, int, int], Network, Subnet]] = []
    for position, network in enumerate(scene.document.networks):
        for index, config in enumerate(network.subnets):
            version, first, last = span.span(config.subnet)
            rows.append(((version, first, -last, position, index), network, config))
    rows.sort(key=lambda row: row[0])
    # Two subnets are disjoint or one contains the other, so the last one that reached furthest, and who divides that up, are the only candidates.
    cover: List[Tuple[Tuple[int, int, int, int, int], Network, Subnet]] = []
    for row in rows:
        (version, first, _last, _position, index), network, subnet = row
        if not cover or cover[0][0][0] != version or first > -cover[0][0][2]:
            cover = [row]
            continue
        met = next(((one, its) for _key, one, its in cover if not _goes_beside(network, subnet, one, its)), None)
        if met is None:
            cover.append(row)
            continue
        owner = "this network" if met[0] is network else 'network "%s"' % met[0].name
        fix = "choose a subnet outside %s" % met[1].subnet
        if takes_part(network) and takes_part(met[0]) and met[0] is not network and met[1].subnet == subnet.subnet:
            fix = "choose another subnet, or give each network an ip_range of its own"
        path = scene.item(scene.network(network) + ".ipam_config", index)
        scene.report(path + ".subnet", subnet.subnet, "overlaps %s of %s" % (met[1].subnet, owner), fix)


def _goes_beside(network: Network, subnet: Subnet, other: Network, its: Subnet) -> bool:
    """Tell whether two networks of one LAN give from different parts of it."""
    return network is not other and takes_part(network) and takes_part(other) and is_divided(subnet, its)


def _members_of(scene: Scene) -> Members:
    """Return the attachments of each network."""
    members: Dict[str, List[Tuple[Endpoint, Attachment]]] = {network.name: [] for network in scene.document.networks}
    for endpoint in scene.document.endpoints:
        for attachment in endpoint.attachments:
            if attachment.network in members:
                members[attachment.network].append((endpoint, attachment))
    return members


def _reserved(scene: Scene, network: Network) -> Iterator[Owned]:
    config = scene.network(network) + ".ipam_config"
    routers = router_gateways(scene, network)
    for index, subnet in enumerate(network.subnets):
        path = scene.item(config, index)
        if subnet.gateway and subnet.gateway not in routers:
            yield subnet.gateway, path + ".gateway", "the gateway"
        for name, address in subnet.aux_addresses:
            yield address, "%s.aux_addresses.%s" % (path, name), 'aux_addresses "%s"' % name


def _held(scene: Scene, network: Network, members: Members) -> Iterator[Owned]:
    for path, remote in zip(scene.items(scene.network(network) + ".remote_endpoints"), network.remote_endpoints):
        owner = 'remote endpoint "%s"' % remote.name
        for address in remote.addresses:
            yield address, path, owner
    for endpoint, attachment in members[network.name]:
        path = scene.attachment(endpoint, attachment)
        rows = [(address, "%s.ipv%d_address" % (path, ip_version(address))) for address in attachment.first_addresses]
        rows += [(address, scene.item(path + ".addresses", index)) for index, address in enumerate(attachment.further)]
        yield from ((address, where, 'endpoint "%s"' % endpoint.name) for address, where in rows)


def _macs(scene: Scene, network: Network, members: Members) -> Iterator[Tuple[Owned, Optional[str]]]:
    """Yield who has a MAC, and the address it may be derived from."""
    if network.mac_address:
        yield (network.mac_address, scene.network(network) + ".mac_address", "the bridge"), None
    for path, remote in zip(scene.items(scene.network(network) + ".remote_endpoints"), network.remote_endpoints):
        yield (remote.mac, path + ".mac", 'remote endpoint "%s"' % remote.name), next(iter(remote.addresses), None)
    for endpoint, attachment in members[network.name]:
        if attachment.mac_address:
            path = scene.attachment(endpoint, attachment) + ".mac_address"
            yield (attachment.mac_address, path, 'endpoint "%s"' % endpoint.name), next(iter(attachment.addresses), None)


def _suggest(network: Network, rows: Sequence[Owned]) -> Callable[[str], str]:
    """Return a function that names the first free address of the family of another; it counts only when asked."""

    @lru_cache(maxsize=2)
    def first_free(version: int) -> str:
        used = {row[0] for row in rows}
        for subnet in network.subnets:
            family, first, last = span.usable(subnet.subnet)
            for number in range(first, min(last, first + len(used)) + 1) if family == version else ():
                address = span.text(version, number)
                if address not in used:
                    return "use %s" % address
        return "use a larger subnet"

    return lambda address: first_free(ip_version(address))


def _check_membership(scene: Scene, network: Network, rows: Sequence[Owned], suggest: Callable[[str], str]) -> None:
    """Report addresses that no subnet of their network gives to a host."""
    subnets = {version: [subnet.subnet for subnet in network.subnets_of(version)] for version in (4, 6)}
    spans = {version: [span.span(subnet) for subnet in subnets[version]] for version in (4, 6)}
    for address, path, _owner in rows:
        version, number = span.number(address)
        for index, (_version, first, last) in enumerate(spans[version]):
            if first <= number <= last:
                fault = host_address_fault(address, subnets[version][index]) if number in (first, last) else None
                if fault:
                    scene.report(path, address, fault, suggest(address))
                break
        else:
            if not subnets[version]:
                scene.report(path, address, 'network "%s" has no IPv%d subnet' % (network.name, version), "add one to it or remove the address")
            else:
                scene.report(path, address, 'outside %s of network "%s"' % (", ".join(subnets[version][:2]), network.name), suggest(address))


def _check_lengths(scene: Scene, network: Network, members: Members) -> None:
    """Report further addresses with a prefix length that does not go with the network."""
    for endpoint, attachment in members[network.name]:
        for index, text in enumerate(attachment.more):
            address, slash, length = text.partition("/")
            subnet = next((item.subnet for item in network.subnets if span.holds(item.subnet, address)), None)
            path = scene.item(scene.attachment(endpoint, attachment) + ".addresses", index)
            alone = network.next_door(ip_version(address)) is not None
            if not slash or subnet is None:
                continue
            if alone and length != ("128" if ":" in address else "32"):
                scene.report(path, text, 'on network "%s" every address stands alone' % network.name, "write %s" % address)
            elif int(length) < int(subnet.split("/")[1]):
                scene.report(path, text, "wider than its subnet %s" % subnet, "write %s" % address)


def _check_addresses_unique(scene: Scene, network: Network, rows: Sequence[Owned], earlier: Sequence[Owned], suggest: Callable[[str], str]) -> None:
    owners = {address: owner for address, _path, owner in earlier}
    for address, path, owner in rows:
        if address in owners:
            scene.report(path, address, '%s has it too on network "%s"' % (owners[address], network.name), suggest(address))
        owners.setdefault(address, owner)


def _check_macs_unique(scene: Scene, network: Network, members: Members, owners: Dict[str, Tuple[str, Optional[str]]]) -> None:
    for (mac, path, owner), address in _macs(scene, network, members):
        other, other_address = owners.setdefault(mac, (owner, address))
        # Two owners of one address were reported as such; their derived MACs only follow.
        if other != owner and (address is None or address != other_address):
            scene.report(path, mac, '%s has it too on network "%s"' % (other, network.name), "choose another MAC or leave it out")


def check_addresses(scene: Scene) -> None:
    members = _members_of(scene)
    groups = joined_networks(scene.document.links)
    lans = shared_lans(scene.document.networks)
    segments: Dict[FrozenSet[str], List[Owned]] = {}
    macs: Dict[FrozenSet[str], Dict[str, Tuple[str, Optional[str]]]] = {}
    for network in scene.document.networks:
        group = groups.get(network.name, frozenset((network.name,)))
        whole = with_subnets(network, [other for other in scene.document.networks if other.name in group])
        held = list(_held(scene, network, members))
        earlier = segments.setdefault(lans.get(network.name, group), [])
        said = {(address, owner) for address, _path, owner in earlier} if network.name in lans else set()
        rows = [row for row in _reserved(scene, network) if (row[0], row[2]) not in said] + held
        suggest = _suggest(whole, earlier + rows)
        if not any("%s[%s].ipam_config" % (scene.networks, name) in scene.troubled for name in group):
            _check_membership(scene, whole, held, suggest)
        _check_addresses_unique(scene, network, rows, earlier, suggest)
        _check_lengths(scene, whole, members)
        _check_macs_unique(scene, network, members, macs.setdefault(lans.get(network.name, frozenset((network.name,))), {}))
        earlier.extend(rows)
    _check_one_place(scene, lans)


def _check_one_place(scene: Scene, lans: Mapping[str, FrozenSet[str]]) -> None:
    """Report endpoints with addresses on two networks of one LAN: packets there would leave by either interface."""
    for endpoint in scene.document.endpoints if lans else ():
        placed: Dict[FrozenSet[str], str] = {}
        for attachment in endpoint.attachments:
            if attachment.network in lans and attachment.addresses:
                other = placed.setdefault(lans[attachment.network], attachment.network)
                if other != attachment.network:
                    rule = 'network "%s" is on the same LAN, and this endpoint is there' % other
                    scene.report(scene.attachment(endpoint, attachment), attachment.network, rule, "remove one of the two")
