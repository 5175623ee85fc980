# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who reaches whom, by real packets: what a declaration allows passes, and what it forbids does not, in both families."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Dict, List, Optional, Sequence, Tuple

import pytest
from harness.declarations import endpoint, network
from harness.engine import Declaration, Tools, check, converge, give_uplink, settle
from harness.host import filter_bridged_frames, inside, sh
from harness.traffic import Question, Server, ask, ask_one, await_addresses

pytestmark = pytest.mark.fake_host()

SUBNETS = {"web": 20, "other": 21, "dark": 22, "apart": 23}
# endpoint: (network, last number)
PLACES = {
    "w1": ("web", 10),
    "w2": ("web", 11),
    "w3": ("web", 12),
    "o1": ("other", 10),
    "d1": ("dark", 10),
    "d2": ("dark", 11),
    "p1": ("apart", 10),
    "p2": ("apart", 11),
}
HOST = {4: "192.0.2.1", 6: "2001:db8:2::1"}
OUTSIDE = {4: "192.0.2.2", 6: "2001:db8:2::2"}
LISTENED = (80, 5000)


def address(name: str, family: int) -> str:
    place, number = PLACES[name]
    return "10.%d.0.%d" % (SUBNETS[place], number) if family == 4 else "fd00:%d::%d" % (SUBNETS[place], number)


def gateway(name: str, family: int) -> str:
    return "10.%d.0.1" % SUBNETS[name] if family == 4 else "fd00:%d::1" % SUBNETS[name]


def declare(**options: Dict[str, object]) -> Declaration:
    networks = [
        network(
            name,
            {"subnet": "10.%d.0.0/24" % n, "gateway": gateway(name, 4)},
            {"subnet": "fd00:%d::/64" % n, "gateway": gateway(name, 6)},
            **options.get(name, {}),
        )
        for name, n in SUBNETS.items()
    ]
    ports = {
        "w1": [
            "8080:80/tcp",
            "8053:5000/udp",
            {"published": 8443, "target": 80, "host_ip": HOST[4]},
            {"published": 8444, "target": 80, "allowed_sources": ["198.51.100.0/24", "2001:db8:51::/64"]},
            {"published": 8445, "target": 80, "allowed_sources": ["192.0.2.0/24", "2001:db8:2::/64"]},
        ],
        "p1": ["9090:80/tcp"],
    }
    endpoints = [
        endpoint(name, {"name": place, "ipv4_address": address(name, 4), "ipv6_address": address(name, 6)}, ports=ports.get(name, []))
        for name, (place, _number) in PLACES.items()
    ]
    return Declaration(networks, endpoints)


DECLARED = declare(dark={"internal": True}, apart={"enable_icc": False})
# (from, protocol, to, port, who answers); the target is an endpoint, "host", "outside" or the gateway of a network as "@web".
Row = Tuple[str, str, str, int, Optional[str]]
TABLE: List[Row] = [
    ("w1", "tcp", "w2", 80, "w2"),
    ("w2", "udp", "w1", 5000, "w1"),
    ("d1", "tcp", "d2", 80, "d2"),
    ("d2", "udp", "d1", 5000, "d1"),
    ("p1", "tcp", "p2", 80, None),
    ("p2", "udp", "p1", 5000, None),
    ("p2", "tcp", "host", 9090, "p1"),
    ("w1", "tcp", "o1", 80, None),
    ("o1", "udp", "w1", 5000, None),
    ("w1", "tcp", "d1", 80, None),
    ("d1", "tcp", "w1", 80, None),
    ("p1", "tcp", "w1", 80, None),
    ("w1", "tcp", "outside", 80, "outside"),
    ("w1", "udp", "outside", 5000, "outside"),
    ("o1", "tcp", "outside", 80, "outside"),
    ("p1", "tcp", "outside", 80, "outside"),
    ("d1", "tcp", "outside", 80, None),
    ("d1", "udp", "outside", 5000, None),
    ("d1", "tcp", "host", 80, None),
    ("d1", "tcp", "host", 8080, None),
    ("outside", "tcp", "host", 8080, "w1"),
    ("outside", "udp", "host", 8053, "w1"),
    ("outside", "tcp", "host", 9090, "p1"),
    ("outside", "tcp", "host", 8444, None),
    ("outside", "tcp", "host", 8445, "w1"),
    ("outside", "tcp", "host", 8081, None),
    ("outside", "udp", "host", 8080, None),
    ("outside", "tcp", "w1", 80, None),
    ("outside", "tcp", "w1", 5000, None),
    ("outside", "udp", "o1", 5000, None),
    ("outside", "tcp", "d1", 80, None),
    ("outside", "tcp", "@web", 80, None),
    ("w1", "tcp", "host", 8080, "w1"),
    ("w2", "tcp", "host", 8080, "w1"),
    ("w1", "udp", "host", 8053, "w1"),
    ("o1", "tcp", "host", 8080, "w1"),
    ("o1", "udp", "host", 8053, "w1"),
    ("w1", "tcp", "host", 80, None),
    ("w1", "tcp", "@web", 80, None),
    ("o1", "tcp", "@web", 80, None),
    ("host", "tcp", "w1", 80, "w1"),
    ("host", "udp", "d1", 5000, "d1"),
    ("host", "tcp", "host", 8080, "w1"),
    ("host", "tcp", "host", 80, "host"),
    ("outside", "tcp", "host", 80, "host"),
]

# With br_netfilter a translated frame goes straight from port to port, and isolated ports do not hear each other, published or not.
ISOLATED_BY_BRIDGE: List[Row] = [("p2", "tcp", "host", 9090, "p1")]


def resolve(name: str, family: int) -> str:
    if name.startswith("@"):
        return gateway(name[1:], family)
    return {"host": HOST, "outside": OUTSIDE}.get(name, {}).get(family) or address(name, family)


def truth(rows: List[Row]) -> List[str]:
    """Ask all rows in both families and return those with another answer. Who should answer and does not is asked again: a busy kernel loses packets."""
    wrong = _wrong([(row, family) for row in rows for family in (4, 6)])
    silent = [asked for asked, answer in wrong if answer is None]
    wrong = [(asked, answer) for asked, answer in wrong if answer is not None] + (_wrong(silent) if silent else [])
    return [
        "%s %s → %s:%d over IPv%d: expected %s, got %s" % (origin, protocol, to, port, family, who, answer)
        for ((origin, protocol, to, port, who), family), answer in wrong
    ]


def _wrong(rows: List[Tuple[Row, int]]) -> List[Tuple[Tuple[Row, int], Optional[str]]]:
    questions: List[Question] = [("" if row[0] == "host" else row[0], row[1], resolve(row[2], family), row[3]) for row, family in rows]
    return [(asked, answer) for asked, answer in zip(rows, ask(questions)) if (answer.split(" ")[0] if answer else None) != asked[0][4]]


def raise_network(declaration: Declaration) -> None:
    give_uplink()
    converge(declaration)
    # The outside knows the way to every container, as a hostile neighbour would.
    for n in SUBNETS.values():
        sh("ip -n outside route add 10.%d.0.0/24 via 192.0.2.1; ip -n outside -6 route add fd00:%d::/64 via 2001:db8:2::1" % (n, n))
    for name in (*PLACES, "outside", "host"):
        Server("" if name == "host" else name, name, LISTENED)
    await_addresses("", "outside", *PLACES)


# An accept of nftables in one table is none in another, so who drops all else by iptables has to publish by iptables.
@pytest.mark.threat("T1", "T2", "T4", "T5", "T6", "T7", "T15")
@pytest.mark.parametrize(("firewall", "policy"), [("iptables", "ACCEPT"), ("iptables", "DROP"), ("nftables", "ACCEPT")])
@pytest.mark.parametrize("bridged", [False, True])
def test_truth_table(firewall: str, policy: str, bridged: bool) -> None:
    if filter_bridged_frames(bridged) < bridged:
        pytest.skip("tests/vm runs this on a kernel with br_netfilter, which this one lacks")
    sh("iptables -P FORWARD %s; ip6tables -P FORWARD %s" % (policy, policy))
    raise_network(replace(DECLARED, firewall=firewall))
    wrong = truth([row for row in TABLE if not (bridged and row in ISOLATED_BY_BRIDGE)])
    assert wrong == [], "\n".join(wrong)


# Who reaches what of w1 by tcp, udp and icmp. Published: at the host's address; unpublished: at its own; loopback: the published ports at that of the host.
MATRIX: Dict[str, Dict[str, str]] = {
    "published": {"host": "tui", "w1": "tu", "w2": "tu", "o1": "tu", "outside": "tui"},
    "unpublished": {"host": "tui", "w2": "tui", "o1": "", "outside": ""},
    "loopback": {"host": "i"},
}
PUBLISHED, OWN = {"tcp": 8080, "udp": 8053}, {"tcp": 80, "udp": 5000}
LOOPBACK = {4: "127.0.0.1", 6: "::1"}


def reached(kind: str, origin: str, family: int) -> str:
    target = {"published": HOST, "loopback": LOOPBACK}.get(kind, {}).get(family) or address("w1", family)
    space, ports = "" if origin == "host" else origin, OWN if kind == "unpublished" else PUBLISHED
    tcp, udp = ask([(space, protocol, target, ports[protocol]) for protocol in ("tcp", "udp")])
    pinged = "1 received" in sh("ping -n -c 1 -W 1 %s || true" % target, space)
    return "t" * ((tcp or "").startswith("w1 ")) + "u" * ((udp or "").startswith("w1 ")) + "i" * pinged


def test_both_backends_let_the_same_through_on_the_way_from_one_to_the_other() -> None:
    """And at no moment of the way is anything published that is not isolated."""
    raise_network(replace(DECLARED, firewall="iptables"))
    between: List[str] = []

    def around(moment: str, argv: Sequence[str]) -> None:
        if moment == "after" and (argv[0].endswith("-restore") or argv[:2] == ["nft", "-f"]):
            always = [row for row in TABLE if (row[0], row[2], row[3]) in (("outside", "w1", 5000), ("o1", "w1", 5000), ("p1", "p2", 80))]
            assert len(always) == 3
            between.extend([argv[0], *truth([*always, ("outside", "udp", "host", 8053, "w1")])])

    for firewall in ("iptables", "nftables", "iptables"):
        between.clear()
        converge(replace(DECLARED, firewall=firewall), tools=Tools(around=around))
        cells = [(kind, origin, family) for kind, row in MATRIX.items() for origin in row for family in (4, 6)]
        assert {cell: reached(*cell) for cell in cells} == {(kind, origin, family): MATRIX[kind][origin] for kind, origin, family in cells}
        assert between in ([], ["nft", "iptables-restore", "ip6tables-restore"], ["iptables-restore", "ip6tables-restore", "nft"])
    assert len(between) == 3


def test_the_probes_see_what_is_open() -> None:
    """Without our rules the forbidden ways are open: so it is the rules that close them."""
    raise_network(DECLARED)
    closed = [row for row in TABLE if row[4] is None and row[0] == "outside" and row[2] in PLACES]
    assert truth(closed) == []
    chains = "PREROUTING FORWARD INPUT POSTROUTING"
    sh("for t in iptables ip6tables; do for n in raw mangle filter; do for c in %s; do $t -t $n -F $c 2>/dev/null || true; done; done; done" % chains)
    assert len(truth(closed)) >= len(closed)


def test_the_probes_see_what_is_open_without_our_table() -> None:
    raise_network(replace(DECLARED, firewall="nftables"))
    closed = [row for row in TABLE if row[4] is None and row[0] == "outside" and row[2] in PLACES]
    assert truth(closed) == []
    sh("nft delete table inet container_net")
    assert len(truth(closed)) >= len(closed)


@pytest.mark.threat("T23")
@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
def test_sources_are_rewritten_only_on_the_way_out(firewall: str) -> None:
    raise_network(replace(DECLARED, firewall=firewall))
    questions: List[Question] = [("w1", "tcp", OUTSIDE[family], 80) for family in (4, 6)]
    questions += [("outside", "tcp", HOST[family], 8080) for family in (4, 6)]
    questions += [("o1", "tcp", HOST[family], 8080) for family in (4, 6)]
    questions += [("w2", "tcp", address("w1", family), 80) for family in (4, 6)]
    expected = ["outside " + HOST[4], "outside " + HOST[6], "w1 " + OUTSIDE[4], "w1 " + OUTSIDE[6]]
    expected += ["w1 " + address("o1", 4), "w1 " + address("o1", 6), "w1 " + address("w2", 4), "w1 " + address("w2", 6)]
    assert ask(questions) == expected


@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
def test_a_published_port_on_one_address_only(firewall: str) -> None:
    give_uplink()
    sh("ip address add 192.0.2.7/24 dev eth0")
    converge(replace(DECLARED, firewall=firewall))
    Server("w1", "w1", LISTENED)
    await_addresses("", "w1", "outside")
    assert ask([("outside", "tcp", HOST[4], 8443), ("outside", "tcp", "192.0.2.7", 8443), ("outside", "tcp", "192.0.2.7", 8080)]) == [
        "w1 192.0.2.2",
        None,
        "w1 192.0.2.2",
    ]


@pytest.mark.parametrize("firewall", ["iptables", "nftables"])
def test_a_published_port_on_an_address_that_comes_later(firewall: str) -> None:
    give_uplink()
    ports = [{"published": 8443, "target": 80, "host_ip": item, "host_ip_nonlocal": True} for item in ("192.0.2.7", "2001:db8:2::7")]
    w1 = endpoint("w1", {"name": "web", "ipv4_address": address("w1", 4), "ipv6_address": address("w1", 6)}, ports=ports)
    declared = replace(DECLARED, endpoints=[w1], firewall=firewall)
    settle(declared)
    Server("w1", "w1", LISTENED)
    questions: List[Question] = [("outside", "tcp", item, 8443) for item in ("192.0.2.7", "2001:db8:2::7")]
    assert ask(questions, 0.5) == [None, None]
    sh("ip address add 192.0.2.7/24 dev eth0; ip address add 2001:db8:2::7/64 dev eth0 nodad")
    await_addresses("", "w1", "outside")
    assert ask([*questions, ("outside", "tcp", HOST[4], 8443)]) == ["w1 192.0.2.2", "w1 2001:db8:2::2", None]
    assert check(declared) == []


def test_what_is_removed_is_no_longer_reached() -> None:
    raise_network(DECLARED)
    assert truth([("outside", "tcp", "host", 8080, "w1"), ("outside", "udp", "host", 8053, "w1")]) == []
    fewer = Declaration(DECLARED.networks, [{**item, "ports": []} for item in DECLARED.endpoints])
    converge(fewer)
    assert truth([("outside", "tcp", "host", 8080, None), ("outside", "udp", "host", 8053, None)]) == []


@pytest.mark.parametrize("how", ["another MAC", "another pair", "another namespace"])
def test_a_replaced_endpoint_is_reached_at_once_by_a_warm_neighbour(how: str) -> None:
    """Without an announcement a neighbour goes on sending to the old MAC for up to a minute."""
    raise_network(DECLARED)
    rows: List[Row] = [("w2", "udp", "w1", 5000, "w1"), ("w2", "tcp", "w1", 80, "w1"), ("host", "udp", "w1", 5000, "w1")]
    assert truth(rows) == []
    attachment = {"name": "web", "ipv4_address": address("w1", 4), "ipv6_address": address("w1", 6), "mac_address": "02:00:00:00:07:07"}
    new = endpoint("w1", attachment)
    if how == "another pair":
        new = endpoint("w1", {**attachment, "interface_name": "net7"})
    elif how == "another namespace":
        new = {**endpoint("w9", attachment), "name": "w9"}
    others = [item for item in DECLARED.endpoints if item["name"] != "w1"]
    converge(Declaration(DECLARED.networks, [new, *others]))
    if how == "another namespace":
        Server("w9", "w1", LISTENED)
    started = time.monotonic()
    assert first_answer_within(1.0)
    assert time.monotonic() - started < 1.0
    assert truth(rows) == []


def test_addresses_that_change_places_are_found_at_once() -> None:
    """No link comes up and no MAC changes here, so the kernel tells nobody: the announcement is ours."""

    def placed(first: str, second: str) -> Declaration:
        changed = {"w1": (first, "02:00:00:00:07:01"), "w2": (second, "02:00:00:00:07:02")}
        moved = [
            endpoint(name, {"name": "web", "ipv4_address": address(at, 4), "ipv6_address": address(at, 6), "mac_address": mac})
            for name, (at, mac) in changed.items()
        ]
        return Declaration(DECLARED.networks, [*moved, *(item for item in DECLARED.endpoints if item["name"] not in changed)])

    raise_network(placed("w1", "w2"))
    assert truth([("w3", "udp", "w1", 5000, "w1"), ("w3", "udp", "w2", 5000, "w2")]) == []
    converge(placed("w2", "w1"))
    assert first_answer_within(1.0, "w3")
    assert truth([("w3", "udp", "w1", 5000, "w2"), ("w3", "udp", "w2", 5000, "w1")]) == []


def first_answer_within(seconds: float, origin: str = "w2") -> bool:
    """Ask both families from the warm neighbour until both have answered."""

    def persist() -> bool:
        end = time.monotonic() + seconds
        missing = [4, 6]
        while missing and time.monotonic() < end:
            missing = [family for family in missing if ask_one(("", "udp", address("w1", family), 5000), 0.1) is None]
        return not missing

    return inside(origin, persist)
