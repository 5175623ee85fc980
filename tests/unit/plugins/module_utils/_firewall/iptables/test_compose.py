# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import random
from dataclasses import replace
from typing import Dict, List, Sequence, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.compose import compose
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.objects import Chain, Jump
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import FirewallError
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import KernelObject
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import Rule
from rule_lines import read


def forward(scope: str, rank: int, interface: str) -> Rule:
    return Rule(4, "filter", "CNET-FORWARD", rank, "DROP", scope, "n", in_interface=interface)


def published(scope: str, port: int) -> Tuple[Rule, ...]:
    return (Rule(4, "nat", "CNET-DNAT", 20, "DNAT", scope, "e", protocol="tcp", destination_ports=(port, port), to="10.0.0.2", to_port=80),)


def contents(objects: Sequence[KernelObject]) -> Dict[str, List[str]]:
    """Return scope, rank and target of each rule by chain."""

    def short(rule: Rule) -> str:
        return "%s:%s:%d %s" % (rule.scope, rule.owner, rule.rank, rule.target)

    return {item.name: [short(rule) for rule in item.rules or ()] for item in objects if isinstance(item, Chain)}


def test_nothing_of_nobody() -> None:
    assert compose((), scope="a", current=()) == ()


def test_the_administrators_chain_comes_first() -> None:
    found = compose((forward("a", 0, "x"),), scope="a", current=(), place="netns:h")
    assert contents(found) == {"CNET-FORWARD": ["::0 MARK", "::0 CNET-USER", "a:n:0 DROP"], "CNET-USER": []}
    assert found[1] == Jump("netns:h", 4, "filter", "FORWARD", "-j CNET-FORWARD", True, 1)
    assert found[2] == Chain("netns:h", 4, "filter", "CNET-USER", None)


def test_scopes_are_woven_by_rank() -> None:
    current = compose((forward("b", 5, "x"), forward("b", 20, "y")), scope="b", current=())
    found = compose((forward("a", 20, "p"), forward("a", 10, "q")), scope="a", current=current)
    assert contents(found)["CNET-FORWARD"] == ["::0 MARK", "::0 CNET-USER", "b:n:5 DROP", "a:n:10 DROP", "a:n:20 DROP", "b:n:20 DROP"]
    # Taking one out leaves what the other had.
    assert compose((), scope="a", current=found) == current


def test_any_order_of_runs_gives_the_same() -> None:
    rules = {scope: (forward(scope, 9, "i1"), forward(scope, 9, "i0"), *published(scope, 8080 + index)) for index, scope in enumerate("abc")}
    results = set()
    for seed in range(20):
        scopes = list("abcabc")
        random.Random(seed).shuffle(scopes)
        current: Tuple[KernelObject, ...] = ()
        for scope in scopes:
            current = compose(rules[scope], scope=scope, current=current)
        results.add(frozenset(current))
    assert len(results) == 1


def test_a_shared_jump_stands_once_and_as_long_as_its_chain() -> None:
    both = compose(published("b", 8090), scope="b", current=compose(published("a", 8080), scope="a", current=()))
    assert contents(both) == {"CNET-DNAT": ["::10 CNET-P-tcp-8064"], "CNET-P-tcp-8064": ["a:e:20 DNAT", "b:e:20 DNAT"]}
    one = compose((), scope="a", current=both)
    assert contents(one) == {"CNET-DNAT": ["::10 CNET-P-tcp-8064"], "CNET-P-tcp-8064": ["b:e:20 DNAT"]}
    assert compose((), scope="b", current=one) == ()


def test_a_shared_jump_that_was_altered_is_ours_again() -> None:
    right = compose(published("a", 8080), scope="a", current=())
    other = {(8064, 8127): (1, 2)}
    wrong = tuple(
        replace(item, rules=tuple(replace(rule, destination_ports=other.get(rule.destination_ports, rule.destination_ports)) for rule in item.rules))
        if isinstance(item, Chain) and item.rules
        else item
        for item in right
    )
    assert wrong != right
    assert compose(published("a", 8080), scope="a", current=wrong) == right


def test_lines_without_our_comment_go() -> None:
    chain = Chain(
        "", 4, "filter", "CNET-FORWARD", (read("-A CNET-FORWARD -j ACCEPT"), read('-A CNET-FORWARD -m comment --comment "container-net:b:n:9" -j DROP'))
    )
    assert contents(compose((), scope="a", current=(chain,)))["CNET-FORWARD"] == ["::0 MARK", "::0 CNET-USER", "b:n:9 DROP"]


def test_a_chain_another_scope_leads_to_stays_though_empty() -> None:
    line = '-A CNET-INPUT -p udp -m udp --dport 4789 -m comment --comment "container-net:b::5" -j CNET-INSIDE'
    found = compose((), scope="a", current=(Chain("", 4, "filter", "CNET-INPUT", (read(line),)), Chain("", 4, "filter", "CNET-INSIDE", ())))
    assert Chain("", 4, "filter", "CNET-INSIDE", ()) in found


@pytest.mark.parametrize(("rules", "stays"), [(("-A CNET-USER -j DROP",), True), ((), False)])
def test_the_administrators_rules_outlive_ours(rules: Tuple[str, ...], stays: bool) -> None:
    found = compose((), scope="a", current=(Chain("", 4, "filter", "CNET-USER", tuple(map(read, rules))),))
    assert found == ((Chain("", 4, "filter", "CNET-USER", None),) if stays else ())


def test_loopback_is_not_published_to_the_host() -> None:
    rules = published("a", 80) + tuple(replace(rule, family=6, to="fd00::2") for rule in published("a", 80))
    jumps = [item.rule for item in compose(rules, scope="a", current=()) if isinstance(item, Jump) and item.parent == "OUTPUT"]
    assert jumps == ["! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j CNET-DNAT", "! -d ::1/128 -m addrtype --dst-type LOCAL -j CNET-DNAT"]


def test_a_rule_of_another_scope_is_an_error() -> None:
    with pytest.raises(FirewallError, match="scope 'b'"):
        compose((forward("b", 1, "x"),), scope="a", current=())
