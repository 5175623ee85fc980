# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a container with NET_ADMIN does to its own interfaces harms nobody else: ours is repaired, the others converge, all can be removed."""

from __future__ import annotations

from typing import Any, Dict, Tuple

import pytest
from harness.declarations import BOX, LAN4, LAN6, V4, V6, endpoint, make_box, network, overlay
from harness.engine import Declaration, check, converge, lines, look
from harness.host import sh

BEFORE = Declaration([network("web", V4, V6)], [endpoint("bad", "web"), endpoint("good", "web")])
AFTER = Declaration([network("web", V4, V6)], [endpoint("bad", "web"), endpoint("good", "web", ports=["8080:80"]), endpoint("new", "web")])

RENAMED = "ip link set eth0 down; ip link set eth0 name lan7;"
ATTACKS = {
    "another alias": "ip link set eth0 alias x",
    "no alias": "ip link set eth0 alias ''",
    "the alias of another scope": "ip link set eth0 alias container-net:other:endpoint:web:bad",
    "a macvlan on it": "ip link add m0 link eth0 type macvlan || true",
    "a macvlan on it, and another alias": "ip link add m0 link eth0 type macvlan || true; ip link set eth0 alias x",
    "in a bridge of its own": "ip link add br9 type bridge || true; ip link set eth0 master br9",
    "no address": "ip address flush dev eth0",
    "down": "ip link set eth0 down",
    "another MTU and MAC": "ip link set eth0 mtu 1280; ip link set eth0 address 02:00:00:00:99:99",
    "an address of its neighbour": "ip address add 10.20.0.1/24 dev eth0 || true",
    "another name": "ip link set eth0 down; ip link set eth0 name lan7",
    "another name, and its own as a second one": RENAMED + "ip link property add dev lan7 altname eth0 || true",
    "no interface at all": "ip link delete eth0",
}


@pytest.mark.threat("S9", everywhere=True)
@pytest.mark.fake_host
@pytest.mark.parametrize("what", ATTACKS)
def test_a_container_vetoes_nobody(what: str) -> None:
    converge(BEFORE)
    clean = sh("iptables-save | grep -c ^-A || true")
    for goal in (BEFORE, AFTER):
        sh(ATTACKS[what], "bad")
        planned = check(goal)
        assert lines(converge(goal)) == planned
        assert converge(goal).steps == ()
        assert "10.20.0" in sh("ip -4 -o address show dev eth0", "bad")
        assert "container-net:main:" in sh("ip link show dev eth0", "bad")
    assert "8080" in sh("iptables-save")
    sh(ATTACKS[what], "bad")
    planned = check(None)
    removed = converge(None)
    assert lines(removed) == planned
    if "macvlan" in what:
        assert any("m0" in warning for warning in removed.warnings), removed.warnings
    assert converge(None).steps == ()
    assert "br-web" not in sh("ip -o link")
    assert clean
    assert "CNET" not in sh("iptables-save; ip6tables-save")


def two(where: Dict[str, str], *networks: Dict[str, Any], **options: Any) -> Declaration:
    """The container that does it, and its neighbour."""
    there = [network["name"] for network in networks]
    return Declaration(networks, [{**endpoint("bad", *there), "container": where}, endpoint("good", *there)], **options)


WEB, DB = network("web", V4, V6), network("db", {"subnet": "10.22.0.0/24"}, {"subnet": "fd00:22::/64"})
MESH = overlay("192.0.2.1", "192.0.2.2", "192.0.2.3")
ON_MESH = [endpoint(name, {"name": "mesh", "ipv4_address": "10.60.0.%d" % number}) for number, name in ((8, "bad"), (9, "good"))]
LAN = network("lan", {**LAN4, "ip_range": "192.0.2.64/26"}, LAN6, driver="macvlan", parent="eth0")
ROUTED = network("flat", {"subnet": "10.62.1.0/24"}, {"subnet": "fd62:0:0:1::/64"}, driver="routed", reach=["10.62.0.0/16", "fd62::/48"])
WIRE_ENDS = [{"endpoint": name, "interface_name": "eth0", "addresses": ["10.9.0.%d/30" % number]} for number, name in enumerate(("bad", "good"), 1)]
JOINS: Dict[str, Tuple[Declaration, str]] = {
    "bridge": (two({"netns": "bad"}, WEB), "bad"),
    "bridge, by a path": (two({"path": BOX}, WEB), BOX),
    "bridge, a namespace that stood": (two({"netns": "theirs"}, WEB), "theirs"),
    "two bridges": (two({"netns": "bad"}, WEB, DB), "bad"),
    "macvlan": (two({"netns": "theirs"}, LAN), "theirs"),
    "macvlan, by a path": (two({"path": BOX}, LAN), BOX),
    "routed": (two({"path": BOX}, ROUTED), BOX),
    "overlay": (Declaration(MESH.networks, ON_MESH, overlays=MESH.overlays), "bad"),
    "wire": (Declaration(endpoints=[endpoint("bad"), endpoint("good")], links=[{"name": "w", "ends": WIRE_ENDS}]), "bad"),
}
FOREIGN = "eth0 in %s exists and was not made by this collection"
# What it does, what is said, what must still be there, and how its owner takes it back.
IN_THE_WAY: Dict[str, Tuple[str, str, str, str]] = {
    "a bridge instead of ours": ("ip link delete eth0; ip link add eth0 type bridge", "bridge " + FOREIGN, "eth0", "ip link delete eth0"),
    "a bridge, ours renamed and its port": (
        RENAMED + "ip link add eth0 type bridge; ip link set lan7 master eth0",
        "bridge " + FOREIGN,
        "eth0",
        "ip link delete eth0",
    ),
    "a pair": ("ip link delete eth0; ip link add eth0 type veth peer name q0", "veth " + FOREIGN, "q0", "ip link delete eth0"),
    "a macvlan on a bridge": (
        "ip link delete eth0; ip link add b0 type bridge; ip link add eth0 link b0 type macvlan",
        "macvlan " + FOREIGN,
        "b0",
        "ip link delete b0",
    ),
    "a second name": (
        RENAMED + "ip link add z0 type bridge; ip link property add dev z0 altname eth0",
        "bridge z0 in %s goes by the name eth0 too",
        "z0",
        "ip link delete z0",
    ),
}


def make_places() -> None:
    make_box()
    sh("ip netns add theirs; ip -n theirs link set lo up")


@pytest.mark.fake_host
@pytest.mark.parametrize("join", JOINS)
def test_what_stands_in_our_way_there_is_left_and_all_else_is_made(join: str) -> None:
    declaration, space = JOINS[join]
    label = {"bad": "bad", "theirs": "theirs"}.get(space, BOX)
    make_places()
    converge(declaration)
    for what, (attack, words, kept, undo) in IN_THE_WAY.items():
        sh(attack, space)
        if join != "wire":
            sh("ip address flush dev eth0 scope global", "good")
        planned = look(declaration)
        told: Dict[str, Any] = {}
        done = converge(declaration, told=told)
        assert (lines(done), done.warnings) == (lines(planned), planned.warnings), what
        assert any(words % label in warning for warning in done.warnings), (what, done.warnings)
        assert converge(declaration).steps == (), what
        assert sh("ip link show dev " + kept, space), what
        if join != "wire":
            assert "inet " in sh("ip -o address show dev eth0 scope global", "good"), what
            assert [len(row["networks"]) for row in told["endpoints"]] == [len(declaration.networks) - 1, len(declaration.networks)], what
        sh(undo, space)
        converge(declaration)
        assert "container-net:main:" in sh("ip link show dev eth0", space), what
        assert converge(declaration).steps == (), what
    sh(IN_THE_WAY["a pair"][0], space)
    converge(None)
    assert "container-net" not in sh("ip link; iptables-save; ip6tables-save") + sh("ip link show dev eth0", space)
    assert sh("ip link show dev q0", space)
    assert converge(None).steps == ()


ALIASES = ("''", "x", "container-net:other:endpoint:web:bad", "\"$(printf 'b\\377')\"")


@pytest.mark.fake_host
@pytest.mark.parametrize("join", ["bridge, a namespace that stood", "macvlan", "macvlan, by a path", "wire"])
def test_an_alias_that_was_changed_there_is_mended(join: str) -> None:
    declaration, space = JOINS[join]
    make_places()
    converge(declaration)
    for alias in ALIASES[: 2 if join == "wire" else None]:
        sh("ip link set eth0 alias %s" % alias, space)
        assert len(lines(converge(declaration))) == 1, alias
        assert "container-net:main:" in sh("ip link show dev eth0", space), alias


# One after the other: what it said of routes in our places stands to the end, and is told each time.
OF_ITS_OWN = {
    "rules and tables": """
        for v in 4 6; do
          ip -$v rule | awk '$1 == "30000:" {print $3, $5}' | while read source table; do
            ip -$v rule del pref 30000 from $source table $table; ip -$v rule add pref 30000 from $source table $table
            ip -$v route flush table $table; ip -$v route add throw default table $table
          done
        done
        ip rule add pref 29999 fwmark 7 table 77; ip rule add pref 30000 from 10.20.0.99 table 77
        """,
    "a route to many": "ip route del default; ip route add default nexthop dev eth0 nexthop dev eth1",
    "a route to nowhere": "ip route del default; ip route add throw default; ip -6 route del default; ip -6 route add unreachable default metric 1024",
    "its own firewall": "iptables -P INPUT DROP; iptables -P OUTPUT DROP; iptables -A FORWARD -j REJECT; ip6tables -P INPUT DROP",
    "the last number": "ip link delete eth0; ip link add z9 index 2147483647 type bridge",
    "many routes": "seq 5000 | awk '{printf \"route add 10.%d.%d.0/24 dev eth1\\n\", 100 + int($1 / 250), $1 % 250}' | ip -batch -",
    "many addresses and links": """
        seq 1000 | awk '{printf "address add 10.%d.%d.1/32 dev eth1\\n", 150 + int($1 / 250), $1 % 250}' | ip -batch -
        seq 200 | awk '{printf "link add d%d type bridge\\n", $1}' | ip -batch -
        """,
    "a second name for ours, that another of ours has": "ip link delete eth1; ip link property add dev eth0 altname eth1",
}
SECONDS = 5.0


@pytest.mark.fake_host
def test_what_else_it_has_of_its_own_stops_nobody() -> None:
    declaration, space = two({"netns": "theirs"}, WEB, DB), "theirs"
    make_places()
    converge(declaration)
    for what, attack in OF_ITS_OWN.items():
        sh(attack, space)
        sh("ip address flush dev eth0 scope global", "good")
        planned = look(declaration)
        done = converge(declaration)
        assert (lines(done), done.warnings) == (lines(planned), planned.warnings), what
        assert all("in theirs" in warning for warning in done.warnings), (what, done.warnings)
        assert done.warnings, what
        assert "inet " in sh("ip -o address show dev eth0 scope global", "good"), what
        assert converge(declaration).steps == (), what
        assert done.seconds < SECONDS, what
    removed = converge(None)
    assert removed.seconds < SECONDS
    assert "container-net" not in sh("ip link; iptables-save; ip6tables-save") + sh("ip link", space)
    assert "fwmark 0x7" in sh("ip rule", space)
    assert "10.20.0.99" in sh("ip rule", space)
