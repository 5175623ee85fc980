# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What iptables keeps of ours: whole chains, and the rules in built-in chains that lead to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional, Tuple

from ..._model.firewall import Head
from ..._model.place import in_place
from ..chain import HeldChain, Piece


def _name_tool(family: int) -> str:
    return "ip6tables" if family == 6 else "iptables"


@dataclass(frozen=True)
class Chain(HeldChain):
    """A whole chain of ours."""

    BACKEND = "iptables"

    @property
    def label(self) -> str:
        return "%s chain %s/%s%s" % (_name_tool(self.family), self.table, self.name, in_place(self.place))


@dataclass(frozen=True)
class Jump(Piece):
    """The one rule in a built-in chain that leads to a chain of ours. `leads` says that nothing final stands before it."""

    BACKEND = "iptables"
    IDENTITY = ("place", "family", "table", "parent", "rule")
    leading = 1

    parent: str = ""
    rule: str = ""
    leads: Optional[bool] = None
    copies: Optional[int] = None  # how often the rule stands there

    @property
    def target(self) -> str:
        """Return the chain it leads to: nothing follows that name."""
        return self.rule.rpartition(" ")[2]

    @property
    def label(self) -> str:
        return "%s jump %s/%s %s%s" % (_name_tool(self.family), self.table, self.parent, self.rule, in_place(self.place))

    @property
    def order(self) -> Tuple[int, int, str]:
        return self.family, 1, self.table

    def heads(self) -> Iterator[Head]:
        if self.leads:
            yield self.family, self.table, self.target
