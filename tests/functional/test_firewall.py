# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The firewall against the real kernel and the real tools, by text and by packets."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Dict, Iterator, List, Optional, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._compile.firewall import compile_firewall
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.bridge.network import BridgeNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.overlay.network import OverlayNetwork, Peer
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.blocks import spread
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.objects import Chain
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Attachment, Document, Endpoint, PublishedPort
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import FirewallError
from ansible_collections.netloom.container_net.plugins.module_utils._model.network import Subnet
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import SEAL, STATES, Rule
from firewall_lab import Firewall, Host, Probe
from harness import backends

Rules = Tuple[Rule, ...]
NONE: "frozenset[int]" = frozenset()


@pytest.fixture
def host() -> Iterator[Host]:
    with Host() as made:
        yield made


@pytest.fixture(params=["nft", "legacy"])
def firewall(request: pytest.FixtureRequest, host: Host) -> Firewall:
    return Firewall(host, request.param)


def network(name: str, number: int, **options: object) -> BridgeNetwork:
    subnets = (Subnet("10.%d.0.0/24" % number, "10.%d.0.1" % number), Subnet("fd00:%d::/64" % number, "fd00:%d::1" % number))
    return BridgeNetwork(name=name, subnets=subnets, bridge_name="br-" + name, **options)  # type: ignore[arg-type]


def endpoint(name: str, network_name: str, number: int, octet: int, *ports: PublishedPort) -> Endpoint:
    attachment = Attachment(network_name, "10.%d.0.%d" % (number, octet), "fd00:%d::%d" % (number, octet))
    return Endpoint(name, "netns:" + name, (attachment,), ports)


def declared(scope: str = "main", **options: object) -> Rules:
    document = Document(
        scope,
        (network("web", 20, **options), network("db", 30, host_access=("53/tcp", "53/udp"))),
        (
            endpoint(
                "w1",
                "web",
                20,
                2,
                PublishedPort(8080, 80),
                PublishedPort(8100, 8100, 200),
                PublishedPort(70, 60, 3, "udp"),
                PublishedPort(7, 7, protocol="sctp"),
            ),
        ),
    )
    return compile_firewall(document, forwarding_off=frozenset((4, 6)))


def every_form(family: int) -> List[Rule]:
    """One rule of every shape that the model can hold."""
    net, one, icmp = ("10.9.0.0/24", "10.9.0.1", "icmp") if family == 4 else ("fd09::/64", "fd09::1", "ipv6-icmp")
    whole = "0.0.0.0/0" if family == 4 else "::/0"
    filters = [
        {},
        {"source": net, "destination": "!" + one, "in_interface": "br-a", "out_interface": "!br-b"},
        {"source": "!" + net, "destination": whole, "in_interface": "!br-a", "out_interface": "br-b"},
        {"protocol": "tcp", "destination_ports": (80, 80)},
        {"protocol": "udp", "destination_ports": (0, 63), "source": one},
        {"protocol": "sctp", "destination_ports": (65472, 65535)},
        {"protocol": icmp, "destination": one},
        {"protocol": icmp, "icmp_type": 8 if family == 4 else 134},
        {"ct_state": STATES[::-1]},
        {"ct_state": ("DNAT",), "protocol": "tcp", "destination_ports": (1, 2)},
        {"in_interface": "br-a", "to_host": True},
        {"sealed": True},
        *([{"not_bridged": True}] if os.path.exists("/proc/sys/net/bridge") else []),
    ]
    chain = "CNET-FORWARD"
    rules = [Rule(family, "filter", chain, 10 + index, "ACCEPT", "main", "a.b_c-d", **form) for index, form in enumerate(filters)]  # type: ignore[arg-type]
    rules += [Rule(family, "raw", "CNET-RAW", 20, target, "main", "x", destination=net) for target in ("RETURN", "DROP")]
    rules += [
        Rule(family, "mangle", "CNET-MSS", 10, "TCPMSS", "main", "x", in_interface="br-a", out_interface="!br-a", protocol="tcp", to="pmtu"),
        Rule(family, "mangle", "CNET-MSS", 11, "TCPMSS", "main", "x", out_interface="br-a", protocol="tcp", to="1300"),
        Rule(family, "raw", "CNET-OUTPUT", 20, "DROP", "main", "x", protocol="udp", destination_ports=(4789, 4789), of_users=(0, 0)),
        Rule(family, "raw", "CNET-VX-4789", 10, "RETURN", "main", "x", source=one, destination=one, in_interface="br-a", vni=4200),
        Rule(family, "mangle", "CNET-SEAL", 20, "MARK", "main", "x", out_interface="br-a", to=SEAL),
        Rule(family, "nat", "CNET-DNAT", 10, "DNAT", "main", "x", source=net, destination=one, protocol="tcp", destination_ports=(80, 80), to=one, to_port=8),
        Rule(family, "nat", "CNET-DNAT", 10, "DNAT", "main", "x", protocol="udp", destination_ports=(80, 90), to=one),
        Rule(family, "nat", "CNET-DNAT", 10, "DNAT", "main", "", protocol="sctp", destination_ports=(126, 129), to=one, to_port=65),
        Rule(family, "nat", "CNET-POST", 30, "MASQUERADE", "main", "x", source=net, out_interface="!br-a"),
        Rule(family, "nat", "CNET-POST", 31, "SNAT", "main", "x", source=net, out_interface="!br-a", to=one),
    ]
    return rules


def test_what_is_written_is_what_is_saved(firewall: Firewall) -> None:
    rules = every_form(4) + every_form(6)
    firewall.converge(rules)
    saved = {rule for chain in firewall.backend.observe(firewall.host.run) if isinstance(chain, Chain) for rule in chain.rules or ()}
    assert set(spread(rules)) <= saved


def test_a_full_declaration_stands_at_the_second_run(firewall: Firewall) -> None:
    assert firewall.converge(declared())
    assert firewall.converge(declared()) == ()
    for family in (4, 6):
        dump = firewall.dump(family)
        assert "-A FORWARD -j CNET-FORWARD" in dump
        assert dump.index("-A FORWARD -j CNET-LAST") > dump.index("-A FORWARD -j CNET-FORWARD")
        assert [line.rpartition(" -j ")[2] for line in dump if line.startswith("-A CNET-FORWARD")][:2] == ["MARK --set-xmark 0x0/0x20000000", "CNET-USER"]
    firewall.converge(())
    assert firewall.dump(4) == firewall.dump(6) == []


FOREIGN = """\
*raw
:CALI-like - [0:0]
-A PREROUTING -i eth9 -m comment --comment "words with -j ACCEPT inside" -j CALI-like
-A CALI-like -d 198.51.100.9/32 -j DROP
COMMIT
*mangle
-A FORWARD -o eth9 -j MARK --set-xmark 0x7/0xff
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:DOCKER-USER - [0:0]
:DOCKER-FORWARD - [0:0]
:ufw-before-forward - [0:0]
:KUBE-FORWARD - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "admin \\"quoted\\"" -j ACCEPT
-A FORWARD -j DOCKER-USER
-A FORWARD -i docker0 -o docker0 -j ACCEPT
-A FORWARD -j ufw-before-forward
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A DOCKER-FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-USER -j RETURN
-A ufw-before-forward -p {icmp} -j ACCEPT
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
COMMIT
*nat
:DOCKER - [0:0]
:KUBE-SERVICES - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s {net} ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 9999 -j DNAT --to-destination {to}
COMMIT
"""


def test_foreign_rules_survive_byte_for_byte(firewall: Firewall) -> None:
    texts = {
        4: FOREIGN.format(icmp="icmp", net="172.17.0.0/16", to="172.17.0.2:80"),
        6: FOREIGN.replace("198.51.100.9/32", "2001:db8:9::9/128").format(icmp="ipv6-icmp", net="fd17::/64", to="[fd17::2]:80"),
    }
    for family, text in texts.items():
        code, _out, err = firewall.host.run([firewall.tools[family].restore], text)
        assert code == 0, err
    before = {family: firewall.dump(family) for family in texts}

    def foreign() -> Dict[int, List[str]]:
        return {family: [line for line in firewall.dump(family) if "CNET-" not in line] for family in texts}

    firewall.converge(declared())
    assert foreign() == before
    # The old form of Docker accepts in FORWARD itself: our jump must stand before it.
    dump = firewall.dump(4)
    assert dump.index("-A FORWARD -j CNET-FORWARD") < dump.index("-A FORWARD -i docker0 -o docker0 -j ACCEPT")
    assert dump.index("-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER") < dump.index("-A PREROUTING -m addrtype --dst-type LOCAL -j CNET-DNAT")
    changes = firewall.converge(declared(enable_icc=False))
    both = [(tool, chain) for tool in ("iptables", "ip6tables") for chain in ("filter/CNET-FORWARD", "mangle/CNET-SEAL", "nat/CNET-POST")]
    assert [step.line.split(":")[0] for step in changes] == ["~ %s chain %s" % pair for pair in both]
    assert foreign() == before
    firewall.converge(())
    assert {family: firewall.dump(family) for family in texts} == before


def test_scopes_leave_each_other_alone(firewall: Firewall) -> None:
    other = compile_firewall(
        Document("other", (network("z", 40),), (endpoint("z1", "z", 40, 2, PublishedPort(8081, 80), PublishedPort(9000, 80)),)), forwarding_off=NONE
    )
    firewall.converge(other, "other")
    alone = firewall.dump(4)
    firewall.converge(declared())
    both = firewall.dump(4)
    assert firewall.converge(other, "other") == ()
    # In the same block of ports, yet one jump.
    assert sum("-j CNET-P-tcp-8064" in line for line in both) == 1
    assert {line for line in alone if ":other:" in line} == {line for line in both if ":other:" in line}
    firewall.converge(())
    assert firewall.dump(4) == alone
    # The order in which scopes came makes no difference.
    firewall.converge((), "other")
    firewall.converge(declared())
    firewall.converge(other, "other")
    assert [line for line in firewall.dump(4) if line.startswith("-A")] == [line for line in both if line.startswith("-A")]


@pytest.mark.parametrize(
    ("drift", "expected"),
    [
        ("-F CNET-FORWARD", "~ iptables chain filter/CNET-FORWARD: rules +"),
        ("-D FORWARD -j CNET-FORWARD", "+ iptables jump filter/FORWARD"),
        ("-I FORWARD -j CNET-FORWARD", "copies 2 → 1"),
        ("-I FORWARD -i eth5 -j ACCEPT", "leads off → on"),
        ("-I FORWARD -j FOREIGN-END", "jump filter/FORWARD"),
        ("-I INPUT -p tcp -j FOREIGN-LEADS", "jump filter/INPUT"),
        ("-t raw -I PREROUTING -g FOREIGN-END", "jump raw/PREROUTING"),
        ("-A CNET-FORWARD -j ACCEPT", "~ iptables chain filter/CNET-FORWARD: rules +0 -1"),
        ("-I OUTPUT -j CNET-INPUT", "- iptables jump filter/OUTPUT"),
        ("-t nat -F CNET-P-tcp-8064", "~ iptables chain nat/CNET-P-tcp-8064: rules +2 -0"),
        ("-N CNET-STRAY", "- iptables chain filter/CNET-STRAY"),
    ],
)
def test_drift_is_found_and_mended(firewall: Firewall, drift: str, expected: str) -> None:
    firewall.converge(declared())
    for line in ("-N FOREIGN-END", "-N FOREIGN-LEADS", "-A FOREIGN-END -j DROP", "-A FOREIGN-LEADS -j FOREIGN-END") if "FOREIGN" in drift else ():
        firewall.tool(4, ("-t raw " if "raw" in drift else "") + line)
    firewall.tool(4, drift)
    lines = [step.line for step in firewall.converge(declared())]
    assert len(lines) == 1
    assert expected in lines[0]


def test_a_flush_of_everything_is_mended(firewall: Firewall) -> None:
    firewall.converge(declared())
    before = firewall.dump(4)
    for table in ("raw", "filter", "nat"):
        firewall.tool(4, "-t %s -F" % table)
        firewall.tool(4, "-t %s -X" % table)
    firewall.converge(declared())
    assert [line for line in firewall.dump(4) if line.startswith("-A")] == [line for line in before if line.startswith("-A")]


def test_the_administrators_chain_is_his(firewall: Firewall) -> None:
    firewall.converge(declared())
    firewall.tool(4, "-A CNET-USER -s 192.0.2.99 -j DROP")
    firewall.converge(declared(enable_icc=False))
    firewall.converge(())
    assert firewall.dump(4) == [
        "*filter", ":INPUT ACCEPT", ":FORWARD ACCEPT", ":OUTPUT ACCEPT", ":CNET-USER -", "-A CNET-USER -s 192.0.2.99/32 -j DROP", "COMMIT"
    ]  # fmt: skip
    assert firewall.dump(6) == []
    firewall.tool(4, "-F CNET-USER")
    firewall.converge(())
    assert firewall.dump(4) == []


def test_a_refusal_carries_the_tools_words(firewall: Firewall) -> None:
    firewall.converge(declared())
    firewall.tool(4, "-N ADMIN")
    firewall.tool(4, "-A ADMIN -j CNET-INPUT")
    with pytest.raises(FirewallError, match=r"iptables-\w+-restore failed with exit code \d+: .*CNET-INPUT"):
        firewall.converge(())


def test_a_held_lock_is_waited_for(host: Host) -> None:
    firewall = Firewall(host, "legacy")
    host.do("setsid flock /run/xtables.lock sleep 1 >/dev/null 2>&1 &")
    firewall.converge(declared())
    assert "-A FORWARD -j CNET-FORWARD" in firewall.dump(4)


def test_two_kernel_interfaces_in_use_are_named(host: Host) -> None:
    nft, legacy = Firewall(host, "nft"), Firewall(host, "legacy")
    nft.converge(declared())
    assert nft.backend.warnings(host.run) == ()
    legacy.tool(4, "-A INPUT -s 192.0.2.1 -j ACCEPT")
    (warning,) = nft.backend.warnings(host.run)
    assert "iptables-legacy-save shows 1 rules" in warning


# --- packets ---------------------------------------------------------------

BRIDGES = {"web/20": {"w1": 2, "w2": 3}, "db/30": {"d1": 2}, "vault/40": {"v1": 2, "v2": 3}, "quiet/50": {"q1": 2, "q2": 3}, "plain/60": {"p1": 2}}
OUTSIDE = {"out": 2, "peer": 3}
SSH, DNS, VXLAN = 22, 53, 4789


def at(name: str, family: int) -> str:
    """Return an address: of a container, `gw-NET`, `host` as `out` knows it, or an outside host."""
    for bridge, members in BRIDGES.items():
        title, net = bridge.split("/")
        octet = 1 if name == "gw-" + title else members.get(name)
        if octet:
            return "10.%s.0.%d" % (net, octet) if family == 4 else "fd00:%s::%d" % (net, octet)
    net = 2 if name == "host" else OUTSIDE[name]
    octet = 1 if name == "host" else 2
    return "192.0.%d.%d" % (net, octet) if family == 4 else "2001:db8:%d::%d" % (net, octet)


def lab_document(family: int, **options: object) -> Document:
    ports = [
        PublishedPort(8080, 80),
        PublishedPort(8053, 53, protocol="udp"),
        PublishedPort(8443, 5000, allowed_sources=(at("peer", family),)),
        PublishedPort(8444, 5000, host_ip="192.0.3.1" if family == 4 else "2001:db8:3::1"),
        PublishedPort(5001, 5001, 3),
    ]
    return Document(
        "main",
        (
            network("web", 20, **options),
            network("db", 30, host_access=("53/tcp",)),
            network("vault", 40, internal=True),
            network("quiet", 50, enable_icc=False, host_access="none"),
            network("plain", 60, masquerade=False),
        ),
        (
            endpoint("w1", "web", 20, 2, *ports),
            endpoint("v1", "vault", 40, 2, PublishedPort(8040, 80)),
            endpoint("q2", "quiet", 50, 3, PublishedPort(8055, 80)),
            endpoint("p1", "plain", 60, 2),
        ),
    )


# From, to, port, who answers and whose address he sees; a hidden one is seen by its gateway's or the host's address.
ALLOWED: List[Tuple[str, str, int, str, str]] = [
    ("out", "host", 8080, "w1", "out"),
    ("out", "host", 5003, "w1", "out"),
    ("out", "host", 8055, "q2", "out"),
    ("out", "host", SSH, "host", "out"),
    ("peer", "host", 8443, "w1", "peer"),
    ("d1", "host", 8080, "w1", "d1"),
    ("d1", "gw-db", 8080, "w1", "d1"),
    ("w2", "host", 8080, "w1", "gw-web"),
    ("w1", "host", 8080, "w1", "gw-web"),
    ("q1", "host", 8055, "q2", "gw-quiet"),
    ("q1", "host", 8080, "w1", "q1"),
    ("host", "host", 8080, "w1", "host"),
    ("host", "w1", 5000, "w1", "gw-web"),
    ("host", "v1", 5000, "v1", "gw-vault"),
    ("host", "gw-web", SSH, "host", "gw-web"),
    ("w1", "w2", 5000, "w2", "w1"),
    ("v1", "v2", 5000, "v2", "v1"),
    ("w1", "out", 5000, "out", "host"),
    ("q1", "out", 5000, "out", "host"),
    ("p1", "out", 5000, "out", "p1"),
    ("d1", "gw-db", DNS, "host", "d1"),
]
REFUSED: List[Tuple[str, str, int]] = [
    ("out", "w1", 5000),
    ("out", "w1", 80),
    ("out", "p1", 5000),
    ("out", "v1", 5000),
    ("out", "gw-web", SSH),
    ("out", "gw-plain", SSH),
    ("w1", "d1", 5000),
    ("w1", "gw-db", SSH),
    ("w1", "gw-web", SSH),
    ("w1", "host", SSH),
    ("d1", "gw-db", SSH),
    ("q1", "gw-quiet", SSH),
    ("q1@routed", "q2", 5000),
    ("v1", "out", 5000),
    ("v1", "w1", 5000),
    ("v1", "gw-vault", SSH),
    ("v1", "host", DNS),
]
# These need a translation to get anywhere, so they have no way through without rules either.
NOWHERE: List[Tuple[str, str, int]] = [
    ("out", "host", 5000),
    ("out", "host", 8443),
    ("out", "host", 8444),
    ("out", "host", 8040),
    ("v1", "host", 8080),
]


def probe(row: Tuple[str, str, int], family: int) -> Probe:
    return (row[0].split("@")[0], "tcp", at(row[1], family), row[2])


def table(host: Host, family: int, allowed: List[Tuple[str, str, int, str, str]], refused: List[Tuple[str, str, int]]) -> List[str]:
    """Return what differs from the truth table."""
    rows = [(row[0], row[1], row[2]) for row in allowed] + refused
    expected: List[Optional[str]] = ["%s %s" % (row[3], at(row[4], family)) for row in allowed]
    expected += [None] * len(refused)
    answers = host.ask([probe(row, family) for row in rows])
    return ["%s -> %s:%d: expected %s, got %s" % (*row, want, got) for row, want, got in zip(rows, expected, answers) if want != got]


@pytest.fixture
def lab(host: Host) -> Host:
    host.wire(BRIDGES, OUTSIDE)
    for name in ("w1", "w2", "d1", "v1", "v2", "q1", "q2", "p1", "out", "peer"):
        host.serve(name, 80, 5000, 5003, DNS, VXLAN)
    host.serve("host", SSH, DNS, VXLAN)
    host.call_firewall_for_bridged_frames(False)
    # On the segment itself, ports keep neighbours apart; over the gateway only the firewall does.
    host.do("bridge link set dev ve-q1 isolated on; bridge link set dev ve-q2 isolated on")
    host.do("ip -n q1 route add 10.50.0.3/32 via 10.50.0.1; ip -n q1 -6 route add fd00:50::3/128 via fd00:50::1")
    host.do("ip -n q2 route add 10.50.0.2/32 via 10.50.0.1; ip -n q2 -6 route add fd00:50::2/128 via fd00:50::1")
    return host


@pytest.mark.parametrize("family", [4, 6])
def test_the_truth_table(lab: Host, family: int) -> None:
    firewall = Firewall(lab, backends.variant_or("nft" if family == 4 else "legacy"))
    # Without rules all that must be refused arrives: the probes can see a hole.
    arrived = lab.ask([probe(row, family) for row in REFUSED])
    assert None not in arrived, [row for row, answer in zip(REFUSED, arrived) if answer is None]
    rules = compile_firewall(lab_document(family), forwarding_off=NONE)
    firewall.converge(rules)
    for policy in ("ACCEPT", "DROP"):
        firewall.tool(family, "-P FORWARD %s" % policy)
        assert table(lab, family, ALLOWED, REFUSED + NOWHERE) == [], policy
    if lab.call_firewall_for_bridged_frames(True):
        # The kernel then sends a translated frame straight to the port of its new address: back to the sender only
        # with the port's hairpin mode, and to an isolated neighbour only by a route to his own link.
        lab.do("bridge link set dev ve-w1 hairpin on")
        reached = probe(("q1", "host", 8055), family)
        assert lab.ask([reached]) == [None]
        lab.lead_to_own_links("br-quiet", at("gw-quiet", family), {"q1": at("q1", family), "q2": at("q2", family)})
        assert table(lab, family, ALLOWED, REFUSED + NOWHERE) == []
        lab.call_firewall_for_bridged_frames(False)
        assert table(lab, family, ALLOWED, REFUSED + NOWHERE) == []


@pytest.mark.parametrize("family", [4, 6])
def test_single_rules_carry_their_weight(lab: Host, family: int) -> None:
    """Take one defence away and the packet it stops arrives."""
    firewall = Firewall(lab, backends.variant_or("legacy" if family == 4 else "nft"))
    rules = compile_firewall(lab_document(family), forwarding_off=NONE)
    raw = tuple(rule for rule in rules if rule.table != "raw")

    firewall.converge(rules)
    assert lab.ask([("out", "udp", at("host", family), 8053)]) == ["w1 %s" % at("out", family)]
    # A container by its address: two defences, the second holds alone; without both it answers.
    direct = [probe(("out", "w1", 5000), family), probe(("w1", "d1", 5000), family)]
    firewall.converge(raw)
    assert lab.ask(direct) == [None, None]
    firewall.converge(tuple(rule for rule in rules if rule.rank != 39))
    assert lab.ask(direct) == [None, "d1 %s" % at("w1", family)]
    firewall.converge(tuple(rule for rule in raw if rule.rank != 39))
    assert lab.ask(direct) == ["w1 %s" % at("out", family), "d1 %s" % at("w1", family)]
    # A gateway from another network, though that network may use the whole host.
    open_host = compile_firewall(lab_document(family, host_access="all"), forwarding_off=NONE)
    firewall.converge(open_host)
    asked = [probe(("w1", "gw-web", SSH), family), probe(("w1", "gw-db", SSH), family)]
    assert lab.ask(asked) == ["host %s" % at("w1", family), None]
    firewall.converge(tuple(rule for rule in open_host if rule.rank != 7))
    assert None not in lab.ask(asked)
    # A trusted interface reaches its network, and no other.
    firewall.converge(compile_firewall(lab_document(family, trusted_interfaces=("up-out",)), forwarding_off=NONE))
    answers = lab.ask([probe(("out", "w1", 5000), family), probe(("out", "d1", 5000), family), probe(("peer", "w1", 5000), family)])
    assert answers == ["w1 %s" % at("out", family), None, None]
    # The administrator's word comes first.
    firewall.tool(family, "-A CNET-USER -s %s -j DROP" % at("out", family))
    assert lab.ask([probe(("out", "host", 8080), family), probe(("peer", "host", 8080), family)]) == [None, "w1 %s" % at("peer", family)]


@pytest.mark.parametrize("family", [4, 6])
def test_foreign_sources_and_foreign_forwarding(lab: Host, family: int) -> None:
    firewall = Firewall(lab, "nft")
    stranger = "172.31.9.9" if family == 4 else "fd99::9"
    nodad = "nodad" if family == 6 else ""
    lab.do("ip -n w1 addr add %s dev eth0 %s; ip route add %s dev br-web" % (stranger, nodad, stranger))
    lab.do("ip -n out route add %s via %s" % (stranger, at("host", family)))
    spoofed: Probe = ("w1@" + stranger, "udp", at("out", family), 5000)
    through: Probe = ("out", "tcp", at("peer", family), 5000)
    assert lab.ask([spoofed, through]) == ["out %s" % stranger, "peer %s" % at("out", family)]
    firewall.converge(compile_firewall(lab_document(family), forwarding_off=NONE))
    assert lab.ask([spoofed, through]) == [None, "peer %s" % at("out", family)]
    firewall.converge(compile_firewall(lab_document(family), forwarding_off=frozenset((4, 6))))
    assert lab.ask([spoofed, through]) == [None, None]
    lab.do("ip -n w1 addr del %s dev eth0" % stranger)
    assert table(lab, family, ALLOWED, []) == []
    # Whoever forwards on purpose says so, and is heard.
    firewall.tool(family, "-I FORWARD 2 -i up-out -o up-peer -j ACCEPT")
    firewall.tool(family, "-I FORWARD 2 -o up-out -i up-peer -j ACCEPT")
    assert lab.ask([through]) == ["peer %s" % at("out", family)]


@pytest.mark.threat("S13", "T22", backends=("iptables",))
@pytest.mark.parametrize("family", [4, 6])
def test_who_flushes_one_table_opens_nothing(lab: Host, family: int) -> None:
    """Another tool takes the isolation away: what is published must not stand without it, and the other table holds."""
    firewall = Firewall(lab, backends.variant_or("legacy" if family == 4 else "nft"))
    rules = compile_firewall(lab_document(family), forwarding_off=NONE)
    reached = [probe(row, family) for row in ALLOWED]
    published = [row for row in ALLOWED if row[2] in (8080, 8443, 8055, 5003) and row[:2] != ("w2", "host") and row[:2] != ("w1", "host") and row[0] != "host"]

    def without(table: str) -> None:
        firewall.converge(rules)
        firewall.tool(family, "-t %s -F" % table)
        firewall.tool(family, "-t %s -X" % table)

    without("mangle")
    assert table(lab, family, ALLOWED, REFUSED + NOWHERE) == []
    without("filter")
    assert table(lab, family, [], [(row[0], row[1], row[2]) for row in published] + REFUSED + NOWHERE) == []
    # Without the second table all of that passes: it is what holds.
    firewall.tool(family, "-t mangle -F")
    open_now = [(row[0], row[1], row[2]) for row in published] + [("w1", "d1", 5000), ("w1", "gw-web", SSH)]
    assert None not in lab.ask([probe(row, family) for row in open_now])
    # An administrator's ACCEPT decides as before, and the next run mends everything.
    firewall.converge(rules)
    assert None not in lab.ask(reached)
    firewall.tool(family, "-A CNET-USER -i br-web -o br-db -j ACCEPT")
    assert lab.ask([probe(("w1", "d1", 5000), family)]) == ["d1 %s" % at("w1", family)]


@pytest.mark.threat("S6", backends=("iptables",))
@pytest.mark.parametrize("family", [4, 6])
def test_a_container_speaks_to_the_host_as_itself(lab: Host, family: int) -> None:
    """A source it has not would pass for one that a published port allows, and slip into the flow of the one it names."""
    firewall = Firewall(lab, backends.variant_or("nft" if family == 4 else "legacy"))
    forged = at("peer", family)
    lab.do("ip -n q1 addr add %s dev lo; sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.br-quiet.rp_filter=0" % forged)
    document = lab_document(family)
    w1 = replace(document.endpoints[0], ports=(PublishedPort(8060, 6000, protocol="udp", allowed_sources=(forged,)),))
    rules = compile_firewall(replace(document, endpoints=(w1,)), forwarding_off=NONE)

    def arrives(speaker: str) -> bool:
        return lab.hears("w1", 6000, speaker, forged, at("host", family), 8060)

    # Each of two defences stops it alone.
    firewall.converge(tuple(rule for rule in rules if rule.rank not in (11, 29)))
    assert arrives("q1")
    for left in (11, 29):
        firewall.converge(tuple(rule for rule in rules if rule.rank not in {11, 29} - {left}))
        assert not arrives("q1"), left
    firewall.converge(rules)
    assert not arrives("q1")
    assert arrives("peer")
    assert table(lab, family, [row for row in ALLOWED if row[2] not in (8080, 8443, 8055, 5003)], REFUSED) == []


@pytest.mark.parametrize("family", [4, 6])
def test_a_service_of_the_host_is_reached_where_all_else_is_dropped(lab: Host, family: int) -> None:
    """The whole flow, not only what opens it; and no more than was asked for."""
    firewall = Firewall(lab, backends.variant_or("nft" if family == 4 else "legacy"))
    firewall.converge(compile_firewall(lab_document(family), forwarding_off=NONE))
    firewall.tool(family, "-P INPUT DROP")
    asked = [("d1", "tcp", at("gw-db", family), DNS), ("d1", "tcp", at("gw-db", family), SSH), ("w1", "tcp", at("gw-web", family), DNS)]
    assert lab.ask([*asked, ("host", "tcp", at("w1", family), 5000)]) == ["host %s" % at("d1", family), None, None, "w1 %s" % at("gw-web", family)]


@pytest.mark.parametrize("family", [4, 6])
def test_vxlan_comes_from_peers_only(lab: Host, family: int) -> None:
    firewall = Firewall(lab, backends.variant_or("legacy" if family == 4 else "nft"))
    vtep = "192.0.3.1" if family == 4 else "2001:db8:3::1"
    overlay = OverlayNetwork(
        "mesh",
        (Subnet("10.70.0.0/24"),),
        bridge_name="br-mesh",
        vxlan_name="vx-mesh",
        vni=42,
        udp_port=VXLAN,
        vtep_address=vtep,
        peers=(Peer("here", vtep), Peer("peer", at("peer", family))),
    )
    asked: List[Probe] = [
        ("peer", "udp", vtep, VXLAN),
        ("out", "udp", vtep, VXLAN),
        ("w1", "udp", vtep, VXLAN),
        ("w1", "udp", at("peer", family), VXLAN),
        ("w1", "udp", at("peer", family), 5000),
    ]
    # The bridges belong to another scope than the overlay, and their containers may use the whole host.
    firewall.converge(tuple(rule for rule in compile_firewall(lab_document(family), forwarding_off=NONE) if rule.chain != "CNET-INPUT"))
    assert None not in lab.ask(asked)
    for underlay, reached in ((None, True), ("up-peer", True), ("up-out", False)):
        rules = compile_firewall(Document("mesh", (replace(overlay, underlay_interface=underlay),)), forwarding_off=NONE)
        # A probe shows no VNI; those are for test_vxlan_doors.
        firewall.converge(tuple(replace(rule, vni=None) for rule in rules), "mesh")
        assert [bool(answer) for answer in lab.ask(asked)] == [reached, False, False, False, True], underlay


@pytest.mark.parametrize("family", [4, 6])
def test_gateways_are_found_and_answer_their_own(lab: Host, family: int) -> None:
    firewall = Firewall(lab, "nft")
    rules = compile_firewall(lab_document(family), forwarding_off=NONE)

    def answers() -> Tuple[bool, ...]:
        """Forget all neighbours, then: the own gateway, another network's, that of `host_access: none`, and out through the latter."""
        lab.do("ip neigh flush all; for n in w1 q1; do ip -n $n neigh flush all; done")
        asked = (("w1", "gw-web"), ("w1", "gw-db"), ("q1", "gw-quiet"), ("q1", "out"))
        return tuple(lab.pings(where, at(whom, family)) for where, whom in asked)

    assert answers() == (True, True, True, True)
    firewall.converge(rules)
    assert answers() == (True, False, False, True)
    if family == 6:
        firewall.converge(tuple(rule for rule in rules if rule.icmp_type is None))
        assert answers()[3] is False


@pytest.mark.parametrize("family", [4, 6])
def test_what_tracking_cannot_place_does_not_leave(lab: Host, family: int) -> None:
    """A reset without a connection would not be masqueraded, and show the container's address outside."""
    firewall = Firewall(lab, "nft")
    rules = compile_firewall(lab_document(family), forwarding_off=NONE)
    lab.do("sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=0")
    firewall.converge(tuple(rule for rule in rules if rule.rank != 12))
    assert lab.leaks_reset("w1", at("w1", family), "out", at("out", family))
    firewall.converge(rules)
    assert not lab.leaks_reset("w1", at("w1", family), "out", at("out", family))
