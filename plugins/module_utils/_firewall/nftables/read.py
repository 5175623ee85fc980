# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules from what `nft -j -n` lists of our table: what was written comes back as it was, anything else as a rule of somebody else."""

from __future__ import annotations

import ipaddress
import json
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from ..._model.errors import FirewallError
from ..._model.firewall import FirewallObject
from ..._model.mark import PREFIX
from ..._model.rule import CLAMP, DSCP, LOG, LOGGED_A_MINUTE, LOGGED_AT_ONCE, MARK, PATH_MTU, STRANGE, USER_CHAIN, Rule
from .groups import entry_order
from .layout import BRIDGED, INET, PROTOCOLS, ChainKey, read_base_name, read_chain_name
from .objects import BaseChain, RuleChain
from .words import (
    ADDRESS_TYPE,
    CT_STATE,
    CT_STATUS,
    FAMILY,
    FIRST_FLAGS,
    ICMP,
    IN,
    INWARD_BIT,
    NUMBERS,
    OFF_PATH,
    OUT,
    PORT,
    PROTOCOL,
    STATES,
    STATUSES,
    SYN,
    TCP_FLAGS,
    USERS,
    VERDICTS,
    VNI,
)

LIMIT = {"rate": LOGGED_A_MINUTE, "burst": LOGGED_AT_ONCE, "per": "minute"}
Fields = Dict[str, Any]
Reader = Callable[[Fields, str, Any, int], None]
_PROTOCOLS = {number: name for name, number in NUMBERS.items()}
_DSCP = ("ip dscp", "ip6 dscp")
_VERDICTS = {word: target for target, word in VERDICTS.items()}


class Listing(NamedTuple):
    """One table as nft lists it."""

    chains: Dict[str, Dict[str, Any]]
    rules: Dict[str, List[Dict[str, Any]]]
    sets: Dict[str, List[Any]]  # and maps
    maps: Set[str]
    others: Tuple[str, ...]  # what we never make


def read_listing(text: str) -> Listing:
    listing = Listing({}, {}, {}, set(), ())
    others: List[str] = []
    for item in json.loads(text)["nftables"]:
        ((kind, body),) = item.items()
        if kind == "chain":
            listing.chains[body["name"]] = body
        elif kind == "rule":
            listing.rules.setdefault(body["chain"], []).append(body)
        elif kind in ("set", "map"):
            listing.sets[body["name"]] = body.get("elem", [])
            listing.maps.update([body["name"]] if kind == "map" else ())
        elif kind not in ("metainfo", "table"):
            others.append(kind)
    return listing._replace(others=tuple(others))


def find_pieces(listing: Listing, place: str, layer: str, families: Sequence[int]) -> Iterator[FirewallObject]:
    """Yield our chains in a table and the base chains that lead to them."""
    for name, body in listing.chains.items():
        key = read_chain_name(name) if layer == INET else None
        rules = listing.rules.get(name, [])
        if key is not None and key[0] in (0, *families):
            yield RuleChain(place, key[0], key[1], key[2], tuple(_chain_rules(rules, listing, key)))
        reached = read_base_name(name, layer)
        if reached is not None and "hook" in body and reached[0] in (0, *families):
            lines = tuple(_line(rule.get("expr", [])) for rule in rules)
            yield BaseChain(place, *reached, layer, name, body["hook"], body.get("type"), body.get("prio"), body.get("policy"), lines)


def rules_by_handle(listing: Listing) -> Dict[int, Sequence[Rule]]:
    """Return what is read of each rule in a chain of ours, but of those that somebody else wrote."""
    found: Dict[int, Sequence[Rule]] = {}
    for name, bodies in listing.rules.items():
        key = read_chain_name(name)
        if key is not None:
            read = ((body["handle"], _read_rule(body, listing, key)) for body in bodies)
            found.update((handle, rules) for handle, rules in read if all(rule.is_ours for rule in rules))
    return found


def _chain_rules(bodies: Sequence[Dict[str, Any]], listing: Listing, key: ChainKey) -> Iterator[Rule]:
    for body in bodies:
        yield from _read_rule(body, listing, key)


def _read_rule(body: Dict[str, Any], listing: Listing, key: ChainKey) -> List[Rule]:
    family, table, chain = key
    try:
        if chain == USER_CHAIN:
            raise ValueError("the administrator's own")
        scope, rank = _read_comment(body.get("comment", ""))
        base = {"family": family, "table": table, "chain": chain, "scope": scope, "rank": rank}
        return sorted(_Reading(family, listing).rules(body["expr"], base), key=entry_order)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, FirewallError):
        return [_strange(key, body.get("expr", []))]


def _strange(key: ChainKey, what: Any) -> Rule:
    family, table, chain = key
    return Rule(family or 4, table, chain, STRANGE, "", partial=True, verbatim=_line(what) if isinstance(what, list) else json.dumps(what))


def _read_comment(text: str) -> Tuple[str, int]:
    prefix, scope, rank = text.split(":")
    if prefix != PREFIX:
        raise ValueError(text)
    return scope, int(rank)


class _Reading:
    """One rule of nftables as those that it stands for."""

    def __init__(self, family: int, listing: Listing) -> None:
        self._family = family
        self._listing = listing

    def rules(self, expressions: Sequence[Dict[str, Any]], base: Fields) -> Iterator[Rule]:
        common = dict(base)
        found: Optional[Tuple[List[str], str]] = None
        excepted: Optional[Tuple[List[str], str]] = None
        for expression in expressions:
            ((kind, body),) = expression.items()
            if kind == "match" and isinstance(body["right"], str) and body["right"].startswith("@"):
                where = (_expressions(body["left"]), body["right"][1:])
                if body["op"] == "!=":
                    excepted = where
                else:
                    found = where
            elif kind == "match":
                _note(common, _expression(body["left"]), body["op"], body["right"], self._family)
            elif kind in ("snat", "dnat"):
                common["target"] = kind.upper()
                mapped = body["addr"]["map"]
                found = (_expressions(mapped["key"]), mapped["data"][1:])
            else:
                common.update(_read_statement(kind, body))
        if common.pop("first", False) != (common.get("target") == CLAMP):
            raise ValueError(expressions)
        if common.pop("inward", False) != (common.get("of_users") is not None) or "target" not in common:
            raise ValueError(expressions)
        if found is None:
            yield Rule(**common)
            return
        yield from self._entries(found, excepted, common)

    def _entries(self, found: Tuple[List[str], str], excepted: Optional[Tuple[List[str], str]], common: Fields) -> Iterator[Rule]:
        beside = _exceptions(self._listing.sets[excepted[1]], len(found[0])) if excepted is not None else {}
        for element in self._listing.sets[found[1]]:
            values, owner, data = _read_element(element)
            fields = dict(common, owner=owner)
            for expression, value in zip(found[0], values):
                _note(fields, expression, "==", value, self._family)
            for expression, value in zip(excepted[0][len(found[0]) :] if excepted is not None else (), beside.pop(_key(values), ())):
                _note(fields, expression, "!=", value, self._family)
            if data is not None:
                fields.update(to=data[0], to_port=data[1] if len(data) > 1 else None)
            yield Rule(**fields)
        for left in beside:
            raise ValueError("an exception from nothing: %s" % (left,))


def _exceptions(elements: Sequence[Any], count: int) -> Dict[str, List[Any]]:
    found: Dict[str, List[Any]] = {}
    for element in elements:
        values = _read_element(element)[0]
        found[_key(values[:count])] = values[count:]
    return found


def _key(values: Sequence[Any]) -> str:
    return json.dumps(list(values), sort_keys=True)


def _read_element(element: Any) -> Tuple[List[Any], str, Optional[List[Any]]]:
    """Return the values of an element, its comment, and what it leads to."""
    data = None
    if isinstance(element, list):
        element, data = element
        data = data["concat"] if isinstance(data, dict) else [data]
    owner = ""
    if isinstance(element, dict) and "elem" in element:
        element, owner = element["elem"]["val"], element["elem"].get("comment", "")
    return (element["concat"] if isinstance(element, dict) and "concat" in element else [element]), owner, data


def _expressions(left: Any) -> List[str]:
    return [_expression(part) for part in left["concat"]] if isinstance(left, dict) and "concat" in left else [_expression(left)]


def _expression(left: Dict[str, Any]) -> str:
    ((kind, body),) = left.items()
    if kind == "&":
        mask = sum(body[1]) if isinstance(body[1], list) else body[1]  # flags are listed one by one
        return "%s & %s" % (_expression(body[0]), "0x%x" % mask if isinstance(mask, int) else mask)
    if kind == "payload":
        return "@%s,%d,%d" % (body["base"], body["offset"], body["len"]) if "base" in body else "%s %s" % (body["protocol"], body["field"])
    if kind == "meta":
        return body["key"] if body["key"] in (IN, OUT) else "meta %s" % body["key"]
    if kind == "ct":
        return "ct %s" % body["key"]
    if kind == "fib":
        return "fib %s %s" % (" . ".join(sorted(body["flags"], reverse=True)), body["result"])
    raise ValueError(kind)


def _read_statement(kind: str, body: Any) -> Fields:
    if kind in _VERDICTS:
        return {"target": _VERDICTS[kind]}
    if kind == "log":
        return {"target": LOG, "to": body["prefix"]}
    if kind == "counter" or (kind == "limit" and body == LIMIT):
        return {}
    if kind == "jump":
        key = read_chain_name(body["target"])
        if key is None:
            raise ValueError(body)
        return {"target": key[2]}
    if kind == "mangle" and body["key"] == {"tcp option": {"name": "maxseg", "field": "size"}}:
        size = body["value"]
        return {"target": CLAMP, "to": PATH_MTU if size == {"rt": {"key": "mtu"}} else "%d" % size}
    if kind == "mangle" and _expression(body["key"]) in _DSCP:
        return {"target": DSCP, "to": "0x%02x" % body["value"]}
    if kind == "mangle" and _expression(body["key"]) == "meta mark":
        (bits,) = (value for value in body["value"]["|"] if isinstance(value, int))
        return {"target": MARK, "to": "0x%x/0x%x" % (bits, bits)}
    raise ValueError(kind)


def _note(fields: Fields, expression: str, op: str, value: Any, family: int) -> None:
    """Note what a match says."""
    plain, _and, mask = expression.partition(" & ")
    if plain in _NETWORKS:
        bits = ipaddress.ip_network("%s/%s" % (value, _length(mask, family))).prefixlen
        fields[_NETWORKS[plain]] = "%s%s/%d" % ("!" if op == "!=" else "", value, bits)
        return
    name, read = _READERS[expression, op if op == "!=" else "=="]
    read(fields, name, value, family)


def _length(mask: str, family: int) -> int:
    whole = (1 << (32 if family == 4 else 128)) - 1
    number = int(ipaddress.ip_address(mask)) if mask else whole
    length = bin(number).count("1")
    if number != whole ^ (whole >> length):
        raise ValueError(mask)
    return length


def _text(prefix: str = "") -> Reader:
    def read(fields: Fields, name: str, value: Any, _family: int) -> None:
        if not isinstance(value, str):
            raise ValueError(value)
        fields[name] = prefix + (value[:-1] + "+" if value.endswith("*") else value)

    return read


def _flag(expected: Any) -> Reader:
    def read(fields: Fields, name: str, value: Any, _family: int) -> None:
        if value != expected or isinstance(value, bool) != isinstance(expected, bool):
            raise ValueError(value)
        fields[name] = True

    return read


def _read_protocol(fields: Fields, name: str, value: Any, _family: int) -> None:
    fields[name] = _PROTOCOLS[value]


def _read_span(fields: Fields, name: str, value: Any, _family: int) -> None:
    first, last = value["range"] if isinstance(value, dict) else (value, value)
    fields[name] = (int(first), int(last))


def _read_number(fields: Fields, name: str, value: Any, family: int) -> None:
    fields[name] = int(value)
    if name == "icmp_type":
        fields["protocol"] = ICMP[family][0]


def _read_family(_fields: Fields, _name: str, value: Any, family: int) -> None:
    if value != PROTOCOLS[family]:
        raise ValueError(value)


def _bits(known: Mapping[str, int]) -> Reader:
    def read(fields: Fields, name: str, value: Any, _family: int) -> None:
        wanted: Set[int] = set(value if isinstance(value, list) else [value])
        found = [state for state, bit in known.items() if bit in wanted]
        if len(found) != len(wanted):
            raise ValueError(value)
        fields[name] = tuple(found)

    return read


_NETWORKS = {"%s %s" % (ip, field): name for ip in ("ip", "ip6") for field, name in (("saddr", "source"), ("daddr", "destination"))}
_READERS: Mapping[Tuple[str, str], Tuple[str, Reader]] = {
    (IN, "=="): ("in_interface", _text()),
    (IN, "!="): ("in_interface", _text("!")),
    (OUT, "=="): ("out_interface", _text()),
    (OUT, "!="): ("out_interface", _text("!")),
    (PROTOCOL, "=="): ("protocol", _read_protocol),
    (PORT, "=="): ("destination_ports", _read_span),
    (VNI, "=="): ("vni", _read_number),
    (FAMILY, "=="): ("", _read_family),
    (ICMP[4][1], "=="): ("icmp_type", _read_number),
    (ICMP[6][1], "=="): ("icmp_type", _read_number),
    (OFF_PATH, "=="): ("off_path", _flag(False)),
    (ADDRESS_TYPE, "=="): ("to_host", _flag(2)),
    (ADDRESS_TYPE, "!="): ("not_unicast", _flag(1)),
    ("meta mark & 0x%x" % INWARD_BIT, "!="): ("inward", _flag(INWARD_BIT)),
    ("meta mark & 0x%x" % BRIDGED, "!="): ("not_bridged", _flag(BRIDGED)),
    ("%s & 0x%x" % (TCP_FLAGS, FIRST_FLAGS), "=="): ("first", _flag(SYN)),
    (USERS, "=="): ("of_users", _read_span),
    (CT_STATE, "=="): ("ct_state", _bits(STATES)),
    (CT_STATUS, "=="): ("ct_state", _bits(STATUSES)),
}


def _line(expressions: Sequence[Any]) -> str:
    """Return the expressions of a rule as a line: those that base chains of ours have, as they are written."""
    return " ".join(map(_word, expressions))


def _word(expression: Any) -> str:
    try:
        ((kind, body),) = expression.items()
        if kind == "match":
            right = body["right"]
            if isinstance(right, dict) and "prefix" in right:
                right = "%s/%d" % (right["prefix"]["addr"], right["prefix"]["len"])
            if isinstance(right, (str, int)):
                return "%s %s %s" % (_expression(body["left"]), body["op"], right)
        elif kind == "jump":
            return "jump %s" % body["target"]
        elif kind == "mangle":
            ((operator, (left, number)),) = body["value"].items()
            return "%s set %s %s 0x%x" % (_expression(body["key"]), _expression(left), operator, number)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    return json.dumps(expression)
