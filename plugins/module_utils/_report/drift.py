# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Where a host differs from a declaration: one row for each object that is missing or too many, for each value that is another, for each firewall rule."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List, Sequence, Tuple, Union

from .._model.firewall import FirewallObject
from .._model.frames import FrameChain, FrameTable
from .._model.objects import Flows, KernelObject
from .._model.rule import Rule
from .._model.snapshot import Snapshot
from .._plan.step import CHANGE, CREATE, Change, Step
from .words import FIREWALL, Picture, find_item, find_owner, name_item, picture_both

Row = Dict[str, Any]
PRESENT = "present"


def describe_drift(
    scope: str, snapshot: Snapshot, desired: Sequence[KernelObject], steps: Sequence[Step], words: Sequence[str], show_rule: Callable[[Rule], str]
) -> Dict[str, Any]:
    """Return the differences that a plan would put right; `words` tells them as things of the declaration."""
    before, after = picture_both(scope, snapshot, desired)
    return {"in_order": not words, "summary": count_differences(words), "differences": list(words), "rows": _rows(scope, before, after, steps, show_rule)}


def count_differences(words: Sequence[str]) -> str:
    return "in order" if not words else "1 difference" if len(words) == 1 else "%d differences" % len(words)


def _rows(scope: str, before: Picture, after: Picture, steps: Sequence[Step], show_rule: Callable[[Rule], str]) -> List[Row]:
    rows: List[Row] = []
    for step in steps:
        if isinstance(step.subject, Flows):
            continue  # what stands would not be different, had they ended
        if isinstance(step.subject, FirewallObject) and step.action == CHANGE:
            for rules, row in zip(step.rules, (_missing, _surplus)):
                rows.extend(
                    {"item": name_item(find_owner(rule, before, after, scope) or FIREWALL, before, after), **row(step, "rule", show_rule(rule))}
                    for rule in rules
                )
            if any(step.rules):
                continue
        item = name_item(FIREWALL if isinstance(step.subject, FirewallObject) else find_item(step, before, after, scope), before, after)
        rows.extend({"item": item, **row} for row in _differences(step))
    return rows


def _differences(step: Step) -> Iterator[Row]:
    if step.action == CHANGE and isinstance(step.subject, FrameTable):
        yield from _of_frames(step)
    elif step.action == CHANGE:
        yield from (_other(step, change) for change in step.changes)
    else:
        yield (_missing if step.action == CREATE else _surplus)(step, None, PRESENT)


def _of_frames(step: Step) -> Iterator[Row]:
    """Yield each entry of a set that is missing or too much, and each chain that has other rules."""
    for change in step.changes:
        after, before = (value if isinstance(value, tuple) else () for value in (change.after, change.before))
        yield from (_missing(step, change.field, _entry(item)) for item in after if item not in before)
        yield from (_surplus(step, change.field, _entry(item)) for item in before if item not in after)


def _entry(item: Union[FrameChain, Tuple[str, str]]) -> str:
    return "%s: %s" % (item.name, "; ".join(item.lines)) if isinstance(item, FrameChain) else "%s %s" % item


def _other(step: Step, change: Change) -> Row:
    if isinstance(change.after, tuple):
        return {"object": step.subject.label, "attribute": "order of %s" % change.field, "declared": None, "found": None}
    return {"object": step.subject.label, "attribute": change.field, "declared": change.after, "found": change.before}


def _missing(step: Step, attribute: Any, declared: str) -> Row:
    return {"object": step.subject.label, "attribute": attribute, "declared": declared, "found": None}


def _surplus(step: Step, attribute: Any, found: str) -> Row:
    return {"object": step.subject.label, "attribute": attribute, "declared": None, "found": found}
