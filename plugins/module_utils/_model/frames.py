# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules for the frames of bridges, as data: a table of each scope's own, in which sets say what ports may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Optional, Tuple

from .objects import KernelObject
from .place import HOST


class FrameSet(NamedTuple):
    """What a set of the table tells apart, in the words of nft."""

    name: str
    keys: str
    ranges: bool = False  # it holds subnets, or ranges of numbers


class FrameChain(NamedTuple):
    """A chain and its rules, one line each. One with a hook is where frames come to."""

    name: str
    lines: Tuple[str, ...]
    hook: str = ""
    priority: int = 0


@dataclass(frozen=True)
class FrameTable(KernelObject):
    """The table of one scope. What of it is not declared goes, for nobody else writes there."""

    IDENTITY = ("place", "scope")
    DESCRIPTIVE = frozenset(("sets",))
    RANK = 9

    scope: str = ""
    sets: Tuple[FrameSet, ...] = ()
    entries: Optional[Tuple[Tuple[str, str], ...]] = None  # set and entry, in order
    chains: Optional[Tuple[FrameChain, ...]] = None

    @property
    def label(self) -> str:
        return "anti-spoofing of scope %s" % self.scope

    @property
    def owner(self) -> Optional[str]:
        return self.scope


def frame_table(scope: str, sets: Tuple[FrameSet, ...], entries: Tuple[Tuple[str, str], ...], chains: Tuple[FrameChain, ...]) -> FrameTable:
    return FrameTable(HOST, scope, sets, tuple(sorted(set(entries))), tuple(sorted(chains)))
