# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies of a fleet: one list for all, with the addresses of whom they name, and what is probed of them."""

from __future__ import annotations

from typing import Any, Dict, List

from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._model.addresses import link_local_of
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.expectations import expectations
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.planner import FleetPlan
from fleets import MESH, WEB, endpoint, host, plan, problems

LAN = {"name": "lan", "driver": "macvlan", "parent": "eth0", "ipam_config": [{"subnet": "198.51.100.0/24"}]}
TO_DB = {"name": "to-db", "from": {"groups": ["front"]}, "to": {"endpoints": ["db"]}, "ports": ["5432/tcp"], "action": "allow"}
ONLY = {"name": "only", "to": {"endpoints": ["db"]}, "action": "deny"}


def fleet(*policies: Dict[str, Any], **mesh: Any) -> FleetPlan:
    networks = (WEB, {**MESH, **mesh})
    api = endpoint("api", {"name": "web", "ipv4_address": "10.20.0.10"}, {"name": "mesh", "ipv4_address": "10.60.0.10"}, groups=["front"])
    db = endpoint("db", {"name": "mesh", "ipv4_address": "10.60.0.20"})
    more = endpoint("more", {"name": "mesh", "ipv4_address": "10.60.0.30"}, groups=["front"])
    return plan(*(host(number, item, networks=networks, policies=list(policies)) for number, item in enumerate((api, db, more), 1)))


def test_every_host_is_told_the_addresses_of_all() -> None:
    found = fleet(TO_DB)
    (policy,) = found.policies
    rows = {row["name"]: row for row in found.overlay_rows()["mesh"]["endpoints"]}
    known = {name: [*row["addresses"], link_local_of(row["mac"])] for name, row in rows.items()}
    assert policy["from"] == {"groups": ["front"], "addresses": [], "neighbours": [*known["api"], *known["more"]]}
    assert policy["to"] == {"endpoints": ["db"], "addresses": [], "neighbours": known["db"]}
    assert "10.20.0.10" not in str(policy), "an address that other hosts have too"
    for arguments in found.arguments().values():
        assert [item.name for item in read_document({**arguments, "policies": list(found.policies)}).policies] == ["to-db"]


def test_a_member_more_changes_the_addresses_of_all_hosts() -> None:
    before = fleet(TO_DB).policies[0]["from"]["neighbours"]
    assert len(before) == 6
    assert "10.60.0.30" in before


def test_what_is_denied_is_probed() -> None:
    def told(plan_: FleetPlan) -> List[Any]:
        return sorted({(check["from"], check["to"], check["expect"], check["reason"]) for check in expectations(plan_) if check["to"] == "db"})

    assert {row[2] for row in told(fleet())} == {"pass"}
    assert told(fleet(TO_DB, ONLY)) == [(name, "db", "refuse", "policy only denies it") for name in ("api", "more")], "a ping is not port 5432"
    closed = told(fleet(TO_DB, default_policy="deny"))
    assert closed == [(name, "db", "refuse", "default_policy: deny of network mesh") for name in ("api", "more")]
    egress = told(fleet({**TO_DB, "ports": ["80/tcp"]}, default_egress="deny"))
    assert egress == [(name, "db", "refuse", "default_egress: deny of network mesh") for name in ("api", "more")]


def test_bad_input_of_the_fleet() -> None:
    api, cam = endpoint("api", "mesh", groups=["front"]), endpoint("cam", {"name": "lan", "ipam": "none"}, groups=["far"])
    networks = (WEB, MESH, LAN)

    def faults(*policies: Any, other: Any = None) -> List[str]:
        second = list(policies) if other is None else other
        return problems(host(1, api, networks=networks, policies=list(policies)), host(2, cam, networks=networks, policies=second))

    assert faults({**TO_DB, "to": {"endpoints": ["dn"]}}) == [
        'fleet_policies[to-db].to.endpoints: got string "dn": no such endpoint is declared; declared: api, cam'
    ]
    (line,) = faults({**TO_DB, "to": {"groups": ["far"]}})
    assert line.startswith('fleet_policies[to-db].to.groups: got string "cam": on network "lan" its packets do not pass through the host')
    (line,) = faults({**TO_DB, "to": {"groups": ["front"]}}, other=[])
    assert line.startswith("hostvars[h2].fleet_policies: got list of 0: it differs from that of h1, and policies are one list for all hosts of the fleet")
    (line,) = faults("x")
    assert line.startswith('fleet_policies[0]: got string "x": expected a map')
