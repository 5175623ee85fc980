# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""From planner steps to the text of one restore a family: whole chains replaced, jumps put in place, nothing else named."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

from ..._model.objects import KernelObject
from ..._model.rule import USER_CHAIN
from ..base import CREATE, DELETE, FirewallStep
from .layout import HEADS
from .objects import Chain, Jump
from .render import render_rule

# Isolation stands before anything is published or let into a network, and what takes the seal off before what sets it.
TABLES = ("raw", "security", "filter", "mangle", "nat")


def firewall_object(step: FirewallStep) -> Optional[KernelObject]:
    return step.desired or step.current


def restore_text(steps: Sequence[FirewallStep]) -> str:
    """Return the input of iptables-restore --noflush for the steps of one family."""
    tables: Dict[str, List[FirewallStep]] = {}
    for step in steps:
        item = firewall_object(step)
        if isinstance(item, (Chain, Jump)):
            tables.setdefault(item.table, []).append(step)
    order = sorted(tables, key=lambda table: TABLES.index(table) if table in TABLES else len(TABLES))
    return "".join("*%s\n%s\nCOMMIT\n" % (table, "\n".join(_table_lines(tables[table]))) for table in order)


def _table_lines(steps: Sequence[FirewallStep]) -> List[str]:
    """Make or empty every chain first; fill; move the jumps; then drop the chains nobody leads to any more."""
    named: List[str] = []
    rules: List[str] = []
    jumps: List[str] = []
    dropped: List[str] = []
    for step in steps:
        item = firewall_object(step)
        if isinstance(item, Jump):
            gone, come = _jump_lines(step)
            # Deletions go first: a jump may return at the head of a chain it stood further down in.
            jumps[:0] = gone
            jumps.extend(come)
        elif isinstance(item, Chain) and item.name == USER_CHAIN:
            # Never emptied: both commands fail where the administrator was quicker.
            if step.action == CREATE:
                named.append("-N %s" % item.name)
            elif step.action == DELETE:
                dropped.append("-X %s" % item.name)
        elif isinstance(item, Chain):
            # Each fails where somebody made or removed the chain since it was read.
            named.append("%s %s" % ("-N" if step.action == CREATE else "-F", item.name))
            if step.action == DELETE:
                dropped.append("-X %s" % item.name)
            else:
                rules.extend(render_rule(rule) for rule in item.rules or ())
    return named + rules + jumps + dropped


def _jump_lines(step: FirewallStep) -> Tuple[List[str], List[str]]:
    gone: List[str] = []
    come: List[str] = []
    if isinstance(step.current, Jump):
        gone = ["-D %s %s" % (step.current.parent, step.current.rule)] * (step.current.copies or 1)
    if isinstance(step.desired, Jump):
        jump = step.desired
        come = ["-I %s 1 %s" % (jump.parent, jump.rule) if jump.target in HEADS else "-A %s %s" % (jump.parent, jump.rule)]
    return gone, come
