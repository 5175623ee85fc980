# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the host lent, the host knows: nothing that a container writes on its links moves any of them, or stops anybody."""

from __future__ import annotations

from typing import List

import pytest
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, check, converge, lines, settle
from harness.host import sh
from harness.snapshot import assert_same, take_snapshot

pytestmark = pytest.mark.fake_host()
MAC = "02:00:00:00:0d:01"
NAMED = [{"name": "fw", "container": {"netns": "fw"}, "devices": [{"name": "nic1", "addresses": ["198.51.100.5/24"]}]}]
GOAL = Declaration([network("web", V4, V6)], [*NAMED, endpoint("bad", "web")])
MORE = Declaration(GOAL.networks, [*NAMED, endpoint("bad", "web"), endpoint("new", "web")])


def plug_in() -> None:
    sh(
        """
        for space in lan bad fw; do ip netns add $space; ip -n $space link set lo up; done
        ip link add nic1 mtu 1450 address %s type veth peer name eth0 netns lan; ip link set nic1 up
        ip link add keep0 type veth peer name keep1; ip link set keep0 up
        """
        % MAC
    )


def host_links() -> List[str]:
    return sorted(line.split(": ")[1].split("@")[0] for line in sh("ip -o link").splitlines())


PRETENCES = {
    "a name that is free": "evil0",
    "a name that the host has": "keep0",
    "the name of what another has": "nic1",
}
LINKS = {"its own link": "own0", "its interface of ours": "eth0"}


@pytest.mark.parametrize("name", PRETENCES)
@pytest.mark.parametrize("link", LINKS)
def test_who_says_that_he_was_lent_was_not(name: str, link: str) -> None:
    plug_in()
    sh("ip link add own0 type veth peer name own1", "bad")
    before = take_snapshot()
    converge(GOAL)
    standing = host_links()
    lie = "ip link set %s alias container-net:main:device:%s/1300/up:bad" % (LINKS[link], PRETENCES[name])
    for goal in (GOAL, MORE, Declaration(GOAL.networks, [endpoint("bad", "web")])):
        sh(lie, "bad")
        planned = check(goal)
        done = converge(goal)
        assert lines(done) == planned
        assert any(LINKS[link] in warning and "bad" in warning and PRETENCES[name] in warning for warning in done.warnings), done.warnings
        assert lines(converge(goal)) == []
        assert LINKS[link] in sh("ip -o link", "bad")
        assert set(standing) - set(host_links()) == set()
        assert "evil0" not in host_links()
    assert "mtu 1450" in sh("ip link show nic1")
    sh(lie, "bad")
    planned = check(None)
    assert lines(converge(None)) == planned
    assert lines(converge(None)) == []
    sh("ip link set own0 alias ''", "bad")
    assert_same(before)


REPAIRS = {
    "another name at home": "alias container-net:main:device:keep0/1300/up:fw",
    "another state at home": "alias container-net:main:device:nic1/68/down:fw",
    "another scope": "alias container-net:other:device:nic1/1450/up:fw",
    "another kind of object": "alias container-net:other:network:web",
    "no mark": "alias ''",
    "another MAC": "address 02:00:00:00:66:66",
    "another name": "name lan7",
}


@pytest.mark.parametrize("what", REPAIRS)
def test_what_was_lent_is_known_whatever_it_says(what: str) -> None:
    plug_in()
    before = take_snapshot()
    settle(GOAL)
    attack = "ip link set eth0 down; ip link set eth0 " + REPAIRS[what]
    sh(attack, "fw")
    settle(GOAL)
    assert "container-net:main:device:nic1/1450/up:fw" in sh("ip link show eth0", "fw")
    sh(attack, "fw")
    settle(None, scope="other")
    assert "nic1" not in host_links()
    settle(None)
    assert_same(before)


def test_what_took_the_place_of_the_lent_is_not_it() -> None:
    plug_in()
    settle(GOAL)
    sh("ip link delete eth0; ip link add eth0 type veth peer name own1; ip link set eth0 alias container-net:main:device:nic1/1450/up:fw", "fw")
    settle(None)
    assert "nic1" not in host_links()
    assert sh("cat /run/container_net/lent.json 2>/dev/null || true") == ""


def test_one_that_nobody_noted_is_told() -> None:
    plug_in()
    settle(GOAL)
    sh("rm /run/container_net/lent.json")
    removed = converge(None)
    assert any("eth0 in fw" in warning for warning in removed.warnings), removed.warnings
    assert "nic1" not in host_links()
