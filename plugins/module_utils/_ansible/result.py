# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The result shape that all modules share."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, Dict, Iterable, List

from .._model.objects import KernelObject
from .._plan.step import CREATE, Step
from .engine import Outcome

_TOLD_BY_LABEL = frozenset(("mark", "remote", "leads", "copies"))


def render(outcome: Outcome) -> Dict[str, Any]:
    """Return changed, actions, diff and statistics of a run; check mode and apply give the same words."""
    return {
        "changed": bool(outcome.steps),
        "actions": [step.line for step in outcome.steps],
        "diff": {"prepared": "".join(line + "\n" for step in outcome.steps for line in _lines(step))},
        "statistics": {
            "netlink_changes": outcome.netlink_changes,
            "firewall_restores": outcome.firewall_restores,
            "seconds": round(outcome.seconds, 4),
        },
    }


def _lines(step: Step) -> Iterable[str]:
    """Yield the step's line, the rules it changes, and what a new object looks like."""
    yield step.line
    if step.action == CREATE:
        details = describe(step.subject)
        rules = details.pop("rules", None) or ()
        if details:
            yield "    " + " ".join("%s=%s" % (name, _text(value)) for name, value in details.items())
        for rule in rules:
            yield "    + " + rule
        return
    for change in step.changes:
        if change.group == "rules" and isinstance(change.after, tuple):
            before: List[str] = list(change.before) if isinstance(change.before, tuple) else []
            for rule in before:
                if rule not in change.after:
                    yield "    - " + rule
            for rule in change.after:
                if rule not in before:
                    yield "    + " + rule


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
                if detail is not None and detail != "" and inner.name not in ("leads", "peer_place"):
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
