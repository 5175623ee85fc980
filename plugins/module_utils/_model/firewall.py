# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a packet filter keeps of ours, as far as it is the same for every backend: rules as data, and where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Iterable, Iterator, Optional, Tuple

from .objects import KernelObject
from .rule import Rule

RuleList = Tuple[int, str, str, Tuple[Rule, ...]]  # family, table, chain, and its rules in their order
Head = Tuple[int, str, str]  # family, table and chain that packets come to first


@dataclass(frozen=True)
class FirewallObject(KernelObject):
    """One piece of a firewall, cut as its backend cuts it: a whole table, a chain, or what only leads there. Rules in a field `rules` are compared as one."""

    UNITS: ClassVar[str] = "pieces"  # what people count them in
    LEADING: ClassVar[str] = "rules"  # what a rule is called that only leads to others
    BACKEND: ClassVar[str] = ""  # the option's word for what keeps it
    # Rules of others' that it stands for, beside those it holds: each leads to some of ours.
    leading: ClassVar[int] = 0

    @property
    def order(self) -> Tuple[int, int, str]:
        """Return its place among the pieces that are written together."""
        raise TypeError("a piece of a firewall needs its place in the order")

    @property
    def unit(self) -> Tuple[object, ...]:
        """Return what is counted once."""
        return self.key[:5]

    @property
    def held(self) -> Tuple[Rule, ...]:
        """Return the rules in it."""
        return ()

    def over(self, standing: Optional[FirewallObject]) -> FirewallObject:
        """Return what there will be once this is written over what stands: of which nothing is asked, that stays."""
        return self

    def lists(self) -> Iterator[RuleList]:
        """Yield the chains of rules in it."""
        return iter(())

    def heads(self) -> Iterator[Head]:
        """Yield the chains that packets come to by it, before anything final."""
        return iter(())


def rules_of(objects: Iterable[KernelObject]) -> Iterator[Rule]:
    """Yield all rules among objects."""
    for item in objects:
        if isinstance(item, FirewallObject):
            yield from item.held
