# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The host as it stands at this moment. Each place is read when the way comes to it."""

from __future__ import annotations

from typing import Dict, Sequence, Tuple

from .._firewall.base import HasTool, RunCommand
from .._firewall.foreign import read_all_rules
from .._firewall.frames.guard import read_guards
from .._firewall.frames.table import TOOL
from .._firewall.rulesets import RuleSet
from .._kernel.live import ask_route, read_space
from .._model.guard import GuardedPort
from .._model.live import RouteAnswer, RouteQuestion, Space
from .._model.snapshot import Snapshot
from .._report.sight import Watch


class LiveWorld:
    """Answers from the kernel; it changes nothing and sends no packet."""

    def __init__(self, watch: Watch, run: RunCommand, has_tool: HasTool) -> None:
        self._watch, self._run, self._has_tool = watch, run, has_tool
        self._spaces: Dict[str, Space] = {}
        self._guards: Dict[str, Tuple[GuardedPort, ...]] = {}
        self._rules: Dict[str, Tuple[RuleSet, ...]] = {}

    @property
    def snapshot(self) -> Snapshot:
        return self._watch.snapshot

    def space(self, place: str) -> Space:
        if place not in self._spaces:
            with self._watch.handles.inside(place), self._watch.door.open(place) as line:
                self._spaces[place] = read_space(line)
        return self._spaces[place]

    def rule_sets(self, place: str) -> Sequence[RuleSet]:
        if place not in self._rules:
            with self._watch.handles.inside(place):
                self._rules[place] = read_all_rules(self._run, self._has_tool)
        return self._rules[place]

    def guards(self, place: str) -> Sequence[GuardedPort]:
        if place not in self._guards:
            with self._watch.handles.inside(place):
                self._guards[place] = read_guards(self._run, place) if self._has_tool(TOOL) else ()
        return self._guards[place]

    def route(self, place: str, question: RouteQuestion) -> RouteAnswer:
        numbers = {link.name: link.index or 0 for link in self.snapshot.links(place)}
        with self._watch.handles.inside(place), self._watch.door.open(place) as line:
            return ask_route(line, question, numbers)
