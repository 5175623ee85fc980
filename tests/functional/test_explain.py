# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every way to break a network that we could think of: a real packet does not arrive, and explain names exactly what was broken."""

from __future__ import annotations

import contextlib
import io
import json
import socket
from dataclasses import replace
from functools import partial
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._boot.main import main
from ansible_collections.netloom.container_net.plugins.module_utils._model.names import host_interface_name
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, converge, give_uplink
from harness.host import Child, await_true, on_fake_host, sh
from harness.restarts import container_net, own_disk
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, ask, await_addresses

MESH = {
    "name": "mesh",
    "driver": "overlay",
    "vni": 4200,
    "vtep_address": "192.0.2.1",
    "ipam_config": [{"subnet": "10.60.0.0/16"}],
    "peers": [{"host": "h1", "vtep": "192.0.2.1"}, {"host": "h2", "vtep": "192.0.2.2"}],
    "endpoints": [{"name": "far", "mac": "02:00:00:00:60:02", "vtep": "192.0.2.2", "addresses": ["10.60.0.2"]}],
}
NETWORKS = [
    network("web", V4, V6, host_access=["80/tcp"]),
    network("apart", {"subnet": "10.22.0.0/24"}, enable_icc=False),
    network("dark", {"subnet": "10.23.0.0/24"}, internal=True),
    network("back", {"subnet": "10.24.0.0/24", "gateway": "10.24.0.5"}, gateway_on_host=False),
    {key: MESH[key] for key in MESH if key not in ("peers", "endpoints")},
]
STAGE = Declaration(
    NETWORKS,
    [
        endpoint("a", {"name": "web", "ipv4_address": "10.20.0.10", "ipv6_address": "fd00:20::10"}, ports=["8080:80"]),
        endpoint("b", {"name": "web", "ipv4_address": "10.20.0.11", "ipv6_address": "fd00:20::11"}),
        endpoint(
            "r",
            {"name": "web", "ipv4_address": "10.20.0.5", "ipv6_address": "fd00:20::5"},
            {"name": "back", "ipv4_address": "10.24.0.5"},
            forwarding=True,
            masquerade=["web"],
        ),
        endpoint("z", {"name": "back", "ipv4_address": "10.24.0.9"}),
        endpoint("c", {"name": "apart", "ipv4_address": "10.22.0.10"}),
        endpoint("e", {"name": "apart", "ipv4_address": "10.22.0.11"}),
        endpoint("d", {"name": "dark", "ipv4_address": "10.23.0.10"}),
        endpoint("near", {"name": "mesh", "ipv4_address": "10.60.0.1"}),
    ],
    overlays={"mesh": {key: MESH[key] for key in ("peers", "endpoints")}},
    prepare=give_uplink,
    persist=True,
)
A, B, R, NEAR, C, E = (host_interface_name("main", *pair) for pair in ("a web", "b web", "r web", "near mesh", "c apart", "e apart") for pair in [pair.split()])
MAC = "02:00:00:00:00:55"


class Question(NamedTuple):
    """FROM, TO, and how a real packet asks the same."""

    start: str
    target: str
    address: str
    port: int = 80
    size: int = 0

    @property
    def words(self) -> List[str]:
        port = ":%d" % self.port if not self.size else ":%d/udp" % self.port
        return [self.start, self.target + port, *(["--size", str(self.size)] if self.size else [])]

    def arrives(self) -> bool:
        space = {"host": ""}.get(self.start, self.start)
        if self.size:
            return bool(Child(partial(ask_whole, self.address, self.port, self.size), space).result(60))
        answer = ask([(space, "tcp", self.address, self.port)])[0]
        return answer is not None and answer.split()[0] == OWNERS[self.address, self.port]


def ask_whole(address: str, port: int, size: int) -> bool:
    """Ask by one packet of a size that nobody may cut."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.IPPROTO_IP, 10, 3)  # IP_MTU_DISCOVER: never cut, and believe nobody who says what fits
        client.settimeout(1.4)
        try:
            client.sendto(bytes(size - 28), (address, port))
            return bool(client.recv(99))
        except OSError:
            return False


NEXT = Question("a", "b", "10.20.0.11")
NEXT6 = Question("a", "fd00:20::11".join("[]"), "fd00:20::11")
OUT = Question("a", "192.0.2.2", "192.0.2.2")
FURTHER = Question("a", "198.51.100.7", "198.51.100.7")
OUT6 = Question("a", "[2001:db8:2::2]", "2001:db8:2::2")
PORT = Question("outside", "host", "192.0.2.1", 8080)
GATEWAY = Question("a", "10.20.0.1", "10.20.0.1")
DOWN = Question("host", "b", "10.20.0.11")
FAR = Question("near", "far", "10.60.0.2")
BIG = Question("a", "b", "10.20.0.11", size=1400)
ROUTER = Question("b", "r", "10.20.0.5")
OTHER = Question("b", "192.0.2.2", "192.0.2.2")
INNER = Question("z", "r", "10.24.0.5")
BEHIND = Question("z", "b", "10.20.0.11")


# Whose server answers there.
OWNERS = {(question.address, question.port): owner for question, owner in (
    (NEXT, "b"), (NEXT6, "b"), (OUT, "outside"), (FURTHER, "outside"), (OUT6, "outside"), (PORT, "a"), (GATEWAY, "host"), (FAR, "outside"), (ROUTER, "r"),
    (INNER, "r"), (Question("a", "b", "10.20.0.11", 82), "b"),
)}  # fmt: skip


class Case(NamedTuple):
    """What is done to the host, who does not get through any more, what explain says, and who still does."""

    asked: Question
    broken: str
    cause: str
    still: Question = ROUTER
    mended: str = ""
    fix: str = "container-net restore main"


def forgetting(asked: Question, broken: str, cause: str, still: Question) -> Case:
    """Return a case in which `near` does not remember whom it found before."""
    forget = "ip -n near neighbour flush dev eth0"
    return Case(asked, "%s; %s" % (broken, forget), cause, still, forget)


LINKS: Dict[str, Case] = {
    "inner link down": Case(NEXT, "ip -n a link set eth0 down", "eth0 of a is down"),
    "inner link down at the far side": Case(NEXT, "ip -n b link set eth0 down", "eth0 of b is down", INNER),
    "host's end down": Case(NEXT, "ip link set %s down" % A, "%s of the host is down" % A),
    "host's end down at the far side": Case(NEXT, "ip link set %s down" % B, "%s of the host is down" % B, INNER),
    "bridge down": Case(NEXT, "ip link set br-web down", "br-web of the host is down", INNER),
    "uplink down": Case(
        OUT,
        "ip link set eth0 down",
        "the host has no route to 192.0.2.2",
        NEXT,
        "ip link set eth0 up; ip route add default via 192.0.2.2; ip address add 2001:db8:2::1/64 dev eth0 nodad; ip -6 route add default via 2001:db8:2::2",
        fix="nothing",
    ),
    "pair gone": Case(NEXT, "ip link delete %s" % B, "there is no interface eth0 in b", INNER),
    "port out of its bridge": Case(NEXT, "ip link set %s nomaster" % B, "port %s of b is not in bridge br-web, it is in none" % B, INNER),
    "own port out of its bridge": Case(NEXT, "ip link set %s nomaster" % A, "port %s of a is not in bridge br-web, it is in none" % A),
    "port in another bridge": Case(NEXT, "ip link set %s master br-back" % B, "port %s of b is not in bridge br-web, it is in br-back" % B, INNER),
    "port blocked": Case(
        NEXT,
        "ip link set br-web type bridge stp_state 1; ip link set %s nomaster; ip link set %s master br-web" % (B, B),
        "port %s of bridge br-web is listening" % B,
        INNER,
        "ip link set br-web type bridge stp_state 0; for port in %s %s %s; do ip link set $port nomaster; done" % (A, B, R),
        "?",
    ),
    "ports isolated": Case(
        NEXT,
        "bridge link set dev {0} isolated on; bridge link set dev {1} isolated on".format(A, B),
        "ports %s and %s of bridge br-web are both isolated" % (A, B),
        fix="isolated: true",
    ),
    "fixed row of the bridge": Case(
        NEXT,
        "bridge fdb replace $(ip -n b -br link show eth0 | awk '{print $3}') dev %s master static" % R,
        "is behind %s" % R,
        INNER,
        "bridge fdb delete $(ip -n b -br link show eth0 | awk '{print $3}') dev %s master" % R,
        fix="bridge fdb delete",
    ),
    "too large for a port": Case(BIG, "ip link set %s mtu 1300" % B, "%s of the host, whose MTU is 1300" % B, NEXT),
    "too large for the sender": Case(BIG, "ip -n a link set eth0 mtu 1300", "1400 bytes are too many for eth0 of a, whose MTU is 1300", NEXT),
    "too large for the receiver": Case(BIG, "ip -n b link set eth0 mtu 1300", "eth0 of b, whose MTU is 1300", NEXT),
}
ADDRESSES: Dict[str, Case] = {
    "another MAC": Case(NEXT, "ip -n a link set eth0 address 02:00:00:00:00:77", "anti_spoofing takes nothing from the MAC 02:00:00:00:00:77 by port %s" % A),
    "somebody else's address": Case(
        NEXT,
        "ip -n a address add 10.20.0.77/24 dev eth0; ip -n a route replace 10.20.0.0/24 dev eth0 src 10.20.0.77 proto kernel scope link",
        "anti_spoofing takes nothing from 10.20.0.77 by port %s" % A,
        mended="ip -n a route replace 10.20.0.0/24 dev eth0 src 10.20.0.10 proto kernel scope link; ip -n a address delete 10.20.0.77/24 dev eth0",
        fix="allowed_addresses",
    ),
    "address gone": Case(NEXT, "ip -n a address delete 10.20.0.10/24 dev eth0", "address 10.20.0.10/24 is missing on eth0 of a"),
    "address gone at the far side": Case(NEXT, "ip -n b address delete 10.20.0.11/24 dev eth0", "address 10.20.0.11/24 is missing on eth0 of b", INNER),
    "address of IPv6 gone": Case(NEXT6, "ip -n b address delete fd00:20::11/64 dev eth0", "address fd00:20::11/64 is missing on eth0 of b"),
    "address of another prefix": Case(
        NEXT,
        "ip -n a address delete 10.20.0.10/24 dev eth0; ip -n a address add 10.20.0.10/32 dev eth0",
        "address 10.20.0.10/32 on eth0 of a should be 10.20.0.10/24",
        mended="ip -n a address delete 10.20.0.10/32 dev eth0",
    ),
    "address of another prefix at the far side": Case(
        NEXT,
        "ip -n b address delete 10.20.0.11/24 dev eth0; ip -n b address add 10.20.0.11/32 dev eth0",
        "address 10.20.0.11/32 on eth0 of b should be 10.20.0.11/24",
        INNER,
        "ip -n b address delete 10.20.0.11/32 dev eth0",
    ),
    "gateway's address gone": Case(OUT, "ip address delete 10.20.0.1/24 dev br-web", "address 10.20.0.1/24 is missing on br-web of the host", NEXT),
    "two have an address": Case(
        NEXT,
        "ip -n r address add 10.20.0.11/32 dev eth0; mac=$(ip -n r -br link show eth0 | awk '{print $3}'); "
        "ip -n a neighbour replace 10.20.0.11 dev eth0 lladdr $mac nud reachable",
        "b and r both have 10.20.0.11",
        Question("a", "r", "10.20.0.5"),
        "ip -n r address delete 10.20.0.11/32 dev eth0; ip -n a neighbour flush dev eth0",
        fix="take the address from one of them",
    ),
    "the host has it, too": Case(
        OUT, "ip address add 10.20.0.10/32 dev lo", "the host has 10.20.0.10, too", OTHER, "ip address delete 10.20.0.10/32 dev lo", fix="?"
    ),
    "fixed row of a neighbour": Case(
        NEXT,
        "ip -n a neighbour replace 10.20.0.11 lladdr %s dev eth0 nud permanent" % MAC,
        "the row 10.20.0.11 = %s for eth0" % MAC,
        mended="ip -n a neighbour delete 10.20.0.11 dev eth0",
        fix="neighbour delete 10.20.0.11 dev eth0",
    ),
}
ROUTES: Dict[str, Case] = {
    "default route gone": Case(OUT, "ip -n a route delete default", "a has no route to 192.0.2.2, and no default route", NEXT),
    "default route of IPv6 gone": Case(OUT6, "ip -n a -6 route delete default", "a has no route to 2001:db8:2::2, and no default route", NEXT),
    "route of the subnet gone": Case(
        DOWN,
        "ip route delete 10.20.0.0/24 dev br-web",
        "leaves this host by eth0 instead of main/b: route 0.0.0.0/0 via 192.0.2.2",
        Question("near", "far", "10.60.0.2"),
        "ip route add 10.20.0.0/24 dev br-web proto kernel scope link src 10.20.0.1",
        fix="?",
    ),
    "host's default route gone": Case(
        FURTHER,
        "ip route delete default",
        "the host has no route to 198.51.100.7, and no default route",
        OUT,
        "ip route add default via 192.0.2.2",
        fix="nothing",
    ),
    "wrong gateway": Case(OUT, "ip -n a route replace default via 10.20.0.77 proto 76", "nobody behind eth0 of a has 10.20.0.77, the gateway of a", NEXT),
    "gateway that does not forward": Case(OUT, "ip -n a route replace default via 10.20.0.11 proto 76", "b does not forward what comes by eth0", NEXT, fix="?"),
    "blackhole": Case(
        OUT,
        "ip -n a route add blackhole 192.0.2.0/24",
        "route blackhole 192.0.2.0/24 in a refuses it",
        NEXT,
        "ip -n a route delete blackhole 192.0.2.0/24",
        "ip -n a route delete blackhole 192.0.2.0/24",
    ),
    "unreachable": Case(
        OUT,
        "ip route add unreachable 192.0.2.2/32",
        "route unreachable 192.0.2.2/32 refuses it",
        NEXT,
        "ip route delete unreachable 192.0.2.2/32",
        "ip route delete unreachable 192.0.2.2/32",
    ),
    "prohibit": Case(OUT, "ip route add prohibit 192.0.2.2/32", "route prohibit 192.0.2.2/32 refuses it", NEXT, "ip route delete prohibit 192.0.2.2/32", "?"),
    "answer has no way": Case(
        NEXT,
        "ip -n b route add blackhole 10.20.0.10/32",
        "route blackhole 10.20.0.10/32 in b refuses it",
        INNER,
        "ip -n b route delete blackhole 10.20.0.10/32",
        "?",
    ),
    "rule that prohibits": Case(
        OUT,
        "ip rule add from 10.20.0.10 prohibit priority 50",
        "rule 50 from 10.20.0.10/32 prohibit refuses it",
        OTHER,
        "ip rule delete priority 50",
        "ip rule delete priority 50",
    ),
    "rule to another table": Case(
        DOWN,
        "ip rule add to 10.20.0.11 lookup 77 priority 60; ip route add blackhole default table 77",
        "route blackhole 0.0.0.0/0 table 77 (rule 60 from all to 10.20.0.11/32 lookup 77) refuses it",
        ROUTER,
        "ip rule delete priority 60; ip route flush table 77",
        "?",
    ),
    "rule that leads away": Case(
        DOWN,
        "ip rule add to 10.20.0.11 lookup 77 priority 60; ip route add default via 192.0.2.2 table 77",
        "leaves this host by eth0 instead of main/b: route 0.0.0.0/0 via 192.0.2.2 table 77, by rule 60",
        ROUTER,
        "ip rule delete priority 60; ip route flush table 77",
        "?",
    ),
    "rule in the container": Case(
        OUT,
        "ip -n a rule add to 192.0.2.0/24 lookup 77 priority 60; ip -n a route add default via 10.20.0.77 table 77",
        "nobody behind eth0 of a has 10.20.0.77",
        NEXT,
        "ip -n a rule delete priority 60; ip -n a route flush table 77",
        "?",
    ),
    "strict reverse path": Case(
        OUT,
        "ip route add 10.20.0.10/32 via 192.0.2.2; echo 1 >/proc/sys/net/ipv4/conf/br-web/rp_filter",
        "rp_filter (1) on br-web of the host drops it: what is sent to 10.20.0.10 leaves by eth0",
        OTHER,
        "ip route delete 10.20.0.10/32; echo 0 >/proc/sys/net/ipv4/conf/br-web/rp_filter",
        "rp_filter=2",
    ),
    "forwarding off": Case(OUT, "echo 0 >/proc/sys/net/ipv4/ip_forward", "the host does not forward what comes by br-web (net.ipv4.ip_forward is 0)", NEXT),
    "forwarding of IPv6 off": Case(OUT6, "echo 0 >/proc/sys/net/ipv6/conf/all/forwarding", "(net.ipv6.conf.all.forwarding is 0)", NEXT),
    "router does not forward": Case(BEHIND, "ip netns exec r sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'", "r does not forward what comes by eth1", INNER),
}
RULES: Dict[str, Case] = {
    "somebody's rule": Case(
        OUT,
        "iptables -I FORWARD -s 10.20.0.10 -j DROP",
        "drops it in forward: -A FORWARD -s 10.20.0.10/32 -j DROP (iptables -t filter)",
        OTHER,
        "iptables -D FORWARD -s 10.20.0.10 -j DROP",
        "remove that rule",
    ),
    "somebody's chain": Case(
        OUT,
        "iptables -N guard; iptables -A guard -d 192.0.2.2 -p tcp --dport 80 -j REJECT; iptables -I FORWARD -j guard",
        "refuses it in forward: -A guard -d 192.0.2.2/32 -p tcp -m tcp --dport 80 -j REJECT",
        NEXT,
        "iptables -D FORWARD -j guard; iptables -F guard; iptables -X guard",
        "remove that rule",
    ),
    "administrator's own chain": Case(
        OUT,
        "iptables -A CNET-USER -s 10.20.0.10 -j DROP",
        "-A CNET-USER -s 10.20.0.10/32 -j DROP",
        OTHER,
        "iptables -D CNET-USER -s 10.20.0.10 -j DROP",
        "remove that rule",
    ),
    "policy of the chain": Case(
        OUT,
        "iptables -P FORWARD DROP; iptables -D FORWARD -j CNET-FORWARD; iptables -D FORWARD -j CNET-LAST",
        "policy DROP of chain FORWARD (iptables -t filter)",
        NEXT,
        "iptables -P FORWARD ACCEPT",
        "?",
    ),
    "raw": Case(
        OUT,
        "iptables -t raw -I PREROUTING -s 10.20.0.10 -j DROP",
        "-A PREROUTING -s 10.20.0.10/32 -j DROP (iptables -t raw)",
        OTHER,
        "iptables -t raw -D PREROUTING -s 10.20.0.10 -j DROP",
        "remove that rule",
    ),
    "answers dropped": Case(
        OUT,
        "iptables -I FORWARD -d 10.20.0.10 -m conntrack --ctstate ESTABLISHED -j DROP",
        "--ctstate ESTABLISHED -j DROP",
        OTHER,
        "iptables -D FORWARD -d 10.20.0.10 -m conntrack --ctstate ESTABLISHED -j DROP",
        "remove that rule",
    ),
    "IPv6": Case(
        OUT6,
        "ip6tables -I FORWARD -s fd00:20::10 -j DROP",
        "-A FORWARD -s fd00:20::10/128 -j DROP (ip6tables -t filter)",
        OUT,
        "ip6tables -D FORWARD -s fd00:20::10 -j DROP",
        "remove that rule",
    ),
    "host's input": Case(
        GATEWAY,
        "iptables -I INPUT -i br-web -p tcp --dport 80 -j DROP",
        "drops it in input: -A INPUT -i br-web -p tcp -m tcp --dport 80 -j DROP",
        NEXT,
        "iptables -D INPUT -i br-web -p tcp --dport 80 -j DROP",
        "remove that rule",
    ),
    "host's output": Case(
        DOWN, "iptables -A OUTPUT -d 10.20.0.11 -j DROP", "the host drops it in output", ROUTER, "iptables -D OUTPUT -d 10.20.0.11 -j DROP", "remove that rule"
    ),
    "rule inside": Case(
        NEXT,
        "ip netns exec b iptables -A INPUT -p tcp --dport 80 -j DROP",
        "b drops it in input: -A INPUT -p tcp -m tcp --dport 80 -j DROP",
        INNER,
        "ip netns exec b iptables -F",
        "remove that rule",
    ),
    "policy inside": Case(
        NEXT,
        "ip netns exec a iptables -P OUTPUT DROP",
        "a drops it in output: policy DROP of chain OUTPUT",
        ROUTER,
        "ip netns exec a iptables -P OUTPUT ACCEPT",
        "let OUTPUT pass",
    ),
    "nftables": Case(
        OUT,
        "nft 'table inet guard { chain f { type filter hook forward priority 10; ip saddr 10.20.0.10 ip daddr { 192.0.2.2, 192.0.2.3 } drop; }; }'",
        "chain f: ip saddr 10.20.0.10 ip daddr { 192.0.2.2, 192.0.2.3 } drop (nft table inet guard)",
        OTHER,
        "nft delete table inet guard",
        "remove that rule",
    ),
    "policy of nftables": Case(
        OUT,
        "nft 'table ip guard { chain f { type filter hook forward priority 10; policy drop; ip saddr != 10.20.0.10 accept; ct state established accept; }; }'",
        "policy DROP of chain f (nft table ip guard)",
        OTHER,
        "nft delete table ip guard",
        "let f pass",
    ),
    "nftables between ports": Case(
        NEXT,
        "nft 'table bridge guard { chain f { type filter hook forward priority 0; ip daddr 10.20.0.11 tcp dport 80 drop; }; }'",
        "ip daddr 10.20.0.11 tcp dport 80 drop (nft table bridge guard)",
        ROUTER,
        "nft delete table bridge guard",
        "remove that rule",
    ),
    "nftables at the card": Case(
        PORT,
        "nft 'table netdev guard { chain i { type filter hook ingress device eth0 priority 0; tcp dport 8080 drop; }; }'",
        "drops it in ingress: chain i: tcp dport 8080 drop (nft table netdev guard)",
        OUT,
        "nft delete table netdev guard",
        "remove that rule",
    ),
    "translation gone": Case(PORT, "iptables -t nat -F CNET-P-tcp-8064", "no rule leads port 8080/tcp of the host to a", NEXT),
    "way to the translations gone": Case(
        PORT, "iptables -t nat -D PREROUTING -m addrtype --dst-type LOCAL -j CNET-DNAT", "no rule leads port 8080/tcp of the host to a", NEXT
    ),
    "somebody leads the port away": Case(
        PORT,
        "iptables -t nat -I PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 192.0.2.1:9",
        "somebody's rule leads port 8080/tcp of the host to 192.0.2.1:9 instead of a",
        NEXT,
        "iptables -t nat -D PREROUTING 1",
        "?",
    ),
    "masquerade gone": Case(OUT, "iptables -t nat -D POSTROUTING -j CNET-POST", "leaves by eth0 with the source 10.20.0.10, and no rule hides that", NEXT),
    "nobody listens": Case(
        Question("a", "b", "10.20.0.11", 82), "kill $(cat /run/served)", "nobody listens on 82/tcp of 10.20.0.11 in b", NEXT, fix="start what should listen"
    ),
}
TUNNEL: Dict[str, Case] = {
    "neighbour row gone": forgetting(FAR, "ip neighbour delete 10.60.0.2 dev vx-mesh", "the neighbour row of 10.60.0.2 is missing on vx-mesh", NEXT),
    "neighbour row wrong": forgetting(
        FAR, "ip neighbour replace 10.60.0.2 lladdr %s dev vx-mesh nud permanent" % MAC, "the neighbour row of 10.60.0.2 on vx-mesh says %s" % MAC, NEXT
    ),
    "row of the far end gone": Case(
        FAR,
        "for mac in 02:00:00:00:60:02 00:00:00:00:00:00; do bridge fdb delete $mac dev vx-mesh dst 192.0.2.2 self; done",
        "forwarding row of 02:00:00:00:60:02 is missing on vx-mesh",
        NEXT,
    ),
    "row leads elsewhere": Case(FAR, "bridge fdb replace 02:00:00:00:60:02 dev vx-mesh dst 192.0.2.9 self", "leads to 192.0.2.9 instead of 192.0.2.2", NEXT),
    "row of the bridge gone": Case(
        FAR, "bridge fdb delete 02:00:00:00:60:02 dev vx-mesh master", "row of bridge br-mesh for 02:00:00:00:60:02 is missing on vx-mesh", NEXT
    ),
    "tunnel down": Case(FAR, "ip link set vx-mesh down", "vx-mesh of the host is down", NEXT),
    "tunnel out of its bridge": Case(FAR, "ip link set vx-mesh nomaster", "the tunnel vx-mesh to 10.60.0.2 is no port", NEXT),
    "rule against tunnels": Case(
        FAR,
        "iptables -I OUTPUT -p udp --dport 4789 -j DROP",
        "-A OUTPUT -p udp -m udp --dport 4789 -j DROP",
        OUT,
        "iptables -D OUTPUT -p udp --dport 4789 -j DROP",
        "remove that rule",
    ),
    "rule against answers in tunnels": Case(
        FAR,
        "iptables -t raw -I PREROUTING -p udp --dport 4789 -j DROP",
        "-A PREROUTING -p udp -m udp --dport 4789 -j DROP (iptables -t raw)",
        OUT,
        "iptables -t raw -D PREROUTING -p udp --dport 4789 -j DROP",
        "remove that rule",
    ),
}
CASES = {"links": LINKS, "addresses": ADDRESSES, "routes": ROUTES, "rules": RULES, "tunnel": TUNNEL}
SPACES = ("a", "b", "r", "z", "c", "e", "d", "near", "outside")


def explain(*words: str) -> Tuple[int, List[str]]:
    """Ask as the program does, in this process, and return its status and lines."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = main(["explain", *words])
    return status, said.getvalue().splitlines()


def make_stage(firewall: str = "auto") -> None:
    """A host with everything on it, a world behind it, and another host of the overlay in that world."""
    own_disk()
    STAGE.prepare()
    converge(replace(STAGE, firewall=firewall))
    mac = sh("ip -n near -br link show eth0").split()[2]
    sh(
        """
        ip address add 198.51.100.7/32 dev lo
        ip link add far address 02:00:00:00:60:02 type vxlan id 4200 local 192.0.2.2 dstport 4789 nolearning
        ip address add 10.60.0.2/16 dev far; ip link set far mtu 1450 up
        bridge fdb append {0} dev far dst 192.0.2.1 self
        ip neighbour add 10.60.0.1 lladdr {0} dev far nud permanent
        """.format(mac),
        "outside",
    )
    await_addresses("", *SPACES)


def serve() -> Iterator[Server]:
    for space in ("", *SPACES):
        yield Server(space, space or "host", [80])


def must_arrive(question: Question, what: str) -> None:
    await_true(question.arrives, 30.0, lambda: "%s: no answer to %s" % (what, question))  # a link that was raised takes a while
    status, said = explain(*question.words)
    assert (status, said[-1].partition(":")[0]) == (0, "arrives"), "%s: %s\n%s" % (what, question, "\n".join(said))


def try_case(name: str, case: Case) -> Optional[str]:
    """Break, look, mend; return what is wrong."""
    served = serve_for_a_while() if "served" in case.broken else None
    try:
        must_arrive(case.asked, name + " before")
        sh(case.broken)
        try:
            assert_named(name, case)
            must_arrive(case.still, name + ", what must still arrive")
        finally:
            sh(case.mended)
            converge(STAGE)
    except (AssertionError, pytest.fail.Exception) as error:
        return str(error)
    finally:
        if served is not None:
            served.stop()
    return None


def serve_for_a_while() -> Server:
    server = Server("b", "b", [82])
    with open("/run/served", "w", encoding="ascii") as stream:
        stream.write(str(server.pid))
    return server


def assert_named(name: str, case: Case) -> None:
    status, said = explain(*case.asked.words)
    text = "\n".join(said)
    causes = [line for line in said if line.startswith("cause: ")]
    fixes = [line for line in said if line.startswith("fix: ")]
    assert not case.asked.arrives(), "%s: a packet arrives all the same\n%s" % (name, text)
    assert status == 2, "%s: status %d\n%s" % (name, status, text)
    assert len(causes) == 1, "%s\n%s" % (name, text)
    assert case.cause in causes[0], "%s: not %r\n%s" % (name, case.cause, text)
    assert len(fixes) == 1, text
    assert case.fix == "?" or case.fix in fixes[0], "%s: not %r\n%s" % (name, case.fix, text)


@pytest.mark.parametrize("kind", CASES)
def test_a_breakage_is_named(kind: str) -> None:
    def body() -> List[str]:
        make_stage()
        servers = list(serve())
        try:
            return list(filter(None, (try_case(name, case) for name, case in CASES[kind].items())))
        finally:
            for server in servers:
                server.stop()

    assert CASES[kind]
    faults = on_fake_host(body, timeout=600)
    assert not faults, "\n\n".join(faults)


def test_there_are_forty_breakages() -> None:
    assert sum(map(len, CASES.values())) >= 40


CLOSED: Dict[str, Tuple[Question, str]] = {
    "kept apart": (Question("c", "e", "10.22.0.11"), "enable_icc: false of network apart"),
    "internal": (Question("d", "192.0.2.2", "192.0.2.2"), "a has no route"),
    "another network": (Question("a", "c", "10.22.0.10"), "network apart is closed from outside: publish the port (ports of main/c)"),
    "from outside": (Question("outside", "a", "10.20.0.10"), "network web is closed from outside: publish the port (ports of main/a)"),
    "the host": (Question("a", "10.20.0.1", "10.20.0.1", 81), "host_access of network web: list the port there"),
    "another's gateway": (Question("a", "10.22.0.1", "10.22.0.1"), "ask the host by an address of its own"),
}


OPEN = (NEXT, NEXT6, OUT, OUT6, PORT, GATEWAY, FAR)


@pytest.mark.fake_host(timeout=120.0)
@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
def test_what_the_declaration_closes_is_told_by_its_key(firewall: str) -> None:
    make_stage(firewall)
    servers = [*serve(), Server("", "host", [81])]
    for question in OPEN:
        must_arrive(question, "open")
    assert not [line for line in explain(*PORT.words)[1] if line.startswith("?")], "it is sure"
    sh("ip route add 10.20.0.0/24 via 192.0.2.1", "outside")
    for name, (question, key) in CLOSED.items():
        status, said = explain(*question.words)
        assert not question.arrives(), name
        assert status == 2, said
        assert name == "internal" or key in said[-1], "%s: %s" % (name, "\n".join(said))
    status, said = explain("d", "192.0.2.2")
    assert (status, said[-2]) == (2, "cause: d has no route to 192.0.2.2, and no default route")
    for server in servers:
        server.stop()


@pytest.mark.fake_host(timeout=120.0)
@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
def test_what_is_published_at_loopback_is_for_the_host(firewall: str) -> None:
    own_disk()
    give_uplink()
    web = {"name": "web", "ipv4_address": "10.20.0.10"}
    converge(Declaration([network("web", V4)], [endpoint("a", web, ports=["127.0.0.1:9090:80", "8080:80"])], persist=True, firewall=firewall))
    server = Server("a", "a", [80])
    assert ask([("", "tcp", "127.0.0.1", 9090), ("", "tcp", "127.0.0.1", 8080)]) == ["a 10.20.0.1", None]
    assert explain("host", "127.0.0.1:9090")[1][-1] == "arrives: the host to 127.0.0.1:9090, tcp; at most 1500 bytes"
    assert explain("host", "127.0.0.1:8080")[1][-2] == "cause: nobody listens on 8080/tcp of 127.0.0.1 in the host"
    status, said = explain("outside", "127.0.0.1:9090")
    assert (status, said[-1].partition(":")[0]) == (2, "fix")
    assert "nobody but the host itself reaches what is at 127.0.0.0/8" in said[-1]
    server.stop()


IN_OURS = {
    "a rule in our chain": ("nft insert rule inet container_net filter4-CNET-FORWARD oifname br-web drop", PORT, "oifname br-web drop"),
    "the administrator's": ("nft add rule inet container_net CNET-USER oifname br-web drop", PORT, "oifname br-web drop"),
    "an entry gone": ("nft delete element inet container_net nat4-CNET-DNAT.1 '{ tcp . 8080 }'", PORT, "no rule leads port 8080/tcp of the host to a"),
}


@pytest.mark.fake_host(timeout=120.0)
def test_what_others_do_to_our_table_is_named() -> None:
    make_stage("nftables")
    servers = list(serve())
    for name, (script, question, cause) in IN_OURS.items():
        must_arrive(question, name)
        sh(script)
        assert not question.arrives(), name
        status, said = explain(*question.words)
        assert status == 2, "%s: %s" % (name, said)
        assert cause in said[-2], "%s: %s" % (name, "\n".join(said))
        sh("nft flush chain inet container_net CNET-USER")
        container_net("restore")
    for server in servers:
        server.stop()


@pytest.mark.fake_host
def test_it_changes_nothing_and_sends_nothing() -> None:
    make_stage()
    before, counted = take_snapshot(), count_packets()
    assert [explain(*words)[0] for words in (("a", "b"), ("near", "far"), ("outside", "host:8080"), ("a", "c"))] == [0, 0, 2, 2]  # nobody listens
    assert count_packets() == counted
    assert_same(before)
    ask([("a", "tcp", "10.20.0.11", 80)])
    assert count_packets() != counted, "a packet that is sent is counted"


def count_packets() -> List[str]:
    """Return what each place received and sent of IPv4: of IPv6 there is always something."""
    return [sh("grep ^Ip: /proc/self/net/snmp", space) for space in ("", "a", "b", "near", "outside")]


@pytest.mark.fake_host
def test_the_program_tells_it_to_programs_and_refuses_nonsense() -> None:
    make_stage()
    told = json.loads("\n".join(container_net("explain", "--json", "a", "host:8080", status=2)))
    assert (told["arrives"], told["to"]["port"], told["to"]["protocol"], told["cause"]["kind"]) == (False, 8080, "tcp", "service")
    assert told["hops"][0] == {"place": "a", "words": "10.20.0.10 → 10.20.0.1:8080 leaves by eth0", "answer": False}
    assert "arrives: main/a to fd00:20::11, ipv6-icmp; at most 1500 bytes" in container_net("explain", "main/a", "fd00:20::11")
    for words, complaint in (
        (["a", "nobody"], 'TO: got string "nobody": no endpoint with an address has this name'),
        (["a", "b:80/icmp"], "no such protocol: icmp; write PORT/tcp or PORT/udp or PORT/sctp"),
        (["a", "b:70000"], "a port is 1 to 65535"),
        (["a", "fd00:20::11", "--size", "1"], "a packet has 28 to 65535 bytes"),
        (["10.20.0.10", "fd00:20::11"], "have no address of one family"),
        (["elsewhere/a", "b"], "no endpoint with an address has this name"),
    ):
        assert complaint in "\n".join(container_net("explain", *words, status=1)), words
