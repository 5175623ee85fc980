# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Overlays: networks that several hosts of the fleet carry and must agree on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Sequence, Set, Tuple

from ...module_utils._drivers.overlay.driver import DRIVER as OVERLAY
from ...module_utils._drivers.overlay.network import OverlayNetwork, Peer
from ...module_utils._model.addresses import ip_version
from ...module_utils._model.errors import Problem
from ...module_utils._model.network import Network, Subnet
from .reading import Host

# What every host of an overlay must have alike, and the key that sets it.
AGREED = (("subnets", "ipam_config"), ("vni", "vni"), ("udp_port", "udp_port"), ("mtu", "mtu"), ("peers", "peers"), ("remote_endpoints", "remote_endpoints"))


@dataclass(frozen=True)
class Overlay:
    """One overlay of the fleet: its definition, where that stands, the hosts that declare it, and of these the hosts that it is made on."""

    network: OverlayNetwork
    path: str
    carriers: Tuple[Peer, ...]
    peers: Tuple[Peer, ...]

    @property
    def name(self) -> str:
        return self.network.name


def collect_overlays(hosts: Sequence[Host], *, vteps: Mapping[str, str], problems: List[Problem]) -> Dict[str, Overlay]:
    """Return the overlays by name; report where hosts disagree about one."""
    first: Dict[str, Tuple[Host, OverlayNetwork]] = {}
    carriers: Dict[str, List[Peer]] = {}
    users: Dict[str, Set[str]] = {}
    seen: Dict[int, Network] = {}
    for host in hosts:
        for network in host.overlays:
            owner, definition = first.setdefault(network.name, (host, network))
            if network.name in host.used:
                users.setdefault(network.name, set()).add(host.name)
            vtep = network.vtep_address or vteps.get(host.name, "")
            if vtep:
                carriers.setdefault(network.name, []).append(Peer(host.name, vtep))
            if network is not definition and id(network) not in seen:
                seen[id(network)] = network
                _check_agreement(owner, definition, host, network, problems)
    _check_drivers(hosts, first, problems)
    overlays = {}
    for name, (host, definition) in first.items():
        declared = tuple(carriers.get(name, ()))
        peers = tuple(peer for peer in declared if peer.host in users.get(name, ()))
        overlays[name] = Overlay(definition, "%s[%s]" % (host.networks_path, name), declared, peers)
        _check_families(overlays[name], problems)
        _check_strangers(overlays[name], problems)
    _check_vnis(overlays, problems)
    return overlays


def _check_agreement(owner: Host, definition: OverlayNetwork, host: Host, network: OverlayNetwork, problems: List[Problem]) -> None:
    for attribute, key in AGREED:
        here, there = getattr(network, attribute), getattr(definition, attribute)
        if here != there:
            path = "%s[%s].%s" % (host.networks_path, network.name, key)
            rule = "differs from host %s, which has %s" % (owner.name, _shown(there) or "none")
            problems.append(Problem(path, _shown(here), rule, "an overlay is the same on all its hosts; define it once for the group"))


def _shown(value: object) -> Optional[str]:
    if isinstance(value, tuple):
        return ", ".join(item.subnet if isinstance(item, Subnet) else item.vtep for item in value) or None
    return str(value) if value else None


def _check_drivers(hosts: Sequence[Host], overlays: Mapping[str, Tuple[Host, OverlayNetwork]], problems: List[Problem]) -> None:
    seen = set()
    for host in hosts:
        own = {network.name for network in OVERLAY.own(host.networks)}
        for network in host.networks:
            if network.name in overlays and network.name not in own and id(network) not in seen:
                seen.add(id(network))
                rule = "network %s is an overlay on host %s" % (network.name, overlays[network.name][0].name)
                problems.append(Problem("%s[%s].driver" % (host.networks_path, network.name), network.driver, rule, "rename one of them"))


def _check_families(overlay: Overlay, problems: List[Problem]) -> None:
    by_family: Dict[int, Peer] = {}
    for peer in overlay.peers:
        by_family.setdefault(ip_version(peer.vtep), peer)
    if len(by_family) == 2:
        pair = tuple(text for family in (4, 6) for text in (by_family[family].host, by_family[family].vtep))
        rule = "VTEPs of both families in one overlay: host %s has %s, host %s has %s" % pair
        problems.append(Problem(overlay.path, overlay.name, rule, "use one family"))


def _check_strangers(overlay: Overlay, problems: List[Problem]) -> None:
    """Peers a user lists are tunnel ends outside the fleet; its own hosts are the plan's business."""
    fleet = {peer.vtep: peer.host for peer in overlay.carriers}
    for peer in overlay.network.peers:
        if peer.vtep in fleet:
            rule = "host %s of the fleet has this VTEP, and the plan lists the fleet's hosts itself" % fleet[peer.vtep]
            problems.append(Problem(overlay.path + ".peers", peer.vtep, rule, "remove it from peers"))


def _check_vnis(overlays: Mapping[str, Overlay], problems: List[Problem]) -> None:
    """VNIs are unique in the whole fleet, whatever the UDP port."""
    reported = {problem.path for problem in problems}
    owners: Dict[int, Overlay] = {}
    for overlay in overlays.values():
        vni = overlay.network.vni
        if vni and owners.setdefault(vni, overlay) is not overlay and overlay.path + ".vni" not in reported:
            rule = "overlay %s has the same VNI" % owners[vni].name
            problems.append(Problem(overlay.path + ".vni", vni, rule, "use another, or remove it to have one allocated"))
