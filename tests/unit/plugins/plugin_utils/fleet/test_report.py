# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What verify prints and writes, of small fleets and of large ones."""

from __future__ import annotations

import json
from typing import Any, Dict, List
from xml.etree import ElementTree

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.netloom.container_net.plugins.filter.report import report as filtered
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.expectations import expectations, probes
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.report import Report, make_report, render_json, render_junit, render_text
from ansible_collections.netloom.container_net.plugins.plugin_utils.lines import WIDTH
from fleets import endpoint, host, plan
from probe_tables import BACK, ONLY_V4, WEB, at

Probes = Dict[str, Dict[str, List[Dict[str, Any]]]]


def answered(checks: List[Dict[str, Any]], right: bool = True) -> List[Dict[str, Any]]:
    other = {"pass": "refuse", "refuse": "pass"}
    return [
        {
            "name": check["name"],
            "type": check["type"],
            "address": check["address"],
            "port": check.get("port"),
            "expect": check["expect"],
            "outcome": check["expect"] if right else other[check["expect"]],
            "ok": right,
            "detail": 'connected, "%s" answered\x1b\n' % check["to"],
            "milliseconds": 1.5,
        }
        for check in checks
    ]


def small() -> Probes:
    endpoints = [endpoint("a", at("web", "10.20.0.2")), endpoint("b", at("web", "10.20.0.3")), endpoint("c", at("back", "10.30.0.2"))]
    return probes(expectations(plan(host(1, *endpoints, networks=[WEB, BACK]))))


def large(hosts: int, containers: int) -> Probes:
    """Every container is on a network of its host and on the overlay."""
    fleet = [
        host(
            number,
            *(
                endpoint("container-%d-%d" % (number, index), at("web", "10.20.0.%d" % (index + 2)), at("mesh", "10.60.%d.%d" % (number, index + 2)))
                for index in range(containers)
            ),
            networks=[WEB, ONLY_V4],
        )
        for number in range(1, hosts + 1)
    ]
    return probes(expectations(plan(*fleet)))


def test_a_small_fleet() -> None:
    asked = small()
    report = make_report(asked, {"h1": answered(asked["h1"]["checks"])}, ["h1"], ["SCTP"])
    rows = [line.split() for line in render_text(report)]
    assert rows == [
        "7 checks: 3 passed and 4 were refused as declared, 0 wrong".split(),
        [],
        "to network back passed refused wrong".split(),
        "from web 0 2 0".split(),
        [],
        "to network web passed refused wrong".split(),
        "from back 0 2 0".split(),
        "from web 3 0 0".split(),
        [],
        ["Not", "probed:"],
        ["-", "SCTP"],
    ]


@pytest.mark.parametrize("right", [True, False], ids=["all right", "all wrong"])
@pytest.mark.parametrize(("hosts", "containers"), [(3, 3), (20, 10)])
def test_it_fits_a_terminal(hosts: int, containers: int, right: bool) -> None:
    """Report 31: 20 hosts with 10 containers each made 222 lines of 3,931 columns."""
    asked = large(hosts, containers)
    names = [*asked, "gone"]
    asked["gone"] = {"checks": [{}] * 7, "ways": [], "listen": []}
    report = make_report(asked, {name: answered(asked[name]["checks"], right) for name in names[:-1]}, names, ["x" * 500, "tunnels " * 40])
    lines = render_text(report)
    assert max(map(len, lines)) <= WIDTH
    # What `debug` prints of it.
    assert max(len(line) for line in json.dumps({"msg": lines}, indent=4).splitlines()) <= 80
    assert len(lines) <= (60 if right else 160)
    assert any("gone gave no results" in line for line in lines)
    assert lines[1:4] == ["7 not tried", "", "Not as declared:"]


def test_many_networks_are_told_by_their_exceptions() -> None:
    ways = [{"to": "network n%d" % number, "from": "m%d" % other} for number in range(40) for other in range(12)]
    checks = [{"name": "x", "type": "ping", "address": "10.0.0.1", "expect": "refuse", "to": "t"} for _way in ways]
    results = answered(checks)
    results[36]["ok"] = False  # from m0 to n3
    text = render_text(make_report({"h1": {"ways": ways, "checks": checks, "listen": []}}, {"h1": results}, ["h1"], []))
    rows = [" ".join(line.split()) for line in text]
    assert [row for row in rows if row.startswith("to ")] == ["to network n3 passed refused wrong", "to 39 others: 0 passed, 468 refused, all as declared"]
    assert "from m0 0 0 1" in rows
    assert "from 4 other places 0 4 0" in rows


def test_what_a_limit_left_out_is_no_exception() -> None:
    asked = large(3, 2)
    report = make_report(asked, {"h1": answered(asked["h1"]["checks"])}, ["h1"], [])
    assert not report.silent
    assert {verdict.host for verdict in report.verdicts} == {"h1"}


def faulty() -> Report:
    asked = small()
    results = answered(asked["h1"]["checks"])
    results[0].update(ok=False, outcome="error")
    asked["h2"] = {"checks": [{}, {}], "ways": [], "listen": []}
    return make_report(asked, {"h1": results}, ["h1", "h2"], [])


def test_the_whole_as_json() -> None:
    found = json.loads(render_json(faulty()))
    assert found["summary"] == {"checks": 7, "passed": 2, "refused": 4, "wrong": 1, "not_tried": 2}
    assert found["not_tried"] == {"h2": 2}
    assert found["checks"][0]["leads_to"] == "network web"
    assert {check["host"] for check in found["checks"]} == {"h1"}


def test_the_whole_as_junit() -> None:
    suites = list(ElementTree.fromstring(render_junit(faulty()).encode()))
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("errors")) for suite in suites] == [
        ("h1", "7", "1", "0"),
        ("h2", "1", "0", "1"),
    ]
    failure = suites[0].find("testcase/failure")
    assert failure is not None
    assert "could not be tried" in (failure.get("message") or "")


def test_the_filter_refuses_what_it_cannot_read() -> None:
    for given in (({}, {}, ["h1"], [], "yaml"), ({"h1": {}}, {}, ["h1"]), ({"h1": {"ways": [{}]}}, {"h1": [{}]}, ["h1"])):
        with pytest.raises(AnsibleFilterError):
            filtered(*given)  # type: ignore[arg-type]
    assert filtered({}, {}, []) == "0 checks: 0 passed and 0 were refused as declared, 0 wrong"
