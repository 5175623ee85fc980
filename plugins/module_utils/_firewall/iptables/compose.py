# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The chains and jumps that should stand."""

from __future__ import annotations

from typing import Collection, List, Sequence, Set, Tuple

from ..._model.firewall import FirewallObject
from ..._model.objects import KernelObject
from ..._model.place import HOST
from ..._model.rule import FORWARD_CHAIN, USER_CHAIN, Rule
from ..compose import ChainKey, compose_chains
from .blocks import spread
from .layout import jumps_to
from .objects import Chain, Jump
from .render import render_rule


def compose(rules: Sequence[Rule], *, scope: str, current: Sequence[KernelObject], place: str = HOST) -> Tuple[FirewallObject, ...]:
    """Return the desired chains and jumps. What of ours stands in `current` and is not returned must go."""
    content = compose_chains(spread(rules), scope=scope, current=current, show=render_rule)
    chains: List[FirewallObject] = []
    jumps: List[FirewallObject] = []
    for (family, table, name), ordered in content.items():
        chains.append(Chain(place, family, table, name, ordered))
        jumps.extend(Jump(place=place, family=family, table=table, parent=parent, rule=rule, leads=True, copies=1) for parent, rule in jumps_to(name, family))
    return (*chains, *jumps, *_user_chains(content, current, place))


def _user_chains(content: Collection[ChainKey], current: Sequence[KernelObject], place: str) -> Tuple[FirewallObject, ...]:
    """The administrator's chain stands while we lead to it, and longer where he has rules in it."""
    families: Set[int] = {item.family for item in current if isinstance(item, Chain) and item.name == USER_CHAIN and item.rules}
    families.update(family for family, _table, name in content if name == FORWARD_CHAIN)
    return tuple(Chain(place, family, "filter", USER_CHAIN) for family in sorted(families))
