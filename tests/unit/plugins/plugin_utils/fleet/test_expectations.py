# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which probes a small fleet promises, as tables: source, kind, address, port -> expectation."""

from __future__ import annotations

from typing import Any, List

from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.expectations import ALL_PAIRS_LIMIT, expectations, probes
from fleets import endpoint, host, plan
from probe_tables import BACK, FAR_BACK, FAR_WEB, ONLY_V4, QUIET, WEB, at, table


def test_same_and_other_network_of_one_host() -> None:
    endpoints = [endpoint("a", at("web", "10.20.0.2")), endpoint("b", at("web", "10.20.0.3")), endpoint("c", at("back", "10.30.0.2"))]
    found = table(host(1, *endpoints, networks=[WEB, BACK]))
    assert found == {
        ("h1/a", "ping", "10.20.0.3", None): "pass",
        ("h1/a", "mtu", "10.20.0.3", None): "pass",
        ("h1/b", "ping", "10.20.0.2", None): "pass",
        ("h1/a", "ping", "10.30.0.2", None): "refuse",
        ("h1/b", "ping", "10.30.0.2", None): "refuse",
        ("h1/c", "ping", "10.20.0.2", None): "refuse",
        ("h1/c", "ping", "10.20.0.3", None): "refuse",
    }


def test_a_network_without_icc() -> None:
    found = table(host(1, endpoint("a", at("quiet", "10.40.0.2")), endpoint("b", at("quiet", "10.40.0.3")), networks=[QUIET]))
    assert set(found.values()) == {"refuse"}
    assert len(found) == 2


def test_overlay_and_bridges_of_two_hosts() -> None:
    found = table(
        host(1, endpoint("a", at("web", "10.20.0.2"), at("mesh", "10.60.0.2")), networks=[WEB, ONLY_V4]),
        host(2, endpoint("b", at("web", "10.21.0.2"), at("mesh", "10.60.0.3")), networks=[FAR_WEB, ONLY_V4]),
    )
    assert found == {
        ("h1/a", "ping", "10.60.0.3", None): "pass",
        ("h2/b", "ping", "10.60.0.2", None): "pass",
        ("h1/a", "mtu", "10.60.0.3", None): "pass",
        ("h2/b", "mtu", "10.60.0.2", None): "pass",
        ("h1/a", "ping", "10.21.0.2", None): "refuse",
        ("h2/b", "ping", "10.20.0.2", None): "refuse",
        ("h1/a", "ping", "192.0.2.2", None): "pass",
        ("h2/b", "ping", "192.0.2.1", None): "pass",
        ("h1/", "ping", "10.21.0.2", None): "refuse",
        ("h2/", "ping", "10.20.0.2", None): "refuse",
        ("h1/", "tcp", "192.0.2.2", 61001): "refuse",
        ("h2/", "tcp", "192.0.2.1", 61001): "refuse",
    }


def test_a_bridge_subnet_both_hosts_use_tells_nothing() -> None:
    found = table(host(1, endpoint("a", at("web", "10.20.0.2")), networks=[WEB]), host(2, endpoint("b", at("web", "10.20.0.3")), networks=[WEB]))
    assert ("h1/a", "ping", "10.20.0.3", None) not in found
    assert ("h1/", "ping", "10.20.0.3", None) not in found


def test_internal_networks_have_no_way_out() -> None:
    found = table(
        host(1, endpoint("a", at("back", "10.30.0.2")), endpoint("m", at("mesh", "10.60.0.2")), networks=[BACK, ONLY_V4]),
        host(2, endpoint("b", at("back", "10.31.0.2")), networks=[FAR_BACK, ONLY_V4]),
    )
    assert found["h1/a", "ping", "192.0.2.2", None] == "refuse"
    assert found["h1/m", "ping", "192.0.2.2", None] == "refuse"
    assert found["h1/a", "ping", "10.31.0.2", None] == "refuse"


def test_published_ports() -> None:
    ports: List[Any] = ["8080:80", {"published": "9000-9009", "target": "9000-9009", "protocol": "udp"}, "7001:71/sctp"]
    closed = [{"published": 6000, "target": 60, "allowed_sources": ["192.0.2.2"]}, {"published": 6001, "target": 61, "allowed_sources": ["198.51.100.0/24"]}]
    found = table(
        host(1, endpoint("a", at("web", "10.20.0.2"), ports=ports), endpoint("b", at("quiet", "10.40.0.2"), ports=closed), networks=[WEB, QUIET, ONLY_V4]),
        host(2, networks=[ONLY_V4]),
    )
    assert {key: expect for key, expect in found.items() if key[3]} == {
        ("h2/", "tcp", "192.0.2.1", 8080): "pass",
        ("h2/", "udp", "192.0.2.1", 9000): "pass",
        ("h2/", "udp", "192.0.2.1", 9009): "pass",
        ("h1/a", "tcp", "192.0.2.1", 8080): "pass",
        ("h1/a", "udp", "192.0.2.1", 9000): "pass",
        ("h1/a", "udp", "192.0.2.1", 9009): "pass",
        ("h1/b", "tcp", "192.0.2.1", 8080): "pass",
        ("h1/b", "udp", "192.0.2.1", 9000): "pass",
        ("h1/b", "udp", "192.0.2.1", 9009): "pass",
        ("h2/", "tcp", "192.0.2.1", 6000): "pass",
        ("h2/", "tcp", "192.0.2.1", 6001): "refuse",
        ("h2/", "tcp", "192.0.2.1", 61001): "refuse",
        ("h1/", "tcp", "192.0.2.2", 61001): "refuse",
    }


def test_the_unpublished_port_is_unpublished() -> None:
    found = table(host(1, endpoint("a", at("web", "10.20.0.2"), ports=["61001-61005:1-5"]), networks=[WEB]), host(2, networks=[]))
    assert found["h2/", "tcp", "192.0.2.1", 61006] == "refuse"


def test_a_probe_says_where_to_listen() -> None:
    checks = expectations(plan(host(1, endpoint("a", at("web", "10.20.0.2"), ports=["8080:80"]), networks=[WEB]), host(2, networks=[])))
    check = next(check for check in checks if check["port"] == 8080 and not check["from"])
    assert (check["to_host"], check["to"], check["to_container"], check["to_port"]) == ("h1", "a", {"netns": "a"}, 80)
    assert check["container"] is None
    assert set(probes(checks)) == {"h1", "h2"}
    assert [responder["port"] for responder in probes(checks)["h1"]["listen"]] == [80]


def test_nobody_answers_on_a_host_that_is_not_in_the_play() -> None:
    checks = expectations(plan(host(1, endpoint("a", at("web", "10.20.0.2"), ports=["8080:80"]), networks=[WEB]), host(2, networks=[])))
    limited = probes(checks, playing=["h2"])
    assert limited.get("h1", {}).get("listen", []) == []
    assert [check["to"] for check in limited["h2"]["checks"]] == ["unpublished", "direct"]


def test_a_fleet_of_one_has_no_outside() -> None:
    assert table(host(1, endpoint("a", at("web", "10.20.0.2"), ports=["8080:80"]), networks=[WEB])) == {("h1/a", "tcp", "192.0.2.1", 8080): "pass"}


def test_both_families() -> None:
    found = table(host(1, endpoint("a", "mesh")), host(2, endpoint("b", "mesh")))
    assert sorted(":" in key[2] for key, expect in found.items() if key[0] == "h1/a" and key[1] == "ping" and expect == "pass") == [False, True]
    assert sorted(":" in key[2] for key in found if key[:2] == ("h1/a", "mtu")) == [False, True]


def test_large_fleets_are_sampled() -> None:
    hosts = [host(n, *[endpoint("e%d-%d" % (n, i), "mesh") for i in range(20)], networks=[ONLY_V4]) for n in range(1, 31)]
    checks = [check for check in expectations(plan(*hosts)) if check["type"] == "ping" and check["to"]]
    assert len({check["from"] for check in checks}) == 600 > ALL_PAIRS_LIMIT
    assert len({check["to"] for check in checks}) == 600
    assert len(checks) <= 600 * 4
    assert checks == [check for check in expectations(plan(*hosts)) if check["type"] == "ping" and check["to"]]
