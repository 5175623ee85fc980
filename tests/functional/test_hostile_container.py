# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a container with NET_ADMIN does to its own interfaces harms nobody else: ours is repaired, the others converge, all can be removed."""

from __future__ import annotations

import pytest
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, check, converge, lines
from harness.host import sh

BEFORE = Declaration([network("web", V4, V6)], [endpoint("bad", "web"), endpoint("good", "web")])
AFTER = Declaration([network("web", V4, V6)], [endpoint("bad", "web"), endpoint("good", "web", ports=["8080:80"]), endpoint("new", "web")])

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
    "no interface at all": "ip link delete eth0",
}


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
