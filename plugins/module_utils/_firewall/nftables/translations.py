# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Translations in native nftables, from what `nft -j list` tells. What is not understood is left out: others wrote it for the kernel, not for us."""

from __future__ import annotations

import json
from typing import Any, Collection, Dict, Iterator, List, Optional, Set, Tuple

from ..._model.translation import Translation
from ..base import HasTool, RunCommand
from ..taken import EVERY_PORT, Match, Span

FAMILIES = {"ip": (4,), "ip6": (6,), "inet": (4, 6)}
Where = Tuple[str, str]  # family, table
Targets = List[Tuple[Match, str]]


def find_nftables_translations(run: RunCommand, has_tool: HasTool, known: Collection[Where]) -> List[Translation]:
    """Return what leads elsewhere in tables that are not known already; where there are no chains for it, no rules are read."""
    if not has_tool("nft"):
        return []
    code, chains, _err = run(["nft", "-j", "list", "chains"], None)
    if code or not _find_heads(read_items(chains), known):
        return []
    code, out, _err = run(["nft", "-j", "list", "ruleset"], None)
    return read_translations(out, known) if code == 0 else []


def read_translations(text: str, known: Collection[Where] = ()) -> List[Translation]:
    try:
        return list(_Ruleset(read_items(text), known).translations())
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return []


def read_items(text: str) -> List[Tuple[str, Dict[str, Any]]]:
    """Return the objects, each with its kind."""
    try:
        return [(kind, body) for item in json.loads(text)["nftables"] for kind, body in item.items() if isinstance(body, dict)]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def where_of(body: Dict[str, Any]) -> Where:
    return body.get("family", ""), body.get("table", "")


def _find_heads(items: List[Tuple[str, Dict[str, Any]]], known: Collection[Where]) -> List[Tuple[Where, str]]:
    """Return the chains that packets from outside come to."""
    chains = (body for kind, body in items if kind == "chain" and body.get("type") == "nat" and body.get("hook") == "prerouting")
    return [(where_of(body), body.get("name", "")) for body in chains if where_of(body) not in known]


class _Ruleset:
    def __init__(self, items: List[Tuple[str, Dict[str, Any]]], known: Collection[Where]) -> None:
        self.rules: Dict[Tuple[Where, str], List[List[Any]]] = {}
        self.sets: Dict[Tuple[Where, str], Any] = {}
        self.heads = _find_heads(items, known)
        for kind, body in items:
            if kind == "rule":
                self.rules.setdefault((where_of(body), body["chain"]), []).append(body["expr"])
            elif kind in ("set", "map"):
                self.sets[where_of(body), body["name"]] = body.get("elem", [])

    def translations(self) -> Iterator[Translation]:
        for where, head in self.heads:
            seen: Set[Tuple[str, Match]] = set()
            pending: List[Tuple[str, Match]] = [(head, Match())]
            while pending:
                chain, before = pending.pop()
                if (chain, before) in seen:
                    continue
                seen.add((chain, before))
                for expressions in self.rules.get((where, chain), ()):
                    jumps: Targets = []
                    for match in self._taken(where, before, expressions, jumps):
                        for family in FAMILIES.get(where[0], ()):
                            if match.host is None or (":" in match.host) == (family == 6):
                                words = "nft table %s %s, chain %s" % (*where, chain)
                                yield from (Translation(family, match.protocol, span, match.host, match.limited, words) for span in match.ports)
                    pending.extend((target, match) for match, target in jumps)

    def _taken(self, where: Where, before: Match, expressions: List[Any], jumps: Targets) -> Iterator[Match]:
        """Yield what a rule translates; what it leads to other chains goes into `jumps`."""
        match = before
        for expression in expressions:
            kind, body = words_of(expression)
            if kind == "match":
                left = self._narrowed(where, match, body)
                if left is None:
                    return
                match = left
            elif kind in ("jump", "goto"):
                jumps.append((match, body["target"]))
            elif kind == "vmap" and _is_port(body["key"]):
                jumps.extend(
                    (self._at(where, match, key, body["key"]), to[name]["target"])
                    for key, to in self._elements(where, body["data"])
                    for name in ("jump", "goto")
                    if isinstance(to, dict) and name in to
                )
            elif kind in ("dnat", "redirect"):
                mapped = body.get("addr") if isinstance(body, dict) else None
                if isinstance(mapped, dict) and _is_port(mapped.get("map", {}).get("key")):
                    yield from (self._at(where, match, key, mapped["map"]["key"]) for key, _to in self._elements(where, mapped["map"]["data"]))
                else:
                    yield match

    def _narrowed(self, where: Where, match: Match, body: Dict[str, Any]) -> Optional[Match]:
        left, right, equal = body["left"], body["right"], body["op"] in ("==", "in")
        payload = left.get("payload", {}) if isinstance(left, dict) else {}
        if _is_port(left) and equal:
            return self._at(where, match, right, left)
        if payload.get("field") == "daddr" and equal and isinstance(right, str) and not right.startswith("@"):
            return match._replace(host=right)
        if "fib" in left:
            return match if (right == "local") == equal else None
        if left.get("meta", {}).get("key") == "l4proto" and equal and isinstance(right, str):
            return match._replace(protocol=right)
        return match._replace(limited=match.limited or equal)

    def _at(self, where: Where, match: Match, ports: Any, key: Any) -> Match:
        protocol = key["payload"]["protocol"]
        spans = tuple(self._spans(where, ports))
        return match._replace(ports=spans or EVERY_PORT, limited=match.limited or not spans, protocol=match.protocol if protocol == "th" else protocol)

    def _spans(self, where: Where, value: Any) -> Iterator[Span]:
        if isinstance(value, int):
            yield value, value
        elif isinstance(value, dict) and "range" in value:
            yield value["range"][0], value["range"][1]
        elif isinstance(value, dict) and "set" in value:
            for item in value["set"]:
                yield from self._spans(where, item)
        elif isinstance(value, str) and value.startswith("@"):
            for item in self.sets.get((where, value[1:]), ()):
                yield from self._spans(where, item)

    def _elements(self, where: Where, data: Any) -> List[Any]:
        found = data["set"] if isinstance(data, dict) else self.sets.get((where, data[1:]), [])
        return list(found)


def words_of(expression: Any) -> Tuple[str, Any]:
    if not isinstance(expression, dict):
        return str(expression), None
    ((kind, body),) = expression.items()
    return kind, body


def _is_port(key: Any) -> bool:
    return isinstance(key, dict) and isinstance(key.get("payload"), dict) and key["payload"].get("field") == "dport"
