# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The result shape that all modules share."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, Callable, Dict, Iterator, Sequence

from .._model.firewall import FirewallObject
from .._model.link import Link
from .._model.objects import KernelObject
from .._model.rule import Rule
from .._plan.step import CHANGE, CREATE, DELETE, SIGNS, Step
from .request import Outcome

SUMMARY, OBJECTS, ALL = DIFF_DETAILS = ("summary", "objects", "all")
# What a link has whoever declares it.
_SETTLED = frozenset(("alias", "link_local", "first_mac", "mac", "hairpin", "isolated", "learning", "flood", "promisc", "allmulti", "txqueuelen", "peer_name"))
_TOLD_BY_LABEL = frozenset(("mark", "remote", "leads", "copies"))


def render(outcome: Outcome, diff_detail: str = OBJECTS) -> Dict[str, Any]:
    """Return changed, actions, diff and statistics of a run; check mode and apply give the same words."""
    return {
        "changed": bool(outcome.steps),
        "actions": [step.line for step in outcome.steps],
        "diff": {"prepared": "".join(line + "\n" for line in tell(outcome, diff_detail))},
        "statistics": {
            "netlink_changes": outcome.netlink_changes,
            "firewall_restores": outcome.firewall_restores,
            "seconds": round(outcome.seconds, 4),
        },
    }


def tell(outcome: Outcome, diff_detail: str) -> Iterator[str]:
    """Yield what people read: the words of the declaration and their sum, then kernel objects, then rules."""
    if not outcome.steps:
        return
    rules = [step for step in outcome.steps if isinstance(step.subject, FirewallObject)]
    objects = [step for step in outcome.steps if not isinstance(step.subject, FirewallObject)]
    margin = ""
    if outcome.words:
        margin = "  "
        yield from outcome.words
        yield "%d to add, %d to change, %d to remove" % tuple(sum(line[0] == SIGNS[action] for line in outcome.words) for action in (CREATE, CHANGE, DELETE))
    if diff_detail == SUMMARY:
        if objects:
            yield _count_objects(objects)
        if rules:
            yield _count_rules(rules)
        return
    if objects and outcome.words:
        yield _count_objects(objects) + ":"
    for step in objects:
        yield from (margin + line for line in _lines(step, diff_detail == ALL))
    if rules:
        yield _count_rules(rules) + (":" if diff_detail == ALL else "")
    if diff_detail == ALL:
        for step in rules:
            yield from ("  " + line for line in (*_lines(step, True), *_rule_lines(step, outcome.show_rule)))


def _count_objects(steps: Sequence[Step]) -> str:
    return "kernel objects: %s" % " ".join("%s%d" % (sign, sum(step.action == action for step in steps)) for action, sign in SIGNS.items())


def _count_rules(steps: Sequence[Step]) -> str:
    counts = [step.rule_counts for step in steps]
    pieces = [step.subject for step in steps if isinstance(step.subject, FirewallObject)]
    units = (pieces[0].UNITS, len({piece.unit for piece in pieces}))
    return "firewall rules: +%d -%d, %s: %d" % (sum(come for come, _gone in counts), sum(gone for _come, gone in counts), *units)


def _lines(step: Step, whole: bool) -> Iterator[str]:
    """Yield the step's line and what a new object looks like; with `whole` all of it."""
    if step.action == CREATE:
        found = describe(step.subject)
        found.pop("rules", None)
        settled = isinstance(step.subject, Link) and not whole
        details = " ".join("%s=%s" % (name, _text(value)) for name, value in found.items() if not (settled and (name in _SETTLED or "." in name)))
        yield step.line if whole or not details else "%s  %s" % (step.line, details)
        if details and whole:
            yield "    " + details
    else:
        yield step.line


def _rule_lines(step: Step, show_rule: Callable[[Rule], str]) -> Iterator[str]:
    come, gone = step.rules
    yield from ("    - " + show_rule(rule) for rule in gone)
    yield from ("    + " + show_rule(rule) for rule in come)


def describe(item: KernelObject) -> Dict[str, Any]:
    """Return what was asked of an object, without what its label says already."""
    found: Dict[str, Any] = {}
    hidden = set(item.IDENTITY) | item.DESCRIPTIVE | _TOLD_BY_LABEL
    for field in fields(item):
        value = getattr(item, field.name)
        if field.name in hidden or value is None or value == "":
            continue
        if is_dataclass(value):
            for inner in fields(value):
                detail = getattr(value, inner.name)
                if detail is not None and detail != "" and inner.name not in ("leads", "peer_place", "apart"):
                    found[inner.name] = detail
        elif field.name == "sysctls":
            found.update((name.replace("/", "."), setting) for name, setting in value)
        else:
            found[field.name] = value
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
