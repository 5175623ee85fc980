# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packets through the less usual bridges: somebody else's, with a derived subnet, with two of one family, with none, on a jumbo uplink; and multicast."""

from __future__ import annotations

import os
import socket
import struct
from typing import Dict, List, Optional, Tuple

import pytest
from harness import backends
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, assert_settled, converge, give_uplink, lines, settle
from harness.host import Child, filter_bridged_frames, inside, sh
from harness.traffic import Question, Server, ask, await_addresses

pytestmark = pytest.mark.fake_host()

JUMBO = 9000
HOST, OUTSIDE = {4: "192.0.2.1", 6: "2001:db8:2::1"}, {4: "192.0.2.2", 6: "2001:db8:2::2"}
GROUP, PORT = "239.1.2.3", 5777
MRT_INIT, MRT_ADD_VIF, MRT_ADD_MFC, VIFF_USE_IFINDEX = 200, 202, 204, 8  # linux/mroute.h
DECLARED = Declaration(
    [
        network("lan", V4, V6, bridge_name="br-lan"),
        network("ula", {"subnet": "10.21.0.0/24"}, enable_ipv6=True),
        network("twice", {"subnet": "10.22.0.0/24"}, {"subnet": "10.23.0.0/24"}, {"subnet": "fd00:22::/64"}, {"subnet": "fd00:23::/64"}),
        network("bare"),
    ],
    [
        endpoint("a", {"name": "lan", "ipv4_address": "10.20.0.10", "ipv6_address": "fd00:20::10"}, ports=["8080:80/tcp"]),
        endpoint("u", "ula"),
        endpoint("v", "ula"),
        endpoint("s", {"name": "twice", "ipv4_address": "10.22.0.5", "ipv6_address": "fd00:22::5"}),
        endpoint("t", {"name": "twice", "ipv4_address": "10.23.0.5", "ipv6_address": "fd00:23::5"}),
        *(endpoint(name, {"name": "bare", "ipam": "none"}) for name in ("x", "y")),
    ],
)
NAMES = ("a", "u", "v", "s", "t", "x", "y")


def raise_all() -> Dict[str, Dict[int, str]]:
    """Make the host and return the addresses that were chosen."""
    give_uplink(JUMBO)
    sh("ip link add br-lan type bridge; ip link set br-lan up; ip link set br-lan mtu 1400")
    chosen = addresses_of(DECLARED)
    assert_settled(DECLARED)
    for name in (*NAMES, "outside"):
        Server(name, name, (80,))
    # What nobody gave addresses gets them by hand.
    for name, number in (("x", 1), ("y", 2)):
        sh("ip address add 10.99.0.%d/24 dev eth0; ip address add fd00:99::%d/64 dev eth0 nodad" % (number, number), name)
    await_addresses("", "outside", *NAMES)
    return chosen


def addresses_of(declaration: Declaration) -> Dict[str, Dict[int, str]]:
    found: Dict[str, Dict[int, str]] = {}
    for step in converge(declaration).steps:
        address, place = getattr(step.subject, "address", ""), step.place
        if address and place.startswith("netns:"):
            found.setdefault(place[len("netns:") :], {})[6 if ":" in address else 4] = address.split("/")[0]
    return found


def test_everybody_is_reached_and_gets_out() -> None:
    at = raise_all()
    assert at["u"][6].startswith("fd")
    assert at["u"][6].rpartition("::")[0] == at["v"][6].rpartition("::")[0]
    asked: List[Tuple[Question, Optional[str]]] = []
    for family in (4, 6):
        asked += [((name, "tcp", OUTSIDE[family], 80), "outside " + HOST[family]) for name in ("a", "u", "s", "t")]
        asked.append((("outside", "tcp", HOST[family], 8080), "a " + OUTSIDE[family]))
        asked.append((("u", "udp", at["v"][family], 80), "v " + at["u"][family]))
        asked += [((one, "udp", at[other][family], 80), "%s %s" % (other, at[one][family])) for one, other in (("s", "t"), ("t", "s"))]
        asked.append((("x", "tcp", "10.99.0.2" if family == 4 else "fd00:99::2", 80), "y " + ("10.99.0.1" if family == 4 else "fd00:99::1")))
        asked.append((("x", "tcp", OUTSIDE[family], 80), None))
        asked.append((("u", "tcp", at["a"][family], 80), None))
    answers = ask([question for question, _answer in asked])
    wrong = ["%s: expected %s, got %s" % (question, expected, got) for (question, expected), got in zip(asked, answers) if got != expected]
    assert wrong == [], "\n".join(wrong)
    # The bridge that stood gives its gateway to the containers on it, and its MTU; the others have that of the uplink.
    assert "via 10.20.0.1" in sh("ip route", "a")
    assert {name: mtu_in(name) for name in NAMES} == {name: 1400 if name == "a" else JUMBO for name in NAMES}
    assert "1 received" in sh("ping -c 1 -W 2 -M do -s %d %s" % (JUMBO - 28, OUTSIDE[4]), "s")
    assert "1 received" in sh("ping -6 -c 1 -W 2 -M do -s %d %s" % (JUMBO - 48, OUTSIDE[6]), "s")
    # Somebody else's bridge is as it was, when everything has gone.
    converge(None)
    assert "mtu 1400" in sh("ip link show br-lan")
    assert lines(converge(None)) == []


@pytest.mark.threat("S10")
@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
def test_neighbours_kept_apart_reach_what_each_other_publishes(firewall: str) -> None:
    """The same with and without br_netfilter, whenever it is switched; and nothing else of each other."""
    give_uplink()
    subnets = [{"subnet": "10.24.0.0/24", "gateway": "10.24.0.1"}, {"subnet": "fd00:24::/64", "gateway": "fd00:24::1"}]
    at = {name: ("10.24.0.%d" % number, "fd00:24::%d" % number) for name, number in (("p", 5), ("q", 6))}
    members = [
        endpoint(name, {"name": "apart", "ipv4_address": four, "ipv6_address": six}, ports=["8055:80", "8055:80/udp"] if name == "p" else [])
        for name, (four, six) in at.items()
    ]
    declared = Declaration([network("apart", *subnets, enable_icc=False)], members, firewall=firewall)
    filter_bridged_frames(True)
    settle(declared)
    for name in ("p", "q", "outside"):
        Server(name, name, (80,))
    await_addresses("", "outside", "p", "q")
    # Also over the gateway, where the ports are not asked.
    sh("ip -n q route add 10.24.0.5/32 via 10.24.0.1; ip -n q -6 route add fd00:24::5/128 via fd00:24::1")
    sh("ip -n p route add 10.24.0.6/32 via 10.24.0.1; ip -n p -6 route add fd00:24::6/128 via fd00:24::1")
    reached: Dict[Question, str] = {}
    for family, address in HOST.items():
        gateway = subnets[family == 6]["gateway"]
        reached.update({(who, protocol, address, 8055): "p " + gateway for who in ("p", "q") for protocol in ("tcp", "udp")})
        reached[("outside", "tcp", address, 8055)] = "p " + OUTSIDE[family]
        reached[("q", "tcp", OUTSIDE[family], 80)] = "outside " + address
        reached[("", "tcp", at["p"][family == 6], 80)] = "p " + gateway
    closed: List[Question] = [(one, "tcp", address, 80) for one, other in (("p", "q"), ("q", "p")) for address in at[other]]
    for wanted in (True, False, True):
        filter_bridged_frames(wanted)
        assert dict(zip(reached, ask(list(reached)))) == reached, wanted
        assert ask(closed) == [None] * len(closed), wanted
    backends.drop_guards(firewall)
    assert ask(closed[2:]) == ["p " + address for address in at["q"]], "the probes do not see what our rules are for"
    settle(None)
    assert sh("ip rule; ip -6 rule").count("30000") == 0


def mtu_in(name: str) -> int:
    return int(sh("cat /proc/sys/net/ipv6/conf/eth0/mtu", name))


def test_multicast_keeps_its_source() -> None:
    """What a multicast router on the host passes on came from the container, and says so; what is sent to one address is masqueraded beside it."""
    give_uplink()
    converge(Declaration([network("web", V4)], [endpoint("a", {"name": "web", "ipv4_address": "10.20.0.10"})]))
    sh("ip -n outside route add 10.20.0.0/24 via 192.0.2.1; ip -n a route add 239.0.0.0/8 dev eth0")
    await_addresses("", "outside", "a")
    with route_group("br-web", "eth0"):
        assert sources_seen(GROUP) == "10.20.0.10"
        assert sources_seen(OUTSIDE[4]) == HOST[4]
        sh("iptables -t nat -D CNET-POST $(iptables -t nat -L CNET-POST -n --line-numbers | awk '/224.0.0.0/ {print $1}')")
        assert sources_seen(GROUP) == HOST[4], "the probe does not see what our rule is for"


def route_group(inside_link: str, outside_link: str) -> socket.socket:
    """Pass a group on from one link to the other, for as long as the socket is open: what a multicast router's daemon does."""
    router = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP)
    try:
        router.setsockopt(socket.IPPROTO_IP, MRT_INIT, 1)
    except OSError:
        router.close()
        pytest.skip("tests/vm runs this on a kernel that routes multicast, which this one does not")
    for number, name in enumerate((inside_link, outside_link)):
        router.setsockopt(socket.IPPROTO_IP, MRT_ADD_VIF, struct.pack("=HBBIi4s", number, VIFF_USE_IFINDEX, 1, 0, socket.if_nametoindex(name), b""))
    path = struct.pack("=4s4sH32sxxIIIi", socket.inet_aton("10.20.0.10"), socket.inet_aton(GROUP), 0, b"\x00\x01", 0, 0, 0, 0)
    router.setsockopt(socket.IPPROTO_IP, MRT_ADD_MFC, path)
    return router


def sources_seen(destination: str) -> str:
    """Send from the container and return whom the world outside takes for the sender."""
    ready, tell = os.pipe()

    def listen() -> str:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
            listener.bind(("", PORT))
            listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + socket.inet_aton(OUTSIDE[4]))
            os.write(tell, b"+")
            listener.settimeout(5)
            return str(listener.recvfrom(99)[1][0])

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 8)
            sender.sendto(b"?", (destination, PORT))

    heard = Child(listen, "outside")
    os.read(ready, 1)
    inside("a", send)
    source: str = heard.result(10)
    return source
