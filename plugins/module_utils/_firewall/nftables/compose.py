# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The chains and base chains that should stand."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Iterable, Iterator, List, Sequence, Tuple

from ..._model.firewall import FirewallObject
from ..._model.objects import KernelObject
from ..._model.rule import INPUT_CHAIN, MARK, SEAL_CHAIN, SEALED_CHAIN, UNSEAL, USER_CHAIN, Rule
from ..compose import compose_chains
from .groups import arrange, flatten
from .layout import BRIDGE, BRIDGE_HOOKS, INET, ways_to
from .objects import BaseChain, RuleChain
from .words import show_rule


def compose(rules: Sequence[Rule], *, scope: str, current: Sequence[KernelObject], place: str) -> Tuple[FirewallObject, ...]:
    """Return the desired pieces. What of ours stands in `current` and is not returned must go."""
    content = compose_chains(_cut(_needed(rules)), scope=scope, current=current, show=show_rule)
    chains = [
        RuleChain(place, family, table, name, flatten(arrange(rule for rule in ordered if not _takes_seal_off(rule))))
        for (family, table, name), ordered in content.items()
    ]
    return (*chains, *_users_chain(chains, current, place), *base_chains(chains, place))


def _needed(rules: Iterable[Rule]) -> Iterator[Rule]:
    """Yield the rules but those for tables that other tools flush one by one: ours is nobody else's, and nobody lets a packet past it."""
    for rule in rules:
        if rule.chain not in (SEAL_CHAIN, SEALED_CHAIN) and (rule.table, rule.chain) != ("mangle", INPUT_CHAIN):
            yield rule


def _takes_seal_off(rule: Rule) -> bool:
    return rule.target == MARK and rule.to == UNSEAL


def _cut(rules: Iterable[Rule]) -> Iterator[Rule]:
    """Yield published ranges that keep their numbers as one entry, others port by port. Ranks tell which go on."""
    for rule in rules:
        if rule.target != "DNAT" or rule.destination_ports is None or len(set(rule.destination_ports)) == 1:
            yield rule
            continue
        first, last = rule.destination_ports
        if rule.to_port in (None, first):
            yield replace(rule, to_port=None)
            continue
        for port in range(first, last + 1):
            to_port = None if rule.to_port is None else rule.to_port + port - first
            yield replace(rule, rank=rule.rank + (port != first), destination_ports=(port, port), to_port=to_port)


def _users_chain(chains: Sequence[RuleChain], current: Sequence[KernelObject], place: str) -> Iterator[RuleChain]:
    """The administrator's chain stands while we lead to it, and longer where he has rules in it."""
    led_to = any(rule.target == USER_CHAIN for chain in chains for rule in chain.held)
    if led_to or any(isinstance(item, RuleChain) and item.name == USER_CHAIN and item.rules for item in current):
        yield RuleChain(place, 0, "filter", USER_CHAIN)


def base_chains(chains: Sequence[RuleChain], place: str) -> Tuple[BaseChain, ...]:
    """Return what leads to chains. LAST comes behind FORWARD."""
    found: Dict[str, BaseChain] = {}
    for chain in sorted(chains, key=lambda chain: (chain.family, chain.table, chain.name)):
        for way in ways_to(chain.name, chain.family):
            name = "%s%d-%s" % (chain.table, chain.family, way.hook)
            jump = "%sjump %s" % (way.condition, chain.written)
            lines = found[name].lines or () if name in found else ()
            found[name] = BaseChain(place, chain.family, chain.table, INET, name, way.hook, way.sort, way.priority, "accept", (*lines, jump))
    bridged: List[BaseChain] = []
    if any(rule.not_bridged for chain in chains for rule in chain.held):
        for name, (priority, line) in BRIDGE_HOOKS.items():
            bridged.append(BaseChain(place, 0, "bridge", BRIDGE, name, "forward", "filter", priority, "accept", (line,)))
    return (*found.values(), *bridged)


def mend(wanted: Sequence[FirewallObject], standing: Sequence[FirewallObject]) -> Tuple[FirewallObject, ...]:
    """Return the chains of a way back, those that they lead to, and the base chains for them."""
    found = {item.key: item for item in wanted if isinstance(item, RuleChain)}
    stands = {(item.family, item.table, item.name): item for item in standing if isinstance(item, RuleChain)}
    pending = list(found.values())
    while pending:
        chain = pending.pop()
        for target in {rule.target for rule in chain.held}:
            led_to = stands.get((0, "filter", target) if target == USER_CHAIN else (chain.family, chain.table, target))
            if led_to is not None and led_to.key not in found:
                found[led_to.key] = led_to
                pending.append(led_to)
    chains = list(found.values())
    return (*chains, *base_chains(chains, chains[0].place if chains else ""))
