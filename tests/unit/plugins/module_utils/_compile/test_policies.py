# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies as rules: who enters which chain, and what is let into networks that are closed."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._compile.firewall import compile_firewall
from ansible_collections.netloom.container_net.plugins.module_utils._compile.policies import log_prefix
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.nftables.groups import arrange, flatten, render_changes, render_group
from ansible_collections.netloom.container_net.plugins.module_utils._model.policy import Policy
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import Rule

MESH = {"name": "mesh", "driver": "overlay", "vni": 5, "vtep_address": "192.0.2.1", "ipam_config": [{"subnet": "10.60.0.0/16"}]}
WIDE = {"name": "wide", "driver": "routed", "ipam_config": [{"subnet": "10.62.1.0/24"}], "reach": ["10.62.0.0/16"]}
NETWORKS = [{"name": name, "ipam_config": [{"subnet": "10.%d.0.0/24" % block}]} for name, block in (("web", 20), ("db", 22))]
DARK = {"name": "dark", "internal": True, "ipam_config": [{"subnet": "10.24.0.0/24"}]}
PLACES = {"a": ("web", "10.20.0.10"), "b": ("web", "10.20.0.11"), "d": ("db", "10.22.0.10"), "r": ("wide", "10.62.1.10"), "x": ("dark", "10.24.0.10")}


def rules_of(*policies: Dict[str, Any], **options: Any) -> List[Rule]:
    endpoints = [
        {"name": name, "container": {"netns": name}, "networks": [{"name": net, "ipv4_address": address}], "groups": ["front"] if net == "web" else []}
        for name, (net, address) in PLACES.items()
    ]
    networks = [{**network, **options.get(str(network["name"]), {})} for network in (*NETWORKS, MESH, WIDE, DARK)]
    document = read_document({"networks": networks, "endpoints": endpoints, "policies": list(policies)})
    return [rule for rule in compile_firewall(document, forwarding_off=frozenset()) if rule.family == 4]


ALLOW = {"name": "p", "from": {"groups": ["front"]}, "to": {"endpoints": ["d"]}, "ports": ["80/tcp"], "action": "allow"}


def matches(rules: List[Rule], table: str, prefix: str) -> List[Any]:
    found = (rule for rule in rules if rule.table == table and rule.chain.startswith(prefix))
    return sorted(((rule.in_interface or rule.out_interface, rule.source or rule.destination) for rule in found), key=str)


def test_no_policy_no_rule() -> None:
    assert not [rule for rule in rules_of() if rule.table == "security" or rule.owner.startswith(".")]


def test_packets_enter_by_source_then_destination_then_port() -> None:
    rules = rules_of(ALLOW)
    assert matches(rules, "security", "CNET-PF-") == [(None, "10.20.0.10/32"), (None, "10.20.0.11/32")]
    assert matches(rules, "security", "CNET-PT-") == [(None, "10.22.0.10/32")]
    verdicts = [(rule.protocol, rule.destination_ports, rule.target) for rule in rules if rule.chain.startswith("CNET-PV-") and rule.table == "security"]
    assert verdicts == [("tcp", (80, 80), "ACCEPT")]
    # Where it is let in, who is on a bridge here comes by that bridge.
    assert matches(rules, "filter", "CNET-PF-") == [("br-web", "10.20.0.10/32"), ("br-web", "10.20.0.11/32")]
    assert matches(rules, "filter", "CNET-PT-") == [("br-db", "10.22.0.10/32")]


@pytest.mark.parametrize(
    ("source", "target", "opened"),
    [
        ({"endpoints": ["a"]}, {"endpoints": ["d"]}, True),
        ({"endpoints": ["a"]}, {"endpoints": ["b"]}, False),  # neighbours
        ({"endpoints": ["a"]}, {"cidrs": ["10.22.0.0/24"]}, False),  # not by its name
        ({"cidrs": ["192.0.2.0/24"]}, {"networks": ["web"]}, True),
        ({"endpoints": ["a"]}, {"endpoints": ["x"]}, False),  # internal
        ({"endpoints": ["x"]}, {"networks": ["dark", "mesh"]}, False),
        ({"endpoints": ["a"]}, {"networks": ["mesh"]}, False),  # closed to all
        ({"addresses": ["10.62.2.7"]}, {"endpoints": ["a"]}, True),
        ({"neighbours": ["10.60.0.7"]}, {"endpoints": ["a"]}, False),
        (None, {"endpoints": ["r"]}, True),
    ],
)
def test_what_is_let_into_closed_networks(source: Any, target: Any, opened: bool) -> None:
    sides = {key: side for key, side in (("from", source), ("to", target)) if side is not None}
    allowed = rules_of({"name": "p", **sides, "action": "allow"})
    assert any(rule.owner == ".p" and rule.table == "filter" for rule in allowed) == opened
    denied = rules_of({"name": "p", **sides, "action": "deny"})
    assert not any(rule.owner == ".p" and rule.table in ("filter", "raw") for rule in denied)


def test_from_outside_only_the_declared_addresses_are_named() -> None:
    rules = rules_of({"name": "p", "from": {"cidrs": ["192.0.2.0/24"]}, "to": {"endpoints": ["d"], "networks": ["web"]}, "action": "allow"})
    raw = {(rule.source, rule.destination) for rule in rules if rule.table == "raw" and rule.owner == ".p"}
    assert raw == {("192.0.2.0/24", "10.22.0.10/32"), ("192.0.2.0/24", "10.20.0.0/24")}


def test_defaults_come_last_and_leave_what_is_published() -> None:
    rules = rules_of(ALLOW, web={"default_policy": "deny", "default_egress": "deny"}, wide={"default_policy": "deny"})
    last = sorted((rule for rule in rules if rule.chain.startswith("CNET-PS-") and rule.rank >= 10000), key=lambda rule: (rule.rank, rule.owner))
    assert [(rule.owner, rule.target, rule.in_interface, rule.out_interface, rule.destination, rule.ct_state) for rule in last] == [
        ("web", "DROP", "br-web", None, None, ()),
        ("", "RETURN", None, None, None, ("DNAT",)),
        ("web", "DROP", None, "br-web", None, ()),
        ("wide", "DROP", None, "cnr-+", "10.62.1.0/24", ()),
    ]


def test_what_is_between_others_is_no_rule_here() -> None:
    elsewhere = {"name": "p", "from": {"groups": ["far"], "addresses": ["10.62.2.7"]}, "to": {"groups": ["farther"], "neighbours": ["10.60.0.9"]}}
    assert not [rule for rule in rules_of({**elsewhere, "action": "deny"}) if rule.owner == ".p"]
    assert [rule for rule in rules_of({**elsewhere, "from": {"networks": ["web"]}, "action": "deny"}) if rule.owner == ".p"]


@pytest.mark.parametrize("action", ["allow", "deny"])
@pytest.mark.parametrize("length", [1, 16, 17, 18, 19, 63])
def test_a_line_of_the_log_begins_readably_and_no_two_alike(action: str, length: int) -> None:
    found = {log_prefix(Policy(letter * (length - 1) + last, action)) for letter in "ab" for last in "cd"}
    assert len(found) == (4 if length > 1 else 2)
    assert all(len(text) <= 29 and text.startswith("cnet-%s:" % action) and text.endswith(" ") for text in found)


def chain_of(*addresses: str, port: int = 0) -> List[Rule]:
    rules = [Rule(4, "security", "CNET-PF-x", 10, "CNET-PT-x", "main", ".p", source=address) for address in addresses]
    return [*rules, *([Rule(4, "security", "CNET-PF-x", 10, "DROP", "main", ".p", protocol="tcp", destination_ports=(port, port))] if port else [])]


def test_a_member_more_is_an_element_more() -> None:
    before, after = flatten(arrange(chain_of("10.20.0.1", "10.20.0.2"))), flatten(arrange(chain_of("10.20.0.2", "10.20.0.3")))
    name = "security4-CNET-PF-x"
    assert render_changes(before, after, name, [name + ".1"]) == [
        "delete element %%s %s.1 { 10.20.0.1 }" % name,
        'add element %%s %s.1 { 10.20.0.3 comment ".p" }' % name,
    ]
    assert render_changes(before, before, name, [name + ".1"]) == []
    assert render_group(arrange(after)[0], name, 1)


@pytest.mark.parametrize(
    ("after", "standing"),
    [
        (chain_of("10.20.0.1", port=80), ["security4-CNET-PF-x.1"]),  # a rule more
        (chain_of("10.20.0.0/24"), ["security4-CNET-PF-x.1"]),  # of another kind
        ([], ["security4-CNET-PF-x.1"]),
        (chain_of("10.20.0.3"), []),  # not the sets that we would have written
        (chain_of("10.20.0.3"), ["security4-CNET-PF-x.7"]),
    ],
)
def test_all_else_is_written_anew(after: List[Rule], standing: List[str]) -> None:
    before = flatten(arrange(chain_of("10.20.0.1")))
    assert render_changes(before, flatten(arrange(after)), "security4-CNET-PF-x", standing) is None


def test_where_somebody_else_wrote_a_rule_the_chain_is_written_anew() -> None:
    before = flatten(arrange(chain_of("10.20.0.1")))
    strange = Rule(4, "security", "CNET-PF-x", -1, "", partial=True)
    assert render_changes((*before, strange), before, "security4-CNET-PF-x", ["security4-CNET-PF-x.1"]) is None
