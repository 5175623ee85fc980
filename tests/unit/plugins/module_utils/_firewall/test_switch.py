# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which backend takes the rules of a scope, and what becomes of those in another one."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Sequence, Set, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.base import Backend, FirewallStep, Report, RunCommand, silent
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.backend import Iptables
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.objects import Chain
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.nftables.backend import Nftables
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.nftables.objects import RuleChain
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.switch import Other, Switch
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.table import select_backend
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import EnvironmentUnfit
from ansible_collections.netloom.container_net.plugins.module_utils._model.firewall import FirewallObject
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import Rule
from ansible_collections.netloom.container_net.plugins.module_utils._plan.step import CHANGE, CREATE, DELETE, Step

IPTABLES, NFT = {"iptables-save", "iptables-restore"}, {"nft"}


def rule(scope: str) -> Rule:
    return Rule(4, "filter", "CNET-FORWARD", 10, "DROP", scope, "web", in_interface="br-web")


def chain(scope: str) -> Chain:
    return Chain("", 4, "filter", "CNET-FORWARD", (rule(scope),))


def nft_chain(scope: str) -> RuleChain:
    return RuleChain("", 4, "filter", "CNET-FORWARD", (rule(scope),))


def nobody(argv: Sequence[str], _data: Optional[str]) -> Tuple[int, str, str]:
    return 0, '{"nftables": []}' if argv[0] == "nft" else "", ""


def tables() -> List[str]:
    """On a host where nftables seems to hold something of ours."""
    return ["ip filter", "inet container_net"]


def taken_by(backend: Backend, current: Sequence[FirewallObject], scope: str = "main") -> Set[str]:
    backend.observe(nobody)
    return {item.BACKEND for item in backend.compose([rule(scope)], scope=scope, current=current) if any(held.scope == scope for held in item.held)}


@pytest.mark.parametrize(
    ("name", "tools", "kind"),
    [("auto", IPTABLES, Iptables), ("auto", NFT, Nftables), ("iptables", IPTABLES, Iptables), ("nftables", NFT, Nftables), ("auto", IPTABLES | NFT, Switch)],
)
def test_who_is_chosen(name: str, tools: Set[str], kind: type) -> None:
    assert isinstance(select_backend(name, tools.__contains__, tables), kind)


def test_without_its_tool_there_is_none() -> None:
    for name, said in (("nftables", "nft is not installed, nothing was changed"), ("auto", "iptables-save and iptables-restore are not installed")):
        with pytest.raises(EnvironmentUnfit, match=said):
            select_backend(name, set().__contains__, tables)


@pytest.mark.parametrize(
    ("name", "current", "taken"),
    [
        ("auto", (), "iptables"),
        ("auto", (nft_chain("main"),), "nftables"),
        ("auto", (nft_chain("other"),), "iptables"),
        ("auto", (chain("main"), nft_chain("main")), "iptables"),
        ("iptables", (nft_chain("main"),), "iptables"),
        ("nftables", (chain("main"),), "nftables"),
    ],
)
def test_where_nobody_chose_the_rules_stay(name: str, current: Sequence[FirewallObject], taken: str) -> None:
    assert taken_by(select_backend(name, (IPTABLES | NFT).__contains__, tables), current) == {taken}


def test_what_another_scope_has_in_the_other_one_stays_and_is_told() -> None:
    backend = select_backend("iptables", (IPTABLES | NFT).__contains__, tables)
    backend.observe(nobody)
    kept = backend.compose([rule("main")], scope="main", current=(nft_chain("other"), nft_chain("main")))
    assert {held.scope for item in kept if item.BACKEND == "nftables" for held in item.held} == {"", "other"}
    assert [text.partition(",")[0] for text in backend.warnings(nobody)] == ["scope 'other' keeps its firewall rules in nftables"]


def test_who_holds_nothing_is_not_loaded() -> None:
    def load() -> Backend:
        raise AssertionError("loaded")

    asked: List[Sequence[str]] = []

    def run(argv: Sequence[str], data: Optional[str]) -> Tuple[int, str, str]:
        asked.append(argv)
        return nobody(argv, data)

    backend = Switch("nftables", Nftables(lambda _tool: True), {"iptables": Other(lambda run: "CNET-" in run(["iptables-save"], None)[1], load)}, fixed=True)
    for _again in range(2):
        assert backend.observe(run) == ()
    assert asked.count(["iptables-save"]) == 1


class Noting:
    """A backend that notes when it was called."""

    def __init__(self, name: str, calls: List[str]) -> None:
        self._name, self._calls = name, calls

    def observe(self, *_ignored: object) -> Tuple[FirewallObject, ...]:
        return ()

    def apply(self, _steps: Sequence[FirewallStep], _run: RunCommand, _report: Report = silent) -> int:
        self._calls.append(self._name)
        return 1


@pytest.mark.parametrize(
    ("steps", "order"),
    [
        ([Step(DELETE, current=chain("main")), Step(CREATE, nft_chain("main"))], ["nftables", "iptables"]),
        ([Step(CREATE, chain("main")), Step(DELETE, current=nft_chain("main"))], ["iptables", "nftables"]),
        ([Step(CHANGE, Chain("", 4, "filter", "CNET-FORWARD", ()), chain("main")), Step(CREATE, nft_chain("main"))], ["nftables", "iptables"]),
    ],
)
def test_who_takes_over_comes_before_who_lets_go(steps: Sequence[Step], order: List[str]) -> None:
    calls: List[str] = []
    made: Dict[str, Callable[[], Backend]] = {name: lambda name=name: Noting(name, calls) for name in ("iptables", "nftables")}  # type: ignore[misc, return-value]
    for chosen, other in (("iptables", "nftables"), ("nftables", "iptables")):
        backend = Switch(chosen, made[chosen](), {other: Other(lambda _run: True, made[other])}, fixed=True)
        backend.observe(nobody)
        calls.clear()
        assert backend.apply(steps, nobody) == 2
        assert calls == order
