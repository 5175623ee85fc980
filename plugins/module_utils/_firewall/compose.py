# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What should stand in our chains: the rules of one scope as compiled, those of all others as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Iterator, List, Sequence, Set, Tuple

from .._model.errors import FirewallError
from .._model.objects import Chain, Jump, KernelObject
from .._model.place import HOST
from .._model.rule import FORWARD_CHAIN, MARK, UNSEAL, USER_CHAIN, Rule, rules_of
from .blocks import spread
from .layout import is_ours, jumps_to
from .render import render_rule

ChainKey = Tuple[int, str, str]  # family, table, name


def compose(rules: Sequence[Rule], *, scope: str, current: Sequence[KernelObject], place: str = HOST) -> Tuple[KernelObject, ...]:
    """Return the desired chains and jumps. What of ours stands in `current` and is not returned must go."""
    content: Dict[ChainKey, List[Rule]] = {}
    shared: Dict[Tuple[ChainKey, str], Rule] = {}
    for rule in (*_kept(current, scope), *_wanted(rules, scope)):
        chain = _chain_of(rule)
        if not rule.scope:
            shared[chain, rule.target] = rule
            continue
        content.setdefault(chain, []).append(rule)
        if is_ours(rule.target):
            content.setdefault((rule.family, rule.table, rule.target), [])
    for (chain, target), rule in shared.items():
        if (rule.family, rule.table, target) in content:
            content.setdefault(chain, []).append(rule)
    return _as_objects(content, place) + _user_chains(content, current, place)


def _chain_of(rule: Rule) -> ChainKey:
    return rule.family, rule.table, rule.chain


def _wanted(rules: Sequence[Rule], scope: str) -> Iterator[Rule]:
    for rule in spread(rules):
        if rule.scope not in ("", scope):
            raise FirewallError("a rule of scope '%s' among those of '%s'" % (rule.scope, scope))
        yield replace(rule, place=HOST) if rule.place else rule  # a chain tells whose packets


def _kept(current: Sequence[KernelObject], scope: str) -> Iterator[Rule]:
    """Return the rules of other scopes and those without one; a rule without our comment is none of ours."""
    return (rule for rule in rules_of(current) if rule.is_ours and rule.scope != scope and USER_CHAIN not in (rule.chain, rule.target))


def _as_objects(content: Dict[ChainKey, List[Rule]], place: str) -> Tuple[KernelObject, ...]:
    chains: List[KernelObject] = []
    jumps: List[KernelObject] = []
    for (family, table, name), rules in content.items():
        ordered = tuple(sorted(rules, key=_order))
        if name == FORWARD_CHAIN:
            # Whoever comes by here has been judged. The administrator's own rules come before ours.
            ordered = (Rule(family, table, name, 0, MARK, to=UNSEAL), Rule(family, table, name, 0, USER_CHAIN), *ordered)
        chains.append(Chain(place, family, table, name, ordered))
        jumps.extend(Jump(place, family, table, parent, rule, leads=True, copies=1) for parent, rule in jumps_to(name, family))
    return tuple(chains + jumps)


def _order(rule: Rule) -> Tuple[int, str, str]:
    """Rules of one rank have no order among them, so their text gives one."""
    return rule.rank, rule.scope, render_rule(rule)


def _user_chains(content: Dict[ChainKey, List[Rule]], current: Sequence[KernelObject], place: str) -> Tuple[KernelObject, ...]:
    """The administrator's chain stands while we lead to it, and longer where he has rules in it."""
    families: Set[int] = {item.family for item in current if isinstance(item, Chain) and item.name == USER_CHAIN and item.rules}
    families.update(family for family, _table, name in content if name == FORWARD_CHAIN)
    return tuple(Chain(place, family, "filter", USER_CHAIN) for family in sorted(families))
