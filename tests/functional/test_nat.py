# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules made by module nat, as its engine makes them, with real packets: published ports, the way out, inside a namespace, and nothing left."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

import pytest
from harness.engine import give_uplink
from harness.host import sh
from harness.module import run_module
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Question, Server, ask, await_addresses

pytestmark = pytest.mark.fake_host()

SUBNETS = ["10.9.0.0/24", "fd00:9::/64"]
RULES = {"name": "n9", "interface": "br9", "subnets": SUBNETS}
W1, W2, W1_6 = "10.9.0.5", "10.9.0.6", "fd00:9::5"
HOST, HOST_TOO, HOST_6 = "192.0.2.1", "192.0.2.7", "2001:db8:2::1"
OUTSIDE, OUTSIDE_6 = "192.0.2.2", "2001:db8:2::2"
Published = Tuple[int, str, Dict[str, Any]]


def run(*ports: Published, check: bool = False, **given: Any) -> Tuple[List[str], Dict[str, Any]]:
    listed = [{"published": number, "address": address, **more} for number, address, more in ports]
    result = run_module("nat", check=check, **{**RULES, "ports": listed, **given})
    assert not result.get("failed"), result["msg"]
    assert result["changed"] == bool(result["actions"])
    return result["actions"], result["nat"]


def test_a_container_of_single_tasks_is_published() -> None:
    give_uplink()
    before = take_snapshot()
    steps: List[Tuple[str, Dict[str, Any]]] = [
        ("netns", {"name": "w1"}),
        ("bridge", {"name": "br9", "addresses": ["10.9.0.1/24", "fd00:9::1/64"]}),
        (
            "veth",
            {
                "name": "v9",
                "bridge": "br9",
                "peer_name": "eth0",
                "peer_namespace": "w1",
                "peer_addresses": ["%s/24" % W1, "%s/64" % W1_6],
                "peer_gateway": ["10.9.0.1", "fd00:9::1"],
                "peer_routes": [{"destination": "198.51.100.0/24", "gateway": "10.9.0.1", "metric": 5}],
            },
        ),
    ]
    for module, options in steps:
        planned, done = run_module(module, check=True, **options), run_module(module, **options)
        assert not done.get("failed"), done["msg"]
        assert done["actions"] == planned["actions"] != []
        assert run_module(module, **options)["actions"] == []
    run((8080, W1, {"target": 80}), (8080, W1_6, {"target": 80}))
    await_addresses("", "w1")
    server = Server("w1", "w1", [80])
    assert None not in ask([("outside", "tcp", HOST, 8080), ("outside", "tcp", HOST_6, 8080)])
    assert "198.51.100.0/24 via 10.9.0.1 dev eth0" in sh("ip route", "w1")
    del steps[2][1]["peer_routes"]
    assert run_module("veth", **steps[2][1])["actions"] == ["- route 198.51.100.0/24 metric 5 in w1"]
    server.stop()
    for module, name in (("veth", "v9"), ("bridge", "br9"), ("netns", "w1"), ("nat", "n9")):
        assert not run_module(module, name=name, state="absent").get("failed")
    assert_same(before)


def settle(*ports: Published, **given: Any) -> Dict[str, Any]:
    """Look, apply, apply again: looking changes nothing and tells the truth, the second run does nothing. Return what stands."""
    before = take_snapshot()
    planned, told = run(*ports, check=True, **given)
    assert_same(before)
    applied, stands = run(*ports, **given)
    assert applied == planned != []
    assert told == stands
    before = take_snapshot()
    assert run(*ports, **given) == ([], stands)
    assert_same(before)
    return stands


def build() -> None:
    """A bridge with two containers, an uplink with two addresses, and a second neighbour on a link of its own."""
    give_uplink()
    script = """
        ip address add 192.0.2.7/24 dev eth0
        ip netns add other; ip -n other link set lo up; ip link add eth1 type veth peer name eth0 netns other
        ip address add 198.51.100.1/24 dev eth1; ip link set eth1 up
        ip -n other address add 198.51.100.2/24 dev eth0; ip -n other link set eth0 up; ip -n other route add default via 198.51.100.1
        ip link add br9 type bridge forward_delay 0; ip address add 10.9.0.1/24 dev br9; ip address add fd00:9::1/64 dev br9 nodad; ip link set br9 up
        """
    for name, octet in (("w1", 5), ("w2", 6)):
        script += """
        ip netns add {0}; ip -n {0} link set lo up; ip link add ve-{0} type veth peer name eth0 netns {0}; ip link set ve-{0} master br9 up
        ip -n {0} address add 10.9.0.{1}/24 dev eth0; ip -n {0} address add fd00:9::{1}/64 dev eth0 nodad; ip -n {0} link set eth0 up
        ip -n {0} route add default via 10.9.0.1; ip -n {0} -6 route add default via fd00:9::1
        """.format(name, octet)
    sh(script)
    await_addresses("", "outside", "w1", "w2")


def test_published_ports() -> None:
    build()
    Server("w1", "w1", [80, 9000, 9001, 9002])
    Server("w2", "w2", [80, 9000, 9001, 9002])
    before = take_snapshot()
    web: Published = (8080, W1, {"target": 80})
    web_6: Published = (8080, W1_6, {"target": 80})
    by_address: List[Published] = [(8081, W1, {"target": 80, "host_ip": HOST}), (8081, W2, {"target": 80, "host_ip": HOST_TOO})]
    ranges: List[Published] = [(9000, W1, {"count": 3}), (9100, W2, {"count": 2, "target": 9001}), (9000, W2, {"protocol": "udp"})]
    few = {"target": 80, "allowed_sources": ["192.0.2.0/24", "2001:db8:2::/64"]}
    stands = settle(web, web_6, *by_address, *ranges, (8082, W1, few), (8082, W1_6, {**few, "allowed_sources": ["2001:db8:9::/64"]}))
    assert (stands["exists"], stands["interface"], stands["subnets"], stands["masquerade"]) == (True, "br9", SUBNETS, True)
    assert len(stands["ports"]) == 9
    told = {"published": 8081, "address": W2, "target": 80, "count": 1, "protocol": "tcp", "host_ip": HOST_TOO, "allowed_sources": []}
    assert told in stands["ports"]
    questions: Dict[Question, Optional[str]] = {
        ("outside", "tcp", HOST, 8080): "w1 " + OUTSIDE,
        ("outside", "tcp", HOST_TOO, 8080): "w1 " + OUTSIDE,
        ("outside", "tcp", HOST_6, 8080): "w1 " + OUTSIDE_6,
        ("outside", "tcp", HOST, 8081): "w1 " + OUTSIDE,
        ("outside", "tcp", HOST_TOO, 8081): "w2 " + OUTSIDE,
        ("other", "tcp", HOST_TOO, 8081): "w2 198.51.100.2",
        ("other", "tcp", "198.51.100.1", 8081): None,
        ("outside", "tcp", HOST_6, 8081): None,
        ("outside", "tcp", HOST, 8082): "w1 " + OUTSIDE,
        ("other", "tcp", HOST, 8082): None,
        ("outside", "tcp", HOST_6, 8082): None,
        ("outside", "tcp", HOST, 9000): "w1 " + OUTSIDE,
        ("outside", "tcp", HOST, 9002): "w1 " + OUTSIDE,
        ("outside", "tcp", HOST, 9003): None,
        ("outside", "udp", HOST, 9000): "w2 " + OUTSIDE,
        ("outside", "tcp", HOST, 9101): "w2 " + OUTSIDE,
        ("outside", "tcp", HOST, 9102): None,
        ("outside", "tcp", HOST, 80): None,
        ("w2", "tcp", HOST, 8080): "w1 10.9.0.1",
    }
    assert dict(zip(questions, ask(list(questions)))) == questions
    # Without the restriction everybody gets through, so it was the restriction that refused.
    run((8082, W1, {"target": 80}), (8082, W1_6, {"target": 80}))
    questions = {
        ("other", "tcp", HOST, 8082): "w1 198.51.100.2",
        ("outside", "tcp", HOST_6, 8082): "w1 " + OUTSIDE_6,
        ("outside", "tcp", HOST, 8080): None,
    }
    assert dict(zip(questions, ask(list(questions)))) == questions
    assert run(state="absent")[1] == {"name": "n9", "namespace": None, "exists": False}
    assert_same(before)


def test_the_way_out() -> None:
    build()
    Server("outside", "outside", [5000])
    sh("ip route add 10.9.0.0/24 via 192.0.2.1; ip -6 route add fd00:9::/64 via 2001:db8:2::1", "outside")
    before = take_snapshot()
    questions: List[Question] = [("w1", "tcp", OUTSIDE, 5000), ("w1", "tcp", OUTSIDE_6, 5000)]
    inward: List[Question] = [("outside", "tcp", W1, 80), ("outside", "tcp", W1_6, 80)]
    Server("w1", "w1", [80])
    settle()
    assert ask(questions) == ["outside " + HOST, "outside " + HOST_6]
    run(snat_addresses=[HOST_TOO])
    assert ask(questions) == ["outside " + HOST_TOO, "outside " + HOST_6]
    run(masquerade=False)
    assert ask(questions) == ["outside " + W1, "outside " + W1_6]
    assert ask(inward) == [None, None]
    settle(state="absent")
    assert_same(before)
    sh("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
    assert ask(inward) == ["w1 " + OUTSIDE, "w1 " + OUTSIDE_6], "it was the rules that closed the way in"


def test_inside_a_namespace() -> None:
    sh(
        """
        for name in gw inner outer; do ip netns add $name; ip -n $name link set lo up; done
        ip link add eth0 netns gw type veth peer name eth0 netns outer; ip link add eth1 netns gw type veth peer name eth0 netns inner
        ip -n gw address add 203.0.113.1/24 dev eth0; ip -n gw address add 10.31.0.1/24 dev eth1; ip -n gw link set eth0 up; ip -n gw link set eth1 up
        ip -n outer address add 203.0.113.2/24 dev eth0; ip -n outer link set eth0 up
        ip -n inner address add 10.31.0.2/24 dev eth0; ip -n inner link set eth0 up; ip -n inner route add default via 10.31.0.1
        """
    )
    Server("outer", "outer", [5000])
    Server("inner", "inner", [80])
    before = take_snapshot()
    stands = settle((8080, "10.31.0.2", {"target": 80}), namespace="gw", interface="eth1", subnets=["10.31.0.0/24"])
    assert stands["namespace"] == "gw"
    assert sh("iptables-save; ip6tables-save") == ""
    assert ask([("inner", "tcp", "203.0.113.2", 5000), ("outer", "tcp", "203.0.113.1", 8080)]) == ["outer 203.0.113.1", "inner 203.0.113.2"]
    settle(namespace="gw", state="absent")
    assert_same(before)


def test_a_port_that_another_set_publishes_is_refused() -> None:
    web = {"interface": "br9", "subnets": ["10.9.0.0/24"]}
    run((80, W1, {"count": 3}), name="a", **web)
    before = take_snapshot()
    for check in (True, False):
        result = run_module("nat", check=check, name="b", ports=[{"published": 82, "address": W2, "count": 9}], **web)
        assert result["failed"]
        expected = "- host port 82/tcp is published by scope 'tasks.a' already; choose another port or host_ip, or remove it there"
        assert result["msg"].splitlines() == ["nothing was changed:", expected]
    assert_same(before)
    run((83, W2, {}), (80, W2, {"protocol": "udp"}), name="b", **web)
    run((80, W2, {"target": 81}), name="a", **web)
    run(name="a", state="absent")
    run((80, W1, {"count": 3}), name="b", **web)


def test_a_set_whose_namespace_is_gone() -> None:
    run(name="host")
    sh("ip netns add gw")
    run(name="host", namespace="gw")
    sh("ip netns delete gw")
    before = take_snapshot()
    gone = {"name": "host", "namespace": "gw", "exists": False}
    assert run(check=True, name="host", namespace="gw", state="absent") == ([], gone)
    assert run(name="host", namespace="gw", state="absent") == ([], gone)
    assert_same(before)  # the set of the same name on the host stays


def test_all_faults_at_once_and_nothing_changed() -> None:
    before = take_snapshot()
    ports = [{"published": 0, "address": "10.9.0.5"}, {"published": 80, "address": "web", "host_ip": "x"}]
    result = run_module("nat", name="n9", interface="br 9", subnets=["10.9.0.1/24"], scope="a/b", ports=ports)
    assert result["failed"]
    first, *faults = result["msg"].splitlines()
    assert first == "6 input errors, nothing was changed:"
    paths = ["scope", "interface", "subnets[0]", "ports[0].published", "ports[1].address", "ports[1].host_ip"]
    assert [line.split(": ")[0] for line in faults] == ["- " + path for path in paths]
    assert_same(before)
