# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wires with an end that stays with the host: by packets, in place, against what is somebody else's there, and gone without a trace."""

from __future__ import annotations

import json
import re
import socket
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from harness.declarations import V4, V6, endpoint, network
from harness.drifts import Drift, assert_mended
from harness.engine import Declaration, Tools, assert_settled, converge, give_uplink, settle, settle_back
from harness.host import await_true, entered, sh
from harness.kills import Killed, assert_survived
from harness.module import run_module
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, Stream, ask, await_addresses

fake_host = pytest.mark.fake_host()

HOST, INSIDE = ("10.9.0.1/29", "fd09::1/64"), ("10.9.0.2/29", "fd09::2/64")
NEAR, FAR = [address.partition("/")[0] for address in HOST], [address.partition("/")[0] for address in INSIDE]


def wire(*addresses: str, inside: Optional[Dict[str, Any]] = None, mtu: Optional[int] = None, **options: Any) -> Dict[str, Any]:
    host = {"host": True, "interface_name": "adm0", "addresses": list(addresses or HOST), **options}
    far = {"endpoint": "a", "addresses": list(INSIDE), **(inside or {})}
    return {"name": "adm", "ends": [far, host], **({"mtu": mtu} if mtu else {})}


def wired(*addresses: str, links: Any = None, **options: Any) -> Declaration:
    return Declaration(endpoints=[endpoint("a")], links=[wire(*addresses, **options)] if links is None else links, prepare=give_uplink)


WIRED = wired()


def link_of(name: str, space: str = "") -> Dict[str, Any]:
    found: Dict[str, Any] = json.loads(sh("ip -j -d address show dev %s" % name, space))[0]
    return found


def failing(declaration: Declaration, **options: Any) -> str:
    """Return why a declaration is refused, looked at and applied; nothing may change."""
    before = take_snapshot()
    said = []
    for look in (True, False):
        with pytest.raises(ContainerNetError) as raised:
            converge(declaration, check=look, **options)
        said.append(str(raised.value))
        assert_same(before)
    assert said[0] == said[1]
    return said[0]


@fake_host
@pytest.mark.parametrize("policy", ["ACCEPT", "DROP"])
def test_host_and_container_by_a_wire(policy: str) -> None:
    """Nothing is opened: a host that closes its INPUT is asked nothing, and still asks."""
    give_uplink()
    before = take_snapshot()
    applied = settle(WIRED)
    assert {"+ veth adm0", "+ veth eth0 in a", "+ address 10.9.0.1/29 on adm0", "+ address fd09::2/64 on eth0 in a"} <= set(applied)
    link = link_of("adm0")
    assert (link["ifalias"], link["mtu"], link["operstate"]) == ("container-net:main:link:adm", 1500, "UP")
    for tool in ("iptables", "ip6tables") if policy == "DROP" else ():
        sh("%s -P INPUT DROP; %s -A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT" % (tool, tool))
    sh("ip6tables -A INPUT -p icmpv6 -j ACCEPT" if policy == "DROP" else "true")
    Server("a", "a", [80])
    Server("", "host", [81])
    await_addresses("", "a")
    answers = ask([("", "tcp", FAR[0], 80), ("", "udp", FAR[1], 80), ("a", "udp", NEAR[0], 81), ("a", "tcp", NEAR[1], 81)])
    inward = ["host 10.9.0.2", "host fd09::2"] if policy == "ACCEPT" else [None, None]
    assert answers == ["a 10.9.0.1", "a fd09::1", *inward]
    # No way from here to anybody else.
    assert sh("cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding").split() == ["0", "0"]
    assert "MASQUERADE" not in sh("iptables-save; ip6tables-save")
    for tool in ("iptables", "ip6tables"):
        sh("%s -P INPUT ACCEPT; %s -F INPUT" % (tool, tool))
    settle(None)
    assert_same(before)
    assert_settled(None)


@fake_host
def test_only_what_changes_is_touched() -> None:
    give_uplink()
    settle(WIRED)
    before, number = take_snapshot(), link_of("adm0")["ifindex"]
    await_addresses("", "a")
    streams = [Stream("", "a", FAR[0]), Stream("", "a", FAR[1], 4001)]
    for changed, steps in (
        (wired(mtu=1400), ["~ veth adm0: mtu 1500 → 1400", "~ veth eth0 in a: mtu 1500 → 1400"]),
        (wired(*HOST, "10.9.1.1/30"), ["+ address 10.9.1.1/30 on adm0", "~ veth adm0: mtu 1400 → 1500", "~ veth eth0 in a: mtu 1400 → 1500"]),
        (wired(), ["- address 10.9.1.1/30 on adm0"]),
        (wired(inside={"interface_name": "up0"}), ["~ veth up0 in a: name eth0 → up0"]),
        (wired(), ["~ veth eth0 in a: name up0 → eth0"]),
    ):
        assert sorted(settle(changed)) == sorted(steps)
    applied = settle(wired(interface_name="ops0"))
    hops = [match.groups() for match in (re.fullmatch("~ veth .*: name (.*) → (.*)", line) for line in applied) if match]
    # Between its names it has one that the firewall always knows, so that nothing comes in while no rule speaks of it.
    (first, last), spare = hops, hops[0][1]
    assert (first, last, spare[:4]) == (("adm0", spare), (spare, "ops0"), "cnr-")
    assert not [line for line in applied if "address" in line or line.startswith(("+ veth", "- veth"))]
    assert link_of("ops0")["ifindex"] == number
    assert "adm0" not in sh("iptables-save; ip6tables-save; ip link")
    settle_back(WIRED, before)
    for stream in streams:
        beats, longest = stream.finish()
        assert beats > 10
        assert longest < 1.5
    usual = link_of("adm0")["address"]
    assert settle(wired(mac_address="02:00:00:00:09:01")) == ["~ veth adm0: mac %s → 02:00:00:00:09:01" % usual]
    Server("a", "a", [80])
    assert ask([("", "tcp", FAR[0], 80)]) == ["a 10.9.0.1"]


@fake_host
def test_without_a_name_it_has_one_that_says_nothing() -> None:
    give_uplink()
    before = take_snapshot()
    ends = [{"host": True, "addresses": ["10.9.0.1/29"]}, {"endpoint": "a"}]
    told: Dict[str, Any] = {}
    converge(wired(links=[{"name": "adm", "ends": ends}]), told=told)
    (made,) = told["links"]
    assert re.fullmatch("cn-[0-9a-f]{12}", made["ends"][0]["interface_name"])
    assert made["ends"][0] == {"host": True, **{key: made["ends"][0][key] for key in ("interface_name", "mac_address")}, "addresses": ["10.9.0.1/29"]}
    assert link_of(made["ends"][0]["interface_name"])["address"] == made["ends"][0]["mac_address"]
    settle(None)
    assert_same(before)


@fake_host
def test_an_end_moves_between_the_host_and_a_bridge() -> None:
    """It is the same link with another task: as a port it has no address and no guard, with the host no bridge."""
    give_uplink()
    patch = {"name": "adm", "ends": [{"endpoint": "a", "addresses": list(INSIDE)}, {"network": "sw", "interface_name": "adm0"}]}

    def declare(link: Dict[str, Any]) -> Declaration:
        return Declaration([network("sw", V4, V6)], [endpoint("a")], links=[link])

    settle(declare(wire()))
    number = link_of("adm0")["ifindex"]
    settle(declare(patch))
    port = link_of("adm0")
    assert (port["ifindex"], port["master"]) == (number, "br-sw")
    assert not [item for item in port["addr_info"] if item["scope"] == "global"]
    assert "adm0" not in sh("iptables-save")
    settle(declare(wire()))
    own = link_of("adm0")
    assert (own["ifindex"], "master" in own) == (number, False)
    await_addresses("", "a")
    Server("a", "a", [80])
    assert ask([("", "tcp", FAR[0], 80), ("", "tcp", FAR[1], 80)]) == ["a 10.9.0.1", "a fd09::1"]
    assert sum(item["scope"] == "link" for item in link_of("adm0")["addr_info"]) == 1


@fake_host
def test_a_wire_whose_container_died_is_made_again() -> None:
    give_uplink()
    settle(WIRED)
    before = take_snapshot()
    sh("ip netns delete a")
    await_true(lambda: "adm0" not in sh("ip -o link"), 10, lambda: "the kernel keeps half a pair")
    settle_back(WIRED, before)
    Server("a", "a", [80])
    assert ask([("", "tcp", FAR[0], 80)]) == ["a 10.9.0.1"]


@fake_host
def test_drift_is_seen_and_mended() -> None:
    give_uplink()
    converge(WIRED)
    drifts: Dict[str, Drift] = {
        "an address": ("ip address delete 10.9.0.1/29 dev adm0", ["+ address 10.9.0.1/29 on adm0"]),
        "down": ("ip link set adm0 down", ["~ veth adm0: up off → on", "+ address fd09::1/64 on adm0"]),
        "mtu": ("ip link set adm0 mtu 1300", ["~ veth adm0: mtu 1300 → 1500"]),
        "another name": ("ip link set adm0 name eth7", ["~ veth cnr-*", "~ veth adm0: name cnr-* → adm0"]),
        "in a bridge": ("ip link add theirs type bridge; ip link set adm0 master theirs", ["~ veth adm0: master theirs → none"]),
        "a setting": ("echo 1 > /proc/sys/net/ipv6/conf/adm0/accept_ra", ["~ veth adm0: ipv6.accept_ra 1 → 0"]),
        "no link-local": ("ip link set adm0 addrgenmode none", ["~ veth adm0: link_local off → on"]),
        "gone": ("ip link delete adm0", ["+ veth adm0", "+ veth eth0 in a", "+ address *", "+ address *", "+ address *", "+ address *"]),
        "its guard": ("iptables -t raw -F CNET-RAW", ["~ iptables chain raw/CNET-RAW: rules *"]),
    }
    assert_mended(WIRED, drifts, clean="ip link delete theirs 2>/dev/null || true")


@fake_host
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("ip link add adm0 type bridge", ["bridge adm0 exists and was not made by this collection; choose another name or remove it"]),
        ("ip link add adm0 type veth peer name adm1", ["veth adm0"]),
        ("ip link add other type bridge; ip link property add dev other altname adm0", ["adm0"]),
    ],
)
def test_a_name_that_somebody_has(script: str, said: List[str]) -> None:
    give_uplink()
    sh(script)
    message = failing(WIRED)
    for words in said:
        assert words in message


@fake_host
def test_what_is_somebody_elses_on_the_host_is_refused() -> None:
    give_uplink()
    sh("ip link add br9 type bridge; ip link set br9 up; ip address add 10.50.0.1/24 dev br9; ip route add 10.60.0.0/24 via 192.0.2.2")
    for address, words in (
        ("192.0.2.5/24", 'link "adm" overlaps the host\'s address 192.0.2.1/24 on eth0; choose another address'),
        ("192.0.2.1/32", 'link "adm" overlaps the host\'s address 192.0.2.1/24 on eth0'),
        ("10.50.0.1/30", "overlaps the host's address 10.50.0.1/24 on br9"),
        ("10.60.0.1/25", 'link "adm" takes these addresses out of the host\'s route 10.60.0.0/24 by eth0'),
        ("10.60.0.1/16", "overlaps the host's route 10.60.0.0/24 by eth0"),
        ("2001:db8:2::9/64", "overlaps the host's address 2001:db8:2::1/64 on eth0"),
    ):
        if "takes" in words:
            assert [note for note in converge(wired(address), check=True).warnings if words in note]
        else:
            assert words in failing(wired(address))
    # Two scopes, each with its own.
    settle(WIRED)
    other = Declaration(endpoints=[endpoint("b")], links=[{"name": "x", "ends": [{"host": True, "interface_name": "adm0"}, {"endpoint": "b"}]}])
    assert "scope 'main'" in failing(other, scope="other")
    other.links[0]["ends"][0].update(interface_name="adm7", addresses=["10.9.0.6/30"])
    assert "overlaps the host's address 10.9.0.1/29 on adm0" in failing(other, scope="other")
    before = take_snapshot()
    other.links[0]["ends"][0].update(addresses=["10.9.2.1/30"])
    settle(other, scope="other")
    assert_settled(WIRED)
    settle(None, scope="other")
    assert_same(before)


@fake_host
def test_what_came_later_is_told_and_does_not_stop_the_run() -> None:
    give_uplink()
    settle(WIRED)
    sh("ip link add tun9 type bridge; ip link set tun9 up; ip route add 10.9.0.0/30 dev tun9; ip route add 10.0.0.0/8 dev tun9")
    settle(wired(mtu=1400))
    outcome = converge(wired(), check=True)
    assert [note for note in outcome.warnings if "overlaps the host's route 10.9.0.0/30 by tun9" in note]


@fake_host
def test_a_failed_run_puts_everything_back() -> None:
    give_uplink()
    settle(WIRED)
    before = take_snapshot()

    def refuse(moment: str, argv: Any) -> Any:
        return (2, "", "no room") if moment == "before" and argv[0].endswith("iptables-restore") else None

    for change in (wired("10.9.3.1/29", interface_name="ops0", mtu=1400), Declaration(endpoints=[endpoint("a")])):
        with pytest.raises(ContainerNetError):
            converge(change, tools=Tools(around=refuse))
        assert_same(before)
    assert_settled(WIRED)


def send(space: str, source: str, target: str, port: int) -> None:
    with entered(space), socket.socket(socket.AF_INET6 if ":" in target else socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((source, 0))
        sender.sendto(b"forged", (target, port))


@fake_host
def test_who_is_inside_cannot_pass_for_somebody_else() -> None:
    """A published port for one sender, and the tunnels of an overlay: both know a packet by its source."""
    give_uplink()
    mesh = {"driver": "overlay", "vni": 42, "vtep_address": "192.0.2.1", "peers": [{"host": "h2", "vtep": "192.0.2.3"}]}
    web = network("web", V4, V6)
    ports = [{"published": 8080, "target": 80, "protocol": "udp", "allowed_sources": ["192.0.2.77", "2001:db8:2::77"]}]
    members = [endpoint("a"), endpoint("b", {"name": "web", "ipv4_address": "10.20.0.10", "ipv6_address": "fd00:20::10"}, ports=ports)]
    settle(Declaration([web, network("mesh", **mesh)], members, links=[wire()]))
    sh("echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter; echo 0 > /proc/sys/net/ipv4/conf/adm0/rp_filter")
    sh("ip address add 192.0.2.77/32 dev lo; ip address add 2001:db8:2::77/128 dev lo; ip address add 192.0.2.3/32 dev lo", "a")
    sh("ip route add 192.0.2.1 via 10.9.0.1; ip route add 2001:db8:2::1 via fd09::1", "a")
    sh("ip route add 10.20.0.10 via 10.9.0.1", "a")
    await_addresses("", "a", "b")
    with entered("b"):
        ears = []
        for family in (socket.AF_INET, socket.AF_INET6):
            ear = socket.socket(family, socket.SOCK_DGRAM)
            ear.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1) if family == socket.AF_INET6 else None
            ear.bind(("", 80))
            ear.settimeout(0.5)
            ears.append(ear)
    forged = (("192.0.2.77", "192.0.2.1"), ("2001:db8:2::77", "2001:db8:2::1"))

    def heard() -> List[bool]:
        found = []
        for ear, (source, target) in zip(ears, forged):
            send("a", source, target, 8080)
            try:
                found.append(ear.recv(20) == b"forged")
            except socket.timeout:
                found.append(False)
        return found

    assert heard() == [False, False]
    assert tunnelled() == 0
    guards = ["%s -t raw -D CNET-RAW %s" % (tool, rule) for tool in ("iptables", "ip6tables") for rule in guards_of("adm0", tool)]
    assert len(guards) == 2
    sh("; ".join(guards))
    assert heard() == [True, True]
    assert tunnelled() == 0
    for tool in ("iptables", "ip6tables"):
        sh("%s -F CNET-INSIDE" % tool)
    assert tunnelled() == 1
    # The bridge's containers stay as closed as to any neighbour.
    assert ask([("a", "tcp", "10.20.0.10", 80)]) == [None]


def guards_of(device: str, tool: str) -> List[str]:
    return [line[len("-A CNET-RAW ") :] for line in sh("%s-save -t raw" % tool).splitlines() if line.startswith("-A CNET-RAW ") and "-i %s " % device in line]


def tunnelled() -> int:
    """Return how many frames get into the tunnel from `a`, which passes for a peer."""

    def received() -> int:
        return int(json.loads(sh("ip -j -s link show vx-mesh"))[0]["stats64"]["rx"]["packets"])

    before = received()
    frame = b"\xff" * 6 + bytes.fromhex("020000000099") + b"\x08\x06" + bytes.fromhex("0001080006040001") + bytes(20)
    with entered("a"), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("192.0.2.3", 0))
        sender.sendto(bytes.fromhex("0800000000002a00") + frame, ("192.0.2.1", 4789))
    sh("sleep 0.1")
    return received() - before


@fake_host
def test_a_subnet_behind_the_container_is_reached_by_a_route_of_the_host() -> None:
    """The guard asks the host's own routes, so whoever adds one by hand needs nothing else; it goes with the wire."""
    give_uplink()
    before = take_snapshot()
    settle(WIRED)
    sh("ip address add 10.88.0.1/24 dev lo; ip address add fd88::1/64 dev lo", "a")
    sh("ip route add 10.88.0.0/24 via 10.9.0.2; ip route add fd88::/64 via fd09::2")
    await_addresses("", "a")
    Server("", "host", [81])
    Server("a", "a", [80])
    assert ask([("", "tcp", "10.88.0.1", 80), ("", "tcp", "fd88::1", 80)]) == ["a 10.9.0.1", "a fd09::1"]
    for source, target in (("10.88.0.1", NEAR[0]), ("fd88::1", NEAR[1])):
        with entered("a"), socket.create_connection((target, 81), 2, (source, 0)) as client:
            assert client.recv(99).decode() == "host %s" % source
    assert_settled(WIRED)
    settle(None)
    assert_same(before)


@fake_host
def test_the_modules_tell_of_it() -> None:
    give_uplink()
    options = WIRED.options
    planned = run_module("topology", check=True, diff=True, **options)
    assert "+ wire adm (adm0 of the host, eth0 in a)" in planned["diff"]["prepared"]
    run_module("topology", **options)
    (found,) = run_module("topology_info")["links"]
    assert [(end["container"], end["interface"], end["bridge"], end["addresses"]) for end in found["ends"]] == [
        (None, "adm0", None, list(HOST)),
        ("netns:a", "eth0", None, list(INSIDE)),
    ]
    assert run_module("topology_info", declaration=options)["drift"]["in_order"] is True
    sh("iptables -t raw -F CNET-RAW")
    drift = run_module("topology_info", declaration=options)["drift"]
    assert drift["differences"] == ["~ wire adm: firewall rules +1 -0"]


CHANGED = wired("10.9.4.1/29", "fd09:4::1/64", interface_name="ops0", inside={"addresses": ["10.9.4.2/29", "fd09:4::2/64"]})
KILLED = (Killed(Declaration(prepare=give_uplink), WIRED, least=3), Killed(WIRED, CHANGED, least=3), Killed(CHANGED, Declaration(prepare=give_uplink), least=3))


def test_killed_at_every_point() -> None:
    assert_survived(*KILLED)
