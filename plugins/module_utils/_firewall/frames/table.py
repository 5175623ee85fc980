# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The tables of frames: one of the family bridge for each scope, read with one `nft -j list` and written with one `nft -f`, unless it is large."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import replace
from itertools import chain
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..._model.errors import FirewallError
from ..._model.frames import FrameChain, FrameSet, FrameTable
from ..base import RunCommand, said

TOOL = "nft"
AT_ONCE = 1000  # entries: where the user of a namespace is not root outside, the kernel takes about 200 KiB in one transaction
PREFIX = "container_net."  # before the scope, in a table's name
# Of what nft lists as a number, in the order of the machine's own octets or of the network's.
_PROTOCOLS = {number: name for name, numbers in {"ip": (8, 0x0800), "arp": (0x0608, 0x0806), "ip6": (0xDD86, 0x86DD)}.items() for number in numbers}
NONE = ("No such file or directory", "not supported")  # how nft says that there is no table, or can be none
FOREIGN = "{"  # how a rule begins that is none of ours, as nft tells it
# Of ICMPv6, by its octets: nft has had words for them since 1.0.8 only.
TARGET, OPTION, OPTION_MAC = "@th,64,128", "@th,192,16", "@th,208,48"

SETS = (
    FrameSet("ports", "iifname"),
    FrameSet("routers", "iifname"),
    FrameSet("free4", "iifname"),  # whose addresses nobody knows
    FrameSet("free6", "iifname"),
    FrameSet("macs", "iifname . ether saddr"),
    FrameSet("option-macs", "iifname . " + OPTION_MAC),
    FrameSet("addresses4", "iifname . ip saddr"),
    FrameSet("addresses6", "iifname . ip6 saddr"),
    FrameSet("targets", "iifname . " + TARGET),
    FrameSet("subnets4", "iifname . ip saddr", ranges=True),
    FrameSet("subnets6", "iifname . ip6 saddr", ranges=True),
    FrameSet("target-ranges", "iifname . " + TARGET, ranges=True),
)
_HOOK = "type filter hook %s priority %d; policy accept;"


def read_frames(run: RunCommand, place: str, scope: str) -> Optional[FrameTable]:
    """Return the table of a scope, or None where there is none; `run` works in that place."""
    code, out, err = run([TOOL, "-j", "-n", "list", "table", "bridge", PREFIX + scope], None)
    if code and any(words in err for words in NONE):
        return None
    if code:
        raise FirewallError("nft failed with exit code %d: %s" % (code, said(err)))
    try:
        return _read(json.loads(out)["nftables"], place, scope)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise FirewallError("nft told nothing that can be read of table bridge %s%s; list it by hand to see why" % (PREFIX, scope)) from None


def list_scopes(run: RunCommand) -> List[str]:
    """Return the scopes that have a table."""
    code, out, _err = run([TOOL, "-j", "list", "tables", "bridge"], None)
    tables = [item["table"]["name"] for item in json.loads(out)["nftables"] if "table" in item] if code == 0 else []
    return [name[len(PREFIX) :] for name in tables if name.startswith(PREFIX)]


def write_frames(run: RunCommand, desired: Optional[FrameTable], current: Optional[FrameTable]) -> None:
    """Bring a table to what is desired; None is no table. Rules come last, so a table of many entries counts once it has all of them."""
    for lines in _parts(desired, current):
        code, _out, err = run([TOOL, "-f", "-"], "".join("%s\n" % line for line in lines))
        if code:
            raise FirewallError("nft failed with exit code %d: %s" % (code, said(err)))


def why_no_frames(run: RunCommand, desired: FrameTable) -> str:
    """Return why the kernel or the tool cannot have such a table, nothing if they can. It is only tried, without entries."""
    lines = chain.from_iterable(_parts(replace(desired, entries=()), None))
    code, _out, err = run([TOOL, "-c", "-f", "-"], "".join("%s\n" % line for line in lines))
    return said(err) if code else ""


def _parts(desired: Optional[FrameTable], current: Optional[FrameTable]) -> Iterator[List[str]]:
    """Yield what goes into one transaction each: all, unless the kernel would not take that at once."""
    item = desired or current
    if item is None:
        return
    at = "bridge %s%s" % (PREFIX, item.scope)
    # Made, so that it can be removed whether it stands or not.
    before = ["add table %s" % at, "delete table %s" % at]
    changes: List[Tuple[str, Tuple[str, str]]] = []
    after: List[str] = []
    if desired is not None and current is not None and _names(desired) == _names(current) and desired.chains == current.chains:
        before = []
        changes += (("delete", entry) for entry in sorted(set(current.entries or ()) - set(desired.entries or ())))
        changes += (("add", entry) for entry in sorted(set(desired.entries or ()) - set(current.entries or ())))
    elif desired is not None:
        before += ["add table %s" % at, *(_set_line(found, at) for found in desired.sets if found.keys)]
        changes += (("add", entry) for entry in desired.entries or ())
        after = list(_chain_lines(desired, at))
    while len(changes) > AT_ONCE:
        yield [*before, *_entry_lines(changes[:AT_ONCE], at)]
        before, changes = [], changes[AT_ONCE:]
    yield [*before, *_entry_lines(changes, at), *after]


def _set_line(found: FrameSet, at: str) -> str:
    return "add set %s %s { typeof %s;%s }" % (at, found.name, found.keys, " flags interval;" if found.ranges else "")


def _chain_lines(desired: FrameTable, at: str) -> Iterator[str]:
    for found in desired.chains or ():
        yield "add chain %s %s%s" % (at, found.name, " { %s }" % (_HOOK % (found.hook, found.priority)) if found.hook else "")
    for found in desired.chains or ():
        yield from ("add rule %s %s %s" % (at, found.name, line) for line in found.lines if not line.startswith(FOREIGN))


def _names(table: FrameTable) -> List[str]:
    return sorted(item.name for item in table.sets)


def _entry_lines(changes: Sequence[Tuple[str, Tuple[str, str]]], at: str) -> Iterator[str]:
    by_set: Dict[Tuple[str, str], List[str]] = {}
    for verb, (name, entry) in changes:
        by_set.setdefault((verb, name), []).append(entry)
    for (verb, name), found in by_set.items():
        yield "%s element %s %s { %s }" % (verb, at, name, ", ".join(found))


def _read(items: Sequence[Mapping[str, Any]], place: str, scope: str) -> FrameTable:
    sets: List[FrameSet] = []
    entries: List[Tuple[str, str]] = []
    hooks: Dict[str, Tuple[str, int]] = {}
    lines: Dict[str, List[str]] = {}
    known = {found.name: found for found in SETS}  # nft does not tell what a set was made of
    for item in items:
        ((kind, body),) = item.items()
        if kind == "set":
            sets.append(known.get(body["name"], FrameSet(body["name"], "")))
            entries.extend((body["name"], _entry(element)) for element in body.get("elem", ()))
        elif kind == "chain":
            plain = body.get("type", "filter") == "filter" and body.get("policy", "accept") == "accept"
            hooks[body["name"]] = (body.get("hook", "") if plain else json.dumps(body), body.get("prio", 0))
            lines.setdefault(body["name"], [])
        elif kind == "rule":
            lines.setdefault(body["chain"], []).append(" ".join(map(_word, body["expr"])))
    chains = [FrameChain(name, tuple(lines[name]), *hook) for name, hook in hooks.items()]
    return FrameTable(place, scope, tuple(sets), tuple(sorted(entries)), tuple(sorted(chains)))


def _entry(element: Any) -> str:
    parts = element["concat"] if isinstance(element, dict) and "concat" in element else [element]
    name, *values = parts
    return " . ".join(('"%s"' % name, *map(_value, values)))


def _value(value: Any) -> str:
    if isinstance(value, dict) and "prefix" in value:
        return "%s/%d" % (value["prefix"]["addr"], value["prefix"]["len"])
    if isinstance(value, dict) and "range" in value:
        first, last = value["range"]
        if str(first).startswith("0x") or isinstance(first, int):
            return "%s-%s" % (_value(first), _value(last))
        found = list(ipaddress.summarize_address_range(ipaddress.ip_address(first), ipaddress.ip_address(last)))
        return str(found[0]) if len(found) == 1 else "%s-%s" % (first, last)
    number = int(value, 16) if isinstance(value, str) and value.startswith("0x") else value
    return "0x%x" % number if isinstance(number, int) else str(number)


def _word(expression: Mapping[str, Any]) -> str:
    """Return one expression of a rule as it is written; what we never write comes back as it is told."""
    try:
        ((kind, body),) = expression.items()
        if kind == "match":
            left = _left(body["left"])
            return " ".join(word for word in (left, body["op"].replace("==", ""), _right(body["right"], left)) if word)
        if kind in ("jump", "goto"):
            return "%s %s" % (kind, body["target"])
        if kind in ("accept", "drop", "return"):
            return kind
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    return json.dumps(expression)


def _left(left: Mapping[str, Any]) -> str:
    ((kind, body),) = left.items()
    if kind == "concat":
        return " . ".join(map(_left, body))
    if kind == "meta":
        return str(body["key"]) if body["key"] == "iifname" else "meta %s" % body["key"]
    if kind == "payload":
        return "@%s,%d,%d" % (body["base"], body["offset"], body["len"]) if "base" in body else "%s %s" % (body["protocol"], body["field"])
    raise ValueError(kind)


def _right(right: Any, left: str) -> str:
    if left == "meta protocol":
        return _PROTOCOLS.get(right, str(right))
    if isinstance(right, dict) and "set" in right:
        return "{ %s }" % ", ".join(map(str, right["set"]))
    return str(right)
