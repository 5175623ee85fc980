# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the rules of others in a nat table translate."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Iterator, List, Optional, Sequence, Set, Tuple

from ..._model.rule import is_own_chain
from ..._model.translation import Translation
from ..base import HasTool, RunCommand
from ..taken import Match, Span
from .layout import TOOLS, VARIANTS
from .legacy import legacy_tables
from .parse import Table, read_tables, read_verdict
from .read import PROTOCOLS, WORD

# Matches that do not tell some packets to a port of the host from others, or whose options are read.
_READ = frozenset(("tcp", "udp", "sctp", "comment", "multiport", "addrtype", "conntrack", "statistic"))
LOCAL_TYPE, NETWORKS = "LOCAL", {4: "/32", 6: "/128"}
INCOMPATIBLE = "incompatible"  # a comment says so of a table that holds what iptables has no words for, and leaves that out
NFTABLES_FAMILIES = {4: "ip", 6: "ip6"}


def find_iptables_translations(run: RunCommand, has_tool: HasTool) -> Tuple[List[Translation], Set[Tuple[str, str]]]:
    """Return what rules behind either kernel interface of iptables translate, and which tables of nftables were read so: such a table whole, or not at all."""
    found: List[Translation] = []
    known: Set[Tuple[str, str]] = set()
    for family, tool, out, tables in saved_rule_sets(run, has_tool, "nat"):
        for table in tables:
            found.extend(find_translations(table, family))
            if "nft" in tool and INCOMPATIBLE not in out:
                known.add((NFTABLES_FAMILIES[family], table.name))
    return found, known


def saved_rule_sets(run: RunCommand, has_tool: HasTool, table: str = "") -> Iterator[Tuple[int, str, str, Sequence[Table]]]:
    """Yield what each tool shows, of one table or of all: family, tool, its text and the tables in it."""
    held = lru_cache(maxsize=None)(partial(legacy_tables, run))
    for family, tools in TOOLS.items():
        for tool in [*filter(has_tool, VARIANTS[family])] or [*filter(has_tool, [tools.save])]:
            if "legacy" in tool and not (table in held()[family] if table else held()[family]):
                continue  # its own tool would make the table
            code, out, _err = run([tool, *(["-t", table] if table else [])], None)
            if code == 0:
                yield family, tool, out, _tables_of(out)


def _tables_of(out: str) -> Sequence[Table]:
    try:
        return read_tables(out)
    except ValueError:
        return ()


def find_translations(table: Table, family: int) -> Iterator[Translation]:
    """Yield what the rules of others in a nat table take of the packets to this host."""
    seen: Set[Tuple[str, Match]] = set()
    told: Set[Tuple[object, ...]] = set()
    pending: List[Tuple[str, Match]] = [("PREROUTING", Match())]
    while pending:
        chain, before = pending.pop()
        if (chain, before) in seen:
            continue
        seen.add((chain, before))
        for rule in table.rules.get(chain, ()):
            target = read_verdict(rule)[1]
            if is_own_chain(target) or not (target in ("DNAT", "REDIRECT") or target in table.rules):
                continue
            match = _narrowed(before, rule, family)
            if match is None:
                continue
            if target in table.rules:
                pending.append((target, match))
            elif (match, target) not in told:
                told.add((match, target))
                for span in match.ports:
                    yield Translation(family, match.protocol, span, match.host, match.limited, "-A %s %s" % (chain, rule))


def _narrowed(before: Match, rule: str, family: int) -> Optional[Match]:
    """Return what a rule leaves of what came to it, or None where that is nothing the host has."""
    match, negated = before, False
    words = WORD.findall(rule)
    for word, value in zip(words, [*words[1:], ""]):
        if word in ("-j", "-g"):
            break
        if word == "-p" and not negated:
            match = match._replace(protocol=PROTOCOLS.get(value, value))
        elif word in ("--dport", "--dports", "--destination-port", "--destination-ports") and not negated:
            ports = tuple(_meet(match.ports, value))
            if not ports:
                return None
            match = match._replace(ports=ports)
        elif word == "-d" and not negated:
            match = match._replace(host=value[: -len(NETWORKS[family])] if value.endswith(NETWORKS[family]) else value)
        elif word == "--dst-type" and (value == LOCAL_TYPE) == negated:
            return None
        elif (word in ("-i", "-s") and not negated) or (word == "-m" and value not in _READ):
            match = match._replace(limited=True)
        negated = word == "!"
    return match


def _meet(spans: Sequence[Span], text: str) -> Iterator[Span]:
    for part in text.split(","):
        first, _colon, last = part.partition(":")
        if not first.isdigit():
            continue
        wanted = (int(first), int(last or first))
        for span in spans:
            low, high = max(span[0], wanted[0]), min(span[1], wanted[1])
            if low <= high:
                yield low, high
