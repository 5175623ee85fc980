# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies on one host, by real packets and by the steps that they take."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Dict, List, Optional, Sequence

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, converge, give_uplink, lines, settle
from harness.flows import Ask, Clients, Echo
from harness.host import filter_bridged_frames, sh
from harness.module import run_module
from harness.restarts import container_net, own_disk
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Question, Server, ask, await_addresses

pytestmark = pytest.mark.fake_host()
BACKENDS = ("iptables", "nftables")
DB4, DB6 = {"subnet": "10.22.0.0/24", "gateway": "10.22.0.1"}, {"subnet": "fd00:22::/64", "gateway": "fd00:22::1"}
BLOCKS = {"web": 20, "db": 22, "far": 24}
Map = Dict[str, Any]


def at(name: str, number: int, net: str = "web", **options: Any) -> Map:
    attached = {"name": net, "ipv4_address": "10.%d.0.%d" % (BLOCKS[net], number), "ipv6_address": "fd00:%d::%d" % (BLOCKS[net], number)}
    return endpoint(name, attached, **options)


def declare(backend: str, *policies: Map, web: Optional[Map] = None, db: Optional[Map] = None, more: Sequence[Map] = ()) -> Declaration:
    endpoints = [
        at("a", 10, groups=["front"], ports=["8080:80/tcp"]),
        at("b", 11, groups=["front", "back"]),
        at("c", 12),
        at("d", 10, "db", groups=["store"]),
        *more,
    ]
    return Declaration([network("web", V4, V6, **(web or {})), network("db", DB4, DB6, **(db or {}))], endpoints, policies=policies, firewall=backend)


def policy(name: str, action: str, source: Optional[Map] = None, target: Optional[Map] = None, **options: Any) -> Map:
    sides = {key: side for key, side in (("from", source), ("to", target)) if side is not None}
    return {"name": name, **sides, "action": action, **options}


NO_C = policy("no-c", "deny", {"endpoints": ["c"]}, {"endpoints": ["b"]}, log=True)
FRONT_STORE = policy("front-store", "allow", {"groups": ["front"]}, {"groups": ["store"]}, ports=["80/tcp", "5000-5010/udp"])


def start(seen: bool = True) -> None:
    give_uplink()
    filter_bridged_frames(seen)


def both(source: str, protocol: str, net: str, number: int, port: int) -> List[Question]:
    return [(source, protocol, address % (BLOCKS[net], number), port) for address in ("10.%d.0.%d", "fd00:%d::%d")]


def names(questions: Sequence[Question], patience: float = 5.0) -> List[Optional[str]]:
    return [answer and answer.split()[0] for answer in ask(questions, patience)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_neighbours_and_other_networks_by_name(backend: str) -> None:
    start()
    before = take_snapshot()
    settle(declare(backend, NO_C, FRONT_STORE))
    for name in "abcd":
        Server(name, name, [80, 81, 5000])
    await_addresses("a", "b", "c", "d", "")
    passing = [*both("c", "tcp", "web", 10, 80), *both("a", "tcp", "web", 11, 80), *both("a", "tcp", "db", 10, 80), *both("b", "udp", "db", 10, 5000)]
    refused = [*both("c", "tcp", "web", 11, 80), *both("c", "udp", "web", 11, 5000), *both("a", "tcp", "db", 10, 81), *both("c", "tcp", "db", 10, 80)]
    assert names(passing) == ["a"] * 2 + ["b"] * 2 + ["d"] * 4
    assert names([*refused, *both("d", "tcp", "web", 10, 80)], 0.6) == [None] * 10
    # On one segment there is another way to speak.
    link_local = sh("ip -6 -br address show dev eth0 scope link", "b").split()[2].partition("/")[0]
    assert "1 received" in sh("ping -c1 -W2 %s%%eth0" % link_local, "a")
    assert "0 received" in sh("ping -c1 -W1 %s%%eth0 || true" % link_local, "c")
    assert count_logged(backend) > 0
    settle(None)
    assert_same(before)


def count_logged(backend: str) -> int:
    """Return how many packets went through the rules that log them."""
    if backend == "nftables":
        return sum(map(int, re.findall(r"counter packets (\d+) .*cnet-deny:no-c ", sh("nft list table inet container_net"))))
    saved = sh("iptables-save -c -t security; ip6tables-save -c -t security")
    return sum(map(int, re.findall(r'^\[(\d+):\d+\].*-j LOG --log-prefix "cnet-deny:no-c "', saved, re.MULTILINE)))


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_closed_by_default_opens_by_name_and_by_publication(backend: str) -> None:
    start()
    world = {"cidrs": ["192.0.2.2", "2001:db8:2::/64"]}
    closed = {"default_policy": "deny", "default_egress": "deny"}
    allowed = [policy("inside", "allow", {"endpoints": ["a"]}, {"endpoints": ["c"]}), policy("out", "allow", {"endpoints": ["b"]}, world, ports=["80/tcp"])]
    settle(declare(backend, *allowed, policy("in", "allow", world, {"groups": ["store"]}, ports=["81/tcp"]), web=closed))
    for name in ("a", "b", "c", "d", "outside"):
        Server(name, name, [80, 81])
    sh("ip -n outside route add 10.20.0.0/14 via 192.0.2.1; ip -n outside route add fd00::/16 via 2001:db8:2::1")
    await_addresses("a", "b", "c", "d", "outside", "")
    out = [("b", "tcp", address, 80) for address in ("192.0.2.2", "2001:db8:2::2")]
    published = [("outside", "tcp", address, 8080) for address in ("192.0.2.1", "2001:db8:2::1")]
    passing = [*both("a", "tcp", "web", 12, 80), *out, *published, *both("outside", "tcp", "db", 10, 81)]
    assert names(passing) == ["c", "c", "outside", "outside", "a", "a", "d", "d"]
    refused = [
        *both("c", "tcp", "web", 10, 80),
        *both("a", "tcp", "web", 11, 80),
        *(("b", "tcp", address, 81) for address in ("192.0.2.2", "2001:db8:2::2")),
        *(("c", "tcp", address, 80) for address in ("192.0.2.2", "2001:db8:2::2")),
        *both("outside", "tcp", "web", 10, 80),
        *both("outside", "tcp", "db", 10, 80),
    ]
    assert names(refused, 0.6) == [None] * len(refused)
    # The same questions pass where nothing is closed.
    settle(declare(backend, policy("in", "allow", world, {"networks": ["web", "db"]})))
    assert None not in names(refused)
    # What is published is closed by whoever says so.
    settle(declare(backend, policy("not-even-so", "deny", world, {"endpoints": ["a"]})))
    assert names(published, 0.6) == [None, None]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_member_more_is_an_entry_more(backend: str) -> None:
    start()
    settle(declare(backend, NO_C, FRONT_STORE))
    handles = sh("nft -a list table inet container_net; iptables-save -t nat") if backend == "nftables" else ""
    done = settle(declare(backend, NO_C, FRONT_STORE, more=[at("e", 13, groups=["front"])]))
    rules = [line for line in done if "chain" in line or "firewall" in line]
    assert len(rules) == 4, rules  # both families, where it is judged and where it is let in
    assert all(re.search(r"^~ .*CNET-PF-", line) for line in rules), rules
    if backend == "nftables":
        assert re.findall(r"^\t\t(?!elements|\s).* # handle \d+$", handles, re.MULTILINE)
        after = sh("nft -a list table inet container_net; iptables-save -t nat")
        assert [line for line in handles.splitlines() if "# handle" in line] == [line for line in after.splitlines() if "# handle" in line]
        assert "10.20.0.13" in after
    Server("d", "d", [80])
    await_addresses("d", "e", "")
    assert names(both("e", "tcp", "db", 10, 80)) == ["d", "d"]
    # The other backend takes it all over, and nothing of this one stays.
    (other,) = set(BACKENDS) - {backend}
    settle(declare(other, NO_C, FRONT_STORE))
    left = sh("iptables-save; ip6tables-save") if other == "nftables" else sh("nft list tables inet")
    assert "CNET-P" not in left
    assert "container_net" not in left
    assert names(both("a", "tcp", "db", 10, 80)) == ["d", "d"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_no_longer_allowed_ends(backend: str) -> None:
    start()
    allowed = declare(backend, FRONT_STORE, policy("c-store", "allow", {"endpoints": ["c"]}, {"groups": ["store"]}))
    settle(allowed)
    for name in ("a", "b", "c", "d"):
        Echo(name, name, [80, 5000])
    await_addresses("a", "b", "c", "d", "")
    asks = [Ask(*question) for question in (*both("a", "tcp", "db", 10, 80), *both("c", "tcp", "db", 10, 80), *both("c", "tcp", "web", 11, 80))]
    clients = Clients(asks)
    assert clients.beat(["d"] * 4 + ["b"] * 2) == ["d"] * 4 + ["b"] * 2
    # One policy is withdrawn: its flows end, and all others go on.
    done = settle(declare(backend, FRONT_STORE))
    assert len([line for line in done if line.startswith("- flows ")]) == 2, done
    assert clients.beat(["d", "d", None, None, "b", "b"]) == ["d", "d", None, None, "b", "b"]
    # A denial comes, among neighbours.
    settle(declare(backend, FRONT_STORE, NO_C))
    assert clients.beat(["d", "d", None, None, None, None]) == ["d", "d", None, None, None, None]


def test_nobody_promises_what_the_host_does_not_see() -> None:
    start(seen=False)
    sound = declare("auto", FRONT_STORE)
    settle(sound)
    closed = declare("auto", web={"default_policy": "deny"})
    for faulty, words in ((declare("auto", NO_C), r"policies\[no-c\]: .*br_netfilter"), (closed, r"networks\[web\].default_policy: .*br_netfilter")):
        with pytest.raises(InputError, match=words):
            converge(faulty)
    with pytest.raises(InputError, match="firewall_backend none"):
        converge(replace(declare("none", NO_C)))
    filter_bridged_frames(True)
    settle(declare("auto", NO_C))


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_is_told_explained_and_kept(backend: str) -> None:
    own_disk()
    start()
    closed = declare(backend, NO_C, FRONT_STORE, policy("to-net", "allow", {"cidrs": ["192.0.2.0/24"]}, {"networks": ["db"]}), db={"default_policy": "deny"})
    outcome = converge(closed, persist=True)
    assert [word for word in outcome.words if " policy " in word] == ["+ policy front-store", "+ policy no-c", "+ policy to-net"]
    assert lines(converge(closed, persist=True)) == []
    told = run_module("topology_info", firewall_backend=backend)["policies"]
    assert [(row["name"], row["action"], row["log"], row["ports"]) for row in told] == [
        ("no-c", "deny", True, []),
        ("front-store", "allow", False, ["80/tcp", "5000-5010/udp"]),
        ("to-net", "allow", False, []),
    ]
    assert {"10.20.0.12", "fd00:20::12"} < set(told[0]["from"])
    assert {"10.20.0.11", "fd00:20::11"} < set(told[0]["to"])
    assert (told[2]["from"], told[2]["to"]) == (["192.0.2.0/24"], ["br-db"])
    Server("b", "b", [80])
    Server("d", "d", [80])
    for words, key in (
        (("c", "b:80"), "policy no-c denies it"),
        (("a", "d:81"), "network db is closed from outside"),
        (("outside", "d:80"), ""),
    ):
        said = container_net("explain", *words, status=2)
        assert key in "\n".join(said), said
    assert any(line.startswith("arrives") for line in container_net("explain", "a", "d:80"))
    sh("iptables -F; ip6tables -F; iptables -t security -F; ip6tables -t security -F" if backend == "iptables" else "nft delete table inet container_net")
    container_net("restore")
    assert lines(converge(closed, persist=True)) == []
