# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections that are open while the declaration changes: what it no longer allows ends, what it still allows goes on."""

from __future__ import annotations

import random
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import NETLINK_NETFILTER, Door, Line
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, check, converge, give_uplink, lines, settle
from harness.faults import count_points, die_at
from harness.flows import Ask, Clients, Echo
from harness.host import filter_bridged_frames, sh
from harness.module import run_module
from harness.traffic import await_addresses

pytestmark = pytest.mark.fake_host()

HOST, HOST_6 = "192.0.2.1", "2001:db8:2::1"
PORTS = [53, 80, 81, 4000]


def at(name: str, number: int, net: str = "web", block: int = 20, **options: Any) -> Dict[str, Any]:
    attached = {"name": net, "ipv4_address": "10.%d.0.%d" % (block, number), "ipv6_address": "fd00:%d::%d" % (block, number)}
    return endpoint(name, attached, **options)


def web(*endpoints: Dict[str, Any], **options: Any) -> Declaration:
    return Declaration([network("web", V4, V6, **options)], endpoints)


def serve(*spaces: str) -> None:
    for space in spaces:
        Echo(space, space or "host", PORTS)


def flow_lines(done: List[str]) -> List[str]:
    return [line for line in done if line.startswith("- flows ")]


@pytest.mark.threat("T16")
def test_a_client_that_keeps_its_socket_follows_the_publication() -> None:
    give_uplink()
    dns = ["8053:53/udp", "8080:80/tcp"]
    plain = web(at("a", 10), at("b", 11))
    converge(plain)
    serve("a", "b")
    asks = [Ask("outside", protocol, host, port) for protocol, port in (("udp", 8053), ("tcp", 8080)) for host in (HOST, HOST_6)]
    clients = Clients(asks[:2])
    assert clients.beat() == [None, None]  # the flow to the host itself is known to the kernel before anything is published
    done = settle(web(at("a", 10, ports=dns), at("b", 11)))
    assert flow_lines(done) == ["- flows udp to 192.0.2.1:8053", "- flows udp to [2001:db8:2::1]:8053"]
    assert clients.beat(["a", "a"]) == ["a", "a"]
    tcp = Clients(asks[2:])
    assert tcp.beat(["a", "a"]) == ["a", "a"]
    done = settle(web(at("a", 10), at("b", 11, ports=dns)))
    assert flow_lines(done) == [
        "- flows tcp to 192.0.2.1:8080 (→ 10.20.0.10:80)",
        "- flows tcp to [2001:db8:2::1]:8080 (→ [fd00:20::10]:80)",
        "- flows udp to 192.0.2.1:8053 (→ 10.20.0.10:53)",
        "- flows udp to [2001:db8:2::1]:8053 (→ [fd00:20::10]:53)",
    ]
    assert clients.beat(["b", "b"]) == ["b", "b"]
    assert tcp.beat() == [None, None]
    # The container gets another address, then the port leads elsewhere in it, then nothing is published any more.
    assert len(flow_lines(settle(web(at("a", 10), at("b", 12, ports=dns))))) == 2
    assert clients.beat(["b", "b"]) == ["b", "b"]
    assert len(flow_lines(settle(web(at("a", 10), at("b", 12, ports=["8053:81/udp"]))))) == 2
    assert clients.beat(["b", "b"]) == ["b", "b"]
    assert len(flow_lines(settle(plain))) == 2
    assert clients.beat() == [None, None]


def test_the_module_nat_too() -> None:
    give_uplink()
    sh("ip link add br9 type bridge forward_delay 0; ip address add 10.9.0.1/24 dev br9; ip address add fd00:9::1/64 dev br9 nodad; ip link set br9 up")
    for name, octet in (("w1", 5), ("w2", 6)):
        sh(
            """
            ip netns add {0}; ip -n {0} link set lo up; ip link add ve-{0} type veth peer name eth0 netns {0}; ip link set ve-{0} master br9 up
            ip -n {0} address add 10.9.0.{1}/24 dev eth0; ip -n {0} address add fd00:9::{1}/64 dev eth0 nodad; ip -n {0} link set eth0 up
            ip -n {0} route add default via 10.9.0.1; ip -n {0} -6 route add default via fd00:9::1
            """.format(name, octet)
        )
    await_addresses("", "outside", "w1", "w2")
    serve("w1", "w2")

    def publish(octet: int, check_mode: bool = False) -> List[str]:
        ports = [{"published": 8053, "address": "%s%d" % (prefix, octet), "target": 53, "protocol": "udp"} for prefix in ("10.9.0.", "fd00:9::")]
        options = {"name": "n9", "interface": "br9", "subnets": ["10.9.0.0/24", "fd00:9::/64"], "ports": ports if octet else []}
        result = run_module("nat", check=check_mode, **options)
        assert not result.get("failed"), result["msg"]
        return [str(line) for line in result["actions"]]

    clients = Clients([Ask("outside", "udp", host, 8053) for host in (HOST, HOST_6)])
    assert clients.beat() == [None, None]
    # Without any rule the kernel follows no connections.
    for octet, name, ended in ((5, "w1", 0), (6, "w2", 2), (0, None, 2), (5, "w1", 2)):
        planned = publish(octet, True)
        assert publish(octet) == planned
        assert len(flow_lines(planned)) == ended
        assert publish(octet) == []
        assert clients.beat([name, name]) == [name, name]


def everything(*, left_out: str = "", ports: Optional[List[Any]] = None, mesh_ports: Optional[List[Any]] = None, **options: Any) -> Declaration:
    """A published network, a trusted and a routed one, with one endpoint or network that may be left out."""
    own = {"host_access": "all", **_without("db_", "mesh_", options)}
    db = {"masquerade": False, "trusted_interfaces": ["eth0"], **_only("db_", options)}
    mesh = {"driver": "routed", "reach": ["10.62.0.0/16", "fd62::/48"], "peers": [PEER], **_only("mesh_", options)}
    there = [
        at("a", 10, ports=["8080:80/tcp", "8053:53/udp", HALF_OPEN] if ports is None else ports),
        at("b", 11, ports=["9080:80/tcp", "9053:53/udp"]),
        at("c", 10, "db", 22),
        endpoint(
            "d",
            {"name": "mesh", "ipv4_address": D4, "ipv6_address": D6},
            ports=["80:80/tcp", "53:53/udp", {**HALF_OPEN, "published": 81}] if mesh_ports is None else mesh_ports,
        ),
    ]
    networks = [
        network("web", V4, V6, **own),
        network("db", {"subnet": "10.22.0.0/24"}, {"subnet": "fd00:22::/64"}, **db),
        network("mesh", {"subnet": "10.62.1.0/24"}, {"subnet": "fd62:0:0:1::/64"}, **mesh),
    ]
    return Declaration([item for item in networks if item["name"] != left_out], [item for item in there if left_out not in (item["name"], _net(item))])


def _only(prefix: str, options: Dict[str, Any]) -> Dict[str, Any]:
    return {key[len(prefix) :]: value for key, value in options.items() if key.startswith(prefix)}


def _without(one: str, other: str, options: Dict[str, Any]) -> Dict[str, Any]:
    return {key: value for key, value in options.items() if not key.startswith((one, other))}


def _net(item: Dict[str, Any]) -> str:
    return str(item["networks"][0]["name"])


D4, D6 = "10.62.1.10", "fd62:0:0:1::10"
PEER = {"host": "h2", "next_hops": ["192.0.2.2", "2001:db8:2::2"], "subnets": ["10.62.2.0/24", "fd62:0:0:2::/64"]}
HALF_OPEN = {"published": 8081, "target": 81, "allowed_sources": ["192.0.2.0/24", "2001:db8:2::/64"]}
HALF = {"published": 8081, "target": 81, "allowed_sources": ["198.51.100.0/24", "2001:db8:51::/64"]}
CHANGES: Dict[str, Dict[str, Any]] = {
    "unpublished": {"ports": ["8053:53/udp"]},
    "fewer sources": {"ports": ["8080:80/tcp", "8053:53/udp", HALF]},
    "at one address": {"ports": [{"published": 8080, "target": 80, "host_ip": "192.0.2.7"}, "8053:53/udp"]},
    "host closed": {"host_access": "none"},
    "host opens one port": {"host_access": ["53/udp"]},
    "internal": {"db_internal": True, "db_trusted_interfaces": []},
    "nobody trusted": {"db_trusted_interfaces": []},
    "endpoint removed": {"left_out": "b"},
    "network removed": {"left_out": "db"},
    "neighbours kept apart": {"enable_icc": False},
    "routed: fewer ports and sources": {"mesh_ports": ["53:53/udp", {**HALF, "published": 81}]},
    "routed: internal": {"mesh_internal": True, "mesh_ports": []},
    "routed: who is no member": {"mesh_reach": ["10.62.1.0/24", "fd62:0:0:1::/64"], "mesh_peers": []},
    "routed: members by our wires only": {"mesh_proxy_interfaces": ["eth0"], "mesh_peers": []},
    "wider": {"ports": ["8080:80/tcp", "8053:53/udp", "8081:81/tcp", "8081:81/udp"]},
}


def give_member_elsewhere() -> None:
    """Put a member of the routed network behind the world, who is the other host too."""
    sh(
        """
        ip netns add far; ip -n far link set lo up; ip link add eth1 netns outside type veth peer name eth0 netns far
        ip -n outside address add 10.62.2.1/24 dev eth1; ip -n outside address add fd62:0:0:2::1/64 dev eth1 nodad; ip -n outside link set eth1 up
        ip -n far address add 10.62.2.7/24 dev eth0; ip -n far address add fd62:0:0:2::7/64 dev eth0 nodad; ip -n far link set eth0 up
        ip -n far route add default via 10.62.2.1; ip -n far route add default via fd62:0:0:2::1
        ip -n outside route add 10.62.1.0/24 via 192.0.2.1; ip -n outside route add fd62:0:0:1::/64 via 2001:db8:2::1
        """
    )
    sh("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1", "outside")


def all_asks() -> List[Ask]:
    asks: List[Ask] = []
    for protocol in ("tcp", "udp"):
        for host in (HOST, HOST_6, "192.0.2.7"):
            asks += [Ask("outside", protocol, host, port) for port in ((8080, 8081, 9080) if protocol == "tcp" else (8053, 9053))]
        asks += [Ask("outside", protocol, address, 81) for address in ("10.22.0.10", "fd00:22::10")]
        asks += [Ask(space, protocol, gateway, port) for space in ("a", "b") for gateway in ("10.20.0.1", "fd00:20::1") for port in (53, 4000)]
        asks += [Ask("b", protocol, address, 4000) for address in ("192.0.2.2", "2001:db8:2::2")]
        asks.append(Ask("b", protocol, HOST, 8080 if protocol == "tcp" else 8053))
        asks += [Ask("a", protocol, address, 4000) for address in ("10.20.0.11", "fd00:20::11")]
        for inner, far, world in ((D4, "10.62.2.7", "192.0.2.2"), (D6, "fd62:0:0:2::7", "2001:db8:2::2")):
            asks += [Ask("outside", protocol, inner, port) for port in ((80, 81) if protocol == "tcp" else (53,))]
            asks += [Ask("far", protocol, inner, port) for port in (80 if protocol == "tcp" else 53, 4000)]
            asks += [Ask("d", protocol, address, 4000) for address in (far, world)]
    return asks


def test_what_is_closed_is_closed_for_those_inside_and_nothing_else_is() -> None:
    """What a connection may do is asked of the kernel: whether one that begins after the change gets the same answer."""
    give_uplink()
    sh("ip address add 192.0.2.7/24 dev eth0")
    sh("ip route add 10.22.0.0/24 via 192.0.2.1; ip -6 route add fd00:22::/64 via 2001:db8:2::1", "outside")
    give_member_elsewhere()
    # Without br_netfilter the kernel follows nothing between neighbours.
    silent = {"wider"} if filter_bridged_frames(True) else {"wider", "neighbours kept apart"}
    converge(everything())
    serve("", "outside", "far", "a", "b", "c", "d")
    asks = all_asks()
    draw = random.Random(8)
    cases = dict(CHANGES)
    names = sorted(CHANGES)
    for _number in range(2):
        pair = draw.sample(names, 2)
        cases[" + ".join(pair)] = {**CHANGES[pair[0]], **CHANGES[pair[1]]}
    faults: List[str] = []
    absent = ""  # servers end with the namespace of their container
    for name, change in cases.items():
        converge(everything())
        serve(*absent)
        absent = {"b": "b", "db": "c"}.get(str(change.get("left_out")), "")
        clients = Clients(asks)
        before = clients.beat([None if ask.port == 8081 and ask.address == "192.0.2.7" else "?" for ask in asks])
        assert all(before), [ask for ask, answer in zip(asks, before) if answer is None]
        goal = everything(**change)
        planned = check(goal)
        assert lines(converge(goal)) == planned
        spaces = sh("ls /run/netns").split()
        fresh = Clients([ask for ask in asks if ask.space in spaces])
        answers = dict(zip(fresh.asks, fresh.beat()))
        allowed = [answers.get(ask) for ask in asks]
        expected = [answer if ask.protocol == "udp" or answer == earlier else None for ask, answer, earlier in zip(asks, allowed, before)]
        if "enable_icc" in change:
            clients.beat()  # the kernel drops the first packet of a masqueraded flow that leaves by another link, and follows the next one anew
        found = clients.beat(expected)
        faults += ["%s: %s: %s, not %s" % (name, *row) for row in zip(asks, found, expected) if row[1] != row[2]]
        ended = sum(answer is None for answer in found)
        print(name, ended, "of", len(asks), "ended;", len(flow_lines(planned)), "lines")
        assert (ended > 0) == bool(flow_lines(planned)) or name in silent, (name, ended, planned)
        assert lines(converge(goal)) == []
        clients.stop()
        fresh.stop()
    assert not faults, "\n".join(faults)


ONE, TWO = web(at("a", 10, ports=["8053:53/udp"]), at("b", 11)), web(at("a", 10), at("b", 11, ports=["8053:53/udp"]))


def test_a_run_that_dies_before_flows_end_is_completed_by_the_next() -> None:
    give_uplink()
    converge(ONE)
    serve("a", "b")
    clients = Clients([Ask("outside", "udp", host, 8053) for host in (HOST, HOST_6)])
    assert clients.beat(["a", "a"]) == ["a", "a"]
    points = len(count_points(TWO))
    for back in range(12):
        goal, name = (ONE, "a") if clients.beat(["?", "?"])[0] == "b" else (TWO, "b")
        die_at(goal, points - back - 1)
        converge(goal)
        assert lines(converge(goal)) == []
        assert clients.beat([name, name]) == [name, name], back
    assert sh("ls /run/container_net | grep flows || true") == ""


def test_a_lost_answer_and_a_kernel_that_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    give_uplink()
    converge(ONE)
    serve("a", "b")
    clients = Clients([Ask("outside", "udp", host, 8053) for host in (HOST, HOST_6)])
    assert clients.beat(["a", "a"]) == ["a", "a"]
    for answer in (1, -1):  # refused, lost
        with pytest.raises(ContainerNetError, match="what stood before was put back"):
            converge(TWO, door=Door(timeout=1.0, fault=lambda _place, message, answer=answer: answer if message[5] == 1 else None))
        assert clients.beat(["a", "a"]) == ["a", "a"]
        assert lines(converge(ONE)) == []
    plain = Line.__init__

    def refuse(self: Line, door: Door, place: str, family: int) -> None:
        if family == NETLINK_NETFILTER:
            raise OSError(93, "Protocol not supported")
        plain(self, door, place, family)

    monkeypatch.setattr(Line, "__init__", refuse)
    outcome = converge(TWO)
    assert [warning for warning in outcome.warnings if "nf_conntrack_netlink" in warning] == outcome.warnings
    assert len(outcome.warnings) == 1
    assert flow_lines(lines(outcome)) == []
