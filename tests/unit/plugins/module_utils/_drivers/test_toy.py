# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A driver is one folder and one row: everything else works for tests/unit/toys/hub.py as it is."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._compile.document import compile_document
from ansible_collections.netloom.container_net.plugins.module_utils._compile.firewall import compile_firewall
from ansible_collections.netloom.container_net.plugins.module_utils._document.living import Declared
from ansible_collections.netloom.container_net.plugins.module_utils._document.on_host import check_host_networks, settle_networks
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.base import HostView
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.table import DRIVERS
from ansible_collections.netloom.container_net.plugins.module_utils._engine.scope import scope_keys
from ansible_collections.netloom.container_net.plugins.module_utils._engine.topology import merge_overlays
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.bridge import Bridge
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Document
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError, Problem
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import FORWARD_CHAIN, SEAL_CHAIN
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Facts
from ansible_collections.netloom.container_net.plugins.module_utils._plan.planner import plan
from ansible_collections.netloom.container_net.plugins.module_utils._report.info import Report
from ansible_collections.netloom.container_net.plugins.module_utils._report.standing import describe_standing
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.expectations import expectations
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.lock import Lock
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.planner import plan_fleet
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.reading import HostVariables
from hub import HubDriver, HubNetwork
from toy_kernel import ToyKernel

SUBNET = {"subnet": "10.20.0.0/24"}
FLEET_HUB: Dict[str, Any] = {"name": "lab", "driver": "hub", "ipam_config": [SUBNET]}
HUB: Dict[str, Any] = {**FLEET_HUB, "room": 4}
WEB: Dict[str, Any] = {"name": "web", "ipam_config": [{"subnet": "10.30.0.0/24"}]}
WIRE = {"name": "tap", "ends": [{"network": "lab"}, {"endpoint": "c", "addresses": ["10.20.0.9/24"]}]}


@pytest.fixture(autouse=True)
def _row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DRIVERS, "hub", HubDriver)


def member(name: str, address: str, network: str = "lab") -> Dict[str, Any]:
    return {"name": name, "container": {"netns": name}, "networks": [{"name": network, "ipv4_address": address}]}


def read(*networks: Dict[str, Any], **more: Any) -> Document:
    endpoints = [member("a", "10.20.0.2"), member("b", "10.20.0.3")]
    return read_document({"networks": list(networks or (HUB,)), "endpoints": endpoints, **more})


def complaints(*networks: Dict[str, Any], **more: Any) -> List[str]:
    with pytest.raises(InputError) as caught:
        read(*networks, **more)
    return [str(problem) for problem in caught.value.problems]


def test_its_keys_are_read() -> None:
    (network,) = read().networks
    assert isinstance(network, HubNetwork)
    assert (network.bridge_name, network.room, [item.subnet for item in network.subnets]) == ("hub-lab", 4, ["10.20.0.0/24"])
    assert network.subnets[0].gateway is None
    (line,) = complaints({**HUB, "room": 99})
    assert line.startswith("networks[lab].room: got integer")
    (line,) = complaints({**HUB, "enable_icc": False})
    assert "this key belongs to driver bridge, the network has driver hub" in line
    (line,) = complaints(HUB, {**WEB, "room": 4})
    assert "this key belongs to driver hub, the network has driver bridge" in line
    (line,) = complaints({**HUB, "driver": "switch"})
    assert "routed, hub" in line


def test_what_a_fleet_provides_is_asked_of_a_host_and_given_to_it() -> None:
    (line,) = complaints(FLEET_HUB)
    assert 'required key "room" is missing' in line
    assert merge_overlays([FLEET_HUB], {"lab": {"room": 4}}) == [HUB]


def test_it_is_checked() -> None:
    assert complaints({**HUB, "room": 1}) == ['networks[lab].room: got integer "1": 2 endpoints are on it; use a larger hub']
    (line,) = complaints(HUB, {**WEB, "bridge_name": "hub-lab"})
    assert "this interface name is also that of the hub of" in line
    (line,) = complaints(HUB, {**WEB, "ipam_config": [SUBNET]})
    assert 'overlaps 10.20.0.0/24 of network "lab"' in line


def test_it_is_checked_on_the_host() -> None:
    facts = Facts(links={"hub-lab": Link("", "hub-lab", kind=Bridge(), up=True)})
    problems: List[Problem] = []
    check_host_networks(HostView(settle_networks(read(), facts), facts, problems))
    assert [problem.rule for problem in problems] == ["somebody else has a link of this name"]


def test_it_is_planned_applied_and_reported() -> None:
    kernel = ToyKernel()
    wired = read(endpoints=[member("a", "10.20.0.2"), {"name": "c", "container": {"netns": "c"}}], links=[WIRE])
    for document, expected in ((read(), ["+ bridge hub-lab", "+ namespace a", "+ namespace b"]), (wired, ["+ namespace c"])):
        desired = compile_document(document, Facts())
        steps = plan(desired, kernel.snapshot(), prunable=scope_keys(kernel.snapshot(), "main"))
        assert [line for line in expected if line not in [step.line for step in steps]] == []
        kernel.apply(steps)
        assert plan(desired, kernel.snapshot(), prunable=scope_keys(kernel.snapshot(), "main")) == ()
    bridge = kernel.link("", "hub-lab")
    assert bridge is not None
    assert bridge.nature == Bridge(stp=False, ageing_time=0, multicast_snooping=True, priority=32768)
    (network,) = Report(kernel.snapshot(), "main").networks()
    assert (network["name"], network["bridge"], [endpoint["name"] for endpoint in network["endpoints"]]) == ("lab", "hub-lab", ["a"])
    told = describe_standing(Declared(lambda _living: wired))
    assert told["endpoints"][0]["networks"][0]["host_interface_name"].startswith("cn-")
    kernel.apply(plan([], kernel.snapshot(), prunable=scope_keys(kernel.snapshot(), "main")))
    assert kernel.links() == []


def test_its_rules_stand_beside_those_of_others() -> None:
    rules = compile_firewall(read(HUB, WEB), forwarding_off=frozenset())
    own = [(rule.chain, rule.target, rule.in_interface, rule.out_interface) for rule in rules if rule.owner == "lab" and rule.family == 4]
    assert (FORWARD_CHAIN, "DROP", "!hub-lab", "hub-lab") in own
    assert [row for row in own if row[0] == SEAL_CHAIN] == [(SEAL_CHAIN, "MARK", "!hub-lab", "hub-lab")]
    assert any(rule.owner == "web" for rule in rules)


def test_a_fleet_plans_and_expects_it() -> None:
    near, far = [member("a", "10.20.0.2"), member("b", "10.20.0.3")], [member("z", "10.20.0.4")]
    hosts = [HostVariables("h1", [FLEET_HUB], near), HostVariables("h2", [FLEET_HUB], far)]
    found = plan_fleet(hosts, scope="main", lock=Lock("main"))
    assert [network["name"] for network in found.arguments()["h1"]["networks"]] == ["lab"]
    told = {(check["from"], check["address"], check["expect"], check["reason"]) for check in expectations(found) if check["type"] == "ping" and check["from"]}
    assert told == {("a", "10.20.0.3", "pass", "both on network lab"), ("b", "10.20.0.2", "pass", "both on network lab")}
