# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What became of a packet: hop by hop, and the one thing that decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Optional, Tuple

from .._model.place import HOST, Place
from .._model.rule import Rule


class Hop(NamedTuple):
    """One step of the way."""

    place: str
    words: str
    answering: bool = False  # it is of the answer


@dataclass(frozen=True)
class Cause:
    """Why a packet does not arrive. `about` are the labels of what would have to be different, as plans call it."""

    kind: str
    words: str
    about: Tuple[str, ...] = ()
    fix: str = ""  # where no declaration says anything of it
    rule: Optional[Rule] = None  # that drops it


@dataclass(frozen=True)
class Story:
    """The whole way there and back, as far as it goes."""

    hops: Tuple[Hop, ...]
    cause: Optional[Cause] = None
    doubts: Tuple[str, ...] = ()
    largest: int = 0  # bytes of the largest packet that fits all the way; 0 is not known


class Ends(Exception):
    """The packet goes no further."""

    def __init__(self, cause: Cause) -> None:
        self.cause = cause
        super().__init__(cause.words)


def name_place(place: str) -> str:
    return "the host" if place == HOST else Place(place).reference


def command(place: str, tool: str, words: str) -> str:
    """Return a command for people, to be run in a place."""
    if place == HOST or Place(place).is_named:
        inside = "" if place == HOST else "-n %s " % name_place(place) if tool == "ip" else ""
        before = "ip netns exec %s " % name_place(place) if place != HOST and tool != "ip" else ""
        return "%s%s %s%s" % (before, tool, inside, words)
    return "in the network namespace of %s: %s %s" % (name_place(place), tool, words)
