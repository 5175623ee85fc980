# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A changed option changes only itself: exactly the named steps run, and a stream through a neighbour goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.names import host_interface_name
from harness.declarations import V4, V6, endpoint, network, overlay
from harness.drifts import unexpected
from harness.engine import Declaration, converge, give_uplink, settle, settle_back
from harness.host import sh
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, Stream, ask, await_addresses

pytestmark = pytest.mark.fake_host()

A, B, C = ({"name": "web", "ipv4_address": "10.20.0.%d" % n, "ipv6_address": "fd00:20::%d" % n} for n in (10, 11, 12))
VE = {name: host_interface_name("main", name, "web") for name in "abc"}


def declare(*, ports: Any = ("8080:80/tcp",), a: Any = A, sysctls: Any = None, c: bool = True, subnets: Any = (V4, V6), **options: Any) -> Declaration:
    first = endpoint("a", a, ports=list(ports), **({"sysctls": sysctls} if sysctls else {}))
    return Declaration([network("web", *subnets, **options)], [first, endpoint("b", B)] + ([endpoint("c", C)] if c else []))


BASE = declare()
CHAINS = ["%s chain %s/CNET-%s" % (tool, table, name) for tool in ("iptables", "ip6tables") for table, name in (("raw", "RAW"), ("filter", "FORWARD"))]


def both(line: str) -> List[str]:
    return ["~ iptables " + line, "~ ip6tables " + line]


LINKS = ["br-web"] + [VE[name] for name in "abc"]
MTU = ["~ bridge br-web: mtu 1500 → 1400"] + ["~ veth %s: mtu 1500 → 1400" % VE[n] for n in "abc"] + ["~ veth eth0 in %s: mtu 1500 → 1400" % n for n in "abc"]
# What is changed, and every step that takes, in any order.
CHANGES: Dict[str, Tuple[Declaration, List[str]]] = {
    "mtu": (declare(mtu=1400), MTU),
    "an address": (
        declare(a={**A, "ipv4_address": "10.20.0.20", "mac_address": "02:00:00:00:00:77"}),
        [
            "~ veth eth0 in a: mac * → 02:00:00:00:00:77",
            "+ address 10.20.0.20/24 on eth0 in a",
            "- address 10.20.0.10/24 on eth0 in a",
            "~ iptables chain nat/CNET-P-tcp-8064: rules +1 -1",
        ],
    ),
    "a MAC": (
        declare(a={**A, "mac_address": "02:00:00:00:00:78"}),
        ["~ veth eth0 in a: mac * → 02:00:00:00:00:78"],
    ),
    "the MTU of one": (declare(a={**A, "mtu": 1300}), ["~ veth %s: mtu 1500 → 1300" % VE["a"], "~ veth eth0 in a: mtu 1500 → 1300"]),
    "isolated, one": (declare(a={**A, "isolated": True}), ["~ veth %s: isolated off → on" % VE["a"]]),
    "frames and queue of one": (
        declare(a={**A, "promisc": True, "allmulti": True, "txqueuelen": 50}),
        ["~ veth eth0 in a: promisc off → on, allmulti off → on, txqueuelen 1000 → 50"],
    ),
    "limits of one": (
        declare(a={**A, "ingress_rate": "5mbit", "egress_rate": "100mbit"}),
        ["+ ingress limit on %s" % VE["a"], "+ egress limit on eth0 in a"],
    ),
    "a port": (declare(ports=["8081:80/tcp"]), both("chain nat/CNET-P-tcp-8064: rules +1 -1")),
    "a port in another block": (
        declare(ports=["8080:80/tcp", "53:53/udp"]),
        ["+ %s chain nat/CNET-P-udp-0" % tool for tool in ("iptables", "ip6tables")] + both("chain nat/CNET-DNAT: rules +1 -0"),
    ),
    "hairpin": (declare(hairpin=True), ["~ veth %s: hairpin off → on" % VE[n] for n in "abc"]),
    "masquerade": (
        declare(masquerade=False),
        ["~ %s chain nat/CNET-POST: rules +0 -%d" % (tool, count) for tool, count in (("iptables", 3), ("ip6tables", 2))]
        + ["~ %s chain raw/CNET-RAW: rules +0 -2" % tool for tool in ("iptables", "ip6tables")],
    ),
    "host_access": (declare(host_access=["53/udp"]), both("chain filter/CNET-INPUT: rules +1 -0") + both("chain mangle/CNET-INPUT: rules +1 -0")),
    "trusted_interfaces": (
        declare(trusted_interfaces=["eth0"]),
        [line for chain in ("raw/CNET-RAW", "filter/CNET-FORWARD", "filter/CNET-INPUT", "mangle/CNET-INPUT") for line in both("chain %s: rules +1 -0" % chain)],
    ),
    "the bridge's MAC": (declare(mac_address="02:00:00:00:00:79"), ["~ bridge br-web: mac * → 02:00:00:00:00:79"]),
    "gateway_on_host": (declare(gateway_on_host=False), ["- address 10.20.0.1/24 on br-web", "- address fd00:20::1/64 on br-web"]),
    "a sysctl": (declare(sysctls={"net.ipv4.ip_unprivileged_port_start": 0}), ["~ sysctl net.ipv4.ip_unprivileged_port_start in a: value 1024 → 0"]),
    "an endpoint less": (declare(c=False), ["- namespace c", "- veth %s" % VE["c"]]),
}


def test_only_that_changes_and_the_stream_goes_on() -> None:
    give_uplink()
    settle(BASE)
    before = take_snapshot()
    await_addresses("b")
    for what, (changed, expected) in CHANGES.items():
        streams = [Stream("", "b", "10.20.0.11", 4000), Stream("", "b", "fd00:20::11", 4006)] if what != "gateway_on_host" else []
        streams += [Stream("c", "b", "10.20.0.11", 4010)] if what != "an endpoint less" else []
        # Who may send as whom follows from the rest, and has tests of its own.
        done = [line for line in settle(changed) if "anti-spoofing" not in line]
        assert unexpected(done, expected) == [], what
        settle_back(BASE, before)
        await_addresses("", "c")
        for stream in streams:
            beats, longest = stream.finish()
            assert beats > 10, what
            assert longest < 1.5, what


SWAPPED = (
    {**A, "ipv4_address": B["ipv4_address"], "ipv6_address": B["ipv6_address"]},
    {**B, "ipv4_address": A["ipv4_address"], "ipv6_address": A["ipv6_address"]},
)
FIXED = {"a": "02:00:00:00:00:7a", "b": "02:00:00:00:00:7b"}


def swappable(swapped: bool, **macs: str) -> Declaration:
    pair = [dict(item, **({"mac_address": macs[name]} if macs else {})) for name, item in zip("ab", SWAPPED if swapped else (A, B))]
    return Declaration([network("web", V4, V6)], [endpoint("a", pair[0]), endpoint("b", pair[1]), endpoint("c", C)])


def test_who_gets_an_address_of_another_is_found_at_once() -> None:
    """With the MAC that goes with the address, with one that stays, and where only MACs change or are swapped."""
    give_uplink()
    settle(swappable(False))
    for name in "ab":
        Server(name, name, [80])
    await_addresses("a", "b", "c")
    back = {"a": FIXED["b"], "b": FIXED["a"]}
    for swapped, macs in ((False, {}), (True, {}), (True, FIXED), (False, FIXED), (False, back), (True, FIXED), (False, {})):
        converge(swappable(swapped, **macs))
        # One datagram each, which nobody sends again.
        questions = [(space, "udp", str(item[key]), 80) for space in ("", "c") for item in (A, B) for key in ("ipv4_address", "ipv6_address")]
        answers = [(answer or "").partition(" ")[0] for answer in ask(questions, timeout=0.9)]
        assert answers == (["b", "b", "a", "a"] if swapped else ["a", "a", "b", "b"]) * 2
    settle(swappable(True, **FIXED))


def test_internal_and_icc_change_without_touching_a_link() -> None:
    """These change who may talk; the links stay, and what is still allowed goes on."""
    give_uplink()
    settle(BASE)
    await_addresses("b")
    stream = Stream("c", "b", "10.20.0.11")
    closed = settle(declare(internal=True, ports=()))
    assert not [line for line in closed if line.startswith(("+ veth", "- veth", "+ bridge", "- bridge", "+ namespace", "- namespace"))]
    assert "- route 0.0.0.0/0 in b" in closed
    settle(BASE)
    assert stream.finish()[0] > 10
    apart = settle(declare(enable_icc=False))
    assert {"~ veth %s: isolated off → on" % VE[name] for name in "abc"} < set(apart)
    # With br_netfilter, neighbours reach each other's published ports by routes.
    kept = ("~ veth cn-", "~ iptables chain ", "~ ip6tables chain ", "+ rule ", "+ route ", "+ neighbour ")
    assert not [line for line in apart if not line.startswith(kept)]


def test_peers_of_an_overlay() -> None:
    three, moved = (overlay("192.0.2.1", "192.0.2.2", third) for third in ("192.0.2.3", "192.0.2.4"))
    here = {"name": "mesh", "ipv4_address": "10.60.0.9", "ipv6_address": "fd60::9"}
    three, moved = (replace(item, endpoints=[*item.endpoints, endpoint("beside", here)]) for item in (three, moved))
    give_uplink()
    settle(three)
    await_addresses("near", "beside")
    stream = Stream("near", "beside", "10.60.0.9")
    expected = [
        "+ fdb 00:00:00:00:00:00 via 192.0.2.4 on vx-mesh",
        "- fdb 00:00:00:00:00:00 via 192.0.2.3 on vx-mesh",
        "~ fdb 02:00:00:00:60:03 via 192.0.2.4 on vx-mesh: remote 192.0.2.3 → 192.0.2.4",
        "~ iptables chain filter/CNET-VX-4789: rules +2 -2",
        "~ iptables chain raw/CNET-VX-4789: rules +2 -2",
        "~ iptables chain raw/CNET-VX-OUT-4789: rules +1 -1",
    ]
    assert unexpected(settle(moved), expected) == []
    assert stream.finish()[0] > 10


@pytest.mark.parametrize("six", [False, True])
def test_the_underlay_of_an_overlay(six: bool) -> None:
    """Its own address and its interface change on the device that stands, with what others put on it."""
    give_uplink()
    old, new, *others = (("2001:db8:2::%d" if six else "192.0.2.%d") % number for number in (1, 7, 2, 3))
    sh("ip address add %s dev eth0 %s" % (new + ("/64" if six else "/24"), "nodad" if six else ""))
    before = take_snapshot()
    settle(overlay(old, *others))
    sh("ip address add 198.18.0.1/24 dev vx-mesh; ip route add 198.18.9.0/24 dev vx-mesh")
    index = sh("ip -o link show vx-mesh").split(":")[0]
    for changed in (overlay(new, *others), overlay(new, *others, underlay_interface="eth0"), overlay(old, *others, underlay_interface="eth0")):
        applied = settle(changed)
        assert not [line for line in applied if line.startswith(("+ vxlan", "- vxlan", "- bridge", "+ veth"))]
        assert any(line.startswith("~ vxlan vx-mesh: ") for line in applied)
        assert sh("ip -o link show vx-mesh").split(":")[0] == index
        assert "198.18.0.1/24" in sh("ip address show vx-mesh")
        assert "198.18.9.0/24" in sh("ip route show dev vx-mesh")
    settle(None)
    assert_same(before)
