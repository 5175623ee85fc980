# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Frames from who is no peer, sent to every address by which the socket of a tunnel can be reached: none enters, and all do once the guard is gone."""

from __future__ import annotations

import json
import re
import socket
import struct
from contextlib import suppress
from dataclasses import replace
from typing import Dict, List, Optional, Sequence, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.names import shim_name
from harness import backends
from harness.declarations import endpoint, lan, network, overlay
from harness.engine import Declaration, Tools, converge, give_uplink, lines, settle
from harness.host import entered, sh
from harness.traffic import Server, ask, await_addresses

pytestmark = pytest.mark.fake_host()

VNI, PORT = 4200, 4789
VTEP, PEER = {4: "192.0.2.1", 6: "2001:db8:2::1"}, {4: "192.0.2.3", 6: "2001:db8:2::3"}
THIRD = {4: "192.0.2.4", 6: "2001:db8:2::4"}
STRANGER = {4: "192.0.2.2", 6: "2001:db8:2::2"}
FRAME = b"\xff" * 6 + bytes.fromhex("020000000099") + b"\x08\x06" + bytes.fromhex("0001080006040001") + bytes(20)
HEADER, OTHER_HEADER = (struct.pack("!II", 0x08000000, vni << 8) for vni in (VNI, VNI + 1))
# By family: where a neighbour sends, and where somebody on the host does.
TARGETS: Dict[int, Tuple[List[str], List[str]]] = {
    4: (["192.0.2.1", "192.0.2.7", "192.0.2.255", "255.255.255.255", "224.0.0.1"], ["127.0.0.1", "127.0.0.9", "192.0.2.1", "192.0.2.7"]),
    6: (["2001:db8:2::1", "2001:db8:2::7", "fe80::7", "ff02::1"], ["::1", "2001:db8:2::1", "2001:db8:2::7"]),
}


def send(space: str, target: str, source: str = "", header: bytes = HEADER) -> None:
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    with entered(space), socket.socket(family, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if source:
            sender.bind((source, 0))
        link = socket.if_nametoindex("eth0") if target.startswith(("fe80", "ff02")) else 0
        if target.startswith("224."):
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", bytes(4), bytes(4), socket.if_nametoindex("eth0")))
        with suppress(PermissionError):  # what may not leave is refused at once
            sender.sendto(header + FRAME, (target, PORT, 0, link) if family == socket.AF_INET6 else (target, PORT))


def listen(space: str, address: str) -> socket.socket:
    with entered(space):
        there = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        there.bind((address, PORT))
    there.settimeout(5)
    return there


def received(device: str = "vx-mesh") -> int:
    """Return how many frames a tunnel has taken in."""
    return int(re.search(r"RX: +bytes +packets[^\n]*\n +\d+ +(\d+)", sh("ip -s link show " + device))[1])  # type: ignore[index]


def entering(version: int) -> List[str]:
    """Return from where and to where a frame gets in."""
    found = []
    for space, targets in zip(("outside", ""), TARGETS[version]):
        for target in targets:
            before = received()
            send(space, target, STRANGER[version] if space and not target.startswith("fe80") else "")
            sh("sleep 0.05")
            if received() != before:
                found.append("%s to %s" % (space or "here", target))
    return found


def everywhere(version: int) -> List[str]:
    return ["%s to %s" % (space, target) for space, targets in zip(("outside", "here"), TARGETS[version]) for target in targets]


@pytest.mark.threat("T11", "S1")
@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
@pytest.mark.parametrize("version", [4, 6])
def test_no_stranger_writes_into_a_tunnel(version: int, firewall: str) -> None:
    declaration: Declaration = replace(overlay(VTEP[version], PEER[version], THIRD[version]), firewall=firewall)
    declaration.prepare()
    sh(
        """
        ip address add 192.0.2.7/24 dev eth0; ip address add 2001:db8:2::7/64 dev eth0 nodad; ip address add fe80::7/64 dev eth0 nodad
        ip -n outside address add 192.0.2.3/24 dev eth0; ip -n outside address add 2001:db8:2::3/64 dev eth0 nodad
        ip -n outside route add 255.255.255.255 dev eth0; ip -n outside route add 224.0.0.1 dev eth0
        """
    )
    settle(declaration)
    assert entering(version) == []
    before = received()
    send("outside", VTEP[version], source=PEER[version])
    sh("sleep 0.05")
    assert received() == before + 1  # a true peer
    # Without the guard, each of them gets in: the probes can fail.
    backends.empty(firewall, version, "raw/CNET-VX-4789")
    assert entering(version) == everywhere(version)
    assert lines(converge(declaration))
    assert entering(version) == []


@pytest.mark.threat("T14", "S2")
@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
@pytest.mark.parametrize("version", [4, 6])
def test_a_peer_of_one_overlay_writes_into_no_other(version: int, firewall: str) -> None:
    declaration: Declaration = replace(overlay(VTEP[version], PEER[version], THIRD[version]), firewall=firewall)
    other = {**declaration.networks[0], "name": "other", "vni": VNI + 1, "ipam_config": [{"subnet": "10.61.0.0/16"}]}
    rows = {"peers": [{"host": "h9", "vtep": STRANGER[version]}], "endpoints": []}
    declaration = replace(declaration, networks=[*declaration.networks, other], overlays={**(declaration.overlays or {}), "other": rows})
    declaration.prepare()
    sh("ip -n outside address add 192.0.2.3/24 dev eth0; ip -n outside address add 2001:db8:2::3/64 dev eth0 nodad")

    def entered_by() -> List[Tuple[int, int]]:
        """Return how many frames come into each tunnel from either peer with either VNI."""
        found = []
        for source in (PEER, STRANGER):
            for header in (HEADER, OTHER_HEADER):
                before = received(), received("vx-other")
                send("outside", VTEP[version], source[version], header)
                sh("sleep 0.05")
                found.append((received() - before[0], received("vx-other") - before[1]))
        return found

    def lacking(moment: str, argv: Sequence[str]) -> Optional[Tuple[int, str, str]]:
        return (2, "", "Couldn't load match `u32'") if moment == "before" and "u32" in argv else None

    if firewall == "iptables":  # nftables reads the VNI by itself
        # A kernel that cannot tell: each port is guarded as a whole, and it is said.
        outcome = converge(declaration, tools=Tools(around=lacking))
        assert [warning for warning in outcome.warnings if "xt_u32" in warning and "UDP port 4789" in warning] == outcome.warnings
    else:
        converge(declaration)
        backends.empty(firewall, version, "raw/CNET-VX-4789")
    assert entered_by() == [(1, 0), (0, 1), (1, 0), (0, 1)]
    named = "nftables chain raw%d-" % version if firewall == "nftables" else "%s chain raw/" % ("iptables" if version == 4 else "ip6tables")
    assert [line.split(":")[0] for line in settle(declaration)] == ["~ %sCNET-VX-4789" % named]
    assert entered_by() == [(1, 0), (0, 0), (0, 0), (0, 1)]


def give_beyond() -> None:
    """A host on the other side of this one, which is its router."""
    sh(
        """
        ip netns add beyond; ip link add to-beyond type veth peer name eth0 netns beyond; ip link set to-beyond up; ip address add 203.0.113.1/24 dev to-beyond
        ip -n beyond link set lo up; ip -n beyond link set eth0 up
        ip -n beyond address add 203.0.113.2/24 dev eth0; ip -n beyond route add default via 203.0.113.1
        ip -n outside route add 203.0.113.0/24 via 192.0.2.1; sysctl -qw net.ipv4.ip_forward=1
        """
    )


def test_what_passes_through_is_somebody_elses() -> None:
    """A router between two other hosts lets their VXLAN pass."""
    declaration = overlay(VTEP[4], PEER[4], THIRD[4])
    declaration.prepare()
    give_beyond()
    settle(declaration)
    there = listen("beyond", "203.0.113.2")
    send("outside", "203.0.113.2")
    assert there.recv(200) == HEADER + FRAME


# Who might reach a peer by this host, and with which source: a program of the host, a container of another engine behind its masquerade, and as a peer.
HELPERS = (("", VTEP), ("engine", {4: "172.17.0.2", 6: "fd17::2"}), ("engine", THIRD))


def give_engine() -> None:
    """Another engine's container, as Docker has them: on a bridge, behind a masquerade."""
    sh(
        """
        ip netns add engine; ip link add docker0 type bridge; ip link add docker1 type veth peer name eth0 netns engine
        ip link set docker1 master docker0; ip link set docker1 up; ip link set docker0 up; ip -n engine link set eth0 up
        ip address add 172.17.0.1/16 dev docker0; ip address add fd17::1/64 dev docker0 nodad
        ip -n engine address add 172.17.0.2/16 dev eth0; ip -n engine address add fd17::2/64 dev eth0 nodad
        ip -n engine address add 192.0.2.4/32 dev eth0; ip -n engine address add 2001:db8:2::4/128 dev eth0 nodad
        ip -n engine route add default via 172.17.0.1; ip -n engine route add default via fd17::1
        iptables -t nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE; ip6tables -t nat -A POSTROUTING -s fd17::/64 ! -o docker0 -j MASQUERADE
        for tool in iptables ip6tables; do $tool -A FORWARD -i docker0 -j ACCEPT; done
        sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
        ip -n outside address add 192.0.2.3/24 dev eth0; ip -n outside address add 2001:db8:2::3/64 dev eth0 nodad
        """
    )


def arriving(there: socket.socket) -> List[str]:
    """Return who has sent the probes that have come to a peer; containers look for their neighbours, too."""
    found = []
    with suppress(socket.timeout):
        while True:
            data, sender = there.recvfrom(2000)
            found += [sender[0]] if data.endswith(HEADER + FRAME) else []
    return found


@pytest.mark.threat("T12", "S3")
@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
@pytest.mark.parametrize("version", [4, 6])
def test_nobody_on_a_host_speaks_for_its_tunnel(version: int, firewall: str) -> None:
    declaration: Declaration = replace(overlay(VTEP[version], PEER[version], THIRD[version]), firewall=firewall)
    declaration.prepare()
    give_engine()
    there = listen("outside", PEER[version])
    there.settimeout(0.2)
    settle(declaration)

    def arrived() -> List[str]:
        for space, source in HELPERS:
            send(space, PEER[version], source[version])
        return arriving(there)

    assert arrived() == []
    send("near", "10.60.0.2")  # what a container sends into the overlay goes by the tunnel
    assert arriving(there) == [VTEP[version]]
    backends.empty(firewall, version, "filter/CNET-VX-4789", "raw/CNET-VX-4789", "raw/CNET-VX-OUT-4789")
    assert arrived() == [VTEP[version], VTEP[version], THIRD[version]]
    assert lines(converge(declaration))
    assert arrived() == []
    # The tunnel moves, and the list with it.
    sh("ip address add 192.0.2.9/24 dev eth0; ip address add 2001:db8:2::9/64 dev eth0 nodad")
    send("near", "10.60.0.2")  # the kernel keeps the way it took, with its source
    assert arriving(there) == [VTEP[version]]
    assert settle(replace(overlay("192.0.2.9" if version == 4 else "2001:db8:2::9", PEER[version], THIRD[version]), firewall=firewall))
    send("near", "10.60.0.2")
    assert [source[-1] for source in arriving(there)] == ["9"]
    assert arrived() == []


def test_peers_reach_each_other_through_a_host() -> None:
    """A host that is a peer and a router between others takes no part in what they send each other."""
    declaration = overlay(VTEP[4], PEER[4], "203.0.113.2")
    declaration.prepare()
    give_beyond()
    sh("ip -n outside address add 192.0.2.3/24 dev eth0")
    settle(declaration)
    for here, target, source in (("outside", "203.0.113.2", PEER[4]), ("beyond", PEER[4], "203.0.113.2")):
        there = listen("beyond" if here == "outside" else "outside", target)
        send(here, target, source)
        assert there.recvfrom(200)[1][0] == source


def test_the_host_speaks_in_a_network_that_is_joined_to_an_overlay() -> None:
    """Its programs' packets keep their sockets in the tunnel."""
    mesh = overlay(VTEP[4], STRANGER[4], THIRD[4])
    web = network("web", {"subnet": "10.20.0.0/24", "gateway": "10.20.0.1"}, {"subnet": "fd00:20::/64", "gateway": "fd00:20::1"}, host_access="all", mtu=1450)
    trunk = {"name": "trunk", "ends": [{"network": "web"}, {"network": "mesh"}]}
    declaration = replace(mesh, networks=[*mesh.networks, web], endpoints=[*mesh.endpoints, endpoint("w", "web")], links=[trunk])
    give_uplink()
    settle(declaration)
    sh(
        """
        ip netns add far; ip -n far link set lo up; ip -n outside link add vx0 type vxlan id 4200 dstport 4789 local 192.0.2.2 remote 192.0.2.1
        ip -n outside link set vx0 netns far; ip -n far link set vx0 address 02:00:00:00:60:02 mtu 1450
        ip -n far address add 10.20.0.77/24 dev vx0; ip -n far address add fd00:20::77/64 dev vx0 nodad; ip -n far link set vx0 up
        for to in 10.20.0.77 fd00:20::77; do ip neighbour replace $to lladdr 02:00:00:00:60:02 dev br-web nud permanent; done
        for to in 10.20.0.1 fd00:20::1; do ip -n far neighbour add $to lladdr %s dev vx0 nud permanent; done
        """
        % json.loads(sh("ip -j link show br-web"))[0]["address"]
    )
    Server("far", "far", [80])
    await_addresses("far")
    asked = [("", protocol, address, 80) for protocol in ("tcp", "udp") for address in ("10.20.0.77", "fd00:20::77")]
    assert ask(asked, timeout=3) == ["far 10.20.0.1", "far fd00:20::1"] * 2
    sh("iptables -t mangle -F CNET-INWARD")
    assert ask([("", "udp", "10.20.0.77", 80)]) == [None]
    assert lines(converge(declaration)) == ["~ iptables chain mangle/CNET-INWARD: rules +1 -0"]


@pytest.mark.threat("S4")
@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
@pytest.mark.parametrize("version", [4, 6])
def test_a_container_on_the_lan_is_no_peer_of_its_own_host(version: int, firewall: str) -> None:
    """By the host's own link beside it, it speaks with its own addresses only."""
    near = lan("a", parent="eth0", host_access=True)
    mesh = overlay(VTEP[version], PEER[version], THIRD[version])
    both = {"networks": [*near.networks, *mesh.networks], "endpoints": [*near.endpoints, *mesh.endpoints]}
    declaration = replace(near, **both, overlays=mesh.overlays, firewall=firewall)
    give_uplink()
    settle(declaration)
    sh("sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.%s.rp_filter=0" % shim_name("lan"))  # else IPv4 is shut twice
    sh("ip -n a address add %s dev eth0 nodad" % (PEER[version] + ("/32" if version == 4 else "/128")))
    before = received()
    send("a", VTEP[version], PEER[version])
    sh("sleep 0.05")
    assert received() == before
    backends.empty(firewall, version, "raw/CNET-RAW")
    send("a", VTEP[version], PEER[version])
    sh("sleep 0.05")
    assert received() == before + 1
    assert lines(converge(declaration))
