# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What goes into the pipeline and what comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable, FrozenSet, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from .._firewall.base import Backend, RunCommand
from .._kernel.statefile import STATE_DIRECTORY
from .._model.objects import KernelObject
from .._model.place import HOST, Place
from .._model.rule import Rule
from .._model.snapshot import Facts, Key, Snapshot
from .._plan.step import Step

if TYPE_CHECKING:
    from .left_out import LeftOut

LOCK_TIMEOUT = 60.0  # seconds to wait for another run on the same host
Build = Callable[[Facts], Tuple[Sequence[KernelObject], Sequence[Rule]]]
# What stands, what is wanted and the steps between, told in the words of the declaration.
Tell = Callable[[Snapshot, Sequence[KernelObject], Sequence[Step]], Tuple[str, ...]]


class Request(NamedTuple):
    """What one run wants. `removes` picks further keys to delete from the snapshot; `prune` adds all that the scope owns."""

    scope: str
    build: Build
    backend: Backend
    run: RunCommand
    check_mode: bool = False
    prune: bool = False
    adopt: bool = False
    refuse_emptying: bool = False  # it declares nothing and was not told that this is meant: what the scope owns must not go for that
    restore: bool = False  # put the host's earlier settings back if nobody needs ours any more; `prune` implies it
    removes: Optional[Callable[[Snapshot], Iterable[Key]]] = None
    place: Place = HOST  # whose firewall and forwarding
    places: Tuple[str, ...] = ()  # to be read although nothing is desired there
    early: bool = False  # the declaration is about links that may be in containers by now, so those are read before it is compiled
    residents: Tuple[str, ...] = ()  # whose addresses and ways out are read before it is compiled
    lock_timeout: float = LOCK_TIMEOUT
    wait_timeout: float = 0.0  # seconds for links and addresses of the host that are not there yet
    verify: bool = True
    confirm_timeout: float = 0.0  # seconds; a change that is not confirmed in time is taken back
    looks: bool = False  # it takes ports or addresses of the host: who holds them is looked up before it is compiled
    publishes: bool = False  # ports, so also who listens on them, and by whose rules they are led elsewhere
    frames: bool = False  # the scope may have, or have had, a table of frames
    notes: Sequence[str] = ()  # what the last `build` wants said without refusing
    connection: str = ""  # over which the request came, if that is known
    tell: Optional[Tell] = None
    renew: Optional[Callable[[Request], Request]] = None  # what it is once nobody else can change who is a guest
    left_out: Optional[LeftOut] = None  # what of the declaration is not asked for, because this kernel cannot have it
    state_directory: str = STATE_DIRECTORY
    store_directory: str = ""  # where the declaration is kept, or may have been; empty: nobody looks


@dataclass
class Outcome:
    """What a run found and did."""

    steps: Tuple[Step, ...] = ()
    snapshot: Snapshot = field(default_factory=Snapshot)
    desired: Tuple[KernelObject, ...] = ()
    words: Tuple[str, ...] = ()  # the plan as its author would tell it
    show_rule: Callable[[Rule], str] = str  # as its administrator would read it
    netlink_changes: int = 0
    firewall_restores: int = 0
    firewall_done: List[Step] = field(default_factory=list)  # which of the steps on firewalls were carried out
    seconds: float = 0.0
    warnings: List[str] = field(default_factory=list)
    left_links: FrozenSet[Tuple[str, str]] = frozenset()  # place and name of what is declared, but has something of a container's own in its way
    confirm_before: Optional[str] = None  # the last moment for the confirmation that the change waits for
