# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only a distribution's kernel has: 802.1Q, ipvlan, dummy links, VRFs, VLANs of ports, cards and netem. One declaration for all of it, and one change."""

from __future__ import annotations

import re
import shlex
from typing import Any, Iterator

import pytest
from guests.cable import Frame
from guests.fleet import Fleet
from guests.machine import Machine

UNCHANGED = {"vm1": 0, "vm2": 0}


def network(name: str, driver: str, number: int, **options: Any) -> dict[str, Any]:
    return {"name": name, "driver": driver, "ipam_config": [{"subnet": "10.%d.0.0/24" % number}, {"subnet": "fd00:%d::/64" % number}], **options}


def endpoint(name: str, net: str, number: int, last: int, **options: Any) -> dict[str, Any]:
    where = {"ipv4_address": "10.%d.0.%d" % (number, last), "ipv6_address": "fd00:%d::%d" % (number, last)}
    return {"name": name, "container": {"netns": name}, "networks": [{"name": net, **where, **options}]}


NETWORKS = [
    network("tagged", "macvlan", 30, parent="eth1.30"),
    network("shared", "ipvlan", 40, parent="eth1.40"),
    network("routed", "ipvlan", 50, parent="eth1.50", mode="l3"),
    network("closed", "macvlan", 60, internal=True),
    network("blue", "bridge", 70, vrf="blue", vrf_table=1001),
    network("ports", "bridge", 80, vlan_filtering=True, interfaces=["eth2"]),
    network("segment", "bridge", 90, interfaces=["eth1.90"]),
    network("rough", "bridge", 95),
]
TRUNK = {"name": "trunk", "container": {"netns": "trunk"}, "networks": [{"name": "ports", "ipam": "none", "trunk": [10, 20]}]}
# Name -> netem and rate before and after the change. What `late` is given goes by hand in between.
ROUGH = {
    "plain": ({}, {}),
    "late": ({"egress_rate": "4mbit", "netem": {"delay": "50ms"}}, {"egress_rate": "4mbit", "netem": {"delay": "20ms"}}),
    "lossy": ({"netem": {"loss": "20%"}}, {"egress_rate": "5mbit", "netem": {"duplicate": "40%"}}),
    "twice": ({"netem": {"duplicate": "10%"}}, {}),
    "mixed": ({"egress_rate": "10mbit", "netem": {"delay": "40ms", "jitter": "10ms", "reorder": "25%"}}, {"egress_rate": "10mbit"}),
    "freed": ({"egress_rate": "10mbit", "netem": {"delay": "1ms"}}, {"netem": {"delay": "30ms"}}),
}
ROUGH_AT = {name: 11 + number for number, name in enumerate(ROUGH)}
PINGS = 2000
FIRST = [
    endpoint("tagged1", "tagged", 30, 11),
    endpoint("shared1", "shared", 40, 11),
    endpoint("shared3", "shared", 40, 13),
    endpoint("routed1", "routed", 50, 11),
    endpoint("routed2", "routed", 50, 12),
    endpoint("closed1", "closed", 60, 11),
    endpoint("closed2", "closed", 60, 12),
    endpoint("blue1", "blue", 70, 11),
    endpoint("access1", "ports", 80, 11, vlan=10),
    endpoint("access2", "ports", 80, 12, vlan=10),
    endpoint("access3", "ports", 80, 13, vlan=20),
    endpoint("segment1", "segment", 90, 11),
    *(endpoint(name, "rough", 95, ROUGH_AT[name], **before) for name, (before, _after) in ROUGH.items()),
    TRUNK,
]
SECOND = [
    endpoint("tagged2", "tagged", 30, 12),
    endpoint("shared2", "shared", 40, 12),
    endpoint("access4", "ports", 80, 14, vlan=10),
    endpoint("segment2", "segment", 90, 12),
]

# The same with something changed in each kind, and two networks taken away.
OTHER_NETWORKS = [
    network("tagged", "macvlan", 30, parent="eth1.30", mtu=1400),
    network("shared", "ipvlan", 40, parent="eth1.40", flag="private"),
    network("routed", "ipvlan", 50, parent="eth1.50", mode="l3s"),
    network("blue", "bridge", 70, vrf="green", vrf_table=1002),
    network("ports", "bridge", 80, vlan_filtering=True, interfaces=["eth2"]),
    network("rough", "bridge", 95),
]
OTHER_FIRST = [
    *(each for each in FIRST if each["name"] not in ("closed1", "closed2", "access3", "segment1", "trunk", *ROUGH)),
    *(endpoint(name, "rough", 95, ROUGH_AT[name], **after) for name, (_before, after) in ROUGH.items()),
    endpoint("access3", "ports", 80, 13, vlan=10),
    {**TRUNK, "networks": [{**TRUNK["networks"][0], "trunk": [20, 30]}]},
]
OTHER_SECOND = [each for each in SECOND if each["name"] != "segment2"]


@pytest.fixture(scope="module")
def applied(booted: Fleet) -> Iterator[Fleet]:
    """The guests with the first declaration, done as check mode said."""
    with booted.left_clean():
        booted.declare({"fleet_networks": NETWORKS}, {"fleet_endpoints": FIRST}, {"fleet_endpoints": SECOND})
        looked = booted.play("site", "--check")
        assert booted.leftovers() == []
        done = booted.play("site")
        assert done.changed == {"vm1": 1, "vm2": 1}
        assert done.actions == looked.actions
        assert "+ ipvlan eth0 in shared2" in done.actions["vm2"]
        yield booted


@pytest.fixture
def first(applied: Fleet) -> Machine:
    return applied.machines[0]


def seen(frames: list[Frame], number: int) -> list[Frame]:
    """Return the packets of a subnet, of which both families must have asked and answered three times."""
    found = [frame for frame in frames if all(address.startswith(("10.%d.0." % number, "fd00:%d::" % number)) for address in frame.addresses)]
    for family in ("ipv4", "ipv6"):
        assert len([frame for frame in found if frame.kind == family]) >= 6
    return found


@pytest.mark.parametrize(("name", "vlan"), [("tagged", 30), ("shared", 40), ("segment", 90)])
def test_packets_on_a_vlan_are_tagged(applied: Fleet, first: Machine, name: str, vlan: int) -> None:
    with applied.underlay.frames() as frames:
        assert first.pings(name + "1", "10.%d.0.12" % vlan, "fd00:%d::12" % vlan)
    found = seen(frames, vlan)
    assert {frame.vlan for frame in found} == {vlan}
    if name == "shared":  # ipvlan has the MAC of its parent
        assert {frame.source for frame in found} == {"52:54:00:00:01:01", "52:54:00:00:01:02"}


def test_ipvlan_of_layer_3_asks_nobody(applied: Fleet, first: Machine) -> None:
    with applied.underlay.frames() as frames:
        assert first.pings("routed1", "10.50.0.12", "fd00:50::12")
    assert [frame for frame in frames if frame.vlan == 50] == []
    assert "mode l3 " in first.run("ip netns exec routed1 ip -details link show eth0")


def test_an_internal_macvlan_stands_on_a_dummy(first: Machine) -> None:
    assert first.pings("closed1", "10.60.0.12", "fd00:60::12")
    assert first.run("ip -br link show type dummy").split()[0] == "dm-closed"
    assert first.run("ip netns exec closed1 ip route show default; ip netns exec closed1 ip -6 route show default") == ""


def test_a_vrf_has_the_routes_of_its_bridge(first: Machine) -> None:
    assert first.pings("blue1", "10.70.0.1", "fd00:70::1")
    assert "10.70.0.0/24" in first.run("ip route show vrf blue")
    assert "10.70.0.0/24" not in first.run("ip route show")


def test_ports_meet_in_their_vlan_only(first: Machine) -> None:
    assert first.answering("access1", "10.80.0.12", "fd00:80::12", "10.80.0.13") == {"10.80.0.12", "fd00:80::12"}
    add = "link add link eth0 name {0} type vlan id {1}", "link set {0} up", "address add {2}/32 dev {0}", "route add {3} dev {0}"
    for vlan, here, there in ((10, "10.80.0.101", "10.80.0.11"), (20, "10.80.0.102", "10.80.0.13")):
        first.run("; ".join("ip -n trunk " + words.format("eth0.%d" % vlan, vlan, here, there) for words in add))
    assert first.pings("trunk", "10.80.0.11", "10.80.0.13")
    first.run("ip -n trunk link delete eth0.10; ip -n trunk link delete eth0.20")


def test_a_card_carries_the_vlans_of_its_bridge(applied: Fleet, first: Machine) -> None:
    with applied.spare.frames() as frames:
        assert first.pings("access1", "10.80.0.14", "fd00:80::14")
        assert not first.pings("access3", "10.80.0.14")
    assert {frame.vlan for frame in seen(frames, 80) if "10.80.0.13" not in frame.addresses} == {10}
    assert {frame.vlan for frame in frames if "10.80.0.13" in frame.addresses} == {20}


def ping(machine: Machine, name: str, *options: str) -> str:
    """Ask an endpoint of the rough network from the one that is plain; return what ping says in the end."""
    address = "%s:95::%d" % ("fd00", ROUGH_AT[name]) if "-6" in options else "10.95.0.%d" % ROUGH_AT[name]
    return machine.run("ip netns exec plain ping -q %s %s || true" % (" ".join(options), address)).partition(" statistics ---")[2]


def round_trip(machine: Machine, name: str, *options: str) -> float:
    """Return the median of the milliseconds until an answer."""
    words = "ip netns exec plain ping -c 31 -i 0.05 %s 10.95.0.%d | sed -n 's/.*time=\\([0-9.]*\\).*/\\1/p'" % (" ".join(options), ROUGH_AT[name])
    times = sorted(map(float, machine.run(words).split()))
    assert len(times) >= 20, times
    return times[len(times) // 2]


def share(said: str, pattern: str) -> float:
    """Return which share of the packets ping counts as something."""
    found = re.search(pattern, said)
    assert "%d packets transmitted" % PINGS in said, said
    return int(found.group(1)) / PINGS if found else 0.0


def within(found: float, wanted: float) -> bool:
    """Tell whether a share is what chance makes of the wanted one, by five times its deviation."""
    return abs(found - wanted) <= 5 * (wanted * (1 - wanted) / PINGS) ** 0.5


def test_netem_does_to_packets_what_was_declared(first: Machine) -> None:
    usual = round_trip(first, "plain")
    assert usual < 5
    assert 45 <= round_trip(first, "late") - usual <= 55
    flood = ("-f", "-c", str(PINGS))
    for family in ("-4", "-6"):
        lost = 1 - share(ping(first, "lossy", family, *flood), r"transmitted, ([0-9]+) received")
        assert within(lost, 0.2), lost
        twice = share(ping(first, "twice", family, *flood), r"\+([0-9]+) duplicates")
        assert within(twice, 0.1), twice
    kept = share(ping(first, "plain", *flood), r"transmitted, ([0-9]+) received")
    assert kept == 1
    said = first.run("ip netns exec plain ping -c 200 -i 0.005 10.95.0.%d" % ROUGH_AT["mixed"])
    times = sorted(float(text) for text in re.findall(r"time=([0-9.]+) ms", said))
    at_once, waited = [time for time in times if time < 15], [time for time in times if time >= 15]
    assert 20 <= len(at_once) <= 80, times
    assert waited[0] >= 30
    assert waited[len(waited) * 9 // 10] - waited[len(waited) // 10] >= 10, waited
    assert 36 <= waited[len(waited) // 2] <= 46, waited
    order = [int(text) for text in re.findall(r"icmp_seq=([0-9]+)", said)]
    assert order != sorted(order)


def test_netem_and_a_rate_hold_together(first: Machine) -> None:
    """Datagrams without a pause: no more than the rate comes, and as late as was declared."""
    begin = "import socket, time; s = socket.socket(2, 2); "
    receive = (
        begin + "s.bind(('', 7)); s.recv(2000); t = time.monotonic(); n = 0\nwhile time.monotonic() - t < 3: n += len(s.recv(2000)) + 42\nprint(n * 8 / 3e6)"
    )
    send = begin + "s.connect(('10.95.0.%d', 7)); t = time.monotonic()\nwhile time.monotonic() - t < 4: s.send(bytes(1000))" % ROUGH_AT["plain"]
    script = "ip netns exec plain python3 -c %s & sleep 0.5; ip netns exec late python3 -c %s || true; wait" % (shlex.quote(receive), shlex.quote(send))
    rate = float(first.run(script))
    assert 3 <= rate <= 4.2, rate


def test_a_change_of_everything_beside_a_standing_connection(applied: Fleet, first: Machine) -> None:
    """The last of this file: the guests keep the second declaration."""
    applied.declare({"fleet_networks": OTHER_NETWORKS}, {"fleet_endpoints": OTHER_FIRST}, {"fleet_endpoints": OTHER_SECOND})
    first.run("ip netns exec late tc qdisc delete dev eth0 parent 76:1")
    with first.streaming("access1", "access2", "10.80.0.12"), first.streaming("freed", "plain", "10.95.0.%d" % ROUGH_AT["plain"]):
        done = applied.play("site")
    assert done.changed == {"vm1": 1, "vm2": 1}
    actions = done.actions["vm1"]
    print("\n".join(actions))
    steps = ["~ ipvlan eth0 in shared1: flag bridge → private", "~ ipvlan eth0 in routed1: mode l3 → l3s"]
    steps += ["- vrf blue", "+ vrf green", "- dummy dm-closed", "- vlan eth1.90"]
    steps += ["~ egress limit on eth0 in late: delay none → 20ms, waiting 0 → 68", "- egress limit on eth0 in twice"]
    steps += ["~ egress limit on eth0 in mixed: delay 40ms → none, jitter 10ms → none, reorder 25% → none, waiting 244 → 0"]
    steps += ["~ egress limit on eth0 in freed: rate 10mbit → none, delay 1ms → 30ms, waiting 124 → 50000"]
    assert [step for step in steps if step not in actions] == []
    assert any(step.startswith("~ egress limit on eth0 in lossy: rate none → 5mbit, ") and "loss 20% → none, duplicate none → 40%" in step for step in actions)
    assert not any("access1" in step or "access2" in step for step in actions)

    assert first.answering("shared1", "10.40.0.12", "10.40.0.13") == {"10.40.0.12"}
    assert first.pings("routed1", "10.50.0.12", "fd00:50::12")
    assert "mode l3s" in first.run("ip netns exec routed1 ip -details link show eth0")
    assert first.pings("blue1", "10.70.0.1", "fd00:70::1")
    assert first.pings("access1", "10.80.0.13")
    usual = round_trip(first, "plain")
    for name, delay in (("late", 20), ("freed", 30), ("mixed", 0)):
        assert 0.9 * delay <= round_trip(first, name) - usual <= max(1.1 * delay, 5), name
    flood = ("-f", "-c", str(PINGS))
    assert within(share(ping(first, "lossy", *flood), r"\+([0-9]+) duplicates"), 0.4)
    assert "duplicates" not in ping(first, "twice", *flood)
    assert first.run("ip netns exec twice tc qdisc show dev eth0") == "qdisc noqueue 0: root refcnt 2 \n"
    assert "netem" not in first.run("ip netns exec mixed tc qdisc show dev eth0")
    assert "mtu 1400" in first.run("ip netns exec tagged1 ip link show eth0")
    applied.play("verify")
    assert applied.play("site").changed == UNCHANGED
