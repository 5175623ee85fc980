# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""No firewall: all filtering and translation is left to somebody else."""

from __future__ import annotations

from typing import Sequence, Tuple

from .._model.firewall import FirewallObject
from .._model.objects import KernelObject
from .._model.place import HOST
from .._model.rule import Rule
from .._model.translation import Translation
from .base import FirewallStep, Report, RunCommand, silent


class NoFirewall:
    """Reads nothing, wants nothing, changes nothing."""

    def observe(self, run: RunCommand, place: str = HOST, families: Sequence[int] = (4, 6)) -> Tuple[FirewallObject, ...]:
        return ()

    def compose(self, rules: Sequence[Rule], *, scope: str, current: Sequence[KernelObject], place: str = HOST) -> Tuple[FirewallObject, ...]:
        return ()

    def mend(self, wanted: Sequence[FirewallObject], before: Sequence[FirewallObject], standing: Sequence[FirewallObject]) -> Tuple[FirewallObject, ...]:
        return tuple(wanted)

    def apply(self, steps: Sequence[FirewallStep], run: RunCommand, report: Report = silent) -> int:
        return 0

    def show(self, rule: Rule) -> str:
        return str(rule)

    def find_translations(self, run: RunCommand) -> Tuple[Translation, ...]:
        return ()

    def why_no_vnis(self, run: RunCommand) -> str:
        return ""

    def warnings(self, run: RunCommand) -> Tuple[str, ...]:
        return ()
