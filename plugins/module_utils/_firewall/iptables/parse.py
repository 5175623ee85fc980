# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""From the text of `iptables-save` to our chains and the jumps that lead to them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Collection, Dict, FrozenSet, Iterator, List, Tuple

from ..._model.firewall import FirewallObject
from ..._model.rule import is_own_chain
from .layout import HEADS
from .objects import Chain, Jump
from .read import read_rule

# Targets after which a packet does not come to the next rule.
FINAL = frozenset(
    ("ACCEPT", "DROP", "REJECT", "RETURN", "QUEUE", "NFQUEUE", "TPROXY", "TARPIT", "SYNPROXY", "STEAL", "MASQUERADE", "SNAT", "DNAT", "REDIRECT", "NETMAP")
)
# Without /etc/protocols, or in other versions, the tool prints numbers or another name.
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_NOTE = re.compile(r'-m comment --comment ("(?:[^"\\]|\\.)*"|\S+) ?')
_VERDICT = re.compile(r" -([jg]) (\S+)")


def parse_dump(text: str, family: int, place: str) -> Tuple[FirewallObject, ...]:
    """Return our chains of one family, and what in a built-in chain leads to them."""
    found: List[FirewallObject] = []
    for table in read_tables(text):
        found.extend(
            Chain(place, family, table.name, name, tuple(read_rule(rule, family, table.name, name) for rule in rules))
            for name, rules in table.rules.items()
            if is_own_chain(name)
        )
        for parent in (name for name in table.rules if name in table.builtin):
            found.extend(_jumps(table, parent, family, place).values())
    return tuple(found)


def _jumps(table: Table, parent: str, family: int, place: str) -> Dict[str, Jump]:
    jumps: Dict[str, Jump] = {}
    closed = False  # by a final verdict so far
    for rule in table.rules[parent]:
        kind, target = read_verdict(rule)
        if is_own_chain(target):
            first = jumps.get(rule, Jump(place, family, table.name, parent, rule, target not in HEADS or not closed, 0))
            jumps[rule] = replace(first, copies=(first.copies or 0) + 1)
        elif kind == "g" or target in FINAL or table.ends(target):
            closed = True
    return jumps


@dataclass
class Table:
    """What the tool saves of one table: the rules of each chain, without the words that name the chain."""

    name: str
    policies: Dict[str, str] = field(default_factory=dict)  # of the built-in chains
    rules: Dict[str, List[str]] = field(default_factory=dict)

    @property
    def builtin(self) -> Collection[str]:
        return self.policies.keys()

    def ends(self, chain: str, callers: FrozenSet[str] = frozenset()) -> bool:
        """Tell whether somebody else's chain ends in a final verdict: what a packet that enters it meets at last."""
        if chain in callers or is_own_chain(chain):
            return False
        rules = self.rules.get(chain, [])
        for position, rule in enumerate(rules):
            target, always = read_verdict(rule)[1], is_unconditional(rule)
            if target == "RETURN" and always:
                return False
            final = target in FINAL and target != "RETURN"
            if (always or position == len(rules) - 1) and (final or self.ends(target, callers | {chain})):
                return True
        return False


def read_tables(text: str) -> List[Table]:
    """Return the tables of a dump; ValueError with the line that belongs to none: what was not read must not pass for what is not there."""
    tables: List[Table] = []
    whole = True
    for line in _whole_lines(text):
        if line.startswith("*") and whole:
            tables.append(Table(line[1:].strip()))
            whole = False
        elif line == "COMMIT" and not whole:
            whole = True
        elif line.startswith(":") and not whole and line.count(" "):
            name, policy = line[1:].split(" ")[:2]
            tables[-1].rules[name] = []
            if policy != "-":
                tables[-1].policies[name] = policy
        elif line.startswith("-A ") and not whole:
            name, _space, rule = line[3:].partition(" ")
            tables[-1].rules.setdefault(name, []).append(rule)
        elif line and not line.startswith("#"):
            raise ValueError(line)
    if not whole:
        raise ValueError("table %s without its end" % tables[-1].name)
    return tables


def _whole_lines(text: str) -> Iterator[str]:
    """Yield the lines of a dump; a comment of somebody's rule may hold line breaks."""
    begun = ""
    for line in text.splitlines():
        begun = "%s\n%s" % (begun, line) if begun else line
        if not begun.startswith("-A ") or '"' not in _QUOTED.sub("", begun):
            yield begun.strip()
            begun = ""
    if begun:
        raise ValueError(begun)


def is_unconditional(rule: str) -> bool:
    return _NOTE.sub("", rule).lstrip().startswith(("-j ", "-g "))


def read_verdict(rule: str) -> Tuple[str, str]:
    """Return `j` or `g` and the target of a rule; a comment may say anything."""
    match = _VERDICT.search(" " + _QUOTED.sub('""', rule))
    return (match.group(1), match.group(2)) if match else ("", "")
