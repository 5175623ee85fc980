# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Firewall rules as short lines, and from the lines that iptables saves."""

from __future__ import annotations

from typing import Dict, List, Tuple

from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.read import read_rule
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import Rule

ALONE = {4: "/32", 6: "/128"}  # not shown of a single address


def words(rule: Rule) -> str:
    """Write a rule as a short line: rank, matches, target."""
    parts: List[str] = [str(rule.rank)]
    for name, value in (("s", rule.source), ("d", rule.destination), ("i", rule.in_interface), ("o", rule.out_interface)):
        if value:
            parts.append("%s=%s" % (name, value[: -len(ALONE[rule.family])] if value.endswith(ALONE[rule.family]) else value))
    if rule.protocol:
        parts.append(rule.protocol + (":%d-%d" % rule.destination_ports if rule.destination_ports else ""))
    if rule.icmp_type is not None:
        parts.append("type=%d" % rule.icmp_type)
    if rule.vni is not None:
        parts.append("vni=%d" % rule.vni)
    if rule.of_users is not None:
        parts.append("users=%d-%d" % rule.of_users)
    parts += [
        word
        for word, there in (
            ("off-path", rule.off_path),
            ("to-host", rule.to_host),
            ("not-unicast", rule.not_unicast),
            ("sealed", rule.sealed),
            ("not-bridged", rule.not_bridged),
        )
        if there
    ]
    if rule.ct_state:
        parts.append(",".join(rule.ct_state))
    return " ".join([*parts, rule.target, *([end(rule)] if rule.to else [])])


def end(rule: Rule) -> str:
    """Return where a rule leads to."""
    if rule.to_port is None:
        return str(rule.to)
    return "[%s]:%d" % (rule.to, rule.to_port) if ":" in str(rule.to) else "%s:%d" % (rule.to, rule.to_port)


def read(line: str, family: int = 4, table: str = "filter") -> Rule:
    """Return the rule of a saved line."""
    _add, chain, saved = line.split(" ", 2)
    return read_rule(saved, family, table, chain)


def chains(rules: Tuple[Rule, ...], family: int = 4) -> Dict[str, List[str]]:
    """Return the lines of each chain in the order of their ranks."""
    found: Dict[str, List[str]] = {}
    for rule in sorted((rule for rule in rules if rule.family == family), key=lambda rule: rule.rank):
        found.setdefault("%s/%s" % (rule.table, rule.chain), []).append(words(rule))
    return found
