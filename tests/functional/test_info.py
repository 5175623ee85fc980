# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What topology_info tells: all of it, one network, one scope, containers of every kind; what is printed of it, and the queries its users are shown."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from typing import Any, Dict, List

import pytest
from ansible_collections.netloom.container_net.plugins.filter import netquery as documented_filter
from ansible_collections.netloom.container_net.plugins.filter.netquery import netquery
from ansible_collections.netloom.container_net.plugins.filter.overview import overview
from ansible_collections.netloom.container_net.plugins.modules import topology_info as documented_module
from ansible_collections.netloom.container_net.plugins.plugin_utils.lines import WIDTH
from harness.host import bind_space, on_fake_host, sh
from harness.module import run_module
from harness.snapshot import differences, take_snapshot

Result = Dict[str, Any]
NAMELESS = "/run/elsewhere/worker"
ENDED, ALIVE = "the number of a process that has ended", "the number of one that runs"
PORTS = [
    "8080:80/tcp",
    "8081:81/tcp",
    "6000-6200:6000-6200/udp",
    "7000-7002:70-72",
    {"published": 8443, "target": 443, "allowed_sources": ["198.51.100.0/24", "2001:db8::/32"]},
]
MAIN = {
    "networks": [
        {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"}]},
        {"name": "back", "internal": True, "mtu": 1400, "ipam_config": [{"subnet": "10.30.0.0/24"}]},
    ],
    "endpoints": [
        {"name": "api", "container": {"netns": "api"}, "networks": [{"name": "web", "ipv4_address": "10.20.0.10"}, "back"], "ports": PORTS},
        {"name": "worker", "container": {"path": NAMELESS}, "networks": [{"name": "back", "ipv4_address": "10.30.0.20"}]},
        {"name": "task", "container": {"pid": ALIVE}, "routes": [{"destination": "10.99.0.0/16", "gateway": "10.9.0.1"}]},
    ],
    "links": [{"name": "line", "ends": [{"endpoint": "api", "addresses": ["10.9.0.1/30"]}, {"endpoint": "task", "addresses": ["10.9.0.2/30"]}]}],
}
OTHER = {
    "scope": "other",
    "networks": [{"name": "lab", "ipam_config": [{"subnet": "10.40.0.0/24"}]}],
    "endpoints": [{"name": "probe", "container": {"netns": "probe"}, "networks": ["lab"], "ports": ["9090:90/udp"]}],
}
LOOKS: Dict[str, Dict[str, Any]] = {
    "all": {},
    "one": {"networks": ["back"]},
    "none": {"networks": ["nosuch"]},
    "main": {"scope": "main"},
    "other": {"scope": "other"},
    "empty": {"scope": "nosuch"},
    "inside": {"namespaces": [NAMELESS]},
    "containers": {
        "scope": "main",
        "containers": [
            {"netns": "api"},
            {"path": NAMELESS},
            {"pid": ALIVE},
            {"path": "/run/netns/api"},
            {"pid": ENDED},
            {"path": "/run/elsewhere/nobody"},
            {"docker": "nobody"},
            {"netns": "nobody"},
            {"path": "/proc/self/ns/net"},
        ],
    },
    "without ports": {"firewall_backend": "none"},
    "gone": {"namespaces": ["/run/elsewhere/nobody"]},
}
QUERY = re.compile(r"netquery\(\s*'(.*?)'\)")


@pytest.fixture(scope="module")
def told() -> Dict[str, Result]:
    def body() -> Dict[str, Result]:
        bind_space(NAMELESS)
        alive = start_process()
        numbers = {ALIVE: alive.pid, ENDED: ended_process()}
        sh("ip netns add foreign; ip link add theirs type bridge")
        try:
            for declared in (replace_numbers(MAIN, numbers), OTHER):
                assert run_module("topology", **declared)["changed"]
            return {name: run_module("topology_info", **replace_numbers(options, numbers)) for name, options in LOOKS.items()}
        finally:
            alive.kill()
            alive.wait()

    return on_fake_host(body)


def start_process() -> subprocess.Popen[bytes]:
    """Return a process with a network namespace of its own."""
    process = subprocess.Popen(["unshare", "--net", "sleep", "600"])
    while os.stat("/proc/%d/ns/net" % process.pid).st_ino == os.stat("/proc/self/ns/net").st_ino:
        time.sleep(0.01)
    return process


def ended_process() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def replace_numbers(value: Any, numbers: Dict[str, int]) -> Any:
    if isinstance(value, dict):
        return {key: replace_numbers(item, numbers) for key, item in value.items()}
    if isinstance(value, list):
        return [replace_numbers(item, numbers) for item in value]
    return numbers.get(value, value) if isinstance(value, str) else value


def names(entries: List[Result]) -> List[str]:
    return [entry["name"] for entry in entries]


def named(entries: List[Result], name: str) -> Result:
    return next(entry for entry in entries if entry["name"] == name)


def test_everything(told: Dict[str, Result]) -> None:
    live = told["all"]
    assert not live["changed"]
    assert names(live["networks"]) == ["back", "web", "lab"]
    assert names(live["endpoints"]) == ["api", "worker", "probe"]
    assert live["containers"] == []
    published = [(port["endpoint"], port["protocol"], port["published"], port["target"]) for port in live["ports"]]
    assert published == [
        ("api", "tcp", "7000-7002", "70-72"),
        ("api", "tcp", "8080", "80"),
        ("api", "tcp", "8081", "81"),
        ("api", "tcp", "8443", "443"),
        ("api", "udp", "6000-6200", "6000-6200"),
        ("probe", "udp", "9090", "90"),
    ]
    assert {len(port["addresses"]) for port in live["ports"] if port["endpoint"] == "api"} == {2}
    assert [port["allowed_sources"] for port in live["ports"] if port["published"] in ("8080", "8443")] == [[], ["198.51.100.0/24", "2001:db8::/32"]]
    assert {entry["name"]: entry["scope"] for entry in live["namespaces"]} == {"api": "main", "foreign": None, "probe": "other"}
    assert "theirs" not in json.dumps(live)


def test_the_same_interface_from_three_sides(told: Dict[str, Result]) -> None:
    """The network, the endpoint and the kernel agree about it."""
    live = told["all"]
    member = named(named(live["networks"], "web")["endpoints"], "api")
    interface = next(item for item in named(live["endpoints"], "api")["interfaces"] if item["network"] == "web")
    for key in ("interface", "host_interface", "mac", "addresses"):
        assert member[key] == interface[key]
    assert "10.20.0.10/24" in member["addresses"]
    assert member["container"] == "netns:api"
    assert (member["mtu"], member["up"], member["bridge"]) == (1500, True, "br-web")


def test_one_network(told: Dict[str, Result]) -> None:
    (network,) = told["one"]["networks"]
    assert network == named(told["all"]["networks"], "back")
    assert (network["name"], network["scope"], network["mtu"], network["ours"]) == ("back", "main", 1400, True)
    assert names(network["endpoints"]) == ["api", "worker"]
    assert told["none"]["networks"] == []


def test_one_scope(told: Dict[str, Result]) -> None:
    live, main, other, empty = (told[name] for name in ("all", "main", "other", "empty"))
    for part in ("networks", "endpoints", "ports"):
        assert other[part]
        assert {entry["scope"] for entry in other[part]} == {"other"}
        assert main[part] == [entry for entry in live[part] if entry["scope"] == "main"]
        assert empty[part] == []
    assert names(other["namespaces"]) == ["probe"]
    assert empty["namespaces"] == []


def test_a_namespace_without_a_name_is_read_where_it_is_told(told: Dict[str, Result]) -> None:
    outside, inside = (named(named(told[name]["networks"], "back")["endpoints"], "worker") for name in ("all", "inside"))
    assert outside["host_interface"]
    assert outside["host_interface"] == inside["host_interface"]
    assert (outside["interface"], outside["container"]) == (None, None)
    assert (inside["interface"], inside["container"], inside["addresses"]) == ("eth0", "path:" + NAMELESS, ["10.30.0.20/24"])


def test_a_container_that_does_not_run_stops_nobody(told: Dict[str, Result]) -> None:
    rows = told["containers"]["containers"]
    assert [row["state"] for row in rows] == ["read"] * 4 + ["not running"] * 4 + ["refused"]
    assert [row["container"] == row["read_as"] for row in rows] == [True] * 3 + [False] * 6
    assert rows[3]["read_as"] == "netns:api"
    reasons = ["there is no process", "no such file", "cannot ask Docker", "there is no network namespace", "the host's own network"]
    assert all(reason in row["reason"] for reason, row in zip(reasons, rows[4:]))
    assert [(route["destination"], route["interface"]) for route in rows[2]["routes"]] == [("10.99.0.0/16", "eth0")]
    ends = {end["container"]: end["addresses"] for end in named(told["containers"]["links"], "line")["ends"]}
    assert ends == {"netns:api": ["10.9.0.1/30"], rows[2]["container"]: ["10.9.0.2/30"]}


def test_what_is_printed_of_containers_of_every_kind(told: Dict[str, Result]) -> None:
    live = told["containers"]
    task, ended = (live["containers"][place]["container"] for place in (2, 4))
    gone = [{"name": "late", "container": {"pid": int(ended[4:])}, "networks": ["web"]}, {"name": "new", "container": {"netns": "nobody"}, "networks": ["web"]}]
    lines = overview(live, [*replace_numbers(MAIN["endpoints"], {ALIVE: int(task[4:])}), *gone]).splitlines()
    assert all(len(line) <= WIDTH for line in lines)
    found = re.sub(r"[0-9a-f]{12}\b|\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", "#", "\n".join(lines))
    assert "network back: bridge br-back, mtu 1400" in found
    assert "container late (%s): not running\ncontainer new (netns:nobody): no such namespace" % ended in found
    assert "container worker (path:%s)\n  eth0 on back, #, host's end cn-#\n    10.30.0.20/24" % NAMELESS in found
    assert "container task (%s)\n  eth0 of wire line, #\n    10.9.0.2/30\n  route 10.99.0.0/16 by 10.9.0.1 on eth0" % task in found
    assert "  port 8443 -> 443/tcp for 198.51.100.0/24 2001:db8::/32" in found
    assert lines[-1] == "wire line: eth2 of netns:api - eth0 of %s" % task


def test_what_cannot_be_read(told: Dict[str, Result]) -> None:
    assert told["without ports"]["ports"] == []
    assert named(told["without ports"]["endpoints"], "api")["ports"] == []
    assert [row["state"] for row in told["gone"]["containers"]] == ["not running"]
    assert told["gone"]["networks"] == told["all"]["networks"]


@pytest.mark.parametrize("documentation", [documented_filter.EXAMPLES, documented_module.EXAMPLES], ids=["netquery", "topology_info"])
def test_the_documented_queries_find_something(documentation: str, told: Dict[str, Result]) -> None:
    queries = [query for query in QUERY.findall(documentation) if not query.startswith("overlays")]
    assert queries
    for query in queries:
        assert netquery(told["all"], query), query


def test_the_documented_query_by_mtu_finds_the_right_ones(told: Dict[str, Result]) -> None:
    (query,) = [query for query in QUERY.findall(documented_filter.EXAMPLES) if "mtu" in query]
    assert netquery(told["inside"], query) == [
        {"container": "netns:api", "interface": "eth1", "mtu": 1400},
        {"container": "path:" + NAMELESS, "interface": "eth0", "mtu": 1400},
    ]


HAND_MADE = """
ip link set br-back mtu 1300
ip -n api address delete 10.20.0.10/24 dev eth0
iptables -t nat -A CNET-POST -j ACCEPT
"""


@pytest.fixture(scope="module")
def drifts() -> Dict[str, Result]:
    networks = [{**MAIN["networks"][0], "labels": {"team": "shop"}}, *MAIN["networks"][1:]]
    declared = {"networks": networks, "endpoints": [{**MAIN["endpoints"][0], "labels": {"tier": "front", "since": "2026"}}]}

    def body() -> Dict[str, Result]:
        def look(**options: Any) -> Result:
            return run_module("topology_info", declaration={**declared, **options})

        found = {"nothing yet": look()}
        run_module("topology", **declared)
        found["applied"], found["another scope"] = look(), look(scope="other", networks=[], endpoints=[])
        sh(HAND_MADE)
        before = take_snapshot()
        found["by hand"], found["foretold"] = look(), run_module("topology", check=True, **declared)
        found["not declared"] = look(networks=[], endpoints=[])
        found["wrong"] = look(networks=[{"name": "web", "mtu": "big"}])
        found["unchanged"] = {"differences": differences(before, take_snapshot())}
        return found

    return on_fake_host(body)


def test_a_host_in_order_has_no_difference(drifts: Dict[str, Result]) -> None:
    nothing = {"in_order": True, "summary": "in order", "differences": [], "rows": []}
    assert drifts["applied"]["drift"] == drifts["another scope"]["drift"] == nothing
    assert not drifts["nothing yet"]["drift"]["in_order"]
    assert {"item": "network web", "object": "bridge br-web", "attribute": None, "declared": "present", "found": None} in drifts["nothing yet"]["drift"]["rows"]


def test_what_stands_is_told_with_the_labels_it_is_declared_with(drifts: Dict[str, Result]) -> None:
    def labels(case: str, rows: str) -> Dict[str, Any]:
        return {row["name"]: row.get("labels") for row in drifts[case][rows]}

    others = {network["name"]: {} for network in MAIN["networks"][1:]}
    assert labels("applied", "networks") == {"web": {"team": "shop"}, **others}
    assert labels("applied", "endpoints") == {"api": {"tier": "front", "since": "2026"}}
    assert labels("not declared", "endpoints") == {"api": {}}
    assert labels("another scope", "endpoints") == {"api": None}


def test_each_difference_is_a_row(drifts: Dict[str, Result]) -> None:
    drift = drifts["by hand"]["drift"]
    assert drift["summary"] == "%d differences" % len(drift["differences"])
    assert drift["differences"] == drifts["foretold"]["differences"]
    rows = {(row["item"], row["object"], row["attribute"], row["declared"], row["found"]) for row in drift["rows"]}
    assert ("network back", "bridge br-back", "mtu", 1400, 1300) in rows
    assert ("container api on web", "address 10.20.0.10/24 on eth0 in api", None, "present", None) in rows
    assert ("firewall", "iptables chain nat/CNET-POST", "rule", None, "-A CNET-POST -j ACCEPT") in rows
    assert ("network web", "bridge br-web", None, None, "present") in {tuple(row.values()) for row in drifts["not declared"]["drift"]["rows"]}


def test_looking_for_drift_changes_nothing(drifts: Dict[str, Result]) -> None:
    assert drifts["unchanged"]["differences"] == ""
    assert not any(result["changed"] for name, result in drifts.items() if "drift" in result)


def test_a_bad_declaration_is_refused_as_topology_does(drifts: Dict[str, Result]) -> None:
    assert drifts["wrong"]["failed"]
    assert 'networks[web].mtu: got string "big"' in drifts["wrong"]["msg"]
