# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.render import render_rule
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import FirewallError
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import Rule

COMMENT = '-m comment --comment "container-net:main:web:10"'


def rule(target: str = "ACCEPT", family: int = 4, **fields: object) -> Rule:
    return Rule(family, "filter", "CNET-FORWARD", 10, target, "main", "web", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (rule(), "-A CNET-FORWARD %s -j ACCEPT"),
        (rule(source="10.0.0.1", destination="!10.0.0.0/8"), "-A CNET-FORWARD -s 10.0.0.1/32 ! -d 10.0.0.0/8 %s -j ACCEPT"),
        (rule(source="0.0.0.0/0"), "-A CNET-FORWARD %s -j ACCEPT"),
        (rule(family=6, source="::/0", destination="FD00:0::1"), "-A CNET-FORWARD -d fd00::1/128 %s -j ACCEPT"),
        (rule(in_interface="!br-a", out_interface="br_b"), "-A CNET-FORWARD ! -i br-a -o br_b %s -j ACCEPT"),
        (rule(protocol="udp", destination_ports=(53, 53)), "-A CNET-FORWARD -p udp -m udp --dport 53 %s -j ACCEPT"),
        (rule(protocol="tcp", destination_ports=(0, 63)), "-A CNET-FORWARD -p tcp -m tcp --dport 0:63 %s -j ACCEPT"),
        (rule(family=6, protocol="ipv6-icmp", icmp_type=134), "-A CNET-FORWARD -p ipv6-icmp -m icmp6 --icmpv6-type 134 %s -j ACCEPT"),
        (rule(ct_state=("DNAT", "ESTABLISHED", "RELATED")), "-A CNET-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED,DNAT %s -j ACCEPT"),
        (rule("SNAT", to="192.0.2.1"), "-A CNET-FORWARD %s -j SNAT --to-source 192.0.2.1"),
        (rule("DNAT", family=6, to="fd00::2", to_port=80), "-A CNET-FORWARD %s -j DNAT --to-destination [fd00::2]:80"),
    ],
)
def test_the_saved_form(given: Rule, expected: str) -> None:
    assert render_rule(given) == expected % COMMENT


@pytest.mark.parametrize("text", ["", "a b", "a\nb", "a\tb", "a\x00b", 'a"b', "a'b", "a\\b", "eth+", "a;b", "$(id)", "-x", "!!x", "ü", "a,b", "*filter", "#x"])
@pytest.mark.parametrize("field", ["in_interface", "out_interface", "source", "destination", "protocol", "target", "chain", "to"])
def test_what_could_break_out_is_refused(field: str, text: str) -> None:
    fields = {"family": 4, "table": "filter", "chain": "CNET-FORWARD", "rank": 10, "target": "ACCEPT", field: text}
    with pytest.raises(FirewallError):
        render_rule(Rule(**fields))  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["a b", "a\nb", 'a"b', "a:b", "ü", "a\x7f"])
@pytest.mark.parametrize("field", ["scope", "owner"])
def test_a_comment_is_refused_too(field: str, text: str) -> None:
    with pytest.raises(FirewallError, match="comment"):
        render_rule(Rule(4, "filter", "CNET-FORWARD", 10, "ACCEPT", **{field: text}))  # type: ignore[arg-type]


def test_an_address_of_the_other_family_is_refused() -> None:
    with pytest.raises(FirewallError, match="not an IPv4 address"):
        render_rule(rule(source="fd00::1"))
