# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A rule from the line that `iptables-save` prints for it, whoever wrote it: what `render` wrote comes back as it was."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from typing import Any, Callable, Dict, Iterator, List, Mapping, Tuple

from ..._model.errors import FirewallError
from ..._model.mark import PREFIX
from ..._model.rule import CLAMP, INWARD, LOGGED_A_MINUTE, PATH_MTU, SEAL, STATES, STRANGE, Rule
from .render import FIRST_OF_TCP, VNI, render_rule

PROTOCOLS: Mapping[str, str] = {"1": "icmp", "6": "tcp", "17": "udp", "58": "ipv6-icmp", "icmpv6": "ipv6-icmp", "132": "sctp"}
WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\S+')
# Matches that say nothing without an option of theirs, and those that do, with the field that tells of both.
_MATCHES = frozenset(("comment", "conntrack", "tcp", "udp", "sctp", "icmp", "icmp6", "addrtype", "mark", "owner", "physdev", "u32", "limit"))
_TOLD_BY = {"rpfilter": "off_path", INWARD: "of_users"}
Fields = Dict[str, Any]


@lru_cache(maxsize=16384)
def read_rule(saved: str, family: int, table: str, chain: str) -> Rule:
    """Return the rule of a line without the words that name its chain."""
    words = [PROTOCOLS.get(word, word) if before == "-p" else word for before, word in _pairs(WORD.findall(saved))]
    found: Fields = {"target": "", "rank": STRANGE, "matches": set()}
    partial = not _read_words(words, found, family)
    matches = found.pop("matches")
    for match, field in _TOLD_BY.items():
        partial = partial or (match in matches) != (field in found)
    partial = partial or (FIRST_OF_TCP[0] in matches) != (found["target"] == CLAMP)
    line = " ".join(["-A", chain, *words])
    try:
        rule = Rule(family, table, chain, partial=partial, **found)
        return rule if not partial and render_rule(rule) == line else replace(rule, verbatim=line)
    except FirewallError:
        bare = {name: found[name] for name in ("rank", "target", "scope", "owner") if name in found}
        return Rule(family, table, chain, partial=True, verbatim=line, **bare)


def _pairs(words: List[str]) -> Iterator[Tuple[str, str]]:
    return zip(["", *words], words)


def _read_words(words: List[str], found: Fields, family: int) -> bool:
    """Note what the words say; return whether that is all. What follows the target is about what it does, and changes no verdict."""
    whole, position = True, 0
    while position < len(words):
        negated = words[position] == "!"
        option = position + negated
        count, read = _READERS.get((words[option] if option < len(words) else "", negated), _UNREAD)
        values = words[option + 1 : option + 1 + count]
        if len(values) == count and read(found, values, family):
            position = option + 1 + count
        else:
            whole = whole and bool(found["target"])
            position += 1
    return whole and bool(found["target"])


# Each reader notes what a word says, and tells whether it understood it.
Reader = Callable[[Fields, List[str], int], bool]


def _note(name: str, convert: Callable[[str], Any] = str) -> Reader:
    def read(found: Fields, values: List[str], _family: int) -> bool:
        try:
            found[name] = convert(values[0])
        except ValueError:
            return False
        return True

    return read


def _flag(name: str, *expected: str) -> Reader:
    def read(found: Fields, values: List[str], _family: int) -> bool:
        if tuple(values) != expected:
            return False
        found[name] = True
        return True

    return read


def _span(separator: str) -> Callable[[str], Tuple[int, int]]:
    def convert(text: str) -> Tuple[int, int]:
        first, _separator, last = text.partition(separator)
        return int(first), int(last or first)

    return convert


def _states(text: str) -> Tuple[str, ...]:
    states = tuple(text.split(","))
    if not set(states) <= set(STATES):
        raise ValueError(text)
    return states


def _read_match(found: Fields, values: List[str], _family: int) -> bool:
    found["matches"].update(_TOLD_BY.keys() & set(values))
    return values[0] in _MATCHES or values[0] in _TOLD_BY


def _read_vni(found: Fields, values: List[str], family: int) -> bool:
    expression, _equals, number = values[0].strip('"').partition("=0x")
    if expression != VNI[family]:
        return False
    found["vni"] = int(number, 16)
    return True


def _read_label(found: Fields, values: List[str], _family: int) -> bool:
    """Our comment tells whose a rule is; anybody else's says nothing of what the rule does."""
    parts = values[0].strip('"').split(":")
    if len(parts) == 4 and parts[0] == PREFIX and parts[3].isdigit():
        found.update(scope=parts[1], owner=parts[2], rank=int(parts[3]))
    return True


def _read_end(found: Fields, values: List[str], _family: int) -> bool:
    """Read address, address:port or [address]:port."""
    text = values[0]
    if text.startswith("["):
        address, _bracket, port = text[1:].partition("]")
        port = port[1:]
    elif text.count(":") == 1:
        address, _colon, port = text.partition(":")
    else:
        address, port = text, ""
    if port and not port.isdigit():
        return False
    found.update(to=address, to_port=int(port) if port else None)
    return True


def _read_inward(found: Fields, values: List[str], _family: int) -> bool:
    found["matches"].update(values)
    return values[0] == INWARD


def _read_first(found: Fields, values: List[str], _family: int) -> bool:
    found["matches"].add(FIRST_OF_TCP[0])
    return (FIRST_OF_TCP[0], *values) == FIRST_OF_TCP


def _read_clamp(found: Fields, _values: List[str], _family: int) -> bool:
    found["to"] = PATH_MTU
    return True


def _read_limit(_found: Fields, values: List[str], _family: int) -> bool:
    return values[0] == "%d/min" % LOGGED_A_MINUTE


def _read_log_prefix(found: Fields, values: List[str], _family: int) -> bool:
    """Who else logs, does so in words of his own."""
    if found["rank"] != STRANGE:
        found["to"] = values[0].strip('"')
    return True


_UNREAD: Tuple[int, Reader] = (0, lambda _found, _values, _family: False)
_READERS: Mapping[Tuple[str, bool], Tuple[int, Reader]] = {
    ("-s", False): (1, _note("source")),
    ("-s", True): (1, _note("source", "!%s".__mod__)),
    ("-d", False): (1, _note("destination")),
    ("-d", True): (1, _note("destination", "!%s".__mod__)),
    ("-i", False): (1, _note("in_interface")),
    ("-i", True): (1, _note("in_interface", "!%s".__mod__)),
    ("-o", False): (1, _note("out_interface")),
    ("-o", True): (1, _note("out_interface", "!%s".__mod__)),
    ("-p", False): (1, _note("protocol", lambda name: PROTOCOLS.get(name, name))),
    ("-m", False): (1, _read_match),
    ("--dport", False): (1, _note("destination_ports", _span(":"))),
    ("--icmp-type", False): (1, _note("icmp_type", int)),
    ("--icmpv6-type", False): (1, _note("icmp_type", int)),
    ("--u32", False): (1, _read_vni),
    ("--invert", False): (0, _flag("off_path")),
    ("--dst-type", False): (1, _flag("to_host", "LOCAL")),
    ("--dst-type", True): (1, _flag("not_unicast", "UNICAST")),
    ("--mark", False): (1, _flag("sealed", SEAL)),
    ("--mark", True): (1, _read_inward),
    ("--uid-owner", False): (1, _note("of_users", _span("-"))),
    ("--physdev-is-bridged", True): (0, _flag("not_bridged")),
    ("--ctstate", False): (1, _note("ct_state", _states)),
    ("--limit", False): (1, _read_limit),
    ("--log-prefix", False): (1, _read_log_prefix),
    ("--comment", False): (1, _read_label),
    ("-j", False): (1, _note("target")),
    ("--notrack", False): (0, lambda _found, _values, _family: True),
    ("--tcp-flags", False): (2, _read_first),
    ("--clamp-mss-to-pmtu", False): (0, _read_clamp),
    ("--set-mss", False): (1, _note("to")),
    ("--set-xmark", False): (1, _note("to")),
    ("--set-dscp", False): (1, _note("to")),
    ("--to-source", False): (1, _read_end),
    ("--to-destination", False): (1, _read_end),
}
