# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the walk may ask of a host. The live one answers by asking the kernel, that of a unit test from what is written down."""

from __future__ import annotations

from typing import Protocol, Sequence

from .._firewall.rulesets import RuleSet
from .._model.guard import GuardedPort
from .._model.live import RouteAnswer, RouteQuestion, Space
from .._model.snapshot import Snapshot


class World(Protocol):
    @property
    def snapshot(self) -> Snapshot:
        """Return links and addresses of all places."""

    def space(self, place: str) -> Space:
        """Return what else a packet meets in a place."""

    def rule_sets(self, place: str) -> Sequence[RuleSet]:
        """Return every rule of a place."""

    def guards(self, place: str) -> Sequence[GuardedPort]:
        """Return the ports of a place whose endpoints are held to their own addresses."""

    def route(self, place: str, question: RouteQuestion) -> RouteAnswer:
        """Return what the kernel would do with a packet in a place."""
