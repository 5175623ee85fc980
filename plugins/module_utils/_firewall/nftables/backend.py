# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The nftables backend: one table of our own, read with `nft -j list`, written with one `nft -f` for each place."""

from __future__ import annotations

import json
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, TypeVar

from ..._model.errors import EnvironmentUnfit, FirewallError, KernelRace, ToolFailed
from ..._model.firewall import FirewallObject
from ..._model.objects import KernelObject
from ..._model.place import HOST
from ..._model.rule import Rule
from ..._model.translation import Translation
from ..base import CREATE, DELETE, FirewallStep, HasTool, Report, RunCommand, said, silent
from .compose import compose, mend
from .layout import BRIDGE, INET, TABLE
from .objects import BaseChain, RuleChain
from .read import Listing, find_pieces, read_listing
from .script import transaction_text
from .words import show_rule

TOOL = "nft"
LIST = (TOOL, "-j", "-n", "list")
NOTHING = Listing({}, {}, {}, set(), ())
RACE_PAUSE = 0.3
Read = TypeVar("Read")


def read_tables(run: RunCommand) -> Dict[str, Listing]:
    """Return our tables by family, those that do not stand as empty ones; changes nothing."""
    found = {INET: NOTHING, BRIDGE: NOTHING}
    for item in _ask(run, "tables", _tables):
        if item.get("name") == TABLE and item.get("family") in found:
            found[item["family"]] = _ask(run, "table %s %s" % (item["family"], TABLE), read_listing)
    return found


def _tables(text: str) -> List[Dict[str, str]]:
    return [item["table"] for item in json.loads(text)["nftables"] if "table" in item]


def _ask(run: RunCommand, what: str, read: Callable[[str], Read]) -> Read:
    code, out, err = run([*LIST, *what.split(" ")], None)
    if code:
        raise FirewallError("nft list %s failed with exit code %d: %s" % (what, code, said(err)))
    try:
        return read(out)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise FirewallError("nft told nothing that can be read of %s; list it by hand to see why" % what) from None


class Nftables:
    """Both families in one table."""

    def __init__(self, has_tool: HasTool) -> None:
        self._has_tool = has_tool

    def observe(self, run: RunCommand, place: str = HOST, families: Sequence[int] = (4, 6)) -> Tuple[FirewallObject, ...]:
        return _pieces(read_tables(run), place, families)

    def compose(self, rules: Sequence[Rule], *, scope: str, current: Sequence[KernelObject], place: str = HOST) -> Tuple[FirewallObject, ...]:
        return compose(rules, scope=scope, current=current, place=place)

    def mend(self, wanted: Sequence[FirewallObject], before: Sequence[FirewallObject], standing: Sequence[FirewallObject]) -> Tuple[FirewallObject, ...]:
        return mend(wanted, standing)

    def apply(self, steps: Sequence[FirewallStep], run: RunCommand, report: Report = silent) -> int:
        if len({step.place for step in steps}) > 1:
            raise FirewallError("the steps of several namespaces were mixed")
        listings = read_tables(run)
        _refuse_race(steps, listings)
        try:
            code, _out, err = run([TOOL, "-f", "-"], transaction_text(steps, listings))
        except ToolFailed:
            # All of it was done, or nothing.
            report(steps if _is_done(steps, read_tables(run)) else ())
            raise
        if code == 0:
            report(steps)
            return 1
        _refuse_race(steps, read_tables(run))
        raise FirewallError("nft failed with exit code %d: %s" % (code, said(err)))

    def show(self, rule: Rule) -> str:
        return show_rule(rule)

    def find_translations(self, run: RunCommand) -> Tuple[Translation, ...]:
        from ..foreign import find_foreign_translations

        return find_foreign_translations(run, self._has_tool)

    def why_no_vnis(self, run: RunCommand) -> str:
        return ""

    def warnings(self, run: RunCommand) -> Tuple[str, ...]:
        return ()


def _pieces(listings: Mapping[str, Listing], place: str, families: Sequence[int]) -> Tuple[FirewallObject, ...]:
    return tuple(piece for layer, listing in listings.items() for piece in find_pieces(listing, place, layer, families))


def _refuse_race(steps: Sequence[FirewallStep], listings: Mapping[str, Listing]) -> None:
    """Let the run plan again where the rules are not those it planned on."""
    for step, stands in _standing(steps, listings):
        if stands != (None if step.action == CREATE else step.current):
            raise KernelRace("somebody else changes %s; run again when that is done" % _subject(step).label, RACE_PAUSE)


def _is_done(steps: Sequence[FirewallStep], listings: Mapping[str, Listing]) -> bool:
    return all(_reached(step, stands) for step, stands in _standing(steps, listings))


def _reached(step: FirewallStep, stands: Optional[FirewallObject]) -> bool:
    if step.action == DELETE or stands is None:
        return step.action == DELETE and stands is None
    return stands == step.desired or (isinstance(step.desired, RuleChain) and step.desired.rules is None)


def _standing(steps: Sequence[FirewallStep], listings: Mapping[str, Listing]) -> Iterator[Tuple[FirewallStep, Optional[FirewallObject]]]:
    found = {item.key: item for item in _pieces(listings, steps[0].place, (4, 6))}
    for step in steps:
        yield step, found.get(_subject(step).key)


def _subject(step: FirewallStep) -> FirewallObject:
    item = step.desired or step.current
    if not isinstance(item, (RuleChain, BaseChain)):
        raise FirewallError("not a step of nftables: %s" % (item.label if item else "empty"))
    return item


def find_nftables(has_tool: HasTool) -> Nftables:
    """Return the backend if this host has the tool."""
    if not has_tool(TOOL):
        raise EnvironmentUnfit("nft is not installed, nothing was changed; install the package nftables, or set firewall_backend to iptables")
    return Nftables(has_tool)
