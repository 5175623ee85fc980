# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wires between endpoints and bridges: by packets, in place, and gone without a trace."""

from __future__ import annotations

from typing import Any, Dict

import pytest
from harness.declarations import V4, V6, endpoint, network
from harness.drifts import Drift, assert_mended
from harness.engine import Declaration, assert_settled, converge, give_uplink, settle
from harness.host import await_true, bind_space, filter_bridged_frames, sh, watched_spaces
from harness.kills import Killed, assert_survived
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, Stream, ask, await_addresses

fake_host = pytest.mark.fake_host()


def link(name: str, *ends: Dict[str, Any], **options: Any) -> Dict[str, Any]:
    return {"name": name, "ends": list(ends), **options}


def end(name: str, *addresses: str, **options: Any) -> Dict[str, Any]:
    return {"endpoint": name, **({"addresses": list(addresses)} if addresses else {}), **options}


DIRECT = link("w1", end("a", "10.9.0.1/30", "fd09::1/64"), end("b", "10.9.0.2/30", "fd09::2/64"))
PAIR = Declaration(endpoints=[endpoint("a"), endpoint("b")], links=[DIRECT])
# c1 and c2 on one switch, c3 on the other, all in one subnet; the host's way out is on the first.
SWITCHES = Declaration(
    [network("sw1", V4, V6), network("sw2")],
    [
        endpoint("c1", {"name": "sw1", "ipv4_address": "10.20.0.11", "ipv6_address": "fd00:20::11"}),
        endpoint("c2", {"name": "sw1", "ipv4_address": "10.20.0.12", "ipv6_address": "fd00:20::12"}),
        endpoint("c3", {"name": "sw2", "ipv4_address": "10.20.0.13", "ipv6_address": "fd00:20::13"}, ports=["8083:80/tcp"]),
        endpoint("c4"),
    ],
    links=[link("trunk", {"network": "sw1"}, {"network": "sw2"}), link("patch", {"network": "sw2"}, end("c4", "10.20.0.14/24", "fd00:20::14/64"))],
    prepare=give_uplink,
)


@fake_host
def test_two_containers_by_a_wire() -> None:
    before = take_snapshot()
    applied = settle(PAIR)
    assert {"+ veth eth0 in a", "+ veth eth0 in b", "+ address 10.9.0.1/30 on eth0 in a", "+ address fd09::2/64 on eth0 in b"} <= set(applied)
    Server("b", "b", [80])
    assert ask([("a", "tcp", "10.9.0.2", 80), ("a", "udp", "fd09::2", 80)]) == ["b 10.9.0.1", "b fd09::1"]
    assert "cn-" not in sh("ip link")
    settle(None)
    assert_same(before)
    assert_settled(None)


@fake_host
def test_a_bridge_keeps_its_mtu_whatever_joins_it() -> None:
    """The kernel would lower it to that of its smallest port: a wire, another network, one that joins or changes later, on bridges of ours and of others."""
    give_uplink()
    sh("ip link add br-lan up address 02:00:00:00:0f:01 type bridge; ip link add lan0 type veth peer name lan1; ip link set lan0 master br-lan up")
    before = take_snapshot()
    networks = [network("sw1", V4), network("sw2", mtu=1400), network("lan", {"subnet": "10.30.0.0/24"}, bridge_name="br-lan", gateway_on_host=False)]

    def wired(mtu: int, *bridges: str) -> Declaration:
        patches = [link("patch-%s" % name, {"network": name}, end("a", interface_name="p-%s" % name), mtu=mtu) for name in bridges]
        return Declaration(networks, [endpoint("a"), endpoint("b", "sw1", "lan")], links=[link("trunk", {"network": "sw1"}, {"network": "sw2"}), *patches])

    settle(wired(1300, "sw1"))
    for change in (wired(1300, "sw1", "sw2", "lan"), wired(1290, "sw1", "sw2", "lan"), wired(1600, "lan"), wired(1300, "lan", "sw2")):
        assert not [line for line in settle(change) if "bridge" in line]
        assert [sh("ip -o link show %s" % name).split(" mtu ")[1].split()[0] for name in ("br-sw1", "br-sw2", "br-lan")] == ["1500", "1400", "1500"]
    settle(None)
    assert_same(before)


def raise_switches(declaration: Declaration) -> None:
    give_uplink()
    settle(declaration)
    for name in ("c1", "c2", "c3", "c4", "outside"):
        Server(name, name, [80])
    await_addresses("", "c1", "c2", "c3", "c4", "outside")


@fake_host
@pytest.mark.parametrize(("policy", "bridged"), [("ACCEPT", False), ("DROP", False), ("DROP", True)])
def test_two_switches_are_one_layer_2(policy: str, bridged: bool) -> None:
    if filter_bridged_frames(bridged) < bridged:
        pytest.skip("tests/vm runs this on a kernel with br_netfilter, which this one lacks")
    sh("iptables -P FORWARD %s; ip6tables -P FORWARD %s" % (policy, policy))
    raise_switches(SWITCHES)
    addresses = {name: ("10.20.0.%d" % number, "fd00:20::%d" % number) for name, number in (("c1", 11), ("c2", 12), ("c3", 13), ("c4", 14))}
    pairs = [(one, other) for one in addresses for other in addresses if one != other]
    questions = [(one, protocol, addresses[other][six], 80) for one, other in pairs for six in (0, 1) for protocol in ("tcp", "udp")]
    expected = ["%s %s" % (other, addresses[one][six]) for one, other in pairs for six in (0, 1) for _protocol in ("tcp", "udp")]
    assert ask(questions) == expected
    # The far switch's container goes out by the near one's gateway, and is reached by its published port.
    assert ask([("c3", "tcp", "192.0.2.2", 80), ("c3", "tcp", "2001:db8:2::2", 80)]) == ["outside 192.0.2.1", "outside 2001:db8:2::1"]
    assert ask([("outside", "tcp", "192.0.2.1", 8083), ("outside", "tcp", "2001:db8:2::1", 8083)]) == ["c3 192.0.2.2", "c3 2001:db8:2::2"]
    assert ask([("", "tcp", "10.20.0.13", 80), ("", "tcp", "10.20.0.14", 80)]) == ["c3 10.20.0.1", "c4 10.20.0.1"]
    # Nobody from outside reaches them otherwise.
    sh("ip -n outside route add 10.20.0.0/24 via 192.0.2.1")
    assert ask([("outside", "tcp", "10.20.0.13", 80), ("outside", "tcp", "10.20.0.14", 80)]) == [None, None]


@fake_host
def test_without_the_trunk_they_are_two() -> None:
    raise_switches(SWITCHES)
    assert ask([("c1", "tcp", "10.20.0.14", 80)]) == ["c4 10.20.0.11"]
    converge(Declaration(SWITCHES.networks, [item for item in SWITCHES.endpoints if item["name"] != "c3"], links=SWITCHES.links[1:]))
    assert ask([("c1", "tcp", "10.20.0.14", 80), ("c4", "tcp", "10.20.0.11", 80)]) == [None, None]


@fake_host
def test_switches_go_without_a_trace() -> None:
    give_uplink()
    before = take_snapshot()
    settle(SWITCHES)
    settle(None)
    assert_same(before)


@fake_host
def test_only_what_changes_is_touched() -> None:
    """A stream over one wire goes on while another one changes, and over the wire itself as far as its own change lets it."""
    other = link("w2", end("a", "10.10.0.1/30"), end("b", "10.10.0.2/30"))

    def both(*addresses: str, **options: Any) -> Declaration:
        first = link("w1", end("a", *addresses), end("b", "10.9.0.2/29"), **options)
        return Declaration(endpoints=PAIR.endpoints, links=[first, other])

    settle(both("10.9.0.1/29"))
    streams = [Stream("a", "b", "10.10.0.2"), Stream("a", "b", "10.9.0.2", 4001)]
    assert settle(both("10.9.0.1/29", mtu=1400)) == ["~ veth eth0 in a: mtu 1500 → 1400", "~ veth eth0 in b: mtu 1500 → 1400"]
    assert settle(both("10.9.0.1/29", "10.9.0.3/29", mtu=1400)) == ["+ address 10.9.0.3/29 on eth0 in a"]
    assert settle(both("10.9.0.1/29", mtu=1400)) == ["- address 10.9.0.3/29 on eth0 in a"]
    for stream in streams:
        assert stream.finish()[0] > 10
    stream = Stream("a", "b", "10.10.0.2")
    renamed = link("w1", end("a", "10.9.0.1/29", interface_name="left"), end("b", "10.9.0.2/29"))
    settle(Declaration(endpoints=PAIR.endpoints, links=[renamed, other]))
    assert stream.finish()[0] > 10
    assert [line for line in settle(Declaration(endpoints=PAIR.endpoints, links=[other])) if line.startswith("-")]


@fake_host
def test_a_wire_whose_container_died_is_made_again() -> None:
    settle(PAIR)
    sh("ip netns delete b")
    await_true(lambda: "eth0" not in sh("ip -o link", "a"), 10, lambda: "the kernel keeps half a pair")
    settle(PAIR)
    Server("b", "b", [80])
    assert ask([("a", "tcp", "10.9.0.2", 80)]) == ["b 10.9.0.1"]


@fake_host
def test_drift_of_a_wire_is_seen_and_mended() -> None:
    give_uplink()
    converge(SWITCHES)
    port = sh("ip -o link show master br-sw2 | grep -v link-netns").split(": ")[1].partition("@")[0]
    drifts: Dict[str, Drift] = {
        "out of its bridge": ("ip link set %s nomaster" % port, ["~ veth %s: master none → br-sw2" % port]),
        "down": ("ip link set %s down" % port, ["~ veth %s: up off → on" % port]),
        "mtu": ("ip link set %s mtu 1300" % port, ["~ veth %s: mtu 1300 → 1500" % port]),
        "as a port": ("ip link set %s type bridge_slave hairpin on isolated on" % port, ["~ veth %s: hairpin on → off, isolated on → off" % port]),
        "gone": ("ip link delete %s" % port, ["+ veth %s" % port, "+ veth *"]),
        "gone inside": (
            "ip -n c4 link delete eth0",
            ["+ veth eth0 in c4", "+ veth *", "+ address 10.20.0.14/24 on eth0 in c4", "+ address fd00:20::14/64 on eth0 in c4"],
        ),
        "an address": ("ip -n c4 address delete 10.20.0.14/24 dev eth0", ["+ address 10.20.0.14/24 on eth0 in c4"]),
        "rules": ("iptables -t raw -F CNET-RAW", ["~ iptables chain raw/CNET-RAW: rules *"]),
        "a setting": ("echo 0 > /proc/sys/net/ipv4/conf/br-sw2/arp_ignore", ["~ bridge br-sw2: ipv4.arp_ignore 0 → 1"]),
    }
    assert_mended(SWITCHES, drifts)


TWO_BOXES = ("/run/box/one", "/run/box/two")


def make_boxes() -> None:
    give_uplink()
    for path in TWO_BOXES:
        bind_space(path)


BOXES = Declaration(endpoints=[{"name": name, "container": {"path": path}} for name, path in zip("ab", TWO_BOXES)], links=[DIRECT], prepare=make_boxes)
BEFORE = Declaration(prepare=make_boxes)
CHANGED = Declaration(endpoints=BOXES.endpoints, links=[link("w1", end("a", "10.9.0.5/30", interface_name="left"), end("b", "10.9.0.6/30"))])


def is_near_a_wire(point: str) -> bool:
    return any(word in point for word in ("netlink", "replace", "unlink"))


KILLED = (
    Killed(BEFORE, BOXES, least=3, deadly=is_near_a_wire),
    Killed(BOXES, CHANGED, least=3, deadly=is_near_a_wire),
    Killed(CHANGED, BEFORE, least=3, deadly=is_near_a_wire),
)


def test_killed_at_every_point() -> None:
    """Between two containers without a name, where the host has no end to find the wire by."""
    assert_survived(*KILLED)


@fake_host
def test_a_wire_between_boxes_goes_without_a_trace() -> None:
    make_boxes()
    before = take_snapshot()
    settle(BOXES)
    settle(None)
    assert_same(before)
    settle(BOXES)
    sh("umount /run/box/two; rm /run/box/two")
    del watched_spaces["two"]
    settle(None)
