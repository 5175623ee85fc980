# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from functools import partial
from typing import Iterator, Sequence

from ..._model.addresses import LINK_LOCAL, ip_version
from ..._model.document import Document
from ..._model.joined import joined_networks
from ..._model.published import LOOPBACK
from ..._model.rule import (
    CLAMP,
    FORWARD_CHAIN,
    INPUT_CHAIN,
    INSIDE_CHAIN,
    KNOWN,
    POSTROUTING_CHAIN,
    RAW_CHAIN,
    SEGMENTS_CHAIN,
    SOURCES_CHAIN,
    Rule,
)
from ..icmp import ICMP, list_discovery_rules
from .network import BridgeNetwork

UNMASQUERADED = {4: ("224.0.0.0/4", "255.255.255.255/32"), 6: ("ff00::/8",)}


def list_bridge_rules(network: BridgeNetwork, family: int, document: Document) -> Iterator[Rule]:
    rules = _bridge_rules(network, family, document)
    if network.vrf is None:
        return rules
    from .vrf import rules_in_vrf

    return rules_in_vrf(rules, network, network.vrf, family, document.scope)


def list_host_rules(networks: Sequence[BridgeNetwork], family: int, document: Document) -> Iterator[Rule]:
    """What a scope needs once: the host's own way to its gateways, and multicast."""
    rule = partial(Rule, family, scope=document.scope)
    held = [network for network in networks if not network.on_lan and network.subnets_of(family)]
    if family == 4 and held:
        # Whatever else listens at loopback, or is published there, is the host's own, wherever the kernel is told to lead such packets.
        yield rule("raw", RAW_CHAIN, 8, "DROP", in_interface="!lo", destination=LOOPBACK)
    if any(network.hides for network in held):
        yield rule("raw", RAW_CHAIN, 9, "RETURN", in_interface="lo")
    if held:
        yield rule("filter", INPUT_CHAIN, 1, "RETURN", in_interface="lo")
    if any(network.masquerade and not network.internal for network in held):
        for group in UNMASQUERADED[family]:
            yield rule("nat", POSTROUTING_CHAIN, 21, "RETURN", destination=group)


def _bridge_rules(network: BridgeNetwork, family: int, document: Document) -> Iterator[Rule]:
    scope = document.scope
    if network.on_lan:
        # With br_netfilter its frames come by here too.
        yield Rule(family, "filter", FORWARD_CHAIN, 11, "ACCEPT", scope, network.name, in_interface=network.bridge_name, out_interface=network.bridge_name)
        return
    yield Rule(family, "filter", INSIDE_CHAIN, 10, "DROP", scope, network.name, in_interface=network.bridge_name)
    yield from _raw_rules(network, family, document)
    yield from _forward_rules(network, family, scope)
    yield from _guard_rules(network, family, scope)
    yield from _input_rules(network, family, scope)
    if not network.internal:
        yield from _nat_rules(network, family, scope)
        yield from _segment_rules(network, family, scope)


def _raw_rules(network: BridgeNetwork, family: int, document: Document) -> Iterator[Rule]:
    """Before connection tracking: who is inside speaks to the host as himself, and nothing from outside may name a container or a gateway."""
    rule = partial(Rule, family, "raw", RAW_CHAIN, scope=document.scope, owner=network.name)
    subnets = network.subnets_of(family)
    if not network.has_others:
        # Else a published port would take a container for the source it names. Only what is for the host: neighbours may have more addresses.
        for source in _sources(network, document, family):
            yield rule(10, "RETURN", in_interface=network.bridge_name, source=source)
        yield rule(11, "DROP", in_interface=network.bridge_name, to_host=True)
    if not subnets:
        return
    # Answers to a client on another network of ours still carry the client's address here.
    yield rule(12, "RETURN", in_interface=network.bridge_name)
    if not network.hides:
        return
    for subnet in subnets:
        if not network.internal:
            for interface in network.trusted_interfaces:
                yield rule(10, "RETURN", in_interface=interface, destination=subnet.subnet)
        for target in _unmasqueraded(network, family):
            # Their answers name who asked; what else they send is judged where connections are known.
            yield rule(19, "RETURN", source=target, destination=subnet.subnet)
        yield rule(20, "DROP", destination=subnet.subnet)


def _unmasqueraded(network: BridgeNetwork, family: int) -> Iterator[str]:
    return (target for target in network.no_masquerade if ip_version(target) == family)


def _sources(network: BridgeNetwork, document: Document, family: int) -> Iterator[str]:
    """Yield whose addresses are at home on a bridge: also those of networks that wires make one segment with it, and of neighbours who look for each other."""
    beside = joined_networks(document.links).get(network.name, frozenset())
    for other in document.networks:
        if other is network or other.name in beside:
            yield from (subnet.subnet for subnet in other.subnets_of(family))
    if family == 6:
        yield LINK_LOCAL


def _forward_rules(network: BridgeNetwork, family: int, scope: str) -> Iterator[Rule]:
    """Drops first, accepts last. With br_netfilter the frames inside a bridge come by here too."""
    rule = partial(Rule, family, "filter", FORWARD_CHAIN, scope=scope, owner=network.name)
    bridge, others = network.bridge_name, "!" + network.bridge_name
    if network.internal:
        yield rule(9, "DROP", in_interface=bridge, out_interface=others)
        yield rule(9, "DROP", in_interface=others, out_interface=bridge)
    if not network.enable_icc:
        for subnet in network.subnets_of(family):
            if not network.internal:
                # What is published to everybody is published to the neighbours too; both directions carry the state.
                yield rule(8, "ACCEPT", in_interface=bridge, destination=subnet.subnet, ct_state=("DNAT",))
            # A neighbour may be reached by his own link.
            yield rule(9, "DROP", in_interface=bridge, destination=subnet.subnet)
        yield rule(9, "DROP", in_interface=bridge, out_interface=bridge)
    else:
        yield rule(11, "ACCEPT", in_interface=bridge, out_interface=bridge)
    if network.internal:
        return
    yield rule(10, "ACCEPT", out_interface=bridge, ct_state=KNOWN)
    yield rule(10, "ACCEPT", in_interface=bridge, ct_state=KNOWN)
    yield rule(12, "DROP", in_interface=bridge, ct_state=("INVALID",))
    yield rule(12, "DROP", out_interface=bridge, ct_state=("INVALID",))
    for interface in network.trusted_interfaces:
        yield rule(30, "ACCEPT", in_interface=interface, out_interface=bridge)
    # A foreign source would pass for one that a published port allows, or leave as it is, for only our subnets are masqueraded.
    yield rule(29, SOURCES_CHAIN, in_interface=bridge)
    for subnet in network.subnets_of(family):
        yield Rule(family, "filter", SOURCES_CHAIN, 10, "RETURN", scope, network.name, in_interface=bridge, source=subnet.subnet)
    yield Rule(family, "filter", SOURCES_CHAIN, 20, "DROP", scope, network.name, in_interface=bridge)
    yield rule(31, "ACCEPT", out_interface=bridge, ct_state=("DNAT",))
    yield rule(39, "DROP", out_interface=bridge)
    yield rule(50, "ACCEPT", in_interface=bridge)


def _guard_rules(network: BridgeNetwork, family: int, scope: str) -> Iterator[Rule]:
    """A gateway address answers on its own bridge only, though the kernel would answer on any interface."""
    rule = partial(Rule, family, "filter", INPUT_CHAIN, scope=scope, owner=network.name)
    for subnet in network.subnets_of(family):
        # On its own bridge what it may answer is decided further down, together with what asked for it.
        yield rule(6, "RETURN", in_interface="!" + network.bridge_name, destination=subnet.subnet, ct_state=KNOWN)
        if not network.internal:
            for interface in network.trusted_interfaces:
                yield rule(6, "RETURN", in_interface=interface, destination=subnet.subnet)
        yield rule(7, "DROP", in_interface="!" + network.bridge_name, destination=subnet.subnet)


def _input_rules(network: BridgeNetwork, family: int, scope: str) -> Iterator[Rule]:
    """What containers may ask of the host itself."""
    access = network.host_access
    if access == "all":
        return
    rule = partial(Rule, family, "filter", INPUT_CHAIN, scope=scope, owner=network.name, in_interface=network.bridge_name)
    subnets = network.subnets_of(family)
    if family == 6 and subnets:
        yield from list_discovery_rules(rule)
    if access != "none":
        yield rule(10, "ACCEPT", ct_state=KNOWN)
        for subnet in subnets:
            if subnet.gateway:
                yield rule(20, "ACCEPT", destination=subnet.gateway, protocol=ICMP[family])
    for service in access if isinstance(access, tuple) and subnets else ():
        port, _slash, protocol = service.partition("/")
        yield rule(30, "ACCEPT", protocol=protocol, destination_ports=(int(port), int(port)))
    yield rule(40, "DROP")


def _nat_rules(network: BridgeNetwork, family: int, scope: str) -> Iterator[Rule]:
    rule = partial(Rule, family, "nat", POSTROUTING_CHAIN, scope=scope, owner=network.name)
    fixed = next((address for address in network.snat_addresses if ip_version(address) == family), None)
    for subnet, gateway in ((item.subnet, item.gateway) for item in network.subnets_of(family)):
        # Hairpin: a neighbour's answer must come back through the host, or the client would not know its sender.
        if gateway and network.gateway_on_host and not network.enable_icc:
            # By whichever link it leaves.
            yield rule(10, "SNAT", source=subnet, destination=subnet, ct_state=("DNAT",), to=gateway)
        else:
            yield rule(10, "MASQUERADE", source=subnet, destination=subnet, out_interface=network.bridge_name, ct_state=("DNAT",))
        # Between networks of ours the client's address is kept.
        yield rule(20, "RETURN", destination=subnet)
        for target in _unmasqueraded(network, family):
            yield rule(22, "RETURN", source=subnet, destination=target)
        if network.masquerade:
            target = "SNAT" if fixed else "MASQUERADE"
            yield rule(30, target, source=subnet, out_interface="!" + network.bridge_name, to=fixed)


def _segment_rules(network: BridgeNetwork, family: int, scope: str) -> Iterator[Rule]:
    if network.mss_clamp is None:
        return
    bridge = network.bridge_name
    for come, leave in ((bridge, "!" + bridge), ("!" + bridge, bridge)):
        clamped = partial(Rule, family, "mangle", SEGMENTS_CHAIN, 10, CLAMP, scope, network.name, protocol="tcp", to=network.mss_clamp)
        yield clamped(in_interface=come, out_interface=leave)
