# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which flows end when rules, ways and addresses change; the functional tests ask the kernel the same."""

from __future__ import annotations

import socket
from typing import Any, Dict, List, Set, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall import verdict
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.objects import Chain, Jump
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.match import Interface, Network, read_match
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.verdict import end_uncovered, narrows
from ansible_collections.netloom.container_net.plugins.module_utils._model.flow import Flow, Ground
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import Rule
from ansible_collections.netloom.container_net.plugins.module_utils._plan.step import CHANGE, CREATE, DELETE, Step
from rule_lines import read

WAY_IN, WAY_OUT = "-A CNET-FORWARD -o br -m conntrack --ctstate DNAT -j ACCEPT", "-A CNET-FORWARD -i br -j ACCEPT"
SHUT = "-A CNET-FORWARD -o br -j DROP"
TO_A = "-A CNET-P-tcp-8064 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80"
TO_B = TO_A.replace("10.0.0.2", "10.0.0.3")
HIDE = "-A CNET-POST -s 10.0.0.0/24 ! -o br -j MASQUERADE"


def ground(*forward: str, dnat: Tuple[str, ...] = (TO_A,), raw: Tuple[str, ...] = (), user: Tuple[str, ...] = (), post: Tuple[str, ...] = (HIDE,)) -> Ground:
    lead = "-A CNET-DNAT -p tcp -m tcp --dport 8064:8127 -j CNET-P-tcp-8064"
    chains = {
        ("raw", "CNET-RAW"): raw,
        ("filter", "CNET-FORWARD"): ("-A CNET-FORWARD -j CNET-USER", *(forward or (WAY_IN, SHUT, WAY_OUT))),
        ("filter", "CNET-USER"): user,
        ("nat", "CNET-DNAT"): (lead,),
        ("nat", "CNET-P-tcp-8064"): dnat,
        ("nat", "CNET-POST"): post,
    }
    return Ground(
        chains=tuple((4, table, name, tuple(read(line, 4, table) for line in lines)) for (table, name), lines in chains.items()),
        heads=((4, "raw", "CNET-RAW"), (4, "filter", "CNET-FORWARD"), (4, "nat", "CNET-DNAT"), (4, "nat", "CNET-POST")),
        ways=(("10.0.0.0/24", "br"), ("192.0.2.0/24", "eth0"), ("0.0.0.0/0", "eth0")),
        own=("10.0.0.1", "192.0.2.1"),
        subnets=("10.0.0.0/24",),
        inside=("10.0.0.2", "10.0.0.3"),
    )


def flow(source: str, destination: str, port: int, answerer: str = "", answer_port: int = 0, answered: str = "", protocol: int = 6) -> Flow:
    one, two, three, four = (socket.inet_aton(text) for text in (source, destination, answerer or destination, answered or source))
    return Flow(protocol, one, 40000, two, port, three, answer_port or port, four, 40000)


IN = flow("198.51.100.7", "192.0.2.1", 8080, "10.0.0.2", 80)
OUT = flow("10.0.0.3", "198.51.100.7", 443, answered="192.0.2.1")
TO_HOST = flow("198.51.100.7", "192.0.2.1", 8080)
FOREIGN = flow("198.51.100.7", "192.0.2.1", 8080, "172.17.0.2", 80)
FLOWS = {"in": IN, "out": OUT, "to the host": TO_HOST, "foreign": FOREIGN}
PLAIN = ground()
ONLY_ME = TO_A.replace("-p tcp", "-s 198.51.100.0/24 -p tcp")
CASES: Dict[str, Tuple[Ground, Ground, Set[str]]] = {
    "nothing": (PLAIN, PLAIN, set()),
    "moved": (PLAIN, ground(dnat=(TO_B,)), {"in"}),
    "withdrawn": (PLAIN, ground(dnat=()), {"in"}),
    "newly made": (ground(dnat=()), PLAIN, {"to the host"}),
    "for others": (PLAIN, ground(dnat=(TO_A.replace("-p tcp", "-s 203.0.113.0/24 -p tcp"),)), {"in"}),
    "for this client too": (PLAIN, ground(dnat=(ONLY_ME,)), set()),
    "closed": (PLAIN, ground(SHUT, WAY_OUT), {"in"}),
    "let in by the administrator": (ground(SHUT, WAY_OUT, user=("-A CNET-USER -j ACCEPT",)), ground(SHUT, user=("-A CNET-USER -j ACCEPT",)), set()),
    "dropped before tracking": (PLAIN, ground(raw=("-A CNET-RAW -i eth0 -p tcp -m addrtype --dst-type LOCAL -j DROP",)), {"in", "to the host", "foreign"}),
    "a rule nobody can read": (PLAIN, ground("-A CNET-FORWARD -m recent --set -j DROP", WAY_IN, SHUT, WAY_OUT), set()),
    "another source": (PLAIN, ground(post=("-A CNET-POST -s 10.0.0.0/24 ! -o br -j SNAT --to-source 192.0.2.9",)), {"out"}),
    "not hidden any more": (PLAIN, ground(post=()), {"out"}),
    "address gone": (PLAIN, PLAIN._replace(inside=("10.0.0.2",)), {"out"}),
    "subnet gone": (PLAIN, PLAIN._replace(subnets=()), {"in", "out"}),
    "subnet wider": (PLAIN, PLAIN._replace(subnets=("10.0.0.0/16",)), set()),
    "no chain led to": (PLAIN._replace(heads=()), ground(SHUT), {"in", "to the host"}),
}


@pytest.mark.parametrize("name", CASES)
def test_flows_that_end(name: str) -> None:
    before, after, expected = CASES[name]
    ended = end_uncovered(FLOWS.values(), [before], after, 4)
    assert {key for key, item in FLOWS.items() if item in ended} == expected


def test_a_run_that_died_counts_as_well() -> None:
    assert end_uncovered([IN], [ground(dnat=()), PLAIN], ground(dnat=()), 4) == [IN]


def test_a_large_table_takes_little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flows that no rule tells apart are judged once."""
    judged: List[Flow] = []
    plain = verdict._is_uncovered

    def count(item: Flow, before: verdict.Judge, after: verdict.Judge) -> bool:
        judged.append(item)
        return plain(item, before, after)

    monkeypatch.setattr(verdict, "_is_uncovered", count)
    many = [IN._replace(source=socket.inet_aton("198.18.%d.%d" % divmod(number, 256)), source_port=number) for number in range(10000)]
    assert len(end_uncovered(many, [PLAIN], ground(dnat=()), 4)) == 10000
    assert len(judged) == 1


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((TO_A,), (TO_B,), True),
        ((), (WAY_OUT,), False),
        ((SHUT,), (), False),
        ((), (SHUT,), True),
        ((WAY_IN,), (), True),
        ((WAY_IN, SHUT), (SHUT, WAY_IN), True),
        ((SHUT,), (SHUT,), False),
    ],
)
def test_steps_that_may_close(before: Any, after: Any, expected: bool) -> None:
    old, new = (Chain("", 4, "filter", "CNET-FORWARD", tuple(map(read, rules))) for rules in (before, after))
    assert narrows(Step(CHANGE, desired=new, current=old)) == expected
    assert narrows(Step(CREATE, desired=Jump("", 4, "filter", "FORWARD", "-j CNET-FORWARD")))
    assert narrows(Step(DELETE, current=Chain("", 4, "filter", "CNET-FORWARD", (read(WAY_IN),))))


def test_rules_are_read() -> None:
    match = read_match(read('-A C ! -s 10.0.0.0/24 -i cnr-+ -p udp -m udp --dport 5:7 -m comment --comment "a:b c" -j DNAT --to-destination [fd00::2]:80'))
    assert match is not None
    assert (match.source, match.came_by, match.protocol, match.ports, match.target) == (
        Network(0x0A0000, 8, True),
        Interface("cnr-+", False),
        "udp",
        (5, 7),
        "DNAT",
    )
    assert match.to is not None
    assert match.to[1] == 80
    for rule in (Rule(4, "raw", "C", 1, "RETURN", "s", source="10.0.0.1", vni=42), Rule(6, "raw", "C", 1, "RETURN", "s", source="fd00::1", vni=42)):
        match = read_match(rule)
        assert match is not None
        assert match.source is not None
    assert read_match(read('-A C -m u32 --u32 "0x0=0x1" -j DROP')) is None
    assert read_match(read("-A C -m rpfilter --invert -j DROP")) is None
    assert read_match(read("-A C -m physdev ! --physdev-is-bridged -j DROP")) is None
    assert read_match(read("-A C -p tcp")) is None
