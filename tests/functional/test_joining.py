# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container that has a network of somebody else, and its way out by it, joins ours: it keeps what it has, and what is published works both ways."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from harness.declarations import endpoint, network
from harness.engine import Declaration, assert_settled, converge, give_uplink, settle
from harness.host import sh
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, ask, await_addresses

pytestmark = pytest.mark.fake_host()

WORLD = {4: "198.51.100.7", 6: "2001:db8:51::7"}
HOST_ADDRESS = {4: "192.0.2.1", 6: "2001:db8:2::1"}
OURS, THEIRS = 8080, 8081


def give_engine(metric: int) -> None:
    """Another engine's bridge, with a container on it that has its default routes and a published port."""
    give_uplink()
    six = metric or 1024
    sh(
        """
        echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
        ip netns add c; ip -n c link set lo up
        ip link add docker0 type bridge; echo 0 > /proc/sys/net/ipv6/conf/docker0/accept_dad; ip link set docker0 up
        ip address add 172.17.0.1/16 dev docker0; ip address add fd00:17::1/64 dev docker0 nodad
        ip link add vdocker type veth peer name eth0 netns c; ip link set vdocker master docker0 up; ip -n c link set eth0 up
        ip -n c address add 172.17.0.2/16 dev eth0; ip -n c address add fd00:17::2/64 dev eth0 nodad
        ip -n c route add default via 172.17.0.1 metric {0}; ip -n c -6 route add default via fd00:17::1 metric {1}
        iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
        ip6tables -t nat -A POSTROUTING -s fd00:17::/64 ! -o docker0 -j MASQUERADE
        iptables -t nat -A PREROUTING ! -i docker0 -p tcp --dport {2} -j DNAT --to-destination 172.17.0.2:80
        ip6tables -t nat -A PREROUTING ! -i docker0 -p tcp --dport {2} -j DNAT --to-destination [fd00:17::2]:80
        """.format(metric, six, THEIRS)
    )


def web(number: int = 20) -> Dict[str, Any]:
    return network(
        "web%d" % number,
        {"subnet": "10.%d.0.0/24" % number, "gateway": "10.%d.0.1" % number},
        {"subnet": "fd00:%d::/64" % number, "gateway": "fd00:%d::1" % number},
    )


def joining(number: int = 20, interface: str = "eth1", port: int = OURS, **options: Any) -> Declaration:
    return Declaration([web(number)], [endpoint("c", {"name": "web%d" % number, "interface_name": interface, **options}, ports=["%d:80" % port])])


def way_out() -> List[str]:
    """Return by which interface the container begins, by family."""
    found = [sh("ip route get %s" % WORLD[family], "c").split() for family in (4, 6)]
    return [words[words.index("dev") + 1] for words in found]


def answers(*ports: int) -> List[bool]:
    questions = [("outside", "tcp", HOST_ADDRESS[family], port) for port in ports for family in (4, 6)]
    return [answer is not None for answer in ask(questions)]


@pytest.mark.parametrize("metric", [0, 100, 4000])
@pytest.mark.parametrize("default_route", ["auto", True, False])
def test_both_ways_work_and_nothing_is_lost(default_route: Any, metric: int) -> None:
    give_engine(metric)
    await_addresses("", "c")
    Server("c", "c", [80])
    before, routes = take_snapshot(), sh("ip route; ip -6 route", "c")
    assert answers(THEIRS) == [True, True]
    settle(joining(default_route=default_route))
    await_addresses("", "c")
    assert answers(OURS, THEIRS) == [True] * 4
    assert way_out() == (["eth1"] * 2 if default_route is True else ["eth0"] * 2)
    settle(None)
    assert_same(before)
    assert sh("ip route; ip -6 route", "c") == routes
    assert answers(THEIRS) == [True, True]


def test_each_choice_leads_to_each_other() -> None:
    give_engine(100)
    for default_route in ("auto", True, False, True, "auto"):
        settle(joining(default_route=default_route))
        assert way_out() == (["eth1"] * 2 if default_route is True else ["eth0"] * 2)
    settle(joining(default_route=True, metric=5000))
    assert way_out() == ["eth0"] * 2


def test_a_container_without_a_way_out() -> None:
    give_uplink()
    sh("ip netns add c")
    settle(joining(default_route=False))
    assert "default" not in sh("ip route; ip -6 route", "c")
    await_addresses("", "c")
    Server("c", "c", [80])
    assert answers(OURS) == [True, True]
    settle(joining(metric=7))
    assert "metric 7" in sh("ip route show default", "c")
    assert answers(OURS) == [True, True]


def test_a_default_route_that_is_added_inside_is_only_the_containers_own() -> None:
    give_uplink()
    settle(joining())
    sh("ip route replace default via 10.20.0.77", "c")
    converge(joining())
    assert "10.20.0.77" in sh("ip route show default", "c")
    settle(None)


@pytest.mark.parametrize("later", ["auto", True])
def test_two_declarations_share_a_container(later: Any) -> None:
    give_uplink()
    sh("ip netns add c")
    first, second = joining(20, "eth0"), joining(21, "eth1", THEIRS, default_route=later)
    settle(first)
    Server("c", "c", [80])
    alone = take_snapshot()
    settle(second, scope="other")
    settle(first)
    assert_settled(second, scope="other")
    await_addresses("", "c")
    assert way_out() == (["eth1"] * 2 if later is True else ["eth0"] * 2)
    assert answers(OURS, THEIRS) == [True] * 4
    settle(None, scope="other")
    assert way_out() == ["eth0"] * 2
    settle(first)
    assert_same(alone)
