# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""From the text of `iptables-save` to our chains and the jumps that lead to them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Dict, List, Optional, Set, Tuple

from .._model.mark import PREFIX
from .._model.objects import Chain, Jump, KernelObject
from .layout import HEADS, is_ours

# Targets after which a packet does not come to the next rule.
FINAL = frozenset(
    ("ACCEPT", "DROP", "REJECT", "RETURN", "QUEUE", "NFQUEUE", "TPROXY", "TARPIT", "SYNPROXY", "STEAL", "MASQUERADE", "SNAT", "DNAT", "REDIRECT", "NETMAP")
)
# Without /etc/protocols, or in other versions, the tool prints numbers or another name.
PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "58": "ipv6-icmp", "icmpv6": "ipv6-icmp", "132": "sctp"}
_PROTOCOL = re.compile(r" -p (%s) " % "|".join(PROTOCOLS))
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_VERDICT = re.compile(r" -([jg]) (\S+)")
_COMMENT = re.compile(r' --comment "%s:([^:"]*):[^:"]*:([0-9]+)"' % PREFIX)


def parse_dump(text: str, family: int, place: str) -> Tuple[KernelObject, ...]:
    """Return our chains of one family, and what in a built-in chain leads to them."""
    chains: Dict[Tuple[str, str], List[str]] = {}
    jumps: Dict[Tuple[str, str, str], Jump] = {}
    builtin: Set[str] = set()
    closed: Set[str] = set()  # built-in chains with a final verdict so far
    table = ""
    for line in text.splitlines():
        if line.startswith("-A "):
            name, _space, rule = line[3:].partition(" ")
            if (table, name) in chains:
                chains[table, name].append(_PROTOCOL.sub(_protocol_name, line))
            elif name in builtin:
                kind, target = _verdict(rule)
                if is_ours(target):
                    key = (table, name, rule)
                    leads = target not in HEADS or name not in closed
                    first = jumps.get(key, Jump(place, family, table, name, rule, leads, 0))
                    jumps[key] = replace(first, copies=(first.copies or 0) + 1)
                elif kind == "g" or target in FINAL:
                    closed.add(name)
        elif line.startswith(":"):
            name, policy = line[1:].split(" ")[:2]
            if policy != "-":
                builtin.add(name)
            elif is_ours(name):
                chains[table, name] = []
        elif line.startswith("*"):
            table, builtin, closed = line[1:].strip(), set(), set()
    found: List[KernelObject] = [Chain(place, family, table, name, tuple(lines)) for (table, name), lines in chains.items()]
    found.extend(jumps.values())
    return tuple(found)


def _protocol_name(match: re.Match[str]) -> str:
    return " -p %s " % PROTOCOLS[match.group(1)]


def _verdict(rule: str) -> Tuple[str, str]:
    """Return `j` or `g` and the target of a rule; a comment may say anything."""
    match = _VERDICT.search(" " + _QUOTED.sub('""', rule))
    return (match.group(1), match.group(2)) if match else ("", "")


def read_label(line: str) -> Optional[Tuple[str, int]]:
    """Return the scope and rank that a line of ours carries in its comment."""
    match = _COMMENT.search(line)
    return (match.group(1), int(match.group(2))) if match else None


def target_of(line: str) -> str:
    """Return the target of a line of ours."""
    return line.rpartition(" -j ")[2].split(" ")[0]
