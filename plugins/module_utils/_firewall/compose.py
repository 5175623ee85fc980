# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What should stand in our chains: the rules of one scope as compiled, those of all others as they are."""

from __future__ import annotations

from typing import Dict, Iterator, List, Sequence, Set, Tuple

from .._model.errors import FirewallError
from .._model.objects import HOST, Chain, Jump, KernelObject
from .._model.rule import FORWARD_CHAIN, MARK, UNSEAL, USER_CHAIN, Rule
from .layout import is_ours, jumps_to
from .parse import read_label, target_of
from .render import render_rule

ChainKey = Tuple[int, str, str]  # family, table, name
Ranked = Tuple[int, str, str]  # rank, scope, line; rules of one rank have no order among them, so their text gives one


def compose(rules: Sequence[Rule], *, scope: str, current: Sequence[KernelObject], place: str = HOST) -> Tuple[KernelObject, ...]:
    """Return the desired chains and jumps. What of ours stands in `current` and is not returned must go."""
    content: Dict[ChainKey, List[Ranked]] = {}
    shared: Dict[Tuple[ChainKey, str], Ranked] = {}
    for chain, ranked in _kept(current, scope):
        if not ranked[1]:
            shared[chain, target_of(ranked[2])] = ranked
            continue
        content.setdefault(chain, []).append(ranked)
        target = target_of(ranked[2])
        if is_ours(target):
            content.setdefault((chain[0], chain[1], target), [])
    for rule in rules:
        chain = (rule.family, rule.table, rule.chain)
        if rule.scope == scope:
            if is_ours(rule.target):
                content.setdefault((rule.family, rule.table, rule.target), [])
            content.setdefault(chain, []).append((rule.rank, scope, render_rule(rule)))
        elif rule.scope:
            raise FirewallError("a rule of scope '%s' among those of '%s'" % (rule.scope, scope))
        else:
            shared[chain, rule.target] = (rule.rank, "", render_rule(rule))
    for (chain, target), ranked in shared.items():
        if (chain[0], chain[1], target) in content:
            content.setdefault(chain, []).append(ranked)
    return _as_objects(content, place) + _user_chains(content, current, place)


def _kept(current: Sequence[KernelObject], scope: str) -> Iterator[Tuple[ChainKey, Ranked]]:
    """Yield the lines of other scopes and those without one; a line without our comment is no rule of ours."""
    for chain in current:
        if not isinstance(chain, Chain) or chain.name == USER_CHAIN:
            continue
        for line in chain.rules or ():
            label = read_label(line)
            if label is not None and label[0] != scope and target_of(line) != USER_CHAIN:
                yield (chain.family, chain.table, chain.name), (label[1], label[0], line)


def _as_objects(content: Dict[ChainKey, List[Ranked]], place: str) -> Tuple[KernelObject, ...]:
    chains: List[KernelObject] = []
    jumps: List[KernelObject] = []
    for (family, table, name), ranked in content.items():
        lines = tuple(line for _rank, _scope, line in sorted(ranked))
        if name == FORWARD_CHAIN:
            # Whoever comes by here has been judged. The administrator's own rules come before ours.
            lines = (render_rule(Rule(family, table, name, 0, MARK, to=UNSEAL)), render_rule(Rule(family, table, name, 0, USER_CHAIN)), *lines)
        chains.append(Chain(place, family, table, name, lines))
        jumps.extend(Jump(place, family, table, parent, rule, leads=True, copies=1) for parent, rule in jumps_to(name, family))
    return tuple(chains + jumps)


def _user_chains(content: Dict[ChainKey, List[Ranked]], current: Sequence[KernelObject], place: str) -> Tuple[KernelObject, ...]:
    """The administrator's chain stands while we lead to it, and longer where he has rules in it."""
    families: Set[int] = {item.family for item in current if isinstance(item, Chain) and item.name == USER_CHAIN and item.rules}
    families.update(family for family, _table, name in content if name == FORWARD_CHAIN)
    return tuple(Chain(place, family, "filter", USER_CHAIN) for family in sorted(families))
