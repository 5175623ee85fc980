# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers on the LAN of a parent: who reaches whom in each mode, and that the host's own traffic there is never disturbed."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from typing import Any, Dict, List, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Conflict, ContainerNetError, KernelRace
from ansible_collections.netloom.container_net.plugins.module_utils._model.names import shim_name
from harness.declarations import LAN4, LAN6, V4, V6, endpoint, lan, network
from harness.engine import Declaration, converge, give_uplink, lines, settle
from harness.host import sh
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Question, Server, Stream, ask, await_addresses

pytestmark = pytest.mark.fake_host()

HOST, NEIGHBOUR = ("192.0.2.1", "2001:db8:2::1"), ("192.0.2.2", "2001:db8:2::2")
A, B = ("192.0.2.10", "2001:db8:2::10"), ("192.0.2.11", "2001:db8:2::11")
PORT = 80
Reach = Tuple[str, Tuple[str, str], str]  # from, to, who answers; "" is nobody


def assert_reach(rows: List[Reach]) -> None:
    questions: List[Question] = [(source, protocol, address, PORT) for source, target, _who in rows for address in target for protocol in ("tcp", "udp")]
    wanted = [who for _source, _target, who in rows for _each in range(4)]
    answers = [(answer or "").split(" ")[0] for answer in ask(questions)]
    assert list(zip(questions, answers)) == list(zip(questions, wanted))


def serve(*spaces: str) -> None:
    await_addresses(*spaces)
    for space in spaces:
        Server(space, space or "host", [PORT])


def lan_macs(space: str = "outside") -> Dict[str, str]:
    """Return whom a machine on the LAN takes for the host's addresses."""
    found = json.loads(sh("ip -j neigh show", space))
    return {entry["dst"]: entry.get("lladdr", "") for entry in found if entry["dst"] in HOST}


def test_mode_bridge_and_the_host_both_ways() -> None:
    give_uplink()
    settle(lan("a", "b", parent="eth0", host_access=True))
    serve("", "outside", "a", "b")
    own = json.loads(sh("ip -j link show eth0"))[0]["address"]
    assert_reach(
        [
            ("a", B, "b"),
            ("b", A, "a"),
            ("a", NEIGHBOUR, "outside"),
            ("outside", A, "a"),
            ("", A, "a"),
            ("", B, "b"),
            ("a", HOST, "host"),
            ("b", HOST, "host"),
            ("outside", HOST, "host"),
            ("", NEIGHBOUR, "outside"),
        ]
    )
    assert set(lan_macs().values()) == {own}
    sh("ip neigh flush dev eth0", "outside")
    assert_reach([("outside", HOST, "host"), ("outside", A, "a"), ("a", HOST, "host")])
    assert set(lan_macs().values()) == {own}


def test_who_asks_by_a_published_port_gets_no_answer_over_the_lan() -> None:
    """The neighbour is on a LAN with the container, too; an answer that went there would come from an address it never asked."""
    give_uplink()
    on_lan = lan("a", parent="eth0")
    attachments = ({"name": "web"}, *on_lan.endpoints[0]["networks"])
    both = Declaration([*on_lan.networks, network("web", V4, V6)], [endpoint("a", *attachments, ports=["8080:80/tcp"])])
    settle(both)
    serve("a", "outside")
    assert [(answer or "").partition(" ")[0] for answer in ask([("outside", "tcp", address, 8080) for address in HOST])] == ["a", "a"]
    assert_reach([("outside", A, "a"), ("a", NEIGHBOUR, "outside")])
    settle(replace(both, endpoints=[{**both.endpoints[0], "source_routing": False}]))
    assert ask([("outside", "tcp", address, 8080) for address in HOST]) == [None, None]


def test_without_host_access_the_host_is_no_neighbour() -> None:
    give_uplink()
    settle(lan("a", parent="eth0"))
    serve("", "outside", "a")
    assert_reach([("a", NEIGHBOUR, "outside"), ("outside", A, "a"), ("", A, ""), ("a", HOST, "")])


def test_mode_private_keeps_containers_apart() -> None:
    give_uplink()
    settle(lan("a", "b", parent="eth0", mode="private"))
    serve("", "outside", "a", "b")
    assert_reach([("a", B, ""), ("b", A, ""), ("a", NEIGHBOUR, "outside"), ("outside", B, "b"), ("a", HOST, "")])


def test_mode_vepa_leaves_it_to_the_switch() -> None:
    give_uplink()
    # The neighbour becomes a switch that sends frames back only when told to.
    sh(
        """
        ip link add br0 type bridge; ip link set br0 up
        echo 0 > /proc/sys/net/ipv6/conf/br0/accept_dad
        ip address flush dev eth0; ip link set eth0 master br0
        ip address add 192.0.2.2/24 dev br0; ip address add 2001:db8:2::2/64 dev br0 nodad
        """,
        "outside",
    )
    settle(lan("a", "b", parent="eth0", mode="vepa"))
    serve("outside", "a", "b")
    assert_reach([("a", B, ""), ("b", A, ""), ("a", NEIGHBOUR, "outside")])
    sh("bridge link set dev eth0 hairpin on", "outside")
    assert_reach([("a", B, "b"), ("b", A, "a"), ("a", NEIGHBOUR, "outside")])


def give_second_wire(mtu: int = 1500) -> None:
    """Give the host an eth1 without an address, and a namespace `far` at its end."""
    sh(
        """
        ip netns add far
        ip link add eth1 mtu {0} address 02:00:00:00:03:01 type veth peer name eth0 mtu {0} address 02:00:00:00:03:02 netns far
        ip link set eth1 up
        ip -n far link set lo up; ip -n far link set eth0 up
        ip -n far address add 198.51.100.2/24 dev eth0; ip -n far address add 2001:db8:3::2/64 dev eth0 nodad
        """.format(mtu)
    )


FAR_NETWORK = network("far", {"subnet": "198.51.100.0/24"}, {"subnet": "2001:db8:3::/64"}, driver="macvlan", parent="eth1")


def far_endpoint(name: str, number: int) -> Dict[str, Any]:
    return endpoint(name, {"name": "far", "ipv4_address": "198.51.100.%d" % number, "ipv6_address": "2001:db8:3::%d" % number})


def test_two_parents_are_two_lans() -> None:
    give_uplink()
    give_second_wire()
    near = lan("a", parent="eth0")
    settle(Declaration([*near.networks, FAR_NETWORK], [*near.endpoints, far_endpoint("b", 10)]))
    serve("outside", "far", "a", "b")
    b, far = ("198.51.100.10", "2001:db8:3::10"), ("198.51.100.2", "2001:db8:3::2")
    assert_reach([("a", NEIGHBOUR, "outside"), ("b", far, "far"), ("far", b, "b"), ("a", b, ""), ("b", A, ""), ("b", NEIGHBOUR, "")])


def test_mode_passthru_hands_the_parent_over_with_its_mac() -> None:
    give_uplink()
    give_second_wire()
    before = take_snapshot()
    settle(Declaration([{**FAR_NETWORK, "mode": "passthru"}], [far_endpoint("b", 10)]))
    serve("far", "b")
    assert_reach([("b", ("198.51.100.2", "2001:db8:3::2"), "far"), ("far", ("198.51.100.10", "2001:db8:3::10"), "b")])
    assert "02:00:00:00:03:01" in sh("ip link show eth0", "b")
    settle(None)
    assert_same(before)


def test_the_hosts_own_stream_survives_creation_change_and_removal() -> None:
    give_uplink()
    before = take_snapshot()
    streams = [Stream("", "outside", NEIGHBOUR[0], 4000), Stream("outside", "", HOST[1], 4006), Stream("outside", "", HOST[0], 4001)]
    own = json.loads(sh("ip -j link show eth0"))[0]["address"]
    for number, wanted in enumerate(
        (
            lan("a", "b", parent="eth0", host_access=True),
            lan("a", parent="eth0", host_access=True, mtu=1400),
            lan("a", parent="eth0", mode="private"),
            lan("a", "b", parent="eth0", host_access=True, shim_name="other0"),
            None,
        )
    ):
        settle(wanted)
        if number == 0:
            serve("a")
        if wanted is not None and wanted.networks[0].get("host_access"):
            assert_reach([("", A, "a")])
        assert set(lan_macs().values()) == {own}
    for stream in streams:
        beats, longest = stream.finish()
        assert beats > 50
        assert longest < 0.8
    assert_same(before)


def test_a_changed_address_touches_its_own_route_and_no_neighbour() -> None:
    give_uplink()
    settle(lan("a", "b", parent="eth0", host_access=True))
    await_addresses("a", "b")
    streams = [Stream("", "b", B[0], 4000), Stream("outside", "b", B[1], 4006)]
    moved = lan("a", "b", parent="eth0", host_access=True)
    moved.endpoints[0]["networks"][0].update(ipv4_address="192.0.2.20", mac_address=json.loads(sh("ip -j link show eth0", "a"))[0]["address"])
    assert set(settle(moved)) == {
        "+ address 192.0.2.20/24 on eth0 in a",
        "- address 192.0.2.10/24 on eth0 in a",
        "+ route 192.0.2.20/32",
        "- route 192.0.2.10/32",
        "+ neighbour 192.0.2.20 on mv-lan",
        "- neighbour 192.0.2.10 on mv-lan",
    }
    serve("a")
    assert_reach([("", ("192.0.2.20", A[1]), "a"), ("outside", ("192.0.2.20", A[1]), "a")])
    assert set(settle(replace(moved, endpoints=moved.endpoints[1:]))) >= {"- namespace a", "- route 192.0.2.20/32"}
    for stream in streams:
        beats, longest = stream.finish()
        assert beats > 20
        assert longest < 0.8


def test_a_changed_mac_is_known_on_both_sides_at_once() -> None:
    give_uplink()
    settle(lan("a", "b", parent="eth0", host_access=True))
    serve("", "outside", "a")
    assert_reach([("", A, "a"), ("outside", A, "a")])
    changed = lan("a", "b", parent="eth0", host_access=True)
    changed.endpoints[0]["networks"][0]["mac_address"] = "02:00:00:00:00:77"
    settle(changed)
    assert_reach([("", A, "a"), ("outside", A, "a"), ("a", HOST, "host")])


def test_a_mode_changes_in_place() -> None:
    give_uplink()
    settle(lan("a", "b", parent="eth0"))
    serve("outside", "a", "b")
    stream = Stream("outside", "a", A[0])
    changed = settle(lan("a", "b", parent="eth0", mode="private"))
    assert sorted(changed) == ["~ macvlan eth0 in a: mode bridge → private", "~ macvlan eth0 in b: mode bridge → private"]
    assert_reach([("a", B, ""), ("outside", B, "b")])
    settle(lan("a", "b", parent="eth0"))
    assert_reach([("a", B, "b")])
    assert stream.finish()[0] > 20


def test_a_limit_of_broadcasts_changes_in_place() -> None:
    """Linux has it since 6.4; an older kernel ignores it, which a run does not take for done."""
    give_uplink()
    converge(lan("a", "b", parent="eth0"))
    before = take_snapshot()
    if tuple(map(int, re.findall("[0-9]+", os.uname().release)[:2])) < (6, 4):
        with pytest.raises(ContainerNetError, match="broadcast_limit 1 → -1"):
            converge(lan("a", "b", parent="eth0", broadcast_limit=-1))
        assert_same(before)
        return
    serve("a")
    stream = Stream("a", "b", B[0])
    for old, new in (("1", "-1"), ("-1", "7")):
        done = settle(lan("a", "b", parent="eth0", broadcast_limit=int(new)))
        assert done == ["~ macvlan eth0 in %s: broadcast_limit %s → %s" % (name, old, new) for name in ("a", "b")]
        sh("ip neigh flush all", "outside")
        assert_reach([("outside", A, "a")])
    assert stream.finish()[0] > 20
    settle(lan("a", "b", parent="eth0", broadcast_limit=1))
    assert_same(before)


def test_foreign_links_on_the_parent_stay_and_are_reached() -> None:
    give_uplink()
    sh(
        """
        ip netns add theirs
        ip link add mine0 link eth0 type macvlan mode bridge; ip address add 192.0.2.90/32 dev mine0; ip link set mine0 up
        ip link add net0 link eth0 netns theirs type macvlan mode bridge
        ip -n theirs address add 192.0.2.91/24 dev net0; ip -n theirs address add 2001:db8:2::91/64 dev net0 nodad; ip -n theirs link set net0 up
        """
    )
    before = take_snapshot()
    settle(lan("a", parent="eth0", host_access=True))
    serve("theirs", "a")
    assert_reach([("a", ("192.0.2.91", "2001:db8:2::91"), "theirs"), ("theirs", A, "a")])
    settle(None)
    assert_same(before)


def test_two_scopes_on_one_parent() -> None:
    give_uplink()
    settle(lan("a", parent="eth0", host_access=True))
    second = Declaration(
        [network("office", LAN4, LAN6, driver="macvlan", parent="eth0", host_access=True)],
        [endpoint("b", {"name": "office", "ipv4_address": B[0], "ipv6_address": B[1]})],
    )
    settle(second, scope="other")
    serve("", "a", "b")
    assert_reach([("a", B, "b"), ("b", A, "a"), ("", A, "a"), ("", B, "b"), ("b", HOST, "host")])
    settle(None)
    assert_reach([("", B, "b"), ("b", HOST, "host")])


@pytest.mark.parametrize(("key", "address"), [("ipv4_address", NEIGHBOUR[0]), ("ipv6_address", NEIGHBOUR[1])])
def test_an_address_somebody_on_the_lan_has_is_refused(key: str, address: str) -> None:
    give_uplink()
    taken = lan("a", parent="eth0")
    taken.endpoints[0]["networks"][0][key] = address
    taken.networks[0]["ipam_config"] = [{"subnet": "192.0.2.0/24"}, {"subnet": "2001:db8:2::/64"}]
    before = take_snapshot()
    with pytest.raises(Conflict, match="address %s is in use on eth0 by 02:00:00:00:02:02" % address):
        converge(taken)
    assert_same(before)


def test_the_host_link_comes_back_when_somebody_deletes_it() -> None:
    give_uplink()
    wanted = lan("a", parent="eth0", host_access=True)
    settle(wanted)
    before = take_snapshot()
    sh("ip link delete %s" % shim_name("lan"))
    repaired = settle(wanted)
    assert "+ macvlan mv-lan" in repaired
    assert "+ route 192.0.2.10/32" in repaired
    assert not [line for line in repaired if line.endswith(" in a")]
    assert_same(before)
    sh("ip neigh delete 192.0.2.1 dev eth0; ip neigh add 192.0.2.77 lladdr 02:00:00:00:00:55 dev eth0 nud permanent", "a")
    assert lines(converge(wanted)) == ["+ neighbour 192.0.2.1 on eth0 in a"]
    assert "192.0.2.77" in sh("ip neigh", "a")


def test_a_namespace_deleted_by_hand_is_attached_again_at_once() -> None:
    """The kernel takes the old one apart in its own time, and its link holds the MAC until then."""
    give_uplink()
    wanted = Declaration([network("lan", driver="macvlan")], [endpoint(name, {"name": "lan", "ipam": "none"}) for name in ("a", "b")])
    settle(wanted)
    before = take_snapshot()
    for _round in range(5):
        sh("ip netns delete a; ip netns delete b")
        converge(wanted)
        assert_same(before)


def test_a_mac_somebody_has_on_the_parent_is_refused() -> None:
    give_uplink()
    sh("ip netns add theirs; ip link add net0 link eth0 address 02:00:00:00:00:99 netns theirs type macvlan; ip -n theirs link set net0 up")
    before = take_snapshot()
    with pytest.raises(KernelRace, match=r"macvlan eth0 in a: .*EADDRINUSE \(another link on the same parent has this MAC\); what stood before was put back"):
        converge(Declaration([network("lan", driver="macvlan")], [endpoint("a", {"name": "lan", "ipam": "none", "mac_address": "02:00:00:00:00:99"})]))
    assert_same(before)


def test_a_parent_that_a_passthru_link_in_some_namespace_holds_is_refused() -> None:
    give_uplink()
    give_second_wire()
    sh("ip netns add theirs; ip link add net0 link eth1 netns theirs type macvlan mode passthru")
    before = take_snapshot()
    with pytest.raises(Conflict, match="macvlan eth0 in b: a macvlan of mode passthru has its interface alone; macvlan net0 in theirs is there too"):
        converge(Declaration([FAR_NETWORK], [far_endpoint("b", 10)]))
    assert_same(before)
