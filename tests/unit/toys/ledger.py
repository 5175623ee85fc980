# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A firewall backend that the collection does not have: what it takes to add one. It filters nothing, it writes all rules of a family into one file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from ansible_collections.netloom.container_net.plugins.module_utils._firewall.base import DELETE, FirewallStep, HasTool, Report, RunCommand, silent
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.compose import compose_chains
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import EnvironmentUnfit, FirewallError
from ansible_collections.netloom.container_net.plugins.module_utils._model.firewall import FirewallObject, Head, RuleList
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import KernelObject
from ansible_collections.netloom.container_net.plugins.module_utils._model.place import HOST, in_place
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import Rule
from ansible_collections.netloom.container_net.plugins.module_utils._model.translation import Translation


@dataclass(frozen=True)
class Ledger(FirewallObject):
    """All rules of one family."""

    IDENTITY = ("place", "family")
    UNITS = "ledgers"

    family: int = 4
    rules: Optional[Tuple[Rule, ...]] = None

    @property
    def label(self) -> str:
        return "ledger of IPv%d%s" % (self.family, in_place(self.place))

    @property
    def order(self) -> Tuple[int, int, str]:
        return self.family, 0, ""

    @property
    def held(self) -> Tuple[Rule, ...]:
        return self.rules or ()

    def lists(self) -> Iterator[RuleList]:
        for table, chain in dict.fromkeys((rule.table, rule.chain) for rule in self.held):
            yield self.family, table, chain, tuple(rule for rule in self.held if (rule.table, rule.chain) == (table, chain))

    def heads(self) -> Iterator[Head]:
        led_to = {(rule.table, rule.target) for rule in self.held}
        yield from ((family, table, chain) for family, table, chain, _rules in self.lists() if (table, chain) not in led_to)


class LedgerBackend:
    """Reads and writes the files with the tool `tee`."""

    def observe(self, run: RunCommand, place: str = HOST, families: Sequence[int] = (4, 6)) -> Tuple[FirewallObject, ...]:
        found: List[FirewallObject] = []
        for family in families:
            code, out, _err = run(["cat", _path(run, family)], None)
            if code == 0 and out:
                found.append(Ledger(place, family, tuple(_read(row) for row in json.loads(out))))
        return tuple(found)

    def compose(self, rules: Sequence[Rule], *, scope: str, current: Sequence[KernelObject], place: str = HOST) -> Tuple[FirewallObject, ...]:
        by_family: Dict[int, List[Rule]] = {}
        for (family, _table, _name), found in sorted(compose_chains(rules, scope=scope, current=current, show=self.show).items()):
            by_family.setdefault(family, []).extend(found)
        return tuple(Ledger(place, family, tuple(found)) for family, found in by_family.items())

    def mend(self, wanted: Sequence[FirewallObject], before: Sequence[FirewallObject], standing: Sequence[FirewallObject]) -> Tuple[FirewallObject, ...]:
        return tuple(wanted)

    def apply(self, steps: Sequence[FirewallStep], run: RunCommand, report: Report = silent) -> int:
        for step in steps:
            item = step.current if step.action == DELETE else step.desired
            if not isinstance(item, Ledger):
                raise FirewallError("not a ledger: %s" % step)
            path = _path(run, item.family)
            text = json.dumps([asdict(rule) for rule in item.held])
            code, _out, err = run(["rm", path], None) if step.action == DELETE else run(["tee", path], text)
            if code:
                raise FirewallError("%s: %s" % (item.label, err.strip()))
            report([step])
        return len(steps)

    def show(self, rule: Rule) -> str:
        return "%s %s: %s for %s" % (rule.chain, rule.rank, rule.target, rule.owner or "all")

    def find_translations(self, _run: RunCommand) -> Tuple[Translation, ...]:
        return ()

    def why_no_vnis(self, _run: RunCommand) -> str:
        return "a ledger has no column for VNIs"

    def warnings(self, _run: RunCommand) -> Tuple[str, ...]:
        return ("nobody reads the ledger",)


def find_ledger(has_tool: HasTool) -> LedgerBackend:
    if not has_tool("tee"):
        raise EnvironmentUnfit("there is no tee to write a ledger with, nothing was changed")
    return LedgerBackend()


def _path(run: RunCommand, family: int) -> str:
    """Return the file of the namespace that the tools run in."""
    _code, out, _err = run(["readlink", "/proc/self/ns/net"], None)
    return "/run/ledger-%s-%d" % (out.strip().strip("net:[]"), family)


def _read(row: Dict[str, object]) -> Rule:
    names = {field.name for field in fields(Rule)}
    return Rule(**{name: tuple(value) if isinstance(value, list) else value for name, value in row.items() if name in names})  # type: ignore[arg-type]
