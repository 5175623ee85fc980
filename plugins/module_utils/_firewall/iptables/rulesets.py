# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Every rule that iptables shows, behind either kernel interface."""

from __future__ import annotations

from typing import Dict, FrozenSet, List, Mapping, Tuple

from ..base import HasTool, RunCommand
from ..rulesets import Entry, Hook, RuleSet
from .parse import Table, read_verdict
from .read import read_rule
from .translations import INCOMPATIBLE, NFTABLES_FAMILIES, saved_rule_sets

PRIORITIES: Mapping[Tuple[str, str], int] = {
    **{("raw", chain): -300 for chain in ("PREROUTING", "OUTPUT")},
    **{("mangle", chain): -150 for chain in ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")},
    **{("nat", chain): -100 for chain in ("PREROUTING", "OUTPUT")},
    **{("filter", chain): 0 for chain in ("INPUT", "FORWARD", "OUTPUT")},
    **{("security", chain): 50 for chain in ("INPUT", "FORWARD", "OUTPUT")},
    **{("nat", chain): 100 for chain in ("INPUT", "POSTROUTING")},
}
FROM_OTHERS = "-m addrtype ! --src-type LOCAL "


def read_iptables(run: RunCommand, has_tool: HasTool) -> Tuple[List[RuleSet], FrozenSet[Tuple[str, str]]]:
    """Return all tables, and which of nftables' they are."""
    found: List[RuleSet] = []
    known: List[Tuple[str, str]] = []
    for family, tool, out, tables in saved_rule_sets(run, has_tool):
        if "legacy" not in tool and INCOMPATIBLE in out:
            continue  # nft tells it whole
        found.extend(_read_table(table, family) for table in tables)
        if "legacy" not in tool:
            known.extend((NFTABLES_FAMILIES[family], table.name) for table in tables)
    return found, frozenset(known)


def _read_table(table: Table, family: int) -> RuleSet:
    chains: Dict[str, Tuple[Entry, ...]] = {name: tuple(_read_entry(rule, family, table.name, name) for rule in rules) for name, rules in table.rules.items()}
    hooks = (Hook(name.lower(), PRIORITIES.get((table.name, name), 0), name, policy, translates=table.name == "nat") for name, policy in table.policies.items())
    return RuleSet(family, "%s -t %s" % ("ip6tables" if family == 6 else "iptables", table.name), chains, tuple(hooks))


def _read_entry(text: str, family: int, table: str, chain: str) -> Entry:
    rule = read_rule(text.replace(FROM_OTHERS, ""), family, table, chain)
    return Entry(rule, "-A %s %s" % (chain, text), read_verdict(text)[0] == "g", FROM_OTHERS in text)
