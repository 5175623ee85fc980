# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Host ports that two scopes publish: the first rule would take every packet, and nobody would tell the second."""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, Tuple

from .._model.firewall import FirewallObject
from .._model.objects import KernelObject
from .._model.published import share_address
from .._model.rule import Rule


def held_ports(objects: Iterable[KernelObject], scope: str) -> Iterator[str]:
    """Yield what to say of each port of a scope that another one publishes too."""
    told = set()
    for item in objects:
        rules = item.held if isinstance(item, FirewallObject) else ()
        for port, protocol, owner in _clashes([rule for rule in rules if rule.is_ours and rule.target == "DNAT" and rule.destination_ports], scope):
            line = "host port %d/%s is published by scope '%s' already; choose another port or host_ip, or remove it there" % (port, protocol, owner)
            if line not in told:
                told.add(line)
                yield line


def _clashes(rules: List[Rule], scope: str) -> Iterator[Tuple[int, str, str]]:
    by_protocol: Dict[str, Tuple[List[Rule], List[Rule]]] = {}
    for rule in rules:
        ours, others = by_protocol.setdefault(rule.protocol or "", ([], []))
        (ours if rule.scope == scope else others).append(rule)
    for protocol, (ours, others) in by_protocol.items():
        for rule in ours if others else ():
            for other in others:
                (first, last), (start, end) = rule.destination_ports or (0, 0), other.destination_ports or (0, 0)
                if first <= end and start <= last and share_address(rule.destination, other.destination):
                    yield max(first, start), protocol, other.scope
