# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What nftables keeps of ours: whole chains with their sets, and the base chains by which packets come to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional, Tuple

from ..._model.firewall import Head
from ..._model.place import in_place
from ..chain import HeldChain, Piece
from .layout import INET, TABLE, name_chain, read_chain_name


@dataclass(frozen=True)
class RuleChain(HeldChain):
    """A whole chain of ours. The sets its rules look into are part of it."""

    BACKEND = "nftables"

    @property
    def written(self) -> str:
        """Return its name in our table."""
        return name_chain(self.family, self.table, self.name)

    @property
    def label(self) -> str:
        return "nftables chain %s%s" % (self.written, in_place(self.place))


@dataclass(frozen=True)
class BaseChain(Piece):
    """Where packets come from: a base chain that leads to chains of ours, its rules as they are written."""

    BACKEND = "nftables"
    IDENTITY = ("place", "layer", "written")
    leading = 1

    layer: str = INET
    written: str = ""
    hook: Optional[str] = None
    sort: Optional[str] = None  # filter | nat
    priority: Optional[int] = None
    policy: Optional[str] = None
    lines: Optional[Tuple[str, ...]] = None

    @property
    def label(self) -> str:
        return "nftables base chain %s%s%s" % ("" if self.layer == INET else "%s %s " % (self.layer, TABLE), self.written, in_place(self.place))

    @property
    def order(self) -> Tuple[int, int, str]:
        return self.family, 1, self.table

    def heads(self) -> Iterator[Head]:
        for line in self.lines or ():
            key = read_chain_name(line.rpartition(" ")[2])
            if key is not None:
                yield key
