# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bridges: a link of the host as a port, with its addresses and routes moved and brought back; what this kernel lacks."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, List, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Door
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError, InputError
from harness.declarations import V4, endpoint, network
from harness.engine import Declaration, check, converge, give_uplink, lines, settle
from harness.faults import refuse_once
from harness.host import sh
from harness.kills import Killed, assert_survived
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, Stream, ask, await_addresses

# Containers get a piece of the LAN's addresses, and the LAN's router.
LAN = [{"subnet": "192.0.2.0/24", "ip_range": "192.0.2.64/28", "gateway": "192.0.2.2"}, {"subnet": "2001:db8:2::/64"}]


def lan(*interfaces: str, **options: Any) -> Declaration:
    # Without a name of its own the bridge keeps the one derived from its network's.
    return Declaration(
        [network("lan", *LAN, interfaces=list(interfaces or ["eth0"]), **options)], [endpoint("a", "lan"), endpoint("b", "lan")], prepare=give_lan
    )


def give_lan() -> None:
    """The host's only uplink, with routes of other makers: by DHCP, by hand, to a subnet without a gateway."""
    give_uplink()
    sh(
        """
        ip route add 198.51.100.0/24 via 192.0.2.2 dev eth0 proto dhcp metric 100
        ip route add 203.0.113.0/24 dev eth0 proto static metric 50
        ip address add 192.0.2.11/24 broadcast 192.0.2.255 label eth0:extra dev eth0
        ip address add 192.0.2.30 peer 192.0.2.31/32 scope link dev eth0
        ip -6 address add 2001:db8:2::30/64 nodad noprefixroute dev eth0
        ip -6 route add 2001:db8:99::/64 via 2001:db8:2::2 dev eth0 proto static metric 512
        """
    )


def lan_host() -> Any:
    give_lan()
    await_addresses("", "outside")
    return take_snapshot()


@pytest.mark.fake_host
def test_a_stream_survives_both_ways() -> None:
    before = lan_host()
    streams = [Stream("outside", "", "192.0.2.1"), Stream("outside", "", "2001:db8:2::1", port=4001), Stream("", "outside", "192.0.2.2", port=4002)]
    planned = settle(lan())
    assert "+ address 192.0.2.1/24 on br-lan" in planned
    assert "- address 192.0.2.1/24 on eth0" in planned
    assert any("eth0: master none → br-lan" in line for line in planned)
    assert sh("ip -br -4 address show eth0").split()[2:] == []
    assert "inet 192.0.2.11/24 brd 192.0.2.255 scope global secondary eth0:extra" in sh("ip address show br-lan")
    assert "inet 192.0.2.30 peer 192.0.2.31/32 scope link br-lan" in sh("ip address show br-lan")
    assert "2001:db8:2::30/64 scope global nodad noprefixroute" in sh("ip address show br-lan")
    routes = sh("ip route; ip -6 route")
    assert "default via 192.0.2.2 dev br-lan" in routes
    assert "198.51.100.0/24 via 192.0.2.2 dev br-lan proto dhcp metric 100" in routes
    assert "203.0.113.0/24 dev br-lan proto static" in routes
    assert "2001:db8:99::/64 via 2001:db8:2::2 dev br-lan proto static metric 512" in routes
    assert "dev eth0" not in "\n".join(line for line in routes.splitlines() if not line.startswith(("fe80", "2001:db8:2::/64 dev br-lan")))
    await_addresses("a")
    servers = [Server(space, name, [80]) for space, name in (("a", "a"), ("outside", "world"), ("", "host"))]
    try:
        four = sh("ip -br -4 address show eth0", "a").split()[2].split("/")[0]
        six = sh("ip -br -6 address show eth0", "a").split()[2].split("/")[0]
        questions = [
            ("outside", "tcp", four, 80),
            ("outside", "tcp", six, 80),
            ("a", "tcp", "192.0.2.2", 80),
            ("a", "tcp", "192.0.2.1", 80),
            ("outside", "tcp", "192.0.2.1", 80),
        ]
        assert ask(questions) == ["a 192.0.2.2", "a 2001:db8:2::2", "world " + four, "host " + four, "host 192.0.2.2"]  # type: ignore[arg-type]
    finally:
        for server in servers:
            server.stop()
    settle(None)
    assert_same(before)
    for stream in streams:
        beats, longest = stream.finish()
        assert beats > 20
        assert longest < 1.2


@pytest.mark.fake_host
def test_a_port_comes_and_goes_while_the_bridge_stays() -> None:
    before = lan_host()
    without = Declaration([network("lan", *LAN, gateway_on_host=False)], [endpoint("a", "lan")])
    # A network of the LAN's addresses beside the LAN would steal its routes.
    with pytest.raises(InputError, match="overlaps the host's address"):
        converge(without)
    quiet = Declaration([network("lan", gateway_on_host=False)], [endpoint("a", {"name": "lan", "ipam": "none"})])
    ported = Declaration([network("lan", interfaces=["eth0"])], quiet.endpoints)
    settle(quiet)
    alone = take_snapshot()
    stream = Stream("outside", "", "192.0.2.1")
    assert not any(line.startswith(("+ bridge", "- bridge", "- veth")) for line in settle(ported))
    settle(quiet)
    assert_same(alone)
    settle(ported)
    settle(None)
    assert_same(before)
    assert stream.finish()[0] > 10


@pytest.mark.fake_host
def test_after_a_reboot_it_moves_again() -> None:
    before = lan_host()
    converge(lan())
    there = take_snapshot()
    # The host's own configuration puts everything on the NIC again; /run is empty, and nothing of ours is left.
    converge(None)
    sh("rm -rf /run/container_net")
    settle(lan())
    assert_same(there)
    settle(None)
    assert_same(before)


@pytest.mark.fake_host
def test_an_address_that_comes_back_is_moved_again() -> None:
    lan_host()
    converge(lan())
    there = take_snapshot()
    sh("ip address add 192.0.2.1/24 dev eth0")
    assert settle(lan()) == ["- address 192.0.2.1/24 on eth0"]
    assert_same(there)


@pytest.mark.fake_host
def test_a_wire_without_addresses_joins_a_network() -> None:
    """The host stays the router: who is behind the port is a member like any container."""
    give_uplink()
    sh("ip netns add printer; ip link add lp0 address 02:00:00:00:0b:01 type veth peer name eth0 netns printer; ip link set lp0 up")
    sh("ip link set lo up; ip address add 10.20.0.200/24 dev eth0; ip link set eth0 up; ip route add default via 10.20.0.1", "printer")
    before = take_snapshot()
    settle(Declaration([network("web", V4, interfaces=["lp0"], gateway_on_host=True)], [endpoint("a", "web")]))
    servers = [Server("a", "a", [80]), Server("outside", "world", [80])]
    try:
        four = sh("ip -br -4 address show eth0", "a").split()[2].split("/")[0]
        assert ask([("printer", "tcp", four, 80), ("printer", "tcp", "192.0.2.2", 80)]) == ["a 10.20.0.200", "world 192.0.2.1"]
    finally:
        for server in servers:
            server.stop()
    settle(None)
    assert_same(before)


def give_two_lans() -> None:
    """Two uplinks, each with an address and a route of the host's own."""
    give_uplink()
    sh(
        """
        ip netns add far; ip link add eth1 mtu 1400 address 02:00:00:00:03:01 type veth peer name eth0 mtu 1400 address 02:00:00:00:03:02 netns far
        ip address add 198.51.100.1/24 dev eth1; ip link set eth1 up; ip route add 203.0.113.0/24 via 198.51.100.2 dev eth1 proto static
        ip -n far address add 198.51.100.2/24 dev eth0; ip -n far link set eth0 up
        """
    )


@pytest.mark.fake_host
def test_two_ports_with_addresses_of_their_own() -> None:
    """What both have stands on the bridge, and comes home where it was, also when one of them leaves."""
    give_two_lans()
    before = take_snapshot()
    streams = [Stream("outside", "", "192.0.2.1"), Stream("far", "", "198.51.100.1", port=4001)]
    assert any("eth1: master none → br-lan" in line for line in settle(lan("eth0", "eth1")))
    assert "mtu 1400" in sh("ip link show br-lan")
    assert sh("ip -br -4 address show br-lan").split()[2:] == ["192.0.2.1/24", "198.51.100.1/24"]
    assert "203.0.113.0/24 via 198.51.100.2 dev br-lan proto static" in sh("ip route")
    for stream in streams:
        beats, longest = stream.finish()
        assert beats > 10
        assert longest < 1.2
    together = take_snapshot()
    stream = Stream("outside", "", "192.0.2.1")
    settle(lan("eth0"))
    assert "203.0.113.0/24 via 198.51.100.2 dev eth1 proto static" in sh("ip route")
    assert sh("ip -br -4 address show eth1").split()[2:] == ["198.51.100.1/24"]
    settle(lan("eth1", "eth0"))
    assert_same(together)
    assert stream.finish()[0] > 10
    settle(None)
    assert_same(before)


@pytest.mark.fake_host
def test_what_cannot_be_a_port_is_refused() -> None:
    give_lan()
    sh("ip tuntap add tun0 mode tun; ip link add low mtu 1400 type veth peer name low1; ip link add down0 type veth peer name down1")
    sh("ip link add other type bridge; ip link add busy type veth peer name busy1; ip link set busy master other; ip link add br-own type bridge")
    converge(Declaration([network("web", V4)], [endpoint("a", {"name": "web", "host_interface_name": "ours"})], prepare=give_lan), scope="side")
    before = take_snapshot()
    with pytest.raises(InputError) as caught:
        converge(lan("busy", "other", "ours", "eth9", "tun0", "low", "eth9.30", "ours.30", "down0.30", mtu=1500))
    text = str(caught.value)
    for words in (
        "is a port of other already",
        "other is a bridge",
        "was made by this collection (scope 'side')",
        'interfaces[3]: got string "eth9": no such interface on this host',
        "interface tun0 has no MAC address",
        'networks[lan].mtu: got integer "1500": above the MTU of the port low; at most 1400',
        'interfaces[6]: got string "eth9.30": no such interface on this host',
        'interfaces[7]: got string "ours.30": interface ours was made by this collection',
        'interfaces[8]: got string "down0.30": interface down0 is down; raise it: ip link set down0 up',
    ):
        assert words in text
    with pytest.raises(InputError, match="was not made by this collection, which cannot note there what it moved"):
        converge(lan(bridge_name="br-own"))
    with pytest.raises(InputError, match="would close the host to its neighbours there"):
        converge(lan(gateway_on_host=True))
    assert_same(before)


@pytest.mark.fake_host
def test_a_bridge_by_which_others_reach_the_host_stays_open() -> None:
    """Behind a port that is no end of a pair are others: a card, of which the kernel names no kind, a VLAN, here a machine's tap."""
    sh("ip link add br-theirs type bridge; ip link set br-theirs up; ip address add 10.5.0.1/24 dev br-theirs; ip tuntap add tap0 mode tap")
    theirs = Declaration([network("lan", {"subnet": "10.5.0.0/24"}, bridge_name="br-theirs")])
    sh("ip link set tap0 master br-theirs up")
    with pytest.raises(InputError, match="on br-theirs, which tap0 is a port of, and the network"):
        converge(theirs)
    sh("ip link set tap0 nomaster")
    assert check(theirs), "where only containers are, a gateway may close the host to them"


@pytest.mark.fake_host
def test_the_management_interface_is_refused() -> None:
    before = lan_host()
    os.environ["SSH_CONNECTION"] = "192.0.2.2 50000 192.0.2.1 22"
    with pytest.raises(InputError, match="interface eth0 carries this SSH connection"):
        converge(lan())
    del os.environ["SSH_CONNECTION"]
    assert_same(before)
    converge(lan())
    # Once moved, further runs may come over it.
    os.environ["SSH_CONNECTION"] = "192.0.2.2 50000 192.0.2.1 22"
    assert lines(converge(lan(), check=True)) == []
    del os.environ["SSH_CONNECTION"]


def lost_addresses() -> List[str]:
    shown = sh("ip -br address")
    return ["the host lost %s" % address for address in ("192.0.2.1/24", "192.0.2.11/24", "2001:db8:2::1/64") if address not in shown]


def lost_addresses_of_two() -> List[str]:
    shown = sh("ip -br address")
    return ["the host lost %s" % address for address in ("192.0.2.1/24", "198.51.100.1/24", "2001:db8:2::1/64") if address not in shown]


EMPTY = Declaration(prepare=give_lan)
TWO = replace(lan("eth0", "eth1"), prepare=give_two_lans)
KILLED = {
    "a port": (Killed(EMPTY, lan(), least=20, inspect=lost_addresses), Killed(lan(), EMPTY, least=20, inspect=lost_addresses)),
    "two ports": (Killed(TWO, Declaration(prepare=give_two_lans), least=20, inspect=lost_addresses_of_two),),
}


@pytest.mark.parametrize("name", KILLED)
def test_killed_at_every_point(name: str) -> None:
    """At no point the host has lost an address."""
    assert_survived(*KILLED[name])


@pytest.mark.fake_host
def test_a_refusal_on_the_way_brings_everything_home() -> None:
    before = lan_host()
    for position in range(0, 30, 3):
        door = Door(messages_per_datagram=1, fault=refuse_once(position, 22))
        if (words := _complaint(lan(), door=door)) is None:
            converge(None)
        else:
            assert "what stood before was put back" in words, (position, words)
        assert_same(before)


def _complaint(declaration: Declaration, **options: Any) -> Optional[str]:
    try:
        converge(declaration, **options)
    except ContainerNetError as error:
        return str(error)
    return None


@pytest.mark.fake_host
def test_a_kernel_without_vlan_filtering_or_vrf_refuses_and_keeps_nothing() -> None:
    give_uplink()
    before = take_snapshot()
    wanted = {
        "vlan_filtering": Declaration([network("web", V4, vlan_filtering=True)], [endpoint("a", {"name": "web", "vlan": 10, "trunk": [20, 30]})]),
        "vrf": Declaration([network("web", V4, vrf="vrf-web", vrf_table=1001)], [endpoint("a", "web")]),
    }
    for name, declaration in wanted.items():
        door = Door()
        if (words := _complaint(declaration, door=door)) is None:
            assert lines(converge(declaration)) == []
            converge(None)
        else:
            assert "nothing was changed:\n- this kernel has no " in words, name
            assert _complaint(declaration, check=True) == words
            assert door.changes == []
        assert_same(before)
