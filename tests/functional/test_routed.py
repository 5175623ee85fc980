# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Driver routed on one host: wires and routes, no bridge, no translation, closed but for what an endpoint opens."""

from __future__ import annotations

import os
import socket
import time
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError
from harness.declarations import endpoint
from harness.engine import Declaration, check, converge, give_uplink, settle
from harness.host import Child, inside, sh
from harness.kills import Killed, assert_survived
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, Stream, ask, await_addresses

PART: Dict[str, Any] = {"ipam_config": [{"subnet": "10.62.1.0/24"}, {"subnet": "fd62:0:0:1::/64"}], "reach": ["10.62.0.0/16", "fd62::/48"]}
# The world's 192.0.2.2 is the other host too.
PEER = {"host": "h2", "next_hops": ["192.0.2.2", "2001:db8:2::2"], "subnets": ["10.62.2.0/24", "fd62:0:0:2::/64"]}
A4, A6, B4, B6 = "10.62.1.10", "fd62:0:0:1::10", "10.62.1.11", "fd62:0:0:1::11"
FAR4, FAR6 = "10.62.2.7", "fd62:0:0:2::7"
OPEN, CLOSED = 80, 81


def mesh(**options: Any) -> Dict[str, Any]:
    return {"name": "mesh", "driver": "routed", **PART, "peers": [PEER], **options}


def at(four: str, six: str) -> Dict[str, Any]:
    return {"name": "mesh", "ipv4_address": four, "ipv6_address": six}


def two(**network: Any) -> Declaration:
    return Declaration([mesh(**network)], [endpoint("a", at(A4, A6), ports=["80:80/tcp", "80:80/udp"]), endpoint("b", at(B4, B6))], prepare=give_uplink)


TWO = two()


def give_other_host() -> None:
    """Let the world know the way to our part, and hold a member of the other host's part."""
    sh(
        """
        ip -n outside address add {0}/32 dev lo; ip -n outside address add {1}/128 dev lo nodad
        ip -n outside route add 10.62.1.0/24 via 192.0.2.1; ip -n outside -6 route add fd62:0:0:1::/64 via 2001:db8:2::1
        """.format(FAR4, FAR6)
    )


@pytest.mark.fake_host
@pytest.mark.parametrize("name", ["plain", "internal", "no-peers", "one-family", "own-names", "custom-mtu"])
def test_check_apply_check_apply_absent_absent(name: str) -> None:
    declaration = {
        "plain": TWO,
        "internal": Declaration([mesh(internal=True)], [endpoint("a", at(A4, A6)), endpoint("b", "mesh")], prepare=give_uplink),
        "no-peers": two(peers=[]),
        "one-family": Declaration(
            [{"name": "mesh", "driver": "routed", "ipam_config": [{"subnet": "10.62.1.0/24"}]}],
            [endpoint("a", "mesh"), endpoint("b", "mesh")],
            prepare=give_uplink,
        ),
        "own-names": Declaration([mesh()], [endpoint("a", {**at(A4, A6), "host_interface_name": "wire-a", "interface_name": "net0"})], prepare=give_uplink),
        "custom-mtu": two(mtu=1400),
    }[name]
    declaration.prepare()
    before = take_snapshot()
    assert settle(declaration)
    assert settle(None)
    assert_same(before)


@pytest.mark.fake_host
def test_packets() -> None:
    give_uplink(mtu=1400)
    give_other_host()
    settle(TWO)
    await_addresses("a", "b", "")
    assert "mtu 1400" in sh("ip link show eth0", "a")
    servers = [Server(space, name, [OPEN, CLOSED]) for space, name in (("a", "a"), ("b", "b"), ("outside", "world"), ("", "host"))]
    try:
        # Members reach each other on every port, here and on the other host, and see each other's own addresses.
        assert (
            ask([("b", p, address, port) for p in ("tcp", "udp") for address in (A4, A6) for port in (OPEN, CLOSED)])
            == ["a " + B4] * 2 + ["a " + B6] * 2 + ["a " + B4] * 2 + ["a " + B6] * 2
        )
        assert ask([("a", "tcp", FAR4, CLOSED), ("a", "tcp", FAR6, CLOSED)]) == ["world " + A4, "world " + A6]
        # A member elsewhere comes in on every port; the world only where a port is open.
        for address, source in ((A4, FAR4), (A6, FAR6)):
            assert _ask_as("outside", source, address, CLOSED) == "a " + source
        assert ask([("outside", "tcp", A4, OPEN), ("outside", "udp", A6, OPEN)]) == ["a 192.0.2.2", "a 2001:db8:2::2"]
        assert ask([("outside", p, address, CLOSED) for p in ("tcp", "udp") for address in (A4, A6)]) == [None] * 4
        assert ask([("outside", "tcp", B4, OPEN), ("outside", "tcp", B6, OPEN)]) == [None] * 2
        # Out without translation.
        assert ask([("a", "tcp", "192.0.2.2", CLOSED), ("b", "tcp", "2001:db8:2::2", CLOSED)]) == ["world " + A4, "world " + B6]
        # The host reaches its containers by its own address; they reach nothing of the host.
        assert ask([("", "tcp", A4, CLOSED), ("", "tcp", A6, CLOSED)]) == ["a 192.0.2.1", "a 2001:db8:2::1"]
        targets = ["192.0.2.1", "2001:db8:2::1", "169.254.1.1", "fe80::1%eth0"]
        assert [_ask_as("a", "", target, OPEN) for target in targets] == [None] * 4
        sh("ping -c1 -W2 169.254.1.1; ping -c1 -W2 fe80::1%eth0; ping -c1 -W2 " + B6, "a")
        sh("ping -c1 -W2 %s; ping -c1 -W2 %s" % (A4, A6), "outside")
    finally:
        for server in servers:
            server.stop()


def _ask_as(space: str, source: str, address: str, port: int, timeout: float = 1.4) -> Optional[str]:
    def body() -> Optional[str]:
        where = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(where[0]) as client:
            client.settimeout(timeout)
            try:
                if source:
                    client.bind((source, 0))
                client.connect(where[4])
                return client.recv(99).decode() or None
            except OSError:
                return None

    return inside(space, body)


@pytest.mark.threat("S11")
@pytest.mark.fake_host
def test_nobody_speaks_for_another() -> None:
    """A container that uses its neighbour's address, another member's, or a stranger's is not heard, in either family."""
    give_uplink()
    give_other_host()
    converge(TWO)
    await_addresses("a", "b")
    with _listening("a") as heard:
        for source in (FAR4, "203.0.113.9", FAR6, "2001:db8:bad::1"):
            plain = "ip address add %s dev eth0%s" % (source, " nodad" if ":" in source else "")
            sh(plain, "b")
            _send("b", source, A6 if ":" in source else A4)
        _send("b", B4, A4)
        _send("b", B6, A6)
        assert heard(2) == [B4, B6]
    # Not from outside either: whoever has an address of our own part comes from a wire of ours, and a member elsewhere by the way to its host.
    sh(
        """
        ip netns add aside; ip link add eth1 type veth peer name eth0 netns aside; ip link set eth1 up; ip -n aside link set eth0 up; ip -n aside link set lo up
        ip address add 198.51.100.1/24 dev eth1; ip -n aside address add 198.51.100.2/24 dev eth0; ip -n aside route add default via 198.51.100.1
        ip address add fd98::1/64 dev eth1 nodad; ip -n aside address add fd98::2/64 dev eth0 nodad; ip -n aside route add default via fd98::1
        ip -n aside address add 10.62.2.8/32 dev lo; ip -n aside address add fd62:0:0:2::8/128 dev lo nodad
        """
    )
    with _listening("a") as heard:
        _send("aside", "10.62.2.8", A4)
        _send("aside", "fd62:0:0:2::8", A6)
        for source, target in ((B4, A4), (B6, A6)):
            sh("ip address add %s dev lo%s" % (source, " nodad" if ":" in source else ""), "outside")
            _send("outside", source, target)
        _send("outside", FAR4, A4)
        _send("outside", FAR6, A6)
        assert heard(2) == [FAR4, FAR6]


class _listening:
    """Collects who sends to UDP port 5000."""

    def __init__(self, space: str) -> None:
        ready, tell = os.pipe()
        self._child = Child(lambda: self._collect(tell), space)
        os.close(tell)
        assert os.read(ready, 1) == b"+"
        os.close(ready)

    @staticmethod
    def _collect(tell: int) -> List[str]:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
            server.bind(("::", 5000))
            os.write(tell, b"+")
            server.settimeout(0.2)
            found: List[str] = []
            end = time.monotonic() + 3
            while time.monotonic() < end:
                try:
                    found.append(server.recvfrom(99)[1][0].replace("::ffff:", ""))
                except socket.timeout:
                    continue
            return found

    def __enter__(self) -> Any:
        return lambda _count: sorted(set(self._child.result(20)), key=lambda address: ":" in address)

    def __exit__(self, *_error: object) -> None:
        self._child.kill()


def _send(space: str, source: str, target: str) -> None:
    def body() -> None:
        with socket.socket(socket.AF_INET6 if ":" in target else socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.bind((source, 0))
            for _round in range(3):
                sender.sendto(b"?", (target, 5000))

    inside(space, body)


@pytest.mark.fake_host
def test_internal_members_only() -> None:
    give_uplink()
    give_other_host()
    settle(Declaration([mesh(internal=True)], [endpoint("a", at(A4, A6)), endpoint("b", at(B4, B6))]))
    await_addresses("a", "b")
    servers = [Server(space, name, [OPEN]) for space, name in (("a", "a"), ("outside", "world"))]
    try:
        assert ask([("b", "tcp", A4, OPEN), ("b", "udp", A6, OPEN)]) == ["a " + B4, "a " + B6]
        assert ask([("b", "tcp", FAR4, OPEN)]) == ["world " + B4]
        assert [_ask_as("outside", FAR4, A4, OPEN), _ask_as("outside", FAR6, A6, OPEN)] == ["a " + FAR4, "a " + FAR6]
        assert (
            ask([("b", "tcp", "192.0.2.2", OPEN), ("b", "tcp", "2001:db8:2::2", OPEN), ("outside", "tcp", A4, OPEN), ("outside", "tcp", A6, OPEN)])
            == [None] * 4
        )
    finally:
        for server in servers:
            server.stop()


@pytest.mark.fake_host
def test_unused_addresses_do_not_loop() -> None:
    give_uplink()
    give_other_host()
    converge(TWO)
    for address in ("10.62.1.200", "fd62:0:0:1::200"):
        assert "No route to host" in sh("ip route get %s 2>&1 || true" % address)
        sh("ping -c1 -W2 %s | grep -i unreachable" % address, "outside")


@pytest.mark.fake_host
def test_changes_in_place_cut_no_stream() -> None:
    """A peer comes, moves and goes, ports and the MTU change, an endpoint comes: a stream between others lives on."""
    give_uplink()
    give_other_host()
    converge(TWO)
    await_addresses("a", "b")
    streams = [Stream("b", "a", A4), Stream("outside", "a", A4, port=OPEN)]
    third = {"host": "h3", "next_hops": ["192.0.2.3", "2001:db8:2::3"], "subnets": ["10.62.3.0/24", "fd62:0:0:3::/64"]}
    moved = {**third, "next_hops": ["192.0.2.4", "2001:db8:2::4"]}
    more = [*TWO.endpoints, endpoint("c", "mesh")]
    assert sorted(line[0] for line in settle(two(peers=[PEER, third])) if "route" in line) == ["+", "+"]
    assert sorted(line for line in settle(two(peers=[PEER, moved])) if "route" in line) == [
        "~ route 10.62.3.0/24: gateway 192.0.2.3 → 192.0.2.4",
        "~ route fd62:0:0:3::/64: gateway 2001:db8:2::3 → 2001:db8:2::4",
    ]
    settle(Declaration([mesh(mtu=1400)], more))
    settle(Declaration([mesh()], [endpoint("a", at(A4, A6), ports=["80:80", "443:443"]), endpoint("b", at(B4, B6))]))
    settle(TWO)
    for stream in streams:
        beats, longest = stream.finish()
        assert beats > 10
        assert longest < 1.0


@pytest.mark.fake_host
def test_an_address_changes_and_the_others_stay() -> None:
    give_uplink()
    give_other_host()
    converge(TWO)
    await_addresses("a", "b")
    stream = Stream("outside", "a", A6, port=OPEN)
    changed = Declaration([mesh()], [TWO.endpoints[0], endpoint("b", at("10.62.1.99", "fd62:0:0:1::99"))])
    planned = settle(changed)
    assert "- address 10.62.1.11/32 on eth0 in b" in planned
    assert not any("veth" in line for line in planned if not line.startswith("~"))
    assert stream.finish()[0] > 5


@pytest.mark.fake_host
def test_two_scopes_keep_their_routes() -> None:
    give_uplink()
    converge(TWO)
    clean = take_snapshot()
    other = Declaration(
        [{"name": "side", "driver": "routed", "ipam_config": [{"subnet": "10.63.1.0/24"}], "reach": ["10.63.0.0/16"],
          "peers": [{"host": "h2", "next_hops": ["192.0.2.2"], "subnets": ["10.63.2.0/24"]}]}],
        [endpoint("s", "side")],
    )  # fmt: skip
    settle(other, scope="side")
    settle(TWO)
    settle(None, scope="side")
    assert_same(clean)


@pytest.mark.fake_host
def test_what_the_host_cannot_have_is_refused() -> None:
    give_uplink()
    before = take_snapshot()
    far = {"host": "h3", "next_hops": ["198.51.100.3", "2001:db8:2::1"], "subnets": ["10.62.3.0/24", "fd62:0:0:3::/64"]}
    with pytest.raises(InputError) as caught:
        converge(two(peers=[far], proxy_interfaces=["eth7"]))
    text = str(caught.value)
    assert "h3 is on no network that this host is on" in text
    assert "this is an address of this host (on eth0)" in text
    assert "no such interface on this host" in text
    assert_same(before)


EMPTY = Declaration(prepare=give_uplink)
CHANGED = Declaration([mesh(peers=[], mtu=1400)], [endpoint("b", at(A4, A6), ports=["81:81"])])
KILLED = (Killed(EMPTY, TWO, least=20), Killed(TWO, CHANGED, least=20), Killed(TWO, EMPTY, least=20))


def test_killed_at_every_point() -> None:
    assert_survived(*KILLED)


@pytest.mark.fake_host
def test_drift_is_seen_and_mended() -> None:
    give_uplink()
    converge(TWO)
    clean = take_snapshot()
    wire = next(line.split("@")[0] for line in sh("ip -br link").splitlines() if line.startswith("cnr-"))
    for damage in (
        "ip route del 10.62.2.0/24",
        "ip route del 10.62.1.10/32",
        "ip route del unreachable 10.62.1.0/24",
        "ip -6 route del fd62:0:0:2::/64",
        "ip address del 169.254.1.1/32 dev %s" % wire,
        "ip address del fe80::1/64 dev %s" % wire,
        "echo 0 > /proc/sys/net/ipv4/conf/%s/rp_filter" % wire,
        "ip link del %s" % wire,
    ):
        sh(damage)
        assert check(TWO), damage
        converge(TWO)
        assert_same(clean)
