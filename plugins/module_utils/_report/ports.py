# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Published ports, put together again from the rules that they became: one row for each publication."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from .._firewall.published import gather
from .._model.firewall import rules_of
from .._model.rule import Rule
from .._model.snapshot import Snapshot


def describe_ports(snapshot: Snapshot, scope: Optional[str]) -> List[Dict[str, Any]]:
    """Return what is published, and what endpoints of routed networks open at their own addresses, sorted by scope, endpoint and port."""
    rows: Dict[Tuple[object, ...], Dict[str, Any]] = {}
    found = gather(rule for rule in rules_of(snapshot.firewall()) if scope in (None, rule.scope))
    for rule in sorted(found, key=_order):
        row = rows.setdefault(
            _shape(rule),
            {
                "scope": rule.scope,
                "endpoint": rule.owner,
                "protocol": rule.protocol,
                "host_ip": _plain(rule.destination) if rule.target == "DNAT" else None,
                "published": _range(rule) if rule.target == "DNAT" else None,
                "target": _range(rule, rule.to_port),
                "addresses": [],
                "allowed_sources": [],
            },
        )
        for key, value in (("addresses", _address(rule)), ("allowed_sources", rule.source)):
            if value is not None and value not in row[key]:
                row[key].append(value)
    return list(rows.values())


def _shape(rule: Rule) -> Tuple[object, ...]:
    """Return what one publication has in common: its rules differ in address and source."""
    translated = rule.target == "DNAT"
    host, (first, last) = (rule.destination or "") if translated else "", rule.destination_ports or (0, 0)
    return rule.scope, rule.owner, rule.protocol or "", host, first, last, rule.to_port or first, translated, rule.source is None


def _order(rule: Rule) -> Tuple[object, ...]:
    return _shape(rule), rule.family, _address(rule), rule.source or ""


def _address(rule: Rule) -> str:
    return (rule.to if rule.target == "DNAT" else _plain(rule.destination)) or ""


def _plain(network: Optional[str]) -> Optional[str]:
    return network.partition("/")[0] if network else None


def _range(rule: Rule, start: Optional[int] = None) -> str:
    first, last = rule.destination_ports or (0, 0)
    start = first if start is None else start
    return str(start) if first == last else "%d-%d" % (start, start + last - first)
