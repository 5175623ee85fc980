# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the rules of a scope that stand do."""

from __future__ import annotations

from typing import List, Sequence, Set

from .._model.firewall import rules_of
from .._model.objects import KernelObject
from .._model.rule import INPUT_CHAIN, POSTROUTING_CHAIN
from .._model.translation import Holdings, Translation


def read_standing(objects: Sequence[KernelObject], scope: str) -> Holdings:
    """Return which ports a scope and the others publish, its fixed source addresses, and the interfaces towards which it closes the host."""
    published: List[Translation] = []
    beside: List[Translation] = []
    sources: Set[str] = set()
    closed: Set[str] = set()
    for rule in rules_of(objects):
        if not rule.is_ours:
            continue
        if rule.target == "DNAT" and rule.destination_ports and rule.protocol:
            host = rule.destination.partition("/")[0] if rule.destination else None
            target = rule.to_port if rule.to_port is not None else rule.destination_ports[0]
            stands = Translation(rule.family, rule.protocol, rule.destination_ports, host, owner=rule.owner, target=target)
            (published if rule.scope == scope else beside).append(stands)
        elif rule.scope != scope:
            continue
        elif rule.chain == POSTROUTING_CHAIN and rule.target == "SNAT" and rule.to:
            sources.add(rule.to)
        elif rule.chain == INPUT_CHAIN and rule.target == "DROP" and rule.in_interface and not rule.in_interface.startswith("!"):
            closed.add(rule.in_interface)
    return Holdings(published=tuple(published), beside=tuple(beside), sources=frozenset(sources), closed=frozenset(closed))
