# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The way back: chains that rules lead to stay with these, and a jump stays with the chain it leads to."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Sequence, Set, Tuple, Union

from ..._model.firewall import FirewallObject
from ..._model.snapshot import Key
from .objects import Chain, Jump

ChainKey = Tuple[str, int, str, str]


def mend(wanted: Sequence[FirewallObject], before: Sequence[FirewallObject], standing: Sequence[FirewallObject]) -> Tuple[FirewallObject, ...]:
    found = {item.key: item for item in wanted}
    _keep_what_is_led_to(found, standing)
    chains: Set[ChainKey] = {_chain_key(item, item.name) for item in found.values() if isinstance(item, Chain)}
    for item in (*before, *standing):
        if isinstance(item, Jump):
            if _chain_key(item, item.target) in chains:
                found.setdefault(item.key, replace(item, leads=True, copies=1))
            else:
                found.pop(item.key, None)
    return tuple(found.values())


def _keep_what_is_led_to(wanted: Dict[Key, FirewallObject], standing: Sequence[FirewallObject]) -> None:
    pending = [item for item in wanted.values() if isinstance(item, Chain)]
    while pending:
        chain = pending.pop()
        targets = {_chain_key(chain, rule.target) for rule in chain.held}
        for item in standing:
            if item.key not in wanted and isinstance(item, Chain) and _chain_key(item, item.name) in targets:
                wanted[item.key] = item
                pending.append(item)


def _chain_key(item: Union[Chain, Jump], name: str) -> ChainKey:
    return (item.place, item.family, item.table, name)
