# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The iptables backend: reads with iptables-save, writes with one iptables-restore a family. Works with both kernel interfaces."""

from __future__ import annotations

import re
import time
from typing import Callable, Collection, List, Mapping, Optional, Sequence, Set, Tuple

from ..._model.errors import EnvironmentUnfit, FirewallError, KernelRace, ToolFailed, printable
from ..._model.firewall import FirewallObject
from ..._model.objects import KernelObject
from ..._model.place import HOST
from ..._model.rule import Rule
from ..._model.translation import Translation
from ..base import CREATE, DELETE, FirewallStep, HasTool, Report, RunCommand, said, silent
from .compose import compose
from .layout import TOOLS, VARIANTS, Tools
from .legacy import legacy_tables
from .objects import Chain, Jump
from .parse import parse_dump
from .render import render_rule
from .restore import firewall_object, restore_text

BUSY = 4  # the lock is held, or somebody else changed the rules meanwhile
RETRIES = 3
RETRY_DELAY = 0.2
RACE_PAUSE = 0.3
LOCK_TIMEOUT = "5"  # seconds; less than a tool may take
VNI_TRIAL = ("-m", "u32", "--u32", "0x0=0x0", "-j", "DROP")
_FAILED_LINE = re.compile(r"\bline:? ([0-9]+)")


def observe_firewall(run: RunCommand, place: str = HOST, families: Collection[int] = (4, 6), tools: Mapping[int, Tools] = TOOLS) -> Tuple[FirewallObject, ...]:
    """Return our chains and the jumps to them; changes nothing."""
    found: List[FirewallObject] = []
    for family in families:
        code, out, err = run([tools[family].save], None)
        if code:
            raise FirewallError("%s failed with exit code %d: %s" % (tools[family].save, code, said(err)))
        try:
            found.extend(parse_dump(out, family, place))
        except ValueError as error:
            raise FirewallError('%s gave no whole rule set: "%s"; run it by hand to see why' % (tools[family].save, _cut(str(error)))) from None
    return tuple(found)


def apply_firewall(
    steps: Sequence[FirewallStep],
    run: RunCommand,
    *,
    families: Collection[int] = (4, 6),
    tools: Mapping[int, Tools] = TOOLS,
    pause: Callable[[float], None] = time.sleep,
    report: Report = silent,
) -> int:
    """Carry out the steps of one place; return how many restores were run. `report` hears of those that are done, also where another fails."""
    if len({step.place for step in steps}) > 1:
        raise FirewallError("the steps of several namespaces were mixed")
    by_family = {family: [step for step in steps if _family(step) == family] for family in (4, 6)}
    require_tools([family for family, chosen in by_family.items() if chosen], families, tools)
    return sum(_restore(chosen, family, run, tools[family], pause, report) for family, chosen in by_family.items() if chosen)


def require_tools(needed: Collection[int], families: Collection[int], tools: Mapping[int, Tools] = TOOLS) -> None:
    """Refuse to go on where one family would be filtered and the other not."""
    for family in needed:
        if family not in families:
            raise EnvironmentUnfit(
                "%s and %s are not installed, and without them IPv%d would go unfiltered; nothing was changed; install the package iptables"
                % (tools[family].save, tools[family].restore, family)
            )


def _restore(steps: Sequence[FirewallStep], family: int, run: RunCommand, tools: Tools, pause: Callable[[float], None], report: Report) -> int:
    def look() -> Tuple[FirewallObject, ...]:
        return observe_firewall(run, steps[0].place, (family,), {family: tools})

    pending = list(steps)
    # What a restore makes it refuses to make twice; what it fills anew might have been filled by somebody since.
    if any(step.action != CREATE for step in pending):
        _refuse_race(pending, look(), tools)
    for attempt in range(RETRIES + 1):
        text = restore_text(pending)
        try:
            code, _out, err = run([tools.restore, "--noflush", "--wait", LOCK_TIMEOUT], text)
        except ToolFailed:
            report(_reached(pending, look()))
            raise
        if code == 0:
            report(pending)
            return attempt + 1
        found = look()
        done = _committed(pending, text, err, found)
        report(done)
        if code != BUSY or attempt == RETRIES:
            _refuse_race([step for step in pending if step not in done], found, tools)
            break
        pause(RETRY_DELAY * (attempt + 1))
        # Tables are committed one by one, so some may be done already.
        pending = _pending(pending, found)
        if not pending:
            return attempt + 1
    raise FirewallError("%s failed with exit code %d: %s%s" % (tools.restore, code, said(err), _failed_line(text, err)))


def _refuse_race(steps: Sequence[FirewallStep], found: Sequence[KernelObject], tools: Tools) -> None:
    """Let the run plan again where the rules are not those it planned on: nothing is filled from what was read in the middle of another tool's work."""
    objects = {item.key: item for item in found}
    for step in steps:
        item = firewall_object(step)
        if item is not None and objects.get(item.key) != step.current:
            raise KernelRace("another tool changes the firewall: %s is not as %s showed it; run again when it is done" % (item.label, tools.save), RACE_PAUSE)


def _committed(steps: Sequence[FirewallStep], text: str, err: str, found: Sequence[KernelObject]) -> List[FirewallStep]:
    """Return the steps of the tables before the one that failed; without its line, those whose outcome stands."""
    number = _line_number(err)
    if not number:
        return _reached(steps, found)
    begun = [line[1:] for line in text.splitlines()[:number] if line.startswith("*")]
    return [step for step in steps if getattr(firewall_object(step), "table", "") in begun[:-1]]


def _reached(steps: Sequence[FirewallStep], found: Sequence[KernelObject]) -> List[FirewallStep]:
    left = _pending(steps, found)
    return [step for step in steps if step not in left]


def _pending(steps: Sequence[FirewallStep], found: Sequence[KernelObject]) -> List[FirewallStep]:
    objects = {item.key: item for item in found}
    left: List[FirewallStep] = []
    for step in steps:
        item = firewall_object(step)
        stands = objects.get(item.key) if item else None
        wanted = None if step.action == DELETE else step.desired
        reached = stands is None if wanted is None else stands is not None and (stands == wanted or getattr(wanted, "rules", "") is None)
        if not reached:
            left.append(step)
    return left


def _family(step: FirewallStep) -> int:
    item = firewall_object(step)
    if not isinstance(item, (Chain, Jump)):
        raise FirewallError("not a firewall step: %s" % (item.label if item else "empty"))
    return item.family


def _cut(line: str) -> str:
    return printable(line[:60]) + ("..." if len(line) > 60 else "")


def _line_number(err: str) -> int:
    match = _FAILED_LINE.search(err)
    return int(match.group(1)) if match else 0


def _failed_line(text: str, err: str) -> str:
    lines = text.splitlines()
    number = _line_number(err)
    return " (%s)" % printable(lines[number - 1]) if 1 <= number <= len(lines) else ""


class Iptables:
    """Both families through the iptables tools. `families` are those whose tools are installed."""

    def __init__(self, *, families: Collection[int], has_tool: HasTool, tools: Mapping[int, Tools] = TOOLS) -> None:
        self._families = frozenset(families)
        self._has_tool = has_tool
        self._tools = tools
        self._tells_vnis: Optional[bool] = None  # not known yet

    def observe(self, run: RunCommand, place: str = HOST, families: Collection[int] = (4, 6)) -> Tuple[FirewallObject, ...]:
        return observe_firewall(run, place, sorted(self._families.intersection(families)), self._tools)

    def compose(self, rules: Sequence[Rule], *, scope: str, current: Sequence[KernelObject], place: str = HOST) -> Tuple[FirewallObject, ...]:
        needed: Set[int] = {rule.family for rule in rules}
        require_tools(sorted(needed), self._families, self._tools)
        return compose(rules, scope=scope, current=current, place=place)

    def apply(self, steps: Sequence[FirewallStep], run: RunCommand, report: Report = silent) -> int:
        return apply_firewall(steps, run, families=self._families, tools=self._tools, report=report)

    def mend(self, wanted: Sequence[FirewallObject], before: Sequence[FirewallObject], standing: Sequence[FirewallObject]) -> Tuple[FirewallObject, ...]:
        from .mend import mend

        return mend(wanted, before, standing)

    def show(self, rule: Rule) -> str:
        return render_rule(rule)

    def find_translations(self, run: RunCommand) -> Tuple[Translation, ...]:
        from ..foreign import find_foreign_translations

        return find_foreign_translations(run, self._has_tool)

    def why_no_vnis(self, run: RunCommand) -> str:
        return "" if self._can_tell_vnis(run) else "this kernel has no iptables match u32 (module xt_u32)"

    def _can_tell_vnis(self, run: RunCommand) -> bool:
        """Try a rule; where any other fails too, the kernel is not to blame."""
        if self._tells_vnis is None:
            tool = self._tools[min(self._families)].save.rpartition("-save")[0]
            tried = [tool, "-t", "raw", "-A", "PREROUTING"]
            self._tells_vnis = not self._has_tool(tool) or run([*tried, *VNI_TRIAL], None)[0] == 0 or run([*tried, "-j", "DROP"], None)[0] != 0
        return self._tells_vnis

    def warnings(self, run: RunCommand) -> Tuple[str, ...]:
        """Tell of rules behind both kernel interfaces of iptables: each sees only its own, packets obey both."""
        try:
            return self._find_two_rule_sets(run)
        except ToolFailed as error:
            return (str(error),)  # the change stands; nothing depends on this

    def _find_two_rule_sets(self, run: RunCommand) -> Tuple[str, ...]:
        found: List[str] = []
        both = {family: variants for family, variants in VARIANTS.items() if all(self._has_tool(variant) for variant in variants)}
        held = legacy_tables(run) if both else {}
        for family, variants in both.items():
            if not held[family]:
                continue
            legacy, nft = (_count_rules(run, variant) for variant in variants)
            if legacy and nft:
                found.append(
                    "IPv%d packets pass two rule sets: %s shows %d rules, %s shows %d; move all to one (update-alternatives --config %s)"
                    % (family, variants[0], legacy, variants[1], nft, "iptables" if family == 4 else "ip6tables")
                )
        return tuple(found)


def find_iptables(has_tool: HasTool) -> Iptables:
    """Return the backend for the tools that this host has."""
    families = frozenset(family for family, tools in TOOLS.items() if has_tool(tools.save) and has_tool(tools.restore))
    if 4 not in families:
        raise EnvironmentUnfit(
            "iptables-save and iptables-restore are not installed, nothing was changed; "
            "install the package iptables, or set firewall_backend to none and filter by other means"
        )
    return Iptables(families=families, has_tool=has_tool)


def _count_rules(run: RunCommand, tool: str) -> int:
    code, out, _err = run([tool], None)
    return sum(line.startswith("-A ") for line in out.splitlines()) if code == 0 else 0
