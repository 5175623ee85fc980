# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Optional, Tuple

from .._model.firewall import FirewallObject
from .._model.link import Link
from .._model.names import ROUTED_PREFIX
from .._model.objects import KernelObject
from .._model.once import Once
from .._model.place import HOST
from .._model.rule import Rule

CREATE, CHANGE, DELETE = "create", "change", "delete"
NAME, LOWERED = "name", "lowered"  # groups of what a link is called, and of what it takes to call it so
SIGNS = {CREATE: "+", CHANGE: "~", DELETE: "-"}


class Change(NamedTuple):
    """One value that must become another. `group` is the object's field it belongs to."""

    field: str
    before: object
    after: object
    group: str = ""

    def __str__(self) -> str:
        if isinstance(self.after, tuple):
            before = self.before if isinstance(self.before, tuple) else ()
            return "%s +%d -%d" % (self.field, len(set(self.after) - set(before)), len(set(before) - set(self.after)))
        return "%s %s → %s" % (self.field, _word(self.before), _word(self.after))


def _word(value: object) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


class Clash(str):
    """Why an object cannot be had, in a sentence that begins with what stands in its way."""

    subject: KernelObject
    current: KernelObject

    def __new__(cls, text: str, subject: KernelObject, current: KernelObject) -> Clash:
        made = super().__new__(cls, text)
        made.subject, made.current = subject, current
        return made


@dataclass(frozen=True)
class Step:
    """One operation on one kernel object, as the user reads it and as the kernel gets it."""

    action: str  # create | change | delete
    desired: Optional[KernelObject] = None
    current: Optional[KernelObject] = None
    changes: Tuple[Change, ...] = ()
    leads: bool = False  # comes before any link goes

    @Once
    def subject(self) -> KernelObject:
        subject = self.desired or self.current
        if subject is None:
            raise ValueError("a step needs an object")
        return subject

    @property
    def place(self) -> str:
        return self.subject.place

    @Once
    def groups(self) -> Tuple[str, ...]:
        """The fields that change."""
        return tuple(change.group for change in self.changes)

    @property
    def renames(self) -> bool:
        return bool(self.changes) and NAME in self.groups

    @property
    def waits_for_firewall(self) -> bool:
        """Tell whether a link to be renamed has a name that the firewall always knows: it keeps that until the firewall knows the new one."""
        return self.renames and self.place == HOST and isinstance(self.current, Link) and self.current.name.startswith(ROUTED_PREFIX)

    @property
    def rules(self) -> Tuple[Tuple[Rule, ...], Tuple[Rule, ...]]:
        """The firewall rules that come and those that go."""
        come = self.desired.held if isinstance(self.desired, FirewallObject) and self.action != DELETE else ()
        gone = self.current.held if isinstance(self.current, FirewallObject) and self.action != CREATE else ()
        return _without(come, gone), _without(gone, come)

    @property
    def rule_counts(self) -> Tuple[int, int]:
        """How many firewall rules come and go; what leads to them counts too."""
        come, gone = self.rules
        leading = self.leading_counts
        return len(come) + leading[0], len(gone) + leading[1]

    @property
    def leading_counts(self) -> Tuple[int, int]:
        """How many rules come and go that only lead to ours."""
        count = self.subject.leading if isinstance(self.subject, FirewallObject) else 0
        return (0, count) if self.action == DELETE else (count, 0)

    @property
    def line(self) -> str:
        text = "%s %s" % (SIGNS[self.action], self.subject.label)
        if self.changes:
            text += ": " + ", ".join(str(change) for change in self.changes)
        return text


def _without(rules: Tuple[Rule, ...], others: Tuple[Rule, ...]) -> Tuple[Rule, ...]:
    known = set(others)
    return tuple(rule for rule in rules if rule not in known)
