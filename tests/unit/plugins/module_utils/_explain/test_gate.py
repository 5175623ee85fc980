# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rules do with a packet, in the order in which packets obey them."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Dict, List, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._explain.gate import pass_hook
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.foreign import read_all_rules
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.match import Packet
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.nftables.rulesets import read_devices, read_rule_sets
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.rulesets import RuleSet, Seen

PACKET = Packet(int(ip_address("10.20.0.10")), int(ip_address("192.0.2.2")), "tcp", 80, -1, "br-web", "eth0", frozenset(("NEW",)), False)


def saved(*rules: str, policy: str = "ACCEPT", table: str = "filter", head: str = "FORWARD") -> List[RuleSet]:
    """Return what iptables-save would tell: rules of chains that are declared by being named."""
    chains = {rule.split()[1] for rule in rules} - {head}
    text = "\n".join(["*%s" % table, ":%s %s [0:0]" % (head, policy), *(":%s - [0:0]" % name for name in sorted(chains)), *rules, "COMMIT"])
    found = read_all_rules(lambda argv, _data: (0, text if argv[0] == "iptables-save" else "", ""), lambda tool: tool == "iptables-save")
    return [rule_set for rule_set in found if rule_set.chains]


def verdict(rule_sets: List[RuleSet], seen: Optional[Seen] = None, hook: str = "forward", **options: bool) -> str:
    """Return the text of what drops a packet, or nothing."""
    passage = pass_hook(rule_sets, 4, hook, seen or Seen(PACKET), **options)
    return passage.stop.words if passage.stop is not None else ""


@pytest.mark.parametrize(
    ("rules", "stops"),
    [
        (["-A FORWARD -s 10.20.0.10/32 -j DROP"], "-A FORWARD -s 10.20.0.10/32 -j DROP (iptables -t filter)"),
        (["-A FORWARD -s 10.20.0.11/32 -j DROP"], ""),
        (
            ["-A FORWARD ! -s 10.20.0.11/32 -j REJECT --reject-with icmp-port-unreachable"],
            "-A FORWARD ! -s 10.20.0.11/32 -j REJECT --reject-with icmp-port-unreachable",
        ),
        (["-A FORWARD -i br-web -j ACCEPT", "-A FORWARD -j DROP"], ""),
        (["-A FORWARD -j guard", "-A guard -j RETURN", "-A guard -j DROP"], ""),
        (["-A FORWARD -j guard", "-A FORWARD -j DROP", "-A guard -p udp -j ACCEPT"], "-A FORWARD -j DROP"),
        (["-A FORWARD -g guard", "-A FORWARD -j DROP", "-A guard -p udp -j ACCEPT"], "-A FORWARD -j DROP"),
        (["-A FORWARD -j MARK --set-xmark 0x20000000/0x20000000", "-A FORWARD -m mark --mark 0x20000000/0x20000000 -j DROP"], "-A FORWARD -m mark"),
        (["-A FORWARD -m mark --mark 0x20000000/0x20000000 -j DROP"], ""),
        (["-A FORWARD -p tcp -m tcp --dport 80:90 -j DROP"], "-A FORWARD -p tcp -m tcp --dport 80:90 -j DROP"),
        (["-A FORWARD -m conntrack --ctstate ESTABLISHED -j DROP"], ""),
        (["-A FORWARD -j LOG", "-A FORWARD -j DROP"], "-A FORWARD -j DROP"),
    ],
)
def test_the_rule_that_decides(rules: List[str], stops: str) -> None:
    found = verdict(saved(*rules))
    assert found.startswith(stops)
    assert bool(found) == bool(stops)


def test_a_policy_decides_where_no_rule_does() -> None:
    assert verdict(saved("-A FORWARD -p udp -j ACCEPT", policy="DROP")) == "policy DROP of chain FORWARD (iptables -t filter)"


def test_what_cannot_be_told_is_a_doubt_and_decides_nothing() -> None:
    rules = saved("-A FORWARD -m limit --limit 1/sec -j DROP", "-A FORWARD -p udp -m limit --limit 1/sec -j DROP")
    passage = pass_hook(rules, 4, "forward", Seen(PACKET))
    assert passage.stop is None
    assert passage.doubts == ("-A FORWARD -m limit --limit 1/sec -j DROP (iptables -t filter)",)  # the other is not for it at all


def test_only_the_first_packet_is_translated() -> None:
    rules = saved("-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.20.0.11:8080", table="nat", head="PREROUTING")
    passage = pass_hook(rules, 4, "prerouting", Seen(PACKET), translating=True)
    assert (passage.seen.packet.destination, passage.seen.packet.port) == (int(ip_address("10.20.0.11")), 8080)
    assert "DNAT" in passage.seen.packet.states
    assert pass_hook(rules, 4, "prerouting", Seen(PACKET)).translation is None


def ruleset(family: str, expressions: List[object], **chain: object) -> str:
    head = {"family": family, "table": "guard", "name": "f", "type": "filter", "hook": "forward", "prio": 0, "policy": "accept", **chain}
    return json.dumps({"nftables": [{"chain": head}, {"rule": {"family": family, "table": "guard", "chain": "f", "expr": expressions}}]})


def match(left: object, right: object, operator: str = "==") -> Dict[str, object]:
    return {"match": {"op": operator, "left": left, "right": right}}


SOURCE = {"payload": {"protocol": "ip", "field": "saddr"}}
DPORT = {"payload": {"protocol": "tcp", "field": "dport"}}


@pytest.mark.parametrize(
    ("expressions", "stops", "doubts"),
    [
        ([{"drop": None}], True, False),
        ([match(SOURCE, "10.20.0.10"), {"counter": {"packets": 0, "bytes": 0}}, {"drop": None}], True, False),
        ([match(SOURCE, "10.20.0.10", "!="), {"drop": None}], False, False),
        ([match(SOURCE, {"prefix": {"addr": "10.20.0.0", "len": 24}}), {"drop": None}], True, False),
        ([match(SOURCE, {"set": ["10.20.0.9", "10.20.0.10"]}), {"reject": None}], True, False),
        ([match(DPORT, {"range": [70, 90]}), {"drop": None}], True, False),
        ([match(DPORT, 81), {"drop": None}], False, False),
        ([match({"meta": {"key": "iifname"}}, "br-*"), {"drop": None}], True, False),
        ([match({"meta": {"key": "nfproto"}}, "ipv6"), {"drop": None}], False, False),
        ([match({"ct": {"key": "state"}}, ["established", "related"], "in"), {"drop": None}], False, False),
        ([{"limit": {"rate": 1}}, {"drop": None}], False, True),
        ([match(SOURCE, "10.20.0.9", "!="), match(SOURCE, "10.20.0.8", "!="), {"drop": None}], False, True),
        ([{"vmap": {"key": DPORT, "data": {"set": [[80, {"drop": None}], [81, {"accept": None}]]}}}], True, False),
    ],
)
def test_rules_of_nftables(expressions: List[object], stops: bool, doubts: bool) -> None:
    passage = pass_hook(read_rule_sets(ruleset("inet", expressions)), 4, "forward", Seen(PACKET))
    assert (passage.stop is not None, bool(passage.doubts)) == (stops, doubts)


def test_devices_that_nft_tells_only_people() -> None:
    text = 'table netdev guard {\n\tchain f {\n\t\ttype filter hook ingress devices = { "eth0", "eth1" } priority filter; policy accept;\n\t}\n}\n'
    devices = read_devices(text)
    assert devices == {("guard", "f"): ["eth0", "eth1"]}
    rules = read_rule_sets(ruleset("netdev", [{"drop": None}], hook="ingress"), (), devices)
    assert [pass_hook(rules, 4, "ingress", Seen(PACKET), device=name).stop is not None for name in ("eth0", "eth1", "eth2")] == [True, True, False]


def test_tables_that_iptables_tells_are_not_judged_twice() -> None:
    assert read_rule_sets(ruleset("ip", [{"drop": None}]), {("ip", "guard")}) == []
