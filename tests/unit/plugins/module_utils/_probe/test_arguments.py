# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError
from ansible_collections.netloom.container_net.plugins.module_utils._probe.arguments import read_checks, read_responders
from ansible_collections.netloom.container_net.plugins.module_utils._probe.check import Check, Location, Responder


def check(**options: Any) -> Dict[str, Any]:
    defaults = {"name": None, "from": None, "to": None, "port": None, "size": None, "server": None, "record": "A", "timeout": 2.0, "count": 3}
    return {**defaults, "expect": "pass", "expect_banner": None, "type": "ping", "address": "10.0.0.1", **options}


def listener(**options: Any) -> Dict[str, Any]:
    return {"name": "api", "in": None, "protocol": "tcp", "address": "any", "port": 80, **options}


def problems(checks: List[Dict[str, Any]], namespace: Optional[str] = None) -> List[str]:
    with pytest.raises(InputError) as caught:
        read_checks(checks, namespace)
    return [str(problem) for problem in caught.value.problems]


def test_a_plain_check_starts_on_the_host() -> None:
    assert read_checks([check()], None) == (Check(name="ping host -> 10.0.0.1", origin=Location(), type="ping", address="10.0.0.1", target="10.0.0.1"),)


@pytest.mark.parametrize(
    ("namespace", "origin", "location"),
    [
        ("api", None, Location("/run/netns/api", "api")),
        ("/proc/7/ns/net", None, Location("/proc/7/ns/net", "/proc/7/ns/net")),
        ("api", {"netns": "db"}, Location("/run/netns/db", "db")),
        (None, {"path": "/var/run/docker/netns/x", "label": "web"}, Location("/var/run/docker/netns/x", "web")),
        ("api", {"label": "here"}, Location("/run/netns/api", "here")),
        (None, {"netns": None, "path": None, "label": None}, Location()),
    ],
)
def test_locations(namespace: Optional[str], origin: Optional[Dict[str, Any]], location: Location) -> None:
    assert read_checks([check(**{"from": origin})], namespace)[0].origin == location


def test_labels_cannot_command_a_terminal() -> None:
    found = read_checks([check(**{"from": {"label": "\x1b[2J"}, "to": "\x07", "name": "\r"})], None)[0]
    assert (found.origin.label, found.target, found.name) == ("\\x1b[2J", "\\x07", "\\r")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"address": "10.0.0"}, 'checks[0].address: got string "10.0.0": an IPv4 or IPv6 address is needed'),
        ({"address": "db"}, "an IPv4 or IPv6 address is needed"),
        ({"type": "tcp"}, "checks[0].port: got null: a tcp check needs a port"),
        ({"type": "udp", "port": 0}, 'checks[0].port: got integer "0": 1 to 65535'),
        ({"type": "tcp", "port": 65536}, "1 to 65535"),
        ({"port": 80}, "only for type tcp and udp and name, this is ping; leave it out"),
        ({"type": "tcp", "port": 80, "size": 100}, "checks[0].size"),
        ({"size": 35}, "36 to 65535 bytes"),
        ({"address": "::1", "size": 55}, "56 to 65535 bytes"),
        ({"type": "mtu", "size": 65536}, "36 to 65535 bytes"),
        ({"timeout": 0.0}, "0.01 to 60 seconds"),
        ({"timeout": float("inf")}, "0.01 to 60 seconds"),
        ({"timeout": float("nan")}, "0.01 to 60 seconds"),
        ({"count": 0}, "1 to 100"),
        ({"expect_banner": "x"}, "only for type tcp and udp"),
        ({"server": "10.0.0.1"}, "only for type name"),
        ({"type": "name", "address": "db"}, "a name check needs the address of a DNS server"),
        ({"type": "name", "address": "a..b", "server": "10.0.0.1"}, "a host name is needed"),
        ({"type": "name", "address": "db", "server": "dns"}, "checks[0].server"),
        ({"from": {"netns": "a", "path": "/b"}}, "checks[0].from: got map of 2"),
        ({"from": {"netns": "../a"}}, 'checks[0].from.netns: got string "../a"'),
        ({"from": {"netns": ""}}, "a name is needed"),
        ({"from": {"netns": "a\n"}}, "control character U+000A at position 2"),
        ({"from": {"path": "run/netns/a"}}, "an absolute path is needed"),
    ],
)
def test_each_fault_is_one_problem_with_its_place(options: Dict[str, Any], problem: str) -> None:
    found = problems([check(**options)])
    assert len(found) == 1
    assert problem in found[0]


def test_all_faults_come_at_once() -> None:
    found = problems([check(), check(address="x"), check(type="tcp", address="y", count=0)], "a/b")
    assert [line.split(":")[0] for line in found] == ["namespace", "checks[1].address", "checks[2].address", "checks[2].count", "checks[2].port"]


def test_a_name_check_asks_the_usual_port() -> None:
    assert read_checks([check(type="name", address="db", server="::1")], None)[0].port == 53


def test_responders() -> None:
    wanted = [listener(), listener(**{"in": {"netns": "db"}, "address": "::1", "protocol": "udp"})]
    assert read_responders(wanted, None) == (Responder("api", Location(), "tcp", "", 80), Responder("api", Location("/run/netns/db", "db"), "udp", "::1", 80))


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({"name": ""}, "name"),
        ({"name": "a b"}, "name"),
        ({"name": "a\n"}, "name"),
        ({"address": "all"}, "address"),
        ({"port": 0}, "port"),
        ({"in": {"netns": "/a"}}, "in.netns"),
    ],
)
def test_faults_of_responders(options: Dict[str, Any], path: str) -> None:
    with pytest.raises(InputError) as caught:
        read_responders([listener(**options)], None)
    assert [problem.path for problem in caught.value.problems] == ["listen[0].%s" % path]
