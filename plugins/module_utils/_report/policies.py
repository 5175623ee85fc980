# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Policies as they stand, put together again from the rules that they became."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional, Tuple

from .._model.firewall import rules_of
from .._model.rule import LOG, POLICIES_PREFIX, Rule, policy_of
from .._model.snapshot import Snapshot

TABLE = "security"  # where what they deny is dropped


def describe_policies(snapshot: Snapshot, scope: Optional[str]) -> List[Dict[str, Any]]:
    """Return the policies, sorted by scope and in their order. Whom they name is told by addresses, and by the links of networks that are named whole."""
    rows: Dict[Tuple[str, str], Dict[str, Any]] = {}
    for rule in sorted((rule for rule in rules_of(snapshot.firewall()) if _is_of_policy(rule, scope)), key=_order):
        row = rows.setdefault((rule.scope, policy_of(rule)), _empty(rule))
        for key, value in _told(rule):
            if value not in row[key]:
                row[key].append(value)
        if rule.target == LOG:
            row["log"] = True
        elif rule.target in ("ACCEPT", "DROP"):
            row["action"] = "allow" if rule.target == "ACCEPT" else "deny"
    return list(rows.values())


def _is_of_policy(rule: Rule, scope: Optional[str]) -> bool:
    return rule.table == TABLE and bool(policy_of(rule)) and scope in (None, rule.scope)


def _order(rule: Rule) -> Tuple[object, ...]:
    """The entrance, whose rank is that of the policy, comes before what it leads to."""
    entered = not rule.chain.startswith(POLICIES_PREFIX)
    return rule.scope, entered, rule.rank, rule.family, rule.source or "", rule.destination or "", rule.protocol or "", rule.destination_ports or ()


def _empty(rule: Rule) -> Dict[str, Any]:
    return {"name": policy_of(rule), "scope": rule.scope, "action": "", "log": False, "from": [], "to": [], "ports": []}


def _told(rule: Rule) -> Iterator[Tuple[str, str]]:
    for key, values in (("from", (rule.in_interface, rule.source)), ("to", (rule.out_interface, rule.destination))):
        yield from ((key, value.partition("/")[0] if value.endswith(("/32", "/128")) else value) for value in values if value is not None)
    if rule.protocol and rule.destination_ports and rule.target != LOG:
        first, last = rule.destination_ports
        yield "ports", "%d%s/%s" % (first, "" if first == last else "-%d" % last, rule.protocol)
