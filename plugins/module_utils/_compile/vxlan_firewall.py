# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Who may send VXLAN. It knows no sender, so only the tunnel of a peer may write into ours, and only our tunnels may write into a peer's."""

from __future__ import annotations

from functools import partial
from typing import Any, Dict, Iterator, List, Mapping, Tuple

from .._model.addresses import LINK_LOCAL, ip_version
from .._model.document import Document
from .._model.joined import joined_networks
from .._model.network import TunnelEnds
from .._model.rule import FORWARD_CHAIN, INPUT_CHAIN, INSIDE_CHAIN, INWARD, INWARD_CHAIN, MARK, OUTPUT_CHAIN, PEERS_PREFIX, RAW_CHAIN, Rule, Users
from .._model.snapshot import Facts

LOOPBACK = "lo"
# What is for this host or for many. An IPv6 address is unicast whosever it is, and one of a link has no route that would tell.
OF_THIS_HOST: Mapping[int, Tuple[Mapping[str, Any], ...]] = {
    4: ({"not_unicast": True},),
    6: ({"to_host": True}, {"destination": LINK_LOCAL}, {"destination": "ff00::/8"}),
}


def find_underlays(facts: Facts) -> Mapping[str, str]:
    """Return by which interface, as it is called where packets are forwarded, the host's addresses are at home; one of the loopback is at home on all."""
    found: Dict[str, str] = {}
    for device, address in facts.addresses:
        link = facts.links.get(device)
        master = facts.links.get((link.master if link else None) or "")
        if device != LOOPBACK:
            found[address.partition("/")[0]] = master.name if master is not None and master.nature.is_domain else device
    return found


def compile_vxlan_rules(document: Document, family: int, underlays: Mapping[str, str], users: Users, *, bridge_filter: bool) -> Iterator[Rule]:
    """Return the rules for each UDP port of tunnels. All families are guarded, whatever the underlay's, for a socket takes what comes to any address."""
    by_port = _pairs_by_port(document)
    for port, pairs in by_port.items():
        rule = partial(Rule, family, scope=document.scope)
        for chain in (FORWARD_CHAIN, INPUT_CHAIN):
            # A container could write frames into any tunnel, here or, behind our masquerade, at a peer.
            yield rule("filter", chain, 5, INSIDE_CHAIN, protocol="udp", destination_ports=(port, port))
        chain = "%s%d" % (PEERS_PREFIX, port)
        mine = [pair for pair in pairs if ip_version(pair.vtep) == family]
        peers = list(dict.fromkeys(pair.peer for pair in mine))
        yield rule("raw", RAW_CHAIN, 5, chain, protocol="udp", destination_ports=(port, port))
        yield from _inward_rules(partial(rule, "raw", chain), mine, peers, family)
        if not peers:
            continue
        yield rule("filter", FORWARD_CHAIN, 5, chain, protocol="udp", destination_ports=(port, port), not_bridged=bridge_filter)
        yield from _passing_rules(partial(rule, "filter", chain), mine, peers, underlays)
        # What a tunnel sends still carries the socket of who wrote the frame: of a program of the host, of another namespace, or,
        # where the kernel itself answered for a container, a socket of the kernel, which may be the host's but has no user.
        out = "%sOUT-%d" % (PEERS_PREFIX, port)
        for span in users:
            yield rule("raw", OUTPUT_CHAIN, 5, out, protocol="udp", destination_ports=(port, port), of_users=span)
        for peer in peers:
            yield rule("raw", out, 20, "DROP", destination=peer)
    if any(by_port.values()):
        yield from _inner_rules(document, family)


def _pairs_by_port(document: Document) -> Dict[int, List[TunnelEnds]]:
    found: Dict[int, Dict[TunnelEnds, None]] = {}
    for network in document.networks:
        if network.tunnel_port is not None:
            found.setdefault(network.tunnel_port, {}).update(dict.fromkeys(network.tunnels))
    for tunnel in (wire.tunnel for wire in document.links):
        if tunnel is not None and tunnel.local is not None:
            found.setdefault(tunnel.udp_port, {})[TunnelEnds(tunnel.remote, tunnel.local, tunnel.underlay_interface, tunnel.vni)] = None
    return {port: list(pairs) for port, pairs in sorted(found.items())}


def _inward_rules(rule: "partial[Rule]", pairs: List[TunnelEnds], peers: List[str], family: int) -> Iterator[Rule]:
    """What is for this host comes from a peer of that very VNI to its VTEP; what only passes through is somebody else's."""
    for pair in pairs:
        yield rule(10, "RETURN", source=pair.peer, destination=pair.vtep, in_interface=pair.interface, vni=pair.vni)
    for own in OF_THIS_HOST[family]:
        yield rule(20, "DROP", **own)
    for peer in peers:
        # Nor may anybody pass for one peer at another.
        yield rule(30, "DROP", source=peer, off_path=True)


def _passing_rules(rule: "partial[Rule]", pairs: List[TunnelEnds], peers: List[str], underlays: Mapping[str, str]) -> Iterator[Rule]:
    """What passes through to a peer comes from another peer, or by the underlay: all else might leave with our address, by whoever's masquerade."""
    homes = (underlays.get(pair.vtep) or pair.interface for pair in pairs)
    for interface in dict.fromkeys(home for home in homes if home is not None):
        yield rule(10, "RETURN", in_interface=interface)
    for peer in peers:
        yield rule(10, "RETURN", source=peer)
    for peer in peers:
        yield rule(20, "DROP", destination=peer)


def _inner_rules(document: Document, family: int) -> Iterator[Rule]:
    """Mark what the host itself sends, in either family, into a network that wires join to an overlay: the mark stays on in the tunnel."""
    overlays = {network.name for network in document.networks if network.is_tunnelled}
    groups = joined_networks(document.links)
    for network in document.networks:
        if not network.is_tunnelled and overlays & groups.get(network.name, frozenset()):
            yield Rule(family, "mangle", INWARD_CHAIN, 10, MARK, document.scope, network.name, out_interface=network.bridge_name, to=INWARD)
