# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence, Set, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.backend import Iptables, apply_firewall, observe_firewall
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.objects import Chain, Jump
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.restore import restore_text
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.none import NoFirewall
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.table import select_backend
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import EnvironmentUnfit, FirewallError
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Address
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import Rule
from ansible_collections.netloom.container_net.plugins.module_utils._plan.step import Step
from rule_lines import read

Answer = Tuple[int, str, str]

RAW = Step("create", Chain("", 4, "raw", "CNET-RAW", (read("-A CNET-RAW -j RETURN", table="raw"),)))
RAW_JUMP = Step("create", Jump("", 4, "raw", "PREROUTING", "-j CNET-RAW", True, 1))
NAT = Step("create", Chain("", 4, "nat", "CNET-POST", (read("-A CNET-POST -j RETURN", table="nat"),)))
NAT_JUMP = Step("create", Jump("", 4, "nat", "POSTROUTING", "-j CNET-POST", True, 1))
SIX = Step("create", Chain("", 6, "raw", "CNET-RAW", ()))


class Tool:
    """Stands for the programs: gives the answers in order and keeps what it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: List[Tuple[str, Optional[str]]] = []
        self.pauses: List[float] = []

    def run(self, argv: Sequence[str], data: Optional[str]) -> Answer:
        self.asked.append((" ".join(argv), data))
        return self.answers.pop(0)

    def apply(self, *steps: Step, **options: Any) -> int:
        return apply_firewall(steps, self.run, pause=self.pauses.append, **options)


OK: Answer = (0, "", "")
BUSY: Answer = (4, "", "Another app is currently holding the xtables lock.")


def test_isolation_stands_before_publication() -> None:
    assert restore_text((NAT_JUMP, NAT, RAW_JUMP, RAW)) == (
        "*raw\n-N CNET-RAW\n-A CNET-RAW -j RETURN\n-I PREROUTING 1 -j CNET-RAW\nCOMMIT\n"
        "*nat\n-N CNET-POST\n-A CNET-POST -j RETURN\n-A POSTROUTING -j CNET-POST\nCOMMIT\n"
    )


def test_removal_empties_first_and_deletes_last() -> None:
    steps = (
        Step("delete", current=Chain("", 4, "filter", "CNET-USER", ())),
        Step("delete", current=Chain("", 4, "filter", "CNET-FORWARD", (read("-A CNET-FORWARD -j CNET-USER"),))),
        Step("delete", current=Jump("", 4, "filter", "FORWARD", "-j CNET-FORWARD", True, 2)),
    )
    assert restore_text(steps) == ("*filter\n-F CNET-FORWARD\n-D FORWARD -j CNET-FORWARD\n-D FORWARD -j CNET-FORWARD\n-X CNET-USER\n-X CNET-FORWARD\nCOMMIT\n")


def test_the_administrators_chain_is_never_emptied() -> None:
    chain = Chain("", 4, "filter", "CNET-USER", None)
    assert restore_text((Step("create", chain),)) == "*filter\n-N CNET-USER\nCOMMIT\n"
    assert ":CNET-USER" not in restore_text((Step("delete", current=chain),))


def test_a_jump_moves_to_the_head() -> None:
    late, right = (Jump("", 4, "filter", "INPUT", "-j CNET-INPUT", leads, 1) for leads in (False, True))
    assert restore_text((Step("change", right, late),)) == "*filter\n-D INPUT -j CNET-INPUT\n-I INPUT 1 -j CNET-INPUT\nCOMMIT\n"


def test_the_default_drop_comes_last() -> None:
    assert "-A FORWARD -j CNET-LAST" in restore_text((Step("create", Jump("", 4, "filter", "FORWARD", "-j CNET-LAST", True, 1)),))


def test_one_restore_a_family() -> None:
    tool = Tool(OK, OK)
    assert tool.apply(SIX, RAW, RAW_JUMP) == 2
    assert [asked[0] for asked in tool.asked] == ["iptables-restore --noflush --wait 5", "ip6tables-restore --noflush --wait 5"]
    assert tool.asked[0][1] == restore_text((RAW, RAW_JUMP))


def test_nothing_to_do_runs_nothing() -> None:
    assert Tool().apply() == 0


def test_a_missing_tool_is_noticed_before_anything_changes() -> None:
    tool = Tool()
    with pytest.raises(EnvironmentUnfit, match="ip6tables-restore are not installed"):
        tool.apply(RAW, SIX, families=(4,))
    assert tool.asked == []


def test_a_busy_tool_is_asked_again_for_what_is_left() -> None:
    done = "*raw\n:PREROUTING ACCEPT [0:0]\n:CNET-RAW - [0:0]\n-A PREROUTING -j CNET-RAW\n-A CNET-RAW -j RETURN\nCOMMIT\n"
    tool = Tool(BUSY, (0, done, ""), OK)
    assert tool.apply(RAW, RAW_JUMP, NAT, NAT_JUMP) == 2
    assert tool.asked[2][1] == restore_text((NAT, NAT_JUMP))
    assert len(tool.pauses) == 1


def test_a_tool_that_was_busy_after_the_last_table_is_not_asked_again() -> None:
    tool = Tool(BUSY, (0, "*raw\n:CNET-RAW - [0:0]\n-A CNET-RAW -j RETURN\nCOMMIT\n", ""))
    assert tool.apply(RAW) == 1


def test_patience_ends() -> None:
    tool = Tool(*([BUSY, OK] * 4))
    with pytest.raises(FirewallError, match="exit code 4: Another app is currently holding"):
        tool.apply(RAW)
    assert len(tool.pauses) == 3


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((1, "", "iptables-restore: line 2 failed\n"), "iptables-restore failed with exit code 1: iptables-restore: line 2 failed (-N CNET-RAW)"),
        ((2, "", "no\n\x1b[31mway\n"), "iptables-restore failed with exit code 2: no / \\x1b[31mway"),
        ((1, "", "line 999 failed"), "iptables-restore failed with exit code 1: line 999 failed"),
        ((3, "", ""), "iptables-restore failed with exit code 3: it gave no reason"),
    ],
)
def test_other_failures_are_final_and_quoted(answer: Answer, expected: str) -> None:
    tool = Tool(answer, OK)
    with pytest.raises(FirewallError) as caught:
        tool.apply(RAW)
    assert str(caught.value) == expected
    assert [asked[0].split()[0] for asked in tool.asked] == ["iptables-restore", "iptables-save"]


def test_places_and_kinds_do_not_mix() -> None:
    with pytest.raises(FirewallError, match="several namespaces"):
        Tool().apply(RAW, Step("create", Chain("netns:a", 4, "raw", "CNET-RAW", ())))
    with pytest.raises(FirewallError, match="not a firewall step"):
        Tool().apply(Step("create", Address("", "eth0", "10.0.0.1/24")))


def test_reading_that_fails_is_quoted() -> None:
    with pytest.raises(FirewallError, match="ip6tables-save failed with exit code 3: oh"):
        observe_firewall(Tool(OK, (3, "", "oh")).run)


def has(*tools: str) -> Callable[[str], bool]:
    found: Set[str] = set(tools)
    return lambda tool: tool in found


def test_the_backend_follows_the_tools() -> None:
    assert isinstance(select_backend("none", has(), list), NoFirewall)
    for name in ("auto", "iptables"):
        assert isinstance(select_backend(name, has("iptables-save", "iptables-restore"), list), Iptables)
        with pytest.raises(EnvironmentUnfit, match="install the package iptables"):
            select_backend(name, has("iptables-save", "ip6tables-save", "ip6tables-restore"), list)


def test_rules_of_a_family_without_tools_are_refused_in_check_mode_too() -> None:
    backend = select_backend("auto", has("iptables-save", "iptables-restore"), list)
    tool = Tool(OK)
    assert backend.observe(tool.run) == ()
    assert backend.compose((Rule(4, "raw", "CNET-RAW", 1, "DROP", "a"),), scope="a", current=()) != ()
    with pytest.raises(EnvironmentUnfit, match="IPv6 would go unfiltered"):
        backend.compose((Rule(6, "raw", "CNET-RAW", 1, "DROP", "a"),), scope="a", current=())


def test_no_firewall_does_nothing() -> None:
    backend, tool = NoFirewall(), Tool()
    assert backend.observe(tool.run) == backend.compose((), scope="a", current=()) == backend.warnings(tool.run) == ()
    assert backend.apply((RAW,), tool.run) == 0


@pytest.mark.parametrize(
    ("answers", "tells"),
    [
        ([OK], True),
        ([(2, "", "Couldn't load match `u32'"), OK], False),
        ([(4, "", "no table raw"), (4, "", "no table raw")], True),  # that is not for want of the match
    ],
)
def test_whether_vnis_can_be_told_is_tried_once(answers: List[Tuple[int, str, str]], tells: bool) -> None:
    backend, tool = select_backend("auto", has("iptables", "iptables-save", "iptables-restore"), list), Tool(*answers)
    lack = "" if tells else "this kernel has no iptables match u32 (module xt_u32)"
    assert [backend.why_no_vnis(tool.run), backend.why_no_vnis(tool.run)] == [lack, lack]
    assert select_backend("auto", has("iptables-save", "iptables-restore"), list).why_no_vnis(Tool().run) == ""
    assert NoFirewall().why_no_vnis(Tool().run) == ""


@pytest.mark.parametrize(("legacy", "count"), [("-A INPUT -j DROP\n", 1), ("", 0)])
def test_two_rule_sets_are_named(legacy: str, count: int) -> None:
    tools = ("iptables-save", "iptables-restore", "iptables-legacy-save", "iptables-nft-save")
    tool = Tool((2, "/proc/self/net/ip_tables_names:filter\n", "no such file"), (0, legacy, ""), (0, "-A FORWARD -j ACCEPT\n-A INPUT -j X\n", ""))
    warnings = select_backend("auto", has(*tools), list).warnings(tool.run)
    assert len(warnings) == count
    assert all("iptables-legacy-save shows 1 rules, iptables-nft-save shows 2" in warning for warning in warnings)
