# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Policies as rules: chains that packets enter by their source, then by their destination, then by their port, so that a member more is one entry more.

What is denied is dropped in a table of its own, behind the rules of everybody: there the first policy decides, and to let pass is no more than not to drop.
What is allowed into a network that is closed to the source is let through among the rules that close it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .._drivers.table import driver_of
from .._model.addresses import ip_version, is_link_local
from .._model.document import Document
from .._model.names import digest
from .._model.network import Network
from .._model.policy import ALLOW, DENY, Policy, Selector
from .._model.rule import FORWARD_CHAIN, KNOWN, LOG, POLICIES_PREFIX, POLICY_CHAIN, POLICY_PREFIXES, RAW_CHAIN, Rule, canonical_match, policy_owner
from .._model.selected import held_addresses, select_endpoints

FROM_PREFIX, TO_PREFIX, PORT_PREFIX = POLICY_PREFIXES
FIRST_RANK, DEFAULT_RANK = 10, 10000  # of policies, and behind them all
# How neighbours on a segment find each other, and tell switches what they listen to.
FINDING = (130, 131, 132, 135, 136, 143)
LOG_PREFIX = 29  # characters; iptables takes no more
KEPT = 4  # hex digits that tell names apart which are too long for it


class Side(NamedTuple):
    """One way to be on a side of a policy: by the link of the host that leads there, by an address or subnet, or by both. Neither is anybody."""

    interface: Optional[str] = None
    subnet: Optional[str] = None


Sides = Tuple[Side, ...]
ANYBODY: Sides = (Side(),)


def compile_policies(document: Document, family: int, others: Sequence[Rule]) -> Iterator[Rule]:
    """Yield the rules of policies and defaults; `others` are all others of the declaration."""
    return _Compiler(document, family).rules(others)


def log_prefix(policy: Policy) -> str:
    """Return what a line in the log begins with: a long name is cut, and still tells which."""
    words = "cnet-%s:" % policy.action
    room = LOG_PREFIX - len(words) - 1
    name = policy.name if len(policy.name) <= room else "%s.%s" % (policy.name[: room - KEPT - 1], digest(KEPT, policy.name))
    return "%s%s " % (words, name)


class _Compiler:
    """The policies of a scope in one family."""

    def __init__(self, document: Document, family: int) -> None:
        self._document, self._family = document, family
        self._networks: Dict[str, Network] = {network.name: network for network in document.networks}
        self._chain = POLICIES_PREFIX + digest(16, document.scope)

    def rules(self, others: Iterable[Rule]) -> Iterator[Rule]:
        yield from self._entrances()
        rule = self._rule("security", self._chain)
        yield rule(1, "RETURN", ct_state=KNOWN)
        for icmp_type in FINDING if self._family == 6 else ():
            yield rule(2, "RETURN", protocol="ipv6-icmp", icmp_type=icmp_type)
        for rank, policy in enumerate(self._document.policies, FIRST_RANK):
            if self._concerns(policy):
                yield from self._lead("security", self._chain, rank, policy, self._find(policy.source), self._find(policy.target))
        yield from self._defaults(others)
        for policy in self._document.policies:
            if policy.action == ALLOW:
                yield from self._open(policy)

    def _rule(self, table: str, chain: str) -> "partial[Rule]":
        return partial(Rule, self._family, table, chain, scope=self._document.scope)

    def _entrances(self) -> Iterator[Rule]:
        """What neither comes from a network of the scope nor goes to one is not the scope's to judge."""
        for network in self._document.networks:
            rule = partial(self._rule("security", POLICY_CHAIN), 10, self._chain, owner=network.name)
            for side in self._segment(network):
                yield rule(out_interface=side.interface, destination=side.subnet)
                yield rule(in_interface=side.interface, source=side.subnet)

    def _segment(self, network: Network) -> Sides:
        """Return how the host knows what is on a network here."""
        return tuple(Side(*way) for way in driver_of(network).list_sides(network, self._family, self._document))

    def _mine(self, subnets: Iterable[str]) -> Iterator[Side]:
        return (Side(None, canonical_match(subnet, self._family)) for subnet in subnets if ip_version(subnet) == self._family)

    def _find(self, selector: Optional[Selector]) -> Sides:
        """Return whom one side of a policy names."""
        if selector is None:
            return ANYBODY
        held = (item.address for endpoint in select_endpoints(selector, self._document.endpoints) for item in held_addresses(endpoint, self._networks))
        found = [*self._mine((*held, *selector.addresses, *selector.neighbours, *selector.cidrs))]
        for network in self._named(selector):
            found += (*self._segment(network), *self._mine(network.reach))
        return tuple(dict.fromkeys(found))

    def _concerns(self, policy: Policy) -> bool:
        """Tell whether one of its sides may be on this host: what is between two others does not come by here."""
        return any(
            selector is None or selector.cidrs or self._named(selector) or any(select_endpoints(selector, self._document.endpoints))
            for selector in (policy.source, policy.target)
        )

    def _named(self, selector: Selector) -> List[Network]:
        return [self._networks[name] for name in selector.networks if name in self._networks]

    def _lead(self, table: str, chain: str, rank: int, policy: Policy, sources: Sides, targets: Sides) -> Iterator[Rule]:
        """Yield what leads from a chain to what a policy does. Where a side is anybody, there is nothing to ask."""
        verdict, log = "DROP" if policy.action == DENY else "ACCEPT", policy.log and table == "security"
        name = digest(16, self._document.scope, policy.name)
        stages: List[Tuple[str, List[Dict[str, Any]]]] = []
        if sources != ANYBODY:
            stages.append((FROM_PREFIX + name, [{"in_interface": side.interface, "source": side.subnet} for side in sources]))
        if targets != ANYBODY:
            stages.append((TO_PREFIX + name, [{"out_interface": side.interface, "destination": side.subnet} for side in targets]))
        if policy.ports or log:
            stages.append((PORT_PREFIX + name, [{"protocol": item.protocol, "destination_ports": (item.first, item.last)} for item in policy.ports] or [{}]))
        if not all(matches for _chain, matches in stages):
            return  # nobody of this family
        entered, *following = *(stage for stage, _matches in stages), verdict
        yield self._rule(table, chain)(rank, entered, owner=policy_owner(policy.name))
        for (stage, matches), target in zip(stages, following):
            for match in matches:
                if log and target == verdict:
                    yield self._rule(table, stage)(9, LOG, owner=policy_owner(policy.name), to=log_prefix(policy), **match)
                yield self._rule(table, stage)(10, target, owner=policy_owner(policy.name), **match)

    def _defaults(self, others: Iterable[Rule]) -> Iterator[Rule]:
        """What no policy names. Published ports, translated or opened at an endpoint's own address, are let in by who published them."""
        rule = self._rule("security", self._chain)
        closed = [network for network in self._document.networks if network.default_policy == DENY]
        for network in self._document.networks:
            for side in self._segment(network) if network.default_egress == DENY else ():
                yield rule(DEFAULT_RANK, "DROP", owner=network.name, in_interface=side.interface, source=side.subnet)
        if closed:
            yield rule(DEFAULT_RANK + 1, "RETURN", ct_state=("DNAT",))
            for other in others:
                if (other.family, other.chain, other.target) == (self._family, FORWARD_CHAIN, "ACCEPT") and other.destination_ports:
                    yield replace(other, table="security", chain=self._chain, rank=DEFAULT_RANK + 1, target="RETURN")
        for network in closed:
            for side in self._segment(network):
                yield rule(DEFAULT_RANK + 2, "DROP", owner=network.name, out_interface=side.interface, destination=side.subnet)

    def _open(self, policy: Policy) -> Iterator[Rule]:
        """Let what is allowed into other networks. Whom only a CIDR names stays as closed as its network is; an internal network is closed to all."""
        targets = self._here(policy.target) if policy.target is not None else ()
        sources = self._here(policy.source) if policy.source is not None else ()
        strangers = policy.source is None or bool(policy.source.cidrs or policy.source.addresses)
        if not targets or not (strangers or len({network.name for network, _side in (*sources, *targets)}) > 1):
            return  # there is nothing between them
        outside = ANYBODY if policy.source is None else tuple(self._mine((*policy.source.addresses, *policy.source.cidrs)))
        known = ANYBODY if outside == ANYBODY else tuple(dict.fromkeys((*(side for _network, side in sources), *outside)))
        yield from self._lead("filter", FORWARD_CHAIN, 30, policy, known, tuple(dict.fromkeys(side for _network, side in targets)))
        # Nothing from outside may name a container, but what is let in by its name.
        from_routes = tuple(side for network, side in sources if not network.is_bridged)
        for network, side in targets:
            subnets = [side.subnet] if side.subnet else [item.subnet for item in network.subnets_of(self._family)]
            for subnet in subnets if network.is_bridged else ():
                for source in dict.fromkeys((*outside, *from_routes)):
                    yield self._rule("raw", RAW_CHAIN)(15, "RETURN", owner=policy_owner(policy.name), source=source.subnet, destination=subnet)

    def _here(self, selector: Selector) -> List[Tuple[Network, Side]]:
        """Return who of a side is on this host, on networks that others may be let into."""
        found: List[Tuple[Network, Side]] = []
        for endpoint in select_endpoints(selector, self._document.endpoints):
            for network, address in held_addresses(endpoint, self._networks):
                if ip_version(address) == self._family and not is_link_local(address) and _can_be_opened(network):
                    found.append((network, Side(network.bridge_name or None, address)))
        for network in self._named(selector):
            if _can_be_opened(network):
                found.extend((network, side) for side in (*self._segment(network), *self._mine(network.reach)))
        return found


def _can_be_opened(network: Network) -> bool:
    return network.is_forwarded and not network.internal
