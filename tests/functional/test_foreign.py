# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is not ours is not touched: byte for byte the same through creation, change and removal, and not even mentioned to the kernel."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from typing import Dict, List, Optional, Set

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from harness.declarations import V4, V6, endpoint, network, overlay
from harness.engine import Declaration, assert_settled, check, converge, give_uplink, lines, settle
from harness.events import Events
from harness.foreign import add_foreign_things, add_native_tables, native_tables
from harness.host import filter_bridged_frames, sh
from harness.snapshot import assert_same, missing_from, take_snapshot
from harness.traffic import Server, ask, await_addresses

pytestmark = pytest.mark.fake_host()

FULL = Declaration(
    [network("web", V4, V6), network("dark", {"subnet": "10.23.0.0/24"}, internal=True)],
    [endpoint("a", "web", "dark", ports=["8080:80/tcp", "5353:53/udp"]), endpoint("b", "web")],
)
CHANGED = Declaration(
    [network("web", V4, V6, mtu=1400, enable_icc=False, hairpin=True, host_access="all")],
    [endpoint("a", "web", ports=["8081:80/tcp"]), endpoint("c", "web")],
)
MESH = overlay("192.0.2.1", "192.0.2.2", "192.0.2.3")
STAGES: Dict[str, Optional[Declaration]] = {"created": FULL, "changed": CHANGED, "an overlay instead": MESH, "created again": FULL, "removed": None}


def switch_forwarding_on() -> None:
    """What forwarding does to other interfaces is the kernel's doing and has its own test."""
    sh("echo 2 > /proc/sys/net/ipv6/conf/eth0/accept_ra; echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding")


def numbers_of_links() -> Set[int]:
    return {item["ifindex"] for item in json.loads(sh("ip -j link"))}


def test_survives_everything_unmentioned() -> None:
    give_uplink()
    add_foreign_things()
    add_native_tables()
    tables = native_tables()
    assert "administrators" in tables
    switch_forwarding_on()
    before = take_snapshot()
    foreign = numbers_of_links()
    events = Events()
    events.settle(quiet=2.5)
    for stage, declaration in STAGES.items():
        settle(declaration)
        assert missing_from(before, take_snapshot()) == [], stage
        assert events.touched(foreign) == [], stage
        assert native_tables() == tables, stage
    assert_same(before)


def test_the_listener_hears() -> None:
    add_foreign_things()
    events, foreign = Events(), numbers_of_links()
    sh("ip link set p0 mtu 1400")
    assert events.touched(foreign)
    sh("ip address add 10.99.0.1/24 dev p1; ip route add 10.98.0.0/16 dev p1; ip neighbour add 10.99.0.7 lladdr 02:00:00:00:00:01 dev p1 nud permanent")
    assert {16, 20, 24, 28} & {event.kind for event in events.touched(foreign)} >= {20, 24, 28}


def test_forwarding_comes_and_goes_with_what_needs_it() -> None:
    """The only settings of others that change are those the kernel changes with forwarding, and what keeps the default route; and they come back."""
    give_uplink()
    add_foreign_things()
    before = take_snapshot()
    settle(FULL)
    changed = {line.split(" = ")[0].rpartition("/")[2] for line in missing_from(before, take_snapshot())}
    assert changed <= {"ip_forward", "forwarding", "accept_redirects", "accept_ra"}, changed
    settle(None)
    assert_same(before)


def test_a_foreign_bridge_is_used_and_given_back() -> None:
    give_uplink()
    sh(
        """
        ip link add br-lan address 02:00:00:00:0f:01 mtu 1400 type bridge stp_state 0 ageing_time 12345; ip link set br-lan up alias 'mine, not yours'
        ip netns add theirs; ip link add lan0 address 02:00:00:00:0f:02 type veth peer name eth0 address 02:00:00:00:0f:03 netns theirs
        ip link set lan0 master br-lan mtu 1400 up; ip link set lan0 type bridge_slave hairpin on isolated on; ip -n theirs link set eth0 mtu 1400 up
        ip address add 10.20.0.200/24 dev br-lan; ip -n theirs address add 10.20.0.201/24 dev eth0
        bridge fdb add 02:00:00:00:0f:77 dev lan0 master static
        """
    )
    switch_forwarding_on()
    before = take_snapshot()
    used = Declaration([network("web", V4, bridge_name="br-lan")], [endpoint("a", "web"), endpoint("b", "web")])
    fewer = Declaration([network("web", V4, bridge_name="br-lan", gateway_on_host=False)], [endpoint("a", "web")])
    for declaration in (used, fewer, used, None):
        settle(declaration)
        assert missing_from(before, take_snapshot()) == []
    assert_same(before)


def test_what_goes_from_port_to_port_of_a_foreign_bridge_is_not_forwarded() -> None:
    """With br_netfilter it comes by the default drop, which is for what needs forwarding that we switched on, and for no other family."""
    if not filter_bridged_frames(True):
        pytest.skip("tests/vm runs this on a kernel with br_netfilter, which this one lacks")
    give_uplink()
    sh("ip link add virbr1 type bridge forward_delay 0; ip link set virbr1 up; echo 0 > /proc/sys/net/ipv4/ip_forward")
    for name, number in (("vm1", 11), ("vm2", 12)):
        sh(
            """
            ip netns add {0}; ip link add tap-{0} type veth peer name eth0 netns {0}; ip link set tap-{0} master virbr1 up
            ip -n {0} address add 10.5.0.{1}/24 dev eth0; ip -n {0} address add fd05::{1}/64 dev eth0 nodad; ip -n {0} link set eth0 up
            ip -n {0} route add default via 10.5.0.1; ip -n {0} -6 route add default via fd05::1
            """.format(name, number)
        )
    sh("ip address add 10.5.0.1/24 dev virbr1; ip address add fd05::1/64 dev virbr1 nodad")
    sh("ip -n outside route add 10.5.0.0/24 via 192.0.2.1; ip -n outside -6 route add fd05::/64 via 2001:db8:2::1")
    Server("vm2", "vm2", [80])
    Server("outside", "outside", [80])
    await_addresses("", "outside", "vm1", "vm2")
    beside = [("vm1", "tcp", address, 80) for address in ("10.5.0.12", "fd05::12")]
    assert ask(beside) == ["vm2 10.5.0.11", "vm2 fd05::11"]
    through = {"iptables": ("vm1", "tcp", "192.0.2.2", 80), "ip6tables": ("vm1", "tcp", "2001:db8:2::2", 80)}
    for families in ({"iptables": V4}, {"ip6tables": V6}, {"iptables": V4, "ip6tables": V6}):
        converge(Declaration([network("web", *families.values())], [endpoint("a", "web")]))
        assert ask([*beside, *(through[tool] for tool in families)]) == ["vm2 10.5.0.11", "vm2 fd05::11", *[None for _each in families]]
        for tool in families:
            sh("%s -F CNET-LAST" % tool)
        assert None not in ask([through[tool] for tool in families]), "the probes do not see what our rule is for"


def on_shared_bridge(label: str, number: int) -> Declaration:
    subnets = [{"subnet": "10.%d.0.0/24" % number}, {"subnet": "fd00:%d::/64" % number}]
    return Declaration([network(label, *subnets, bridge_name="br-lan")], [endpoint(label, label)])


def test_two_scopes_on_one_foreign_bridge() -> None:
    """Nothing marks the bridge, so the gateway addresses themselves tell whose they are."""
    give_uplink()
    # A bridge takes the lowest MAC of its ports: not even that changes with ours.
    sh("ip link add br-lan type bridge; ip link add lan0 address 3a:00:00:00:0f:02 type veth peer name lan1; ip link set lan0 master br-lan up")
    sh("ip link set br-lan up; ip address add 10.99.0.1/24 dev br-lan")
    switch_forwarding_on()
    untouched = take_snapshot()
    first, second = on_shared_bridge("web", 20), on_shared_bridge("db", 22)
    settle(second, scope="second")
    before = take_snapshot()
    for declaration in (first, replace(first, networks=[network("web", V4, bridge_name="br-lan")]), None):
        settle(declaration)
        after = take_snapshot()
        assert [line for line in missing_from(before, after) if "CNET-FORWARD" not in line] == []
        assert_settled(second, scope="second")
    assert_same(before)
    same = on_shared_bridge("api", 22)
    with pytest.raises(ContainerNetError, match=r"address 10\.22\.0\.1/24 on br-lan belongs to another scope"):
        converge(same)
    assert_same(before)
    settle(None, scope="second")
    assert_same(untouched)


def test_another_scope_is_not_touched() -> None:
    give_uplink()
    other = Declaration([network("db", {"subnet": "10.22.0.0/24"}, {"subnet": "fd00:22::/64"})], [endpoint("d", "db", ports=["3306:3306"])])
    settle(other, scope="second")
    before = take_snapshot()
    for declaration in (FULL, CHANGED, None):
        settle(declaration)
        after = take_snapshot()
        assert [line for line in missing_from(before, after) if "CNET-FORWARD" not in line] == []
    assert_same(before)


REFUSED: Dict[str, List[str]] = {
    "a foreign link of our name": ["ip link add br-web type veth peer name x0", "br-web"],
    "a foreign bridge with our subnet": ["ip link add br0 type bridge; ip address add 10.20.0.9/24 dev br0", "10.20.0"],
    "a foreign route to our subnet": [
        "ip link add br0 type bridge; ip link set br0 up; ip address add 10.99.0.1/24 dev br0; ip route add 10.20.0.0/25 via 10.99.0.2",
        "10.20.0.0/25",
    ],
    "a process on a published port": ["", "8080"],
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_with_nothing_changed(what: str) -> None:
    give_uplink()
    script, words = REFUSED[what]
    sh(script or "true")
    listener = socket.socket()
    if not script:
        listener.bind(("0.0.0.0", 8080))
        listener.listen()
    before = take_snapshot()
    for action in (check, converge):
        with pytest.raises(ContainerNetError) as caught:
            action(FULL)
        assert words in str(caught.value)
        assert_same(before)
    listener.close()


@pytest.mark.fake_host
@pytest.mark.parametrize("kind", ["a port", "two ports", "a macvlan on it"])
def test_a_bridge_with_a_foreign_port_stays_and_all_else_goes(kind: str) -> None:
    give_uplink()
    before = sh("iptables-save; ip6tables-save")
    converge(Declaration([network("web", V4), network("db", {"subnet": "10.22.0.0/24"})], [endpoint("a", "web"), endpoint("b", "db")]))
    names = {"a port": ["vm0"], "two ports": ["vm0", "vm2"], "a macvlan on it": ["vm0"]}[kind]
    for name in names:
        if kind == "a macvlan on it":
            sh("ip link add %s link br-web type macvlan" % name)
        else:
            sh("ip link add %s type veth peer name %s-far; ip link set %s master br-web" % (name, name, name))
    planned = converge(None, check=True)
    outcome = converge(None)
    assert lines(planned) == lines(outcome)
    assert (
        outcome.warnings
        == planned.warnings
        == ["bridge br-web stays, for interfaces that are not ours use it: %s; take them out, then remove it with another run" % ", ".join(names)]
    )
    assert "br-web" in sh("ip -o link show vm0")
    assert sh("ip -o link show type bridge").count("\n") <= 1
    assert sh("ip -o address show br-web").count("inet ") == 0
    assert [line.split()[0] for line in sh("ip netns list").splitlines()] == ["outside"]
    assert [line for line in sh("iptables-save; ip6tables-save").splitlines() if "CNET" in line] == [line for line in before.splitlines() if "CNET" in line]
    assert converge(None).steps == ()
    sh("; ".join("ip link del " + name for name in names))
    assert lines(converge(None)) == ["- bridge br-web"]
    assert converge(None).steps == ()
