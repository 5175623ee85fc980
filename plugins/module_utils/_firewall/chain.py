# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A whole chain of ours, whichever backend keeps it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Iterator, Optional, Tuple, TypeVar

from .._model.firewall import FirewallObject, RuleList
from .._model.rule import Rule

Held = TypeVar("Held", bound="HeldChain")


@dataclass(frozen=True)
class Piece(FirewallObject):
    """What is replaced whole: a chain, or what leads to one."""

    UNITS = "chains"
    LEADING = "jumps"

    family: int = 4  # 0: both
    table: str = "filter"  # that of iptables: the kind of work


@dataclass(frozen=True)
class HeldChain(Piece):
    """A chain and its rules."""

    IDENTITY = ("place", "family", "table", "name")

    name: str = ""
    rules: Optional[Tuple[Rule, ...]] = None  # None: whatever the administrator has in it

    @property
    def order(self) -> Tuple[int, int, str]:
        return self.family, 0, self.table

    @property
    def held(self) -> Tuple[Rule, ...]:
        return self.rules or ()

    def over(self: Held, standing: Optional[FirewallObject]) -> Held:
        return replace(self, rules=standing.held) if self.rules is None and standing is not None else self

    def lists(self) -> Iterator[RuleList]:
        yield self.family, self.table, self.name, self.held
