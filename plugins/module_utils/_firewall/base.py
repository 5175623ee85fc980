# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The seam between the engine and whatever filters packets on a host: what a backend must do for us."""

from __future__ import annotations

from typing import Callable, Optional, Protocol, Sequence, Tuple

from .._model.errors import printable
from .._model.firewall import FirewallObject
from .._model.objects import KernelObject
from .._model.place import HOST
from .._model.rule import Rule
from .._model.translation import Translation

CREATE, DELETE = "create", "delete"
RunCommand = Callable[[Sequence[str], Optional[str]], Tuple[int, str, str]]
HasTool = Callable[[str], bool]
ListTables = Callable[[], Sequence[str]]  # of nftables, where `run` works


class FirewallStep(Protocol):
    """What a backend needs of a planner step."""

    @property
    def action(self) -> str:
        """Return create, change or delete."""

    @property
    def desired(self) -> Optional[KernelObject]:
        """Return what should stand."""

    @property
    def current(self) -> Optional[KernelObject]:
        """Return what stands."""

    @property
    def place(self) -> str:
        """Return the namespace meant."""


Report = Callable[[Sequence[FirewallStep]], None]


def silent(_steps: Sequence[FirewallStep]) -> None:
    """Hear of steps that are done, and tell nobody."""


def said(err: str) -> str:
    """Return what a tool said of its failure, in one line."""
    return printable(" / ".join(line for line in err.splitlines() if line.strip())) or "it gave no reason"


class Backend(Protocol):
    """One packet filter. `run` works inside the namespace whose firewall is meant; `place` is that namespace's name."""

    def observe(self, run: RunCommand, place: str = HOST, families: Sequence[int] = (4, 6)) -> Tuple[FirewallObject, ...]:
        """Return what of ours stands, and what leads there."""

    def compose(self, rules: Sequence[Rule], *, scope: str, current: Sequence[KernelObject], place: str = HOST) -> Tuple[FirewallObject, ...]:
        """Return what should stand: the scope's rules as given, those of other scopes as they are."""

    def mend(self, wanted: Sequence[FirewallObject], before: Sequence[FirewallObject], standing: Sequence[FirewallObject]) -> Tuple[FirewallObject, ...]:
        """Return the pieces that a way back wants, with those it cannot do without of what stood before and of what stands, and none that lead nowhere."""

    def apply(self, steps: Sequence[FirewallStep], run: RunCommand, report: Report = silent) -> int:
        """Carry out the steps of one place and return how many writes that took; `report` hears of what is done, also where the rest fails."""

    def show(self, rule: Rule) -> str:
        """Return a rule as its administrator would read it."""

    def find_translations(self, run: RunCommand) -> Tuple[Translation, ...]:
        """Return what rules of others lead elsewhere of what is sent to the host."""

    def why_no_vnis(self, run: RunCommand) -> str:
        """Return why rules cannot match the VNI of a packet, nothing if they can; `run` works inside a namespace that nobody else sees."""

    def warnings(self, run: RunCommand) -> Tuple[str, ...]:
        """Return what the administrator should know about this host's firewall."""
