# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Driver routed with proxy_interfaces: containers with addresses of the host's LAN. And as many endpoints as no bridge takes."""

from __future__ import annotations

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError
from harness.declarations import endpoint
from harness.engine import Declaration, assert_settled, check, converge, give_uplink, settle
from harness.host import sh
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, Stream, ask, await_addresses

pytestmark = pytest.mark.fake_host()
POOL = [{"subnet": "192.0.2.64/28"}, {"subnet": "2001:db8:2:0:1::/80"}]
WHOLE = [{"subnet": "192.0.2.0/24", "ip_range": "192.0.2.64/28"}]


def lan(ipam: object, **options: object) -> Declaration:
    network = {"name": "lan", "driver": "routed", "ipam_config": ipam, "proxy_interfaces": ["eth0"], **options}
    return Declaration([network], [endpoint("a", "lan", ports=["80:80"]), endpoint("b", "lan")], prepare=give_uplink)


def addresses(name: str) -> "tuple[str, str]":
    shown = sh("ip -br address show eth0", name).split()
    return tuple(item.split("/")[0] for item in shown[2:4])  # type: ignore[return-value]


def test_neighbours_find_the_containers() -> None:
    give_uplink()
    before = take_snapshot()
    settle(lan(POOL))
    await_addresses("a", "b", "outside")
    servers = [Server(space, name, [80, 81]) for space, name in (("a", "a"), ("b", "b"), ("outside", "world"))]
    four, six = addresses("a")
    try:
        assert four.startswith("192.0.2.")
        assert six.startswith("2001:db8:2:0:1:")
        assert ask([("outside", "tcp", four, 80), ("outside", "tcp", six, 80)], timeout=3) == ["a 192.0.2.2", "a 2001:db8:2::2"]
        assert ask([("outside", "tcp", four, 81), ("outside", "tcp", six, 81)]) == [None, None]
        assert ask([("b", "tcp", four, 81), ("b", "tcp", six, 81)]) == ["a " + addresses("b")[0], "a " + addresses("b")[1]]
        assert ask([("a", "tcp", "192.0.2.2", 81), ("a", "tcp", "2001:db8:2::2", 81)], timeout=3) == ["world " + four, "world " + six]
    finally:
        for server in servers:
            server.stop()
    settle(None)
    assert_same(before)


def test_who_else_is_on_the_lan_is_no_member() -> None:
    """With the whole LAN as subnet, its hosts have addresses of it; they get no further than anybody."""
    give_uplink()
    before = take_snapshot()
    settle(lan(WHOLE))
    servers = [Server(space, name, [80, 81]) for space, name in (("a", "a"), ("outside", "world"))]
    four = addresses("a")[0]
    try:
        assert ask([("outside", "tcp", four, 80), ("b", "tcp", four, 81)], timeout=3) == ["a 192.0.2.2", "a " + addresses("b")[0]]
        assert ask([("outside", "tcp", four, 81)]) == [None]
        assert ask([("", "tcp", "192.0.2.2", 81), ("a", "tcp", "192.0.2.2", 81)]) == ["world 192.0.2.1", "world " + four]
    finally:
        for server in servers:
            server.stop()
    settle(None)
    assert_same(before)


def test_drift_and_two_scopes() -> None:
    give_uplink()
    converge(lan(POOL))
    clean = take_snapshot()
    four, six = addresses("a")
    for damage in (
        "ip neighbour del proxy %s dev eth0" % four,
        "ip neighbour del proxy %s dev eth0" % six,
        "echo 0 > /proc/sys/net/ipv6/conf/eth0/proxy_ndp",
    ):
        sh(damage)
        assert check(lan(POOL)), damage
        converge(lan(POOL))
        assert_same(clean)
    side = Declaration([{"name": "side", "ipam_config": [{"subnet": "10.20.0.0/24"}]}], [endpoint("s", "side")])
    settle(side, scope="side")
    settle(None, scope="side")
    settle(lan(POOL))
    assert four in sh("ip neighbour show proxy")


def test_a_subnet_of_another_link_is_refused() -> None:
    give_uplink()
    sh("ip link add other type bridge; ip address add 198.51.100.1/24 dev other; ip link set other up")
    before = take_snapshot()
    with pytest.raises(InputError, match=r"198\.51\.100\.0/28.*overlaps the host's address 198\.51\.100\.1/24 on other"):
        converge(lan([{"subnet": "198.51.100.0/28"}]))
    assert_same(before)


def test_more_endpoints_than_a_bridge_has_ports() -> None:
    give_uplink()
    before = take_snapshot()
    network = {"name": "many", "driver": "routed", "ipam_config": [{"subnet": "10.62.0.0/16"}]}
    many = Declaration([network], [endpoint("n%d" % number, "many") for number in range(1100)])
    converge(many)
    assert len([line for line in sh("ip -br link").splitlines() if line.startswith("cnr-")]) == 1100
    assert not converge(many, check=True).steps
    last = sh("ip -br -4 address show eth0", "n1099").split()[2].split("/")[0]
    sh("ping -c1 -W2 " + last, "n0")
    converge(None)
    assert_same(before)
    assert_settled(None)


def test_a_link_to_answer_on_comes_and_goes_beside_a_stream() -> None:
    give_uplink()
    sh("ip netns add far; ip link add nic1 type veth peer name eth0 netns far; ip link set nic1 up; ip -n far link set eth0 up")
    settle(lan(POOL))
    await_addresses("a", "b", "outside")
    four, six = addresses("a")
    streams = [Stream("b", "a", four), Stream("b", "a", six, 4001), Stream("outside", "a", four, 80)]
    more = settle(lan(POOL, proxy_interfaces=["eth0", "nic1"]))
    assert "+ proxy %s on nic1" % four in more
    assert not [line for line in more if "nic1" not in line], more
    fewer = settle(lan(POOL))
    assert "- proxy %s on nic1" % six in fewer
    assert not [line for line in fewer if "nic1" not in line], fewer
    assert "nic1" not in sh("ip neighbour show proxy; ip -6 neighbour show proxy")
    for stream in streams:
        beats, longest = stream.finish()
        assert beats > 10
        assert longest < 1.5
