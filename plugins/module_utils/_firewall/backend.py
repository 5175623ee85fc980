# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The seam between the engine and whatever filters packets on a host."""

from __future__ import annotations

from typing import Callable, FrozenSet, Protocol, Sequence, Tuple

from .._model.errors import EnvironmentUnfit
from .._model.objects import KernelObject
from .._model.place import HOST
from .._model.rule import Rule
from .._model.translation import Translation
from .iptables import Iptables, Report, RunCommand
from .layout import TOOLS
from .restore import FirewallStep

__all__ = ["Backend", "FirewallStep", "NoFirewall", "Report", "RunCommand", "select_backend"]


class Backend(Protocol):
    """What a packet filter must do for us. `run` works inside the namespace whose firewall is meant; `place` is that namespace's name."""

    def observe(self, run: RunCommand, place: str = HOST, families: Sequence[int] = (4, 6)) -> Tuple[KernelObject, ...]:
        """Return our chains and the jumps to them as they stand."""

    def compose(self, rules: Sequence[Rule], *, scope: str, current: Sequence[KernelObject], place: str = HOST) -> Tuple[KernelObject, ...]:
        """Return the chains and jumps that should stand: the scope's rules as given, those of other scopes as they are."""

    def apply(self, steps: Sequence[FirewallStep], run: RunCommand, report: Report = ...) -> int:
        """Carry out the steps of one place and return how many restores that took; `report` hears of what is done, also where the rest fails."""

    def show(self, rule: Rule) -> str:
        """Return a rule as its administrator would read it."""

    def find_translations(self, run: RunCommand) -> Tuple[Translation, ...]:
        """Return what rules of others lead elsewhere of what is sent to the host."""

    def tells_vnis(self, run: RunCommand) -> bool:
        """Tell whether rules can match the VNI of a packet; `run` works inside a namespace that nobody else sees."""

    def warnings(self, run: RunCommand) -> Tuple[str, ...]:
        """Return what the administrator should know about this host's firewall."""


class NoFirewall:
    """Leaves all filtering and translation to somebody else."""

    def observe(self, run: RunCommand, place: str = HOST, families: Sequence[int] = (4, 6)) -> Tuple[KernelObject, ...]:
        return ()

    def compose(self, rules: Sequence[Rule], *, scope: str, current: Sequence[KernelObject], place: str = HOST) -> Tuple[KernelObject, ...]:
        return ()

    def apply(self, steps: Sequence[FirewallStep], run: RunCommand, report: Report = lambda _steps: None) -> int:
        return 0

    def show(self, rule: Rule) -> str:
        return str(rule)

    def find_translations(self, run: RunCommand) -> Tuple[Translation, ...]:
        return ()

    def tells_vnis(self, run: RunCommand) -> bool:
        return True

    def warnings(self, run: RunCommand) -> Tuple[str, ...]:
        return ()


def select_backend(name: str, has_tool: Callable[[str], bool]) -> Backend:
    """Return the backend of that name; `auto` takes iptables."""
    if name == "none":
        return NoFirewall()
    found: FrozenSet[int] = frozenset(family for family, tools in TOOLS.items() if has_tool(tools.save) and has_tool(tools.restore))
    if 4 not in found:
        raise EnvironmentUnfit(
            "iptables-save and iptables-restore are not installed, nothing was changed; "
            "install the package iptables, or set firewall_backend to none and filter by other means"
        )
    return Iptables(families=found, has_tool=has_tool)
