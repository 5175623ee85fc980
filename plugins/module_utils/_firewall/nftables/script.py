# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""From planner steps to one transaction: entries of sets where only these change, else whole chains replaced with their sets; nothing else named."""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Sequence, Set, Tuple, Union

from ..._model.rule import USER_CHAIN, Rule
from ..base import CREATE, DELETE, FirewallStep
from .groups import arrange, render_changes, render_group
from .layout import BRIDGE, INET, TABLE
from .objects import BaseChain, RuleChain
from .read import Listing

Work = Tuple[str, Union[RuleChain, BaseChain], Sequence[Rule]]  # what is done, what to or with, and the rules that stand


def transaction_text(steps: Sequence[FirewallStep], listings: Mapping[str, Listing]) -> str:
    """Return the input of `nft -f` for the steps of one place."""
    return "".join("%s\n" % line for layer in (INET, BRIDGE) for line in _layer_lines(list(_works(steps, layer)), layer, listings[layer]))


def _works(steps: Sequence[FirewallStep], layer: str) -> Iterable[Work]:
    for step in steps:
        item = step.current if step.action == DELETE else step.desired
        if isinstance(item, (RuleChain, BaseChain)) and (item.layer if isinstance(item, BaseChain) else INET) == layer:
            yield step.action, item, step.current.held if isinstance(step.current, RuleChain) else ()


def _layer_lines(works: Sequence[Work], layer: str, listing: Listing) -> List[str]:
    if not works:
        return []
    at = "%s %s" % (layer, TABLE)
    made: List[str] = []
    emptied: List[str] = []
    filled: List[str] = []
    bases: List[str] = []
    gone: List[str] = []
    left = set(listing.chains)
    for action, item, standing in works:
        name = item.written
        left = left - {name} if action == DELETE else left | {name}
        if isinstance(item, BaseChain):
            if action != CREATE:
                emptied.append("flush chain %s %s" % (at, name))
                # Neither hook nor priority of a chain can be changed.
                emptied.append("delete chain %s %s" % (at, name))
            if action != DELETE:
                bases.extend(_base_lines(item, at))
            continue
        if action not in (CREATE, DELETE) and item.name != USER_CHAIN:
            entries = render_changes(standing, item.held, name, _sets_of(name, listing))
            if entries is not None:
                filled.extend(line % at for line in entries)
                continue
        if action == CREATE:
            # Fails where somebody made it since it was read.
            made.append("create chain %s %s" % (at, name))
        elif item.name != USER_CHAIN:
            emptied.append("flush chain %s %s" % (at, name))
            gone.extend("delete %s %s %s" % (_kind(listing, entry), at, entry) for entry in _sets_of(name, listing))
        if action == DELETE:
            gone.append("delete chain %s %s" % (at, name))
        elif item.name != USER_CHAIN:
            for number, group in enumerate(arrange(item.held), 1):
                filled.extend(_added(line, at) for line in render_group(group, name, number))
    if not left and not listing.others and not _strange_sets(works, listing):
        return ["delete table %s" % at]
    return ["add table %s" % at, *made, *emptied, *_in_order(gone), *filled, *bases]


def _in_order(gone: Sequence[str]) -> List[str]:
    """Chains lead to each other, so all are empty before one goes; sets go first."""
    return sorted(gone, key=lambda line: line.startswith("delete chain"))


def _base_lines(item: BaseChain, at: str) -> List[str]:
    made = "create chain %s %s { type %s hook %s priority %s; policy %s; }" % (at, item.written, item.sort, item.hook, item.priority, item.policy)
    return [made, *("add rule %s %s %s" % (at, item.written, line) for line in item.lines or ())]


def _added(line: str, at: str) -> str:
    kind, _space, rest = line.partition(" ")
    return "add %s %s %s" % (kind, at, rest)


def _sets_of(chain: str, listing: Listing) -> List[str]:
    return [name for name in listing.sets if name.rpartition(".")[0] == chain]


def _kind(listing: Listing, name: str) -> str:
    return "map" if name in listing.maps else "set"


def _strange_sets(works: Sequence[Work], listing: Listing) -> Set[str]:
    ours: Dict[str, None] = {name: None for _action, item, _standing in works for name in _sets_of(item.written, listing)}
    return set(listing.sets) - set(ours)
