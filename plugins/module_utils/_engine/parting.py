# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Guests that leave a scope whose declaration is not kept any more, or cannot be had."""

from __future__ import annotations

from functools import partial
from typing import Callable, List

from .._firewall.none import NoFirewall
from .._model.guest import Guest
from .._model.mark import read_mark
from .._model.place import HOST
from .._model.snapshot import Key, Snapshot
from .._runtime.tool import run_system_tool
from .pipeline import converge
from .request import Request

Picks = Callable[[Guest], bool]


def part_alone(scope: str, picks: Picks) -> None:
    """Remove the interfaces of guests, and that they are noted. Their rules lead nowhere, and go with the next run of the scope."""
    converge(Request(scope, lambda _facts: ((), ()), NoFirewall(), run_system_tool, removes=partial(_find_traces, picks)))


def _find_traces(picks: Picks, snapshot: Snapshot) -> List[Key]:
    guests = [guest for guest in snapshot.of(Guest) if picks(guest)]
    theirs = {(guest.scope, guest.network, guest.endpoint) for guest in guests}
    found: List[Key] = [guest.key for guest in guests]
    for link in snapshot.links(HOST):
        mark = read_mark(link.alias)
        if mark is not None and (mark.scope, mark.network, mark.endpoint) in theirs:
            found.append(link.key)
    return found
