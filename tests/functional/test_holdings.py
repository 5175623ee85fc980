# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the host has already: its own bridge on the LAN, addresses, ports that rules of others or processes hold. And what comes later, and is only told of."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import replace
from functools import partial
from typing import Any, Dict, List, Union

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from harness.declarations import LAN4, LAN6, V4, V6, endpoint, network, overlay
from harness.engine import Declaration, Tools, converge, give_uplink, lines, look, settle
from harness.host import Child, await_true, bind_space, new_space, sh
from harness.module import run_module
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, ask, await_addresses

pytestmark = pytest.mark.fake_host()

PORT = 8090


def published(*ports: str, **options: Any) -> Declaration:
    return Declaration(
        [network("web", V4, V6, **options)], [endpoint("a", {"name": "web", "ipv4_address": "10.20.0.5", "ipv6_address": "fd00:20::5"}, ports=list(ports))]
    )


def refusal(declaration: Declaration) -> str:
    """Return why a declaration is refused; looking and trying say the same, and nothing is changed."""
    before = take_snapshot()
    said = []
    for check in (True, False):
        with pytest.raises(ContainerNetError) as caught:
            converge(declaration, check=check)
        said.append(str(caught.value))
    assert_same(before)
    assert said[0] == said[1]
    return said[0]


# --- a bridge that is the host's own way to its LAN -----------------------------


def test_the_host_stays_reachable_on_the_bridge_it_shares_with_containers() -> None:
    give_uplink()
    sh(
        """
        ip link add br0 type bridge forward_delay 0; ip link set br0 up; ip address flush dev eth0; ip link set eth0 master br0
        ip address add 192.0.2.1/24 dev br0; ip address add 2001:db8:2::1/64 dev br0 nodad
        ip route add default via 192.0.2.2; ip -6 route flush default; ip -6 route add default via 2001:db8:2::2
        """
    )
    Server("", "host", [22])
    Server("outside", "outside", [80])
    await_addresses("", "outside")
    before = take_snapshot()
    host = [("outside", "tcp", address, 22) for address in ("192.0.2.1", "2001:db8:2::1")]
    reached = ["host 192.0.2.2", "host 2001:db8:2::2"]
    assert ask(host) == reached
    there = endpoint("a", {"name": "lan", "ipv4_address": "192.0.2.200", "ipv6_address": "2001:db8:2::200"})
    lan = Declaration([network("lan", LAN4, LAN6, bridge_name="br0", gateway_on_host=False)], [there])
    settle(lan)
    Server("a", "a", [80])
    await_addresses("a")
    inside = [(who, "tcp", address, 80) for who in ("outside", "") for address in ("192.0.2.200", "2001:db8:2::200")]
    assert ask(host) == reached
    assert ask(inside) == ["a 192.0.2.2", "a 2001:db8:2::2", "a 192.0.2.1", "a 2001:db8:2::1"]
    assert ask([("a", "tcp", "192.0.2.2", 80), ("a", "tcp", "192.0.2.1", 22)]) == ["outside 192.0.2.200", "host 192.0.2.200"]
    settle(None)
    assert_same(before)
    # Where the host would be closed, the ways out are named: as a gateway, with a word about masquerading, with a published port.
    own4, own6 = {**LAN4, "gateway": "192.0.2.1"}, {**LAN6, "gateway": "2001:db8:2::1"}
    for options in ({}, {"gateway_on_host": False}, {"gateway_on_host": False, "masquerade": False}):
        said = refusal(Declaration([network("lan", own4, own6, bridge_name="br0", **options)], [there]))
        assert 'networks[lan].bridge_name: got string "br0": the host has its default route by br0' in said
        assert "gateway_on_host: false" in said
    assert "remove the port" in refusal(Declaration(lan.networks, [{**there, "ports": ["8080:80"]}]))
    # Who asks for it gets it, so the probes see what the refusal prevents; and what stands is told of, not refused.
    asked = network("lan", own4, own6, bridge_name="br0", host_access=["53/udp"])
    settle(Declaration([asked], [there]))
    assert ask(host) == [None, None]
    later = converge(Declaration([{key: value for key, value in asked.items() if key != "host_access"}], [there]))
    assert len(later.warnings) == 1
    assert "its default route by br0" in later.warnings[0]


# --- addresses -------------------------------------------------------------------


def test_a_source_address_that_the_host_has_not() -> None:
    give_uplink()
    missing = ["203.0.113.9", "2001:db8:9::9"]
    for address in missing:
        said = refusal(published(snat_address=address))
        assert 'networks[web].snat_address: got string "%s": no interface of this host has this address' % address in said
        assert "snat_address_elsewhere" in said
    settle(published(snat_address=missing, snat_address_elsewhere=True))
    right = published(snat_address=["192.0.2.1", "2001:db8:2::1"])
    settle(right)
    # It goes later: the run mends the rest, and says so.
    sh("ip address add 192.0.2.77/24 dev eth0; ip address del 192.0.2.1/24 dev eth0; ip address add 192.0.2.1/24 dev lo")
    settle(right)
    sh("ip address del 192.0.2.1/24 dev lo")
    outcome = converge(right)
    assert (lines(outcome), len(outcome.warnings)) == ([], 1)
    assert "192.0.2.1" in outcome.warnings[0]


def test_the_module_nat_asks_for_addresses_too() -> None:
    give_uplink()
    sh("ip link add br9 type bridge; ip netns add gw; ip -n gw address add 203.0.113.1/24 dev lo; ip -n gw link set lo up")
    base = {"name": "n9", "interface": "br9", "subnets": ["10.9.0.0/24"]}
    for given, word in (
        ({"snat_addresses": ["203.0.113.1"]}, "snat_addresses"),
        ({"ports": [{"published": 80, "address": "10.9.0.5", "host_ip": "203.0.113.1"}]}, "ports"),
    ):
        before = take_snapshot()
        result = run_module("nat", **base, **given)
        assert result.get("failed"), given
        assert word + ": got string" in result["msg"]
        assert_same(before)
        # Where its rules are, somebody has it.
        assert not run_module("nat", namespace="gw", **base, **given).get("failed"), given
    assert not run_module("nat", snat_addresses=["203.0.113.1"], snat_addresses_elsewhere=True, **base).get("failed")


# --- ports -----------------------------------------------------------------------

DOCKER = """
    {0} -t nat -N DOCKER; {0} -t nat -I PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
    {0} -t nat -A DOCKER ! -i docker0 -p tcp --dport 8090 -j DNAT --to {1}
    """
PORTMAP = """
    {0} -t nat -N CNI-HOSTPORT-DNAT; {0} -t nat -N CNI-DN-1; {0} -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
    {0} -t nat -A CNI-HOSTPORT-DNAT -p tcp -m multiport --dports 22,8080:8099 -m comment --comment "dnat name: x, -j RETURN" -j CNI-DN-1
    {0} -t nat -A CNI-DN-1 -p tcp -m tcp --dport 8090 -j DNAT --to-destination {1}
    """
NODEPORT = """
    {0} -t nat -N KUBE-SERVICES; {0} -t nat -N KUBE-NODEPORTS; {0} -t nat -N KUBE-SEP; {0} -t nat -A PREROUTING -j KUBE-SERVICES
    {0} -t nat -A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS; {0} -t nat -A KUBE-NODEPORTS -p tcp --dport 8090 -j KUBE-SEP
    {0} -t nat -A KUBE-SEP -p tcp -m statistic --mode random --probability 0.5 -j DNAT --to-destination {1}
    """
NATIVE = """
table {0} theirs {{
  chain ports {{ {1}; }}
  chain pre {{ type nat hook prerouting priority -100; fib daddr type local jump ports; }}
}}
"""
OF_IPTABLES = "table {0} nat {{ chain {1} {{ type nat hook prerouting priority -100; tcp dport 8090 dnat to {2}; }}; }}"
TO = {4: "172.17.0.2:80", 6: "[fd17::2]:80"}
TAKEN: Dict[str, str] = {
    "docker": DOCKER.format("iptables", TO[4]),
    "docker, the older interface": DOCKER.format("iptables-legacy", TO[4]),
    "docker, IPv6": DOCKER.format("ip6tables", TO[6]),
    "docker, IPv6, the older interface": DOCKER.format("ip6tables-legacy", TO[6]),
    "portmap": PORTMAP.format("iptables-nft", TO[4]),
    "a node port": NODEPORT.format("iptables-legacy", TO[4]),
    "redirected": "iptables -t nat -A PREROUTING -d 192.0.2.1 -p tcp --dport 8000:9000 -j REDIRECT --to-ports 3128",
    "native": "nft '%s'" % NATIVE.format("ip", "tcp dport 8090 dnat to 172.17.0.2:80"),
    "native, in the table of iptables": "nft '%s'" % OF_IPTABLES.format("ip", "PREROUTING", "172.17.0.2:80"),
    "native, in the table of iptables, IPv6": "nft '%s'" % OF_IPTABLES.format("ip6", "PREROUTING", "[fd17::2]:80"),
    "native, in a table of that name": "nft '%s'" % OF_IPTABLES.format("ip", "pre", "172.17.0.2:80"),
    "native, a set": "nft '%s'" % NATIVE.format("inet", "meta l4proto tcp th dport { 80, 8085-8095 } dnat ip to 172.17.0.2"),
    "native, a map": "nft '%s'" % NATIVE.format("ip6", "dnat to tcp dport map { 8090 : fd17::2 }"),
    "native, a verdict map": "nft '%s'" % NATIVE.format("ip", "tcp dport vmap { 8090 : goto one }; }\n  chain one { meta l4proto tcp redirect to :3128"),
}
FREE: Dict[str, str] = {
    "another port": DOCKER.replace("8090", "8091").format("iptables", TO[4]),
    "another protocol": DOCKER.replace("-p tcp", "-p udp").format("iptables", TO[4]),
    "an address of nobody here": "iptables -t nat -A PREROUTING -d 10.96.0.1 -p tcp --dport 8090 -j DNAT --to 172.17.0.2:80",
    "what is not for the host": "iptables -t nat -A PREROUTING -m addrtype ! --dst-type LOCAL -p tcp --dport 8090 -j REDIRECT --to-ports 3128",
    "a chain that nothing leads to": "iptables -t nat -N X; iptables -t nat -A X -p tcp --dport 8090 -j DNAT --to 172.17.0.2:80",
    "on the way out": "iptables -t nat -A OUTPUT -p tcp --dport 8090 -j DNAT --to 172.17.0.2:80",
    "native, another port": "nft '%s'" % NATIVE.format("ip", "tcp dport 8091 dnat to 172.17.0.2:80"),
}


def test_a_port_that_a_rule_of_somebody_else_leads_elsewhere() -> None:
    give_uplink()
    clean = take_snapshot()
    declaration = published("%d:80" % PORT)
    for name, script in TAKEN.items():
        sh(script)
        said = refusal(declaration)
        assert 'endpoints[a].ports[0]: got string "8090:80/tcp": a rule of somebody else leads port 8090 (tcp) elsewhere' in said, name
        _forget_tables()
    for name, script in FREE.items():
        sh(script)
        assert converge(declaration, check=True).warnings == [], name
        _forget_tables()
    # Some of the packets only: told, not refused.
    sh("iptables -t nat -A PREROUTING -i eth9 -p tcp --dport 8090 -j REDIRECT --to-ports 3128")
    (warning,) = converge(declaration, check=True).warnings
    assert "leads some of the packets to port 8090" in warning
    _forget_tables()
    assert_same(clean)


def _forget_tables() -> None:
    sh("nft flush ruleset")
    for tool in ("iptables-legacy", "ip6tables-legacy"):
        sh("if grep -q nat /proc/self/net/%s_tables_names; then %s -t nat -F; %s -t nat -X; fi" % ("ip" if tool.startswith("iptables") else "ip6", tool, tool))


def test_only_rules_of_ours_are_read_again_to_verify() -> None:
    tools = Tools()
    assert converge(published("%d:80" % PORT), tools=tools).steps
    # nft: what others translate; and the table of frames, before, tried, and again to verify.
    assert [tools.calls.count(tool) for tool in ("iptables-restore", "iptables-save", "nft")] == [1, 2, 4]


def test_what_stands_is_not_refused_for_who_came_later() -> None:
    give_uplink()
    sh("ip address add 192.0.2.7/24 dev eth0")
    declaration = published("%d:80" % PORT, "192.0.2.7:8091:80")
    settle(declaration)
    Server("a", "a", [80])
    await_addresses("", "outside", "a")
    Child(_listen, "")
    sh(DOCKER.format("iptables", TO[4]))
    sh("ip address del 192.0.2.7/24 dev eth0; iptables -D FORWARD -j CNET-FORWARD")
    outcome = converge(declaration)
    # The run mends what is ours.
    assert lines(outcome) == ["+ iptables jump filter/FORWARD -j CNET-FORWARD"]
    warnings = sorted(outcome.warnings)
    assert [
        word
        for warning, word in zip(warnings, ("a process on this host listens on 0.0.0.0 port 8090 (tcp): ", "a rule of somebody", "192.0.2.7"))
        if word not in warning
    ] == []
    assert "python" in warnings[0]
    assert "process " in warnings[0]
    assert ask([("outside", "tcp", "2001:db8:2::1", PORT)]) == ["a 2001:db8:2::2"]
    # Whoever comes new is refused, also to another place in the same declaration.
    assert "listens on" in refusal(Declaration([network("db", {"subnet": "10.22.0.0/24"})], [endpoint("b", "db", ports=["0.0.0.0:8092:80"])]))
    said = refusal(published("%d:80" % PORT, "8092:80"))
    assert (said.count("got string"), "endpoints[a].ports[1]" in said) == (1, True)
    nat = run_module("nat", name="n9", interface="br9", subnets=["10.9.0.0/24"], ports=[{"published": 8092, "address": "10.9.0.5"}])
    assert nat.get("failed")
    assert "a process on this host listens on 0.0.0.0 port 8092 (tcp)" in nat["msg"]


def _listen() -> List[socket.socket]:
    held = []
    for port in (PORT, 8092):
        held.append(socket.socket())
        held[-1].bind(("0.0.0.0", port))
        held[-1].listen()
    sh("sleep 60")
    return held


def test_routes_that_came_later_stop_no_run() -> None:
    """A VPN's wide routes take no packet from a network that stands; narrower ones do, which is said; a new network is told what it takes."""
    give_uplink()
    declaration = published("%d:80" % PORT)
    settle(declaration)
    Server("a", "a", [80])
    await_addresses("", "outside", "a")
    wide = ("10.0.0.0/8 via 192.0.2.2", "0.0.0.0/1 via 192.0.2.2", "blackhole 10.16.0.0/12", "fd00::/8 via 2001:db8:2::2", "8000::/1 via 2001:db8:2::2")
    for route in wide:
        sh("ip route add %s" % route)
    outcome = converge(declaration)
    assert (lines(outcome), outcome.warnings) == ([], [])
    assert [answer.split()[0] for answer in ask([("", "tcp", "10.20.0.5", 80), ("outside", "tcp", "192.0.2.1", PORT)])] == ["a", "a"]
    sh("ip route add 10.20.0.128/26 via 192.0.2.2; ip route add fd00:20::8000:0:0:0/65 via 2001:db8:2::2")
    outcome = converge(declaration)
    assert lines(outcome) == []
    assert [word for word in ("10.20.0.128/26", "fd00:20:0:0:8000::/65") if not any(word in warning for warning in outcome.warnings)] == []
    new = Declaration([network("db", {"subnet": "10.22.0.0/24"})], [endpoint("b", "db")])
    outcome = converge(new, scope="new")
    assert any('network "db" takes these addresses out of the host\'s route 10.0.0.0/8 by eth0' in warning for warning in outcome.warnings)
    sh("ip route add 10.23.0.128/26 via 192.0.2.2")
    assert "overlaps the host's route 10.23.0.128/26 by eth0" in refusal(Declaration([network("dc", {"subnet": "10.23.0.0/24"})], [endpoint("c", "dc")]))


def test_every_table_and_hop_that_takes_the_packets_of_a_subnet_is_seen() -> None:
    """Routes of more than one next hop, and those of tables that a rule leads to; what sends nothing there is passed over."""
    give_uplink()
    sh(
        """
        ip address add 192.0.2.9/24 dev eth0
        ip route add 10.24.0.128/26 nexthop via 192.0.2.2 nexthop via 192.0.2.3
        ip -6 route add fd00:24::/64 nexthop via 2001:db8:2::2 nexthop via 2001:db8:2::3
        ip route add 10.25.0.0/16 via 192.0.2.2 table 1025; ip rule add priority 100 lookup 1025
        ip -6 route add fd00:25::/48 via 2001:db8:2::2 table 1025; ip -6 rule add priority 100 lookup 1025
        ip route add 10.26.0.0/24 via 192.0.2.2 table 26; ip rule add priority 40000 from 192.0.2.9 lookup 26
        ip -6 route add fd00:26::/64 via 2001:db8:2::2 table 26; ip -6 rule add priority 40000 fwmark 7 lookup 26
        ip rule add priority 200 to 10.27.0.0/24 lookup 27; ip route add default via 192.0.2.2 table 27
        ip route add 10.28.0.0/24 via 192.0.2.2 table 28; ip route add throw 10.28.0.0/24 table 1025
        """
    )
    for subnet, words in {
        "10.24.0.0/24": "overlaps the host's route 10.24.0.128/26 by eth0",
        "fd00:24::/64": "overlaps the host's route fd00:24::/64 by eth0",
        "10.25.3.0/24": "out of the host's reach: every packet asks the host's route 10.25.0.0/16 by eth0 in table 1025",
        "fd00:25::/64": "in table 1025",
        "10.26.0.0/24": "overlaps the host's route 10.26.0.0/24 by eth0 in table 26",
        "fd00:26::/64": "in table 26",
        "10.27.0.0/24": "overlaps the host's route 10.27.0.0/24 by eth0 in table 27",
    }.items():
        assert words in refusal(Declaration([network("db", {"subnet": subnet})], [endpoint("b", "db")])), subnet
    stays = Declaration([network("db", {"subnet": "10.28.0.0/24"}, {"subnet": "fd00:28::/64"})], [endpoint("b", "db")])
    settle(stays)
    # What comes later is said, and stops no run.
    sh("ip rule add priority 300 lookup 28; ip -6 route add fd00:28::/64 metric 9 nexthop via 2001:db8:2::2 nexthop via 2001:db8:2::3")
    outcome = converge(stays)
    assert lines(outcome) == []
    assert [word for word in ("10.28.0.0/24 by eth0 in table 28", "fd00:28:") if not any(word in warning for warning in outcome.warnings)] == []
    sh("ip route add 10.0.0.0/8 nexthop via 192.0.2.2 nexthop via 192.0.2.3")
    outcome = converge(Declaration([network("dd", {"subnet": "10.29.0.0/24"})], [endpoint("d", "dd")]), scope="new")
    assert any("takes these addresses out of the host's route 10.0.0.0/8 by eth0" in warning for warning in outcome.warnings)


# --- tunnels of others, wherever they live ----------------------------------------

SWARM = "/run/docker/netns/1-a swarm"
FAR = {4: "192.0.2.9", 6: "2001:db8:2::9"}
HERE = {4: "192.0.2.1", 6: "2001:db8:2::1"}
THIRD = {4: "192.0.2.3", 6: "2001:db8:2::3"}


def mesh(family: int = 4, **options: Any) -> Declaration:
    return overlay(HERE[family], FAR[family], THIRD[family], **options)


def tunnel(family: int = 4, **options: Any) -> Declaration:
    ends = [{"endpoint": "near", "interface_name": "vx0", "addresses": ["10.77.0.1/24"]}]
    return Declaration(endpoints=[endpoint("near")], links=[{"name": "t1", "ends": ends, "tunnel": {"vni": 4200, "remote": FAR[family], **options}}])


def move_away(path: str, words: str, state: str = "up") -> None:
    """Make a device here, as Docker Swarm does, and move it into a namespace; its socket stays."""
    sh("ip link add vx-theirs type vxlan {1}; ip link set vx-theirs netns '{0}'".format(path, words))
    sh("ip link set vx-theirs " + state, path)


def test_a_tunnel_of_somebody_else_in_a_namespace_without_a_name() -> None:
    give_uplink()
    bind_space(SWARM)
    process = Child(partial(sh, "exec sleep 120"), SWARM)
    held = new_space()
    alone = Child(partial(sh, "exec sleep 120"), held)
    holder = "/proc/%d/ns/net" % alone.pid
    os.close(held)
    sh("ip netns add named")
    in_swarm, in_process = "vx-theirs in %s" % SWARM, "vx-theirs in the namespace of process %d" % alone.pid
    taken = "has vni 4200 on udp port 4789 already; choose another udp_port"
    used = "udp port 4789 is used by another tool's vxlan %s (vni 4097), which it would be closed for; choose another udp_port"
    own = {"name": "vx9", "vni": 4200, "local": HERE[4]}
    for path, words, state, declared, said in (
        (SWARM, "id 4200 dstport 4789 local 192.0.2.1", "up", mesh(), "%s %s" % (in_swarm, taken)),
        (holder, "id 4200 dstport 4789 local 192.0.2.1", "down", mesh(), "%s %s" % (in_process, taken)),
        (SWARM, "id 4097 dstport 4789", "up", mesh(), used % in_swarm),
        (holder, "id 4097 dstport 4789 dev eth0", "down", tunnel(), used % in_process),
        # The guard is for all addresses and both families.
        (holder, "id 4097 dstport 4789 local 2001:db8:2::1", "up", mesh(), used % in_process),
        (SWARM, "id 4097 dstport 4789 local 192.0.2.7", "up", mesh(6, udp_port=4789), used % in_swarm),
        ("named", "id 4097 dstport 4789 local 192.0.2.7", "up", tunnel(6), used % "vx-theirs in named"),
        (SWARM, "external dstport 4789", "up", mesh(), "is used by another tool's vxlan " + in_swarm),
        (SWARM, "id 4200 dstport 4790", "up", mesh(), ""),
        # The module guards no port.
        (SWARM, "id 4200 dstport 4789", "down", own, "%s has vni 4200 on udp port 4789 already; choose another vni" % in_swarm),
        ("named", "id 4200 dstport 4789 local 192.0.2.1", "up", own, "named has vni 4200 on udp port 4789 already; choose another vni"),
        (holder, "external dstport 4789", "up", own, "udp port 4789 is used by vxlan %s, whose packets have other headers" % in_process),
        (SWARM, "id 4097 dstport 4789 local 192.0.2.1", "up", own, ""),
        (SWARM, "id 4200 dstport 4789 local 2001:db8:2::1", "up", own, ""),
    ):
        move_away(path, words, state)
        if not said:
            _accept(declared)
        else:
            found = refusal(declared) if isinstance(declared, Declaration) else _refusal_of_module(declared)
            assert said in found, (words, found)
        sh("ip link delete vx-theirs", path)
    # What has its underlay in its own namespace is nobody's business here.
    sh("ip link add vx-theirs type vxlan id 4200 dstport 4789; ip link set vx-theirs up", SWARM)
    _accept(mesh())
    for child in (process, alone):
        child.kill()


def _accept(declared: Union[Declaration, Dict[str, Any]]) -> None:
    if isinstance(declared, Declaration):
        assert look(declared).warnings == []
        return
    assert not run_module("vxlan", **declared).get("failed"), declared
    assert run_module("vxlan", name=declared["name"], state="absent")["changed"]


def _refusal_of_module(options: Dict[str, Any]) -> str:
    before = take_snapshot()
    said = [run_module("vxlan", check=check, **options) for check in (True, False)]
    assert_same(before)
    assert said[0]["msg"] == said[1]["msg"]
    return str(said[0]["msg"])


def test_a_socket_on_the_port_of_a_tunnel() -> None:
    """One that a process holds keeps every tunnel away; one of a tunnel that cannot be seen is shared by who guards nothing."""
    give_uplink()
    own = {"name": "vx9", "vni": 9, "local": HERE[4]}
    for address in ("127.0.0.1", "::"):
        child = Child(partial(_hold, address))
        await_true(lambda: ":12B5 " in sh("cat /proc/self/net/udp /proc/self/net/udp6"), 5, lambda: "no socket")
        for found in (refusal(mesh()), refusal(tunnel()), _refusal_of_module(own)):
            assert "udp port 4789 is held by python" in found
            assert "process %d; stop it or choose another udp_port" % child.pid in found
        child.kill()
    hidden = new_space()  # only this process knows it
    move_away("/proc/%d/fd/%d" % (os.getpid(), hidden), "id 4097 dstport 4789 local 192.0.2.1")
    for declared in (mesh(), tunnel()):
        assert "udp port 4789 is held by what cannot be seen from here, such as a tunnel of another tool; choose another udp_port" in refusal(declared)
    _accept(own)
    _accept(mesh(6, udp_port=4789))
    os.close(hidden)


def _hold(address: str) -> None:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as held:
        held.bind((address, 4789))
        time.sleep(60)


def test_a_tunnel_of_somebody_else_that_came_later_stops_no_run() -> None:
    give_uplink()
    bind_space(SWARM)
    for declaration, name in ((mesh(), "vxlan vx-mesh"), (tunnel(), "vxlan vx0 in near")):
        settle(declaration)
        move_away(SWARM, "id 4097 dstport 4789 local 192.0.2.7")
        for check in (True, False):
            outcome = converge(declaration, check=check)
            assert lines(outcome) == []
            (warning,) = outcome.warnings
            assert warning == "%s: udp port 4789 is used by another tool's vxlan vx-theirs in %s (vni 4097), which it is closed for; %s" % (
                name,
                SWARM,
                "choose another udp_port; what stands is left as it is",
            )
        # Who comes new is refused.
        assert "vx-theirs in %s (vni 4097), which it would be closed for" % SWARM in refusal_of_another(declaration)
        sh("ip link delete vx-theirs", SWARM)
        settle(None)


def refusal_of_another(declaration: Declaration) -> str:
    """Return why the same is refused on another VNI, where it would have to be made anew."""
    networks = [{**item, "vni": 4300} for item in declaration.networks]
    links = [{**item, "tunnel": {**item["tunnel"], "vni": 4300}} for item in declaration.links]
    return refusal(replace(declaration, networks=networks, links=links))
