# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What should stand in our chains: the rules of one scope as compiled, those of all others as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Dict, Iterable, Iterator, List, Sequence, Tuple

from .._model.errors import FirewallError
from .._model.firewall import rules_of
from .._model.objects import KernelObject
from .._model.place import HOST
from .._model.rule import FORWARD_CHAIN, MARK, UNSEAL, USER_CHAIN, Rule, is_own_chain

ChainKey = Tuple[int, str, str]  # family, table, name


def compose_chains(rules: Iterable[Rule], *, scope: str, current: Sequence[KernelObject], show: Callable[[Rule], str]) -> Dict[ChainKey, Tuple[Rule, ...]]:
    """Return the chains that should stand, without the administrator's own, with their rules in order; `show` orders those of one rank."""
    content: Dict[ChainKey, List[Rule]] = {}
    shared: Dict[Tuple[ChainKey, str], Rule] = {}
    for rule in (*_kept(current, scope), *_wanted(rules, scope)):
        chain = _chain_of(rule)
        if not rule.scope:
            shared[chain, rule.target] = rule
            continue
        content.setdefault(chain, []).append(rule)
        if is_own_chain(rule.target):
            content.setdefault((rule.family, rule.table, rule.target), [])
    for (chain, target), rule in shared.items():
        if (rule.family, rule.table, target) in content:
            content.setdefault(chain, []).append(rule)
    return {chain: _ordered(chain, found, show) for chain, found in content.items()}


def _chain_of(rule: Rule) -> ChainKey:
    return rule.family, rule.table, rule.chain


def _wanted(rules: Iterable[Rule], scope: str) -> Iterator[Rule]:
    for rule in rules:
        if rule.scope not in ("", scope):
            raise FirewallError("a rule of scope '%s' among those of '%s'" % (rule.scope, scope))
        yield replace(rule, place=HOST) if rule.place else rule  # a chain tells whose packets


def _kept(current: Sequence[KernelObject], scope: str) -> Iterator[Rule]:
    """Return the rules of other scopes and those without one; a rule without our comment is none of ours."""
    return (rule for rule in rules_of(current) if rule.is_ours and rule.scope != scope and USER_CHAIN not in (rule.chain, rule.target))


def _ordered(chain: ChainKey, rules: List[Rule], show: Callable[[Rule], str]) -> Tuple[Rule, ...]:
    """Rules of one rank have no order among them, so their text gives one."""
    family, table, name = chain
    ordered = tuple(sorted(rules, key=lambda rule: (rule.rank, rule.scope, show(rule))))
    if name == FORWARD_CHAIN:
        # Whoever comes by here has been judged. The administrator's own rules come before ours.
        ordered = (Rule(family, table, name, 0, MARK, to=UNSEAL), Rule(family, table, name, 0, USER_CHAIN), *ordered)
    return ordered
