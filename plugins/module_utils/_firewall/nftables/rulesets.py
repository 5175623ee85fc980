# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Every rule of native nftables, from what `nft -j list ruleset` tells, as rules like ours; what has no words there makes a rule partial."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from math import prod
from types import MappingProxyType
from typing import Any, Collection, Dict, FrozenSet, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..._model.errors import FirewallError
from ..._model.rule import STATES, STRANGE, Rule
from ..base import HasTool, RunCommand
from ..rulesets import BRIDGED, Entry, Hook, RuleSet
from .backend import read_tables
from .layout import INET, TABLE, name_chain
from .read import rules_by_handle
from .translations import FAMILIES, Where, read_items, where_of, words_of
from .words import show_rule

LAYERS = {**FAMILIES, "bridge": (4, 6), "netdev": (4, 6)}
VERDICTS = {word: word.upper() for word in ("accept", "drop", "reject", "return", "masquerade", "snat", "dnat", "redirect", "queue")}
SILENT = frozenset(("counter", "log", "comment", "notrack", "ct helper"))
ALTERNATIVES = 64  # that a rule is taken apart into
Fields = Dict[str, Any]
Devices = Mapping[Tuple[str, str], Sequence[str]]
Own = Mapping[int, Sequence[Rule]]
NETDEV = "netdev"
OURS = (INET, TABLE)
NOTHING: Mapping[Any, Any] = MappingProxyType({})


def read_nftables(run: RunCommand, has_tool: HasTool, known: FrozenSet[Where]) -> List[RuleSet]:
    """Return all tables but those that are known."""
    if not has_tool("nft"):
        return []
    code, out, _err = run(["nft", "-j", "list", "ruleset"], None)
    if code:
        return []
    items = read_items(out)
    own = rules_by_handle(read_tables(run)[INET]) if any(kind == "chain" and where_of(body) == OURS for kind, body in items) else NOTHING
    devices: Devices = {}
    if any(kind == "chain" and body.get("family") == NETDEV and "dev" not in body for kind, body in items):
        devices = read_devices(run(["nft", "list", "chains", NETDEV], None)[1])  # older releases name the devices of these chains for people only
    return read_rule_sets(out, known, devices, own)


def read_devices(text: str) -> Devices:
    """Return the devices of chains at the card, by table and chain, from what nft tells people."""
    found: Dict[Tuple[str, str], Sequence[str]] = {}
    table = chain = ""
    for line in text.splitlines():
        words = line.replace("{", " ").split()
        if words[:1] == ["table"]:
            table = words[2]
        elif words[:1] == ["chain"]:
            chain = words[1]
        elif "hook" in words:
            found[table, chain] = re.findall(r'"([^"]+)"', line.partition("priority")[0])
    return found


def read_rule_sets(text: str, known: Collection[Where] = (), devices: Devices = NOTHING, own: Own = NOTHING) -> List[RuleSet]:
    """Return each table once for each family. Of our own, `own` has by their handles the rules that we wrote ourselves."""
    items = [(kind, body) for kind, body in read_items(text) if kind in ("chain", "rule", "set", "map") and where_of(body) not in known]
    sets = {(where_of(body), body.get("name", "")): body.get("elem", []) for kind, body in items if kind in ("set", "map")}
    found: List[RuleSet] = []
    for where in dict.fromkeys(where_of(body) for kind, body in items if kind == "chain"):
        here = [(kind, body) for kind, body in items if where_of(body) == where]
        for family in LAYERS.get(where[0], ()):
            chains: Dict[str, List[Entry]] = {body["name"]: [] for kind, body in here if kind == "chain"}
            for kind, body in here:
                if kind == "rule":
                    written = own.get(body.get("handle", 0)) if where == OURS else None
                    entries = _Reader(where, family, sets).read(body) if written is None else _own_entries(written, family, chains)
                    chains.setdefault(body["chain"], []).extend(entries)
            hooks = (hook for kind, body in here if kind == "chain" for hook in _read_hooks(where[0], body, devices))
            found.append(RuleSet(family, "nft table %s %s" % where, {name: tuple(entries) for name, entries in chains.items()}, tuple(hooks)))
    return found


def _own_entries(rules: Sequence[Rule], family: int, chains: Collection[str]) -> Iterator[Entry]:
    for rule in rules:
        target = name_chain(family, rule.table, rule.target)
        if rule.family == family:
            yield Entry(replace(rule, target=target) if target in chains else rule, "chain %s" % show_rule(rule))


def _read_hooks(layer: str, body: Mapping[str, Any], known: Devices) -> Iterator[Hook]:
    if "hook" in body:
        name, devices = str(body["hook"]), body.get("dev", known.get((body.get("table", ""), body["name"]), ""))
        name = BRIDGED + name if layer == "bridge" else name
        priority = body.get("prio", 0) if isinstance(body.get("prio", 0), int) else 0
        for device in devices if isinstance(devices, list) else [devices]:
            yield Hook(name, priority, body["name"], str(body.get("policy", "accept")).upper(), body.get("type") == "nat", device)


class _Reader:
    """Reads the rules of one table for one family."""

    def __init__(self, where: Where, family: int, sets: Mapping[Tuple[Where, str], Any]) -> None:
        self._where, self._family, self._sets = where, family, sets

    def read(self, body: Mapping[str, Any]) -> Iterator[Entry]:
        """Yield a rule, as several where it names alternatives."""
        text = "chain %s: %s" % (body["chain"], show(body["expr"]))
        parts: List[List[Fields]] = []
        partial = False
        for expression in body["expr"]:
            kind, value = words_of(expression)
            if kind in SILENT:
                continue
            if kind == "vmap":
                yield from self._read_map(body["chain"], text, parts, value)
                return
            choices = self._read_expression(kind, value)
            partial = partial or choices is None
            if choices is not None and not choices:
                return  # of the other family
            parts.append(choices or [{}])
        if prod(map(len, parts)) > ALTERNATIVES:
            parts, partial = [[fields] for choices in parts for fields in choices if "target" in fields], True
        yield from (self._entry(body["chain"], text, fields, partial) for fields in map(_merged, product(*parts)))

    def _entry(self, chain: str, text: str, fields: Fields, partial: bool) -> Entry:
        goes, partial = bool(fields.pop("goes", False)), bool(fields.pop("partial", False)) or partial
        try:
            rule = Rule(self._family, self._where[1], chain, STRANGE, partial=partial, **{"target": "", **fields})
        except (FirewallError, TypeError, ValueError):
            rule = Rule(self._family, self._where[1], chain, STRANGE, str(fields.get("target", "")), partial=True)
        return Entry(rule, text, goes)

    def _read_map(self, chain: str, text: str, parts: List[List[Fields]], value: Any) -> Iterator[Entry]:
        elements = value["data"]["set"] if isinstance(value["data"], dict) else self._sets.get((self._where, str(value["data"])[1:]), [])
        for key, verdict in elements:
            choices = self._read_match({"left": value["key"], "right": key, "op": "=="})
            target = self._read_expression(*words_of(verdict))
            for fields in map(_merged, product(*parts, choices or [{}], target or [{}])):
                yield self._entry(chain, text, fields, choices is None)

    def _read_expression(self, kind: str, value: Any) -> Optional[List[Fields]]:
        if kind == "match":
            return self._read_match(value)
        if kind in ("jump", "goto"):
            return [{"target": value["target"], "goes": kind == "goto"}]
        if kind in ("dnat", "snat"):
            end = value if isinstance(value, dict) else {}
            if not isinstance(end.get("addr", ""), str) or not isinstance(end.get("port", 0), int):
                return [{"target": VERDICTS[kind]}]
            if end.get("addr") and (":" in end["addr"]) != (self._family == 6):
                return []
            return [{"target": VERDICTS[kind], "to": end.get("addr"), "to_port": end.get("port")}]
        if kind in VERDICTS:
            return [{"target": VERDICTS[kind]}]
        if kind == "mangle" and value.get("key") == {"meta": {"key": "mark"}} and isinstance(value.get("value"), int):
            return [{"target": "MARK", "to": "%#x/0xffffffff" % value["value"]}]
        return None

    def _read_match(self, body: Mapping[str, Any]) -> Optional[List[Fields]]:
        left, negated = body["left"], body["op"] == "!="
        if not isinstance(left, dict) or body["op"] not in ("==", "!=", "in"):
            return None
        ((kind, key),) = left.items()
        values = list(self._values(body["right"]))
        what = _name(kind, key)
        read = getattr(self, "_" + _NAMES.get(what, ""), None)
        return read(values, negated) if read is not None and values else None

    def _values(self, right: Any) -> Iterator[Any]:
        if isinstance(right, str) and right.startswith("@"):
            right = {"set": self._sets.get((self._where, right[1:]), [])}
        if isinstance(right, dict) and "elem" in right:
            right = right["elem"]["val"]
        if isinstance(right, dict) and "set" in right:
            for item in right["set"]:
                yield from self._values(item)
        elif isinstance(right, list):
            yield from right
        else:
            yield right

    def _protocol(self, values: List[Any], negated: bool) -> Optional[List[Fields]]:
        known = [{"icmpv6": "ipv6-icmp"}.get(value, value) for value in values if isinstance(value, str)]
        return None if negated or len(known) < len(values) else [{"protocol": value} for value in known]

    def _family_is(self, values: List[Any], negated: bool) -> Optional[List[Fields]]:
        mine = {4: ("ipv4", "ip"), 6: ("ipv6", "ip6")}[self._family]
        return [{}] if any(value in mine for value in values) != negated else []

    def _source(self, values: List[Any], negated: bool) -> Optional[List[Fields]]:
        return self._subnets("source", values, negated)

    def _destination(self, values: List[Any], negated: bool) -> Optional[List[Fields]]:
        return self._subnets("destination", values, negated)

    def _subnets(self, field: str, values: List[Any], negated: bool) -> Optional[List[Fields]]:
        texts = [_subnet(value) for value in values]
        if None in texts or (negated and len(texts) > 1):
            return None
        if any((":" in str(text)) != (self._family == 6) for text in texts):
            return []
        return [{field: "%s%s" % ("!" if negated else "", text)} for text in texts]

    def _arrival(self, values: List[Any], negated: bool) -> Optional[List[Fields]]:
        return _devices("in_interface", values, negated)

    def _departure(self, values: List[Any], negated: bool) -> Optional[List[Fields]]:
        return _devices("out_interface", values, negated)

    def _tcp_port(self, values: List[Any], negated: bool) -> Optional[List[Fields]]:
        return _ports("tcp", values, negated)

    def _udp_port(self, values: List[Any], negated: bool) -> Optional[List[Fields]]:
        return _ports("udp", values, negated)

    def _any_port(self, values: List[Any], negated: bool) -> Optional[List[Fields]]:
        return _ports(None, values, negated)

    def _address_type(self, values: List[Any], negated: bool) -> Optional[List[Fields]]:
        return [{"to_host": True}] if values == ["local"] and not negated else None

    def _states(self, values: List[Any], negated: bool) -> Optional[List[Fields]]:
        states = tuple(str(value).upper() for value in values)
        return None if negated or not set(states) <= set(STATES) else [{"ct_state": states}]

    def _kind_of_ping(self, values: List[Any], negated: bool) -> Optional[List[Fields]]:
        known = {"echo-request": {4: 8, 6: 128}, "echo-reply": {4: 0, 6: 129}}
        protocol = {4: "icmp", 6: "ipv6-icmp"}[self._family]
        if negated or not all(value in known for value in values):
            return None
        return [{"protocol": protocol, "icmp_type": known[value][self._family]} for value in values]


_NAMES = {
    "meta l4proto": "protocol",
    "ip protocol": "protocol",
    "ip6 nexthdr": "protocol",
    "meta nfproto": "family_is",
    "meta protocol": "family_is",
    "ip saddr": "source",
    "ip6 saddr": "source",
    "ip daddr": "destination",
    "ip6 daddr": "destination",
    "ether type": "family_is",
    "meta iifname": "arrival",
    "meta iif": "arrival",
    "meta oifname": "departure",
    "meta oif": "departure",
    "fib daddr type": "address_type",
    "ct state": "states",
    "ct status": "states",
    "tcp dport": "tcp_port",
    "udp dport": "udp_port",
    "th dport": "any_port",
    "icmp type": "kind_of_ping",
    "icmpv6 type": "kind_of_ping",
}


def show(expressions: List[Any]) -> str:
    """Return a rule roughly as nft would print it."""
    return " ".join(filter(None, (_show(*words_of(expression)) for expression in expressions)))


def _show(kind: str, value: Any) -> str:
    if kind == "match":
        ((left, key),) = value["left"].items() if isinstance(value["left"], dict) else ((str(value["left"]), None),)
        return "%s %s%s" % (_name(left, key), "!= " if value["op"] == "!=" else "", _show_value(value["right"]))
    if kind in ("jump", "goto"):
        return "%s %s" % (kind, value["target"])
    return "" if kind == "counter" else kind


def _name(kind: str, key: Any) -> str:
    """Return what is matched as people write it, where that is one word of a packet."""
    if not isinstance(key, dict):
        return kind
    if kind == "fib":
        return " ".join((kind, *key.get("flags", ()), str(key.get("result"))))
    return "%s %s" % (key.get("protocol", kind), key.get("field", key.get("key", "")))


def _show_value(value: Any) -> str:
    if isinstance(value, dict) and "set" in value:
        return "{ %s }" % ", ".join(map(_show_value, value["set"]))
    if isinstance(value, dict) and "prefix" in value:
        return "%s/%s" % (value["prefix"]["addr"], value["prefix"]["len"])
    if isinstance(value, dict) and "range" in value:
        return "%s-%s" % tuple(value["range"])
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _subnet(value: Any) -> Optional[str]:
    if isinstance(value, dict) and "prefix" in value:
        return "%s/%s" % (value["prefix"]["addr"], value["prefix"]["len"])
    return value if isinstance(value, str) and (":" in value or value.count(".") == 3) else None


def _devices(field: str, values: List[Any], negated: bool) -> Optional[List[Fields]]:
    if not all(isinstance(value, str) for value in values) or (negated and len(values) > 1):
        return None
    return [{field: "%s%s" % ("!" if negated else "", value[:-1] + "+" if value.endswith("*") else value)} for value in values]


def _ports(protocol: Optional[str], values: List[Any], negated: bool) -> Optional[List[Fields]]:
    spans = [(value, value) if isinstance(value, int) else tuple(value["range"]) if isinstance(value, dict) and "range" in value else None for value in values]
    if negated or None in spans:
        return None
    return [{"destination_ports": span, **({"protocol": protocol} if protocol else {})} for span in spans]


def _merged(parts: Tuple[Fields, ...]) -> Fields:
    """Return the fields of all parts; it is partial where two say something of the same one."""
    found: Fields = {}
    for fields in parts:
        clash = any(name in found and found[name] != value for name, value in fields.items())
        found = {**fields, **found, "partial": True} if clash else {**found, **fields}
    return found
