# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules as entries of sets: what shares a look-up, what must not, and in which order they are asked."""

from __future__ import annotations

from dataclasses import replace
from typing import List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.nftables.compose import compose
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.nftables.groups import Group, arrange, flatten, render_group
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.nftables.objects import BaseChain, RuleChain
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.nftables.words import show_rule
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import FirewallError
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import MARK, SEAL, UNSEAL, Rule

DROP = Rule(4, "filter", "CNET-FORWARD", 10, "DROP", "main", "web", in_interface="br-web")
PORT = Rule(4, "nat", "CNET-DNAT", 20, "DNAT", "main", "a", protocol="tcp", destination_ports=(80, 80), to="10.0.0.2", to_port=8080)


def written(*rules: Rule) -> List[str]:
    return [line for number, group in enumerate(arrange(rules), 1) for line in render_group(group, "c", number)]


def sizes(groups: List[Group]) -> List[int]:
    return [len(group.rules) for group in groups]


def test_what_differs_in_values_only_is_one_look_up() -> None:
    assert written(DROP, replace(DROP, in_interface="br-db", owner="db")) == [
        'set c.1 { typeof iifname; elements = { "br-db" comment "db", "br-web" comment "web" } }',
        'rule c iifname @c.1 drop comment "container-net:main:10"',
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"rank": 11},
        {"scope": "other"},
        {"target": "ACCEPT"},
        {"ct_state": ("INVALID",)},
        {"out_interface": "br-db"},
        {"in_interface": "!br-db"},
        {"in_interface": "cnr-+"},
    ],
)
def test_what_differs_otherwise_is_another(other: object) -> None:
    assert sizes(arrange([DROP, replace(DROP, **other)])) == [1, 1]  # type: ignore[arg-type]


def test_no_entry_hides_another() -> None:
    """The second one that matches the same is asked where the first one was, after it."""
    twice = [DROP, replace(DROP, owner="db")]
    assert sizes(arrange(twice)) == [1, 1]
    assert sorted(flatten(arrange(twice)), key=str) == sorted(twice, key=str)
    spans = [replace(PORT, destination_ports=ports, to_port=None) for ports in ((80, 90), (91, 99), (90, 95))]
    assert sizes(arrange(spans)) == [2, 1]
    assert sizes(arrange([*spans, replace(spans[0], protocol="udp")])) == [3, 1]


def test_subnets_of_one_length_are_entries_whatever_holds_what() -> None:
    lines = written(*(replace(DROP, in_interface=None, source=subnet) for subnet in ("10.0.0.0/16", "10.0.1.0/24", "10.0.2.0/24", "10.0.1.7")))
    assert [line for line in lines if line.startswith("rule")] == [
        'rule c (ip saddr & 255.255.0.0) @c.1 drop comment "container-net:main:10"',
        'rule c (ip saddr & 255.255.255.0) @c.2 drop comment "container-net:main:10"',
        'rule c ip saddr @c.3 drop comment "container-net:main:10"',
    ]


def test_all_but_one_is_an_exception_of_an_entry() -> None:
    rule = replace(DROP, in_interface="!br-web", out_interface="br-web")
    assert written(rule, replace(rule, in_interface="!br-db", out_interface="br-db", owner="db")) == [
        'set c.1 { typeof oifname; elements = { "br-db" comment "db", "br-web" comment "web" } }',
        'set c.1-but { typeof oifname . iifname; elements = { "br-db" . "br-db", "br-web" . "br-web" } }',
        'rule c oifname @c.1 oifname . iifname != @c.1-but drop comment "container-net:main:10"',
    ]


def test_ports_are_entries_of_a_map() -> None:
    more = [replace(PORT, destination_ports=(port, port), to_port=port + 1000) for port in range(100, 200)]
    lines = written(PORT, *more)
    assert len(lines) == 2
    assert lines[0].startswith('map c.1 { typeof meta l4proto . th dport : ip daddr . th dport; elements = { 6 . 100 comment "a" : 10.0.0.2 . 1100, ')
    assert lines[1] == 'rule c dnat ip to meta l4proto . th dport map @c.1 comment "container-net:main:20"'


def test_a_key_has_an_end() -> None:
    """Of 64 bytes, what is beyond is a condition."""
    ends = {"source": "fd00::/64", "destination": "fd01::/64", "in_interface": "a", "out_interface": "b"}
    six = Rule(6, "filter", "CNET-FORWARD", 8, "ACCEPT", "main", "r", protocol="tcp", **ends)  # type: ignore[arg-type]
    (group,) = arrange([six])
    assert group.conditions == ('iifname == "a"',)
    assert len(group.keys) == 4
    (group,) = arrange([replace(six, protocol=None, in_interface="!a")])
    assert (group.conditions, group.excepted) == ((), ("iifname",))


def test_a_rule_that_says_whose_it_is_has_an_entry_for_it() -> None:
    everything = Rule(4, "filter", "CNET-LAST", 90, "DROP", "main")
    assert written(everything) == ['rule c drop comment "container-net:main:90"']
    assert written(replace(everything, owner="web"))[0] == 'set c.1 { typeof meta nfproto; elements = { 2 comment "web" } }'


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ct_state": ("NEW", "DNAT")}, "not for NEW or DNAT"),
        ({"protocol": "esp"}, "asked for the protocol 'esp'"),
        ({"in_interface": "a b"}, "refused to write 'a b'"),
        ({"in_interface": 'a"'}, "refused to write"),
        ({"target": "x; flush ruleset"}, "refused to write"),
        ({"source": "!0.0.0.0/0"}, "nothing is outside of 0.0.0.0/0"),
        ({"icmp_type": 8}, "ICMP type of protocol None"),
    ],
)
def test_what_it_has_no_words_for_is_refused(wrong: object, said: str) -> None:
    with pytest.raises(FirewallError, match=said):
        written(replace(DROP, **wrong))  # type: ignore[arg-type]
    with pytest.raises(FirewallError, match="refused to write"):
        written(replace(DROP, owner='"'))


def test_what_guards_tables_that_are_flushed_one_by_one_is_left_out() -> None:
    seal = Rule(4, "mangle", "CNET-SEAL", 10, MARK, "main", "web", out_interface="br-web", to=SEAL)
    second = Rule(4, "mangle", "CNET-INPUT", 40, "DROP", "main", "web", in_interface="br-web")
    found = compose([DROP, seal, replace(seal, chain="CNET-SEALED", target="DROP", to=None, sealed=True), second], scope="main", current=(), place="")
    assert [item.label for item in found] == [
        "nftables chain filter4-CNET-FORWARD",
        "nftables chain CNET-USER",
        "nftables base chain filter4-forward",
    ]
    assert [rule.target for item in found for rule in item.held] == ["CNET-USER", "DROP"]
    assert show_rule(Rule(4, "filter", "CNET-FORWARD", 0, MARK, to=UNSEAL)) == "filter4-CNET-FORWARD meta nfproto 2 meta mark set meta mark & 0xdfffffff"


def test_a_range_that_keeps_its_numbers_is_one_entry_and_another_one_for_each() -> None:
    kept, moved = replace(PORT, destination_ports=(80, 89), to_port=80), replace(PORT, destination_ports=(100, 102), to_port=200)
    (chain,) = [item for item in compose([kept, moved], scope="main", current=(), place="") if isinstance(item, RuleChain)]
    assert [(rule.rank, rule.destination_ports, rule.to_port) for rule in chain.held] == [
        (20, (100, 100), 200),
        (20, (80, 89), None),
        (21, (101, 101), 201),
        (21, (102, 102), 202),
    ]


def test_the_last_drop_is_asked_last() -> None:
    found = compose([DROP, replace(DROP, chain="CNET-LAST", owner="", in_interface=None)], scope="main", current=(), place="")
    (base,) = [item for item in found if isinstance(item, BaseChain)]
    assert [line.rpartition(" ")[2] for line in base.lines or ()] == ["filter4-CNET-FORWARD", "filter4-CNET-LAST"]
    assert list(base.heads()) == [(4, "filter", "CNET-FORWARD"), (4, "filter", "CNET-LAST")]
