# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The rules of a chain as entries of sets: one look-up for all that match on the same things and do the same, however many they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Collection, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple

from ..._model.mark import PREFIX
from ..._model.rule import Rule
from .words import PORT, Words, data_of, label, statement_of, words_of

Shape = Tuple[Any, ...]
Values = Tuple[str, ...]
Span = Tuple[int, int]


@dataclass
class Group:
    """Rules of one rank and scope that one rule of nftables stands for. Without keys it is for one alone."""

    rank: int
    scope: str
    conditions: Tuple[str, ...]
    keys: Tuple[str, ...]
    excepted: Tuple[str, ...]
    statement: str
    data: str  # what the entries lead to, as a type
    spans: bool  # whether some of its ports are ranges
    rules: List[Rule] = field(default_factory=list)
    _taken: Set[Values] = field(default_factory=set)
    _spans: Dict[Values, List[Span]] = field(default_factory=dict)

    @property
    def shape(self) -> Shape:
        return self.rank, self.scope, self.conditions, self.keys, self.excepted, self.statement, self.data, self.spans

    def takes(self, words: Words, rule: Rule) -> bool:
        """Add a rule, unless an entry in the way would hide it."""
        values = tuple(value for _expression, value in words.keys)
        if values in self._taken or (not self.keys and self.rules):
            return False
        if self.spans:
            beside = tuple(value for expression, value in words.keys if expression != PORT)
            span = rule.destination_ports or (0, 0)
            known = self._spans.setdefault(beside, [])
            if any(span[0] <= last and first <= span[1] for first, last in known):
                return False
            known.append(span)
        self._taken.add(values)
        self.rules.append(rule)
        return True


def arrange(rules: Iterable[Rule]) -> List[Group]:
    """Return the rules of a chain in groups, in order. Ranks have an order, rules of one rank have none."""
    found: Dict[Shape, List[Group]] = {}
    for rule in rules:
        if not rule.is_ours or rule.partial:
            continue  # somebody's own, in a chain of ours
        words = words_of(rule)
        data = _data_type(rule)
        spans = rule.destination_ports is not None and len(set(rule.destination_ports)) > 1
        keys, excepted = (tuple(expression for expression, _value in pairs) for pairs in (words.keys, words.excepted))
        shape = (rule.rank, rule.scope, words.conditions, keys, excepted, statement_of(rule), data, spans)
        layers = found.setdefault(shape, [])
        if not any(layer.takes(words, rule) for layer in layers):
            layers.append(Group(*shape))
            layers[-1].takes(words, rule)
    groups = [group for shape in sorted(found, key=lambda shape: (*shape[:2], repr(shape))) for group in found[shape]]
    for group in groups:
        group.rules.sort(key=entry_order)
    return groups


def entry_order(rule: Rule) -> Tuple[object, ...]:
    """Return what orders the entries of a set, which have no order of their own."""
    words = words_of(rule)
    return words.keys, words.excepted, data_of(rule) or "", rule.owner


def flatten(groups: Iterable[Group]) -> Tuple[Rule, ...]:
    return tuple(rule for group in groups for rule in group.rules)


def _data_type(rule: Rule) -> str:
    if data_of(rule) is None:
        return ""
    ip = "ip" if rule.family == 4 else "ip6"
    return "%s daddr%s" % (ip, "" if rule.to_port is None else " . th dport")


def render_group(group: Group, chain: str, number: int) -> List[str]:
    """Return what makes the sets of a group, and the rule that looks into them: its kind, name and content."""
    name = "%s.%d" % (chain, number)
    keys = _joined(group.keys)
    words = list(group.conditions)
    lines: List[str] = []
    if group.keys:
        lines.append(_set(name, group.keys, group.data, _entries(group), spans=group.spans))
        if not group.data:
            words.append("%s @%s" % (keys, name))
    if group.excepted:
        pairs = [" . ".join(value for _expression, value in (*words_.keys, *words_.excepted)) for words_ in map(words_of, group.rules)]
        lines.append(_set(name + "-but", (*group.keys, *group.excepted), "", pairs, spans=group.spans))
        words.append("%s != @%s-but" % (_joined((*group.keys, *group.excepted)), name))
    words.append("%s %s map @%s" % (group.statement, keys, name) if group.data else group.statement)
    lines.append('rule %s %s comment "%s:%s:%d"' % (chain, " ".join(words), PREFIX, label(group.scope), group.rank))
    return lines


def render_changes(before: Sequence[Rule], after: Sequence[Rule], chain: str, standing: Collection[str]) -> Optional[List[str]]:
    """Return what makes entries of sets come and go, where nothing else of a chain changes; None where it does. `standing` are the sets of the chain."""
    if any(not rule.is_ours or rule.partial for rule in before):
        return None
    pairs = list(zip(arrange(before), arrange(after)))
    if any(one.shape != other.shape or (one.excepted and one.rules != other.rules) for one, other in pairs) or len(pairs) != len(arrange(after)):
        return None
    if len(pairs) != len(arrange(before)) or set(standing) != set(_set_names(arrange(before), chain)):
        return None
    lines: List[str] = []
    for number, groups in enumerate(pairs, 1):
        old, new = (dict(_keyed_entries(group)) for group in groups)
        gone = [key for key in old if old[key] != new.get(key)]
        come = [entry for key, entry in new.items() if entry != old.get(key)]
        lines += ["%s element %%s %s.%d { %s }" % (verb, chain, number, ", ".join(found)) for verb, found in (("delete", gone), ("add", come)) if found]
    return lines


def _set_names(groups: Iterable[Group], chain: str) -> Iterator[str]:
    for number, group in enumerate(groups, 1):
        yield from ("%s.%d%s" % (chain, number, end) for end, needed in (("", group.keys), ("-but", group.excepted)) if needed)


def _keyed_entries(group: Group) -> Iterator[Tuple[str, str]]:
    for rule, entry in zip(group.rules, _entries(group)):
        yield " . ".join(value for _expression, value in words_of(rule).keys), entry


def _joined(expressions: Tuple[str, ...]) -> str:
    return " . ".join("(%s)" % expression if "&" in expression else expression for expression in expressions)


def _entries(group: Group) -> Iterable[str]:
    for rule in group.rules:
        values = " . ".join(value for _expression, value in words_of(rule).keys)
        note = ' comment "%s"' % label(rule.owner) if rule.owner else ""
        yield "%s%s%s" % (values, note, " : %s" % data_of(rule) if group.data else "")


def _set(name: str, keys: Tuple[str, ...], data: str, entries: Iterable[str], *, spans: bool) -> str:
    types = " . ".join(expression.partition(" &")[0] for expression in keys)
    return "%s %s { typeof %s%s;%s elements = { %s } }" % (
        "map" if data else "set",
        name,
        types,
        " : %s" % data if data else "",
        " flags interval;" if spans else "",
        ", ".join(entries),
    )
