# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers of Docker and Podman get their networks, keep them over a restart, and leave nothing behind."""

from __future__ import annotations

import threading
import time
from typing import Any, Dict, List

import pytest
from engines import Engine, Folders, answers, await_host_ends, running
from harness.engine import Declaration, check, converge, give_uplink, lines, settle
from harness.host import sh
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import ask

ENGINES = ("docker", "podman")
WEB = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"}]}
MESH = {"name": "mesh", "driver": "overlay", "vni": 4200, "vtep_address": "192.0.2.1", "ipam_config": [{"subnet": "10.60.0.0/24"}]}
FAR_MAC, NEAR_MAC = "02:00:00:00:60:09", "02:00:00:00:60:01"
ROWS = {
    "mesh": {
        "peers": [{"host": "h1", "vtep": "192.0.2.1"}, {"host": "h2", "vtep": "192.0.2.2"}],
        "endpoints": [{"name": "far", "mac": FAR_MAC, "vtep": "192.0.2.2", "addresses": ["10.60.0.9"]}],
    }
}
# Where questions about the two networks and the published port come from, and who must answer.
QUESTIONS = [
    ("outside", "tcp", "192.0.2.1", 8080),
    ("outside", "tcp", "2001:db8:2::1", 8080),
    ("outside", "tcp", "10.60.0.1", 80),
    ("", "tcp", "10.20.0.10", 80),
]


def make_far_host() -> None:
    """The world has the other host of the overlay in it."""
    give_uplink()
    sh(
        """
        ip -n outside link add vx address {0} mtu 1450 type vxlan id 4200 dstport 4789 local 192.0.2.2 remote 192.0.2.1 nolearning
        ip -n outside address add 10.60.0.9/24 dev vx; ip -n outside link set vx up
        ip -n outside neighbour add 10.60.0.1 lladdr {1} dev vx nud permanent
        """.format(FAR_MAC, NEAR_MAC)
    )


def app(kind: str, name: str = "app") -> Dict[str, Any]:
    return {
        "name": "app",
        "container": {kind: name},
        "networks": [
            {"name": "web", "ipv4_address": "10.20.0.10", "ipv6_address": "fd00:20::10"},
            {"name": "mesh", "ipv4_address": "10.60.0.1", "mac_address": NEAR_MAC},
        ],
        "ports": ["8080:80"],
    }


def both(kind: str, name: str = "app") -> Declaration:
    return Declaration([WEB, MESH], [app(kind, name)], ROWS)


def inside(engine: Engine, name: str) -> List[str]:
    """Return MACs and addresses as the container has them."""
    words = sh("ip -brief link show; ip -brief address show", "/proc/%d/ns/net" % engine.pid(name))
    return sorted(line.replace("@", " ").split()[0] + " " + word for line in words.splitlines() for word in line.split() if ":" in word or "." in word)


@pytest.mark.fake_host
@pytest.mark.parametrize("kind", ENGINES)
def test_a_container_keeps_its_networks_over_restarts(folders: Folders, kind: str) -> None:
    make_far_host()
    with running(folders, kind) as engine:
        engine.run("app")
        before = take_snapshot()
        settle(both(kind))
        answers(QUESTIONS, "app")
        first = inside(engine, "app")
        rules = sh("iptables-save; ip6tables-save | grep -v '^#'")
        engine.restart("app")
        assert ask([("outside", "tcp", "192.0.2.1", 8080)]) == [None]
        await_host_ends(0)
        done = settle(both(kind))
        assert not [line for line in done if "chain" in line or "jump" in line or "bridge" in line or "vxlan" in line]
        answers(QUESTIONS, "app")
        assert [line for line in inside(engine, "app") if "fe80" not in line] == [line for line in first if "fe80" not in line]
        assert strip(sh("iptables-save; ip6tables-save | grep -v '^#'")) == strip(rules)
        settle(None)
        assert_same(before)
        assert "eth0" not in "".join(inside(engine, "app"))


def strip(rules: str) -> List[str]:
    return [line.partition("[")[0] for line in rules.splitlines() if not line.startswith("#")]


@pytest.mark.fake_host
@pytest.mark.parametrize("kind", ENGINES)
def test_a_container_made_anew_under_its_name(folders: Folders, kind: str) -> None:
    make_far_host()
    with running(folders, kind) as engine:
        engine.run("app")
        settle(both(kind))
        engine.remove("app")
        await_host_ends(0)
        engine.run("app")
        settle(both(kind))
        answers(QUESTIONS, "app")


@pytest.mark.fake_host
@pytest.mark.parametrize("kind", ENGINES)
def test_a_container_by_its_full_id(folders: Folders, kind: str) -> None:
    make_far_host()
    with running(folders, kind) as engine:
        identity = engine.run("app")
        settle(both(kind, identity))
        answers(QUESTIONS, "app")
        # The name is the same container: nothing is made again.
        assert converge(both(kind)).steps == ()


@pytest.mark.fake_host
@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("end", ["stopped", "removed"])
def test_a_container_that_ended_and_is_no_longer_declared(folders: Folders, kind: str, end: str) -> None:
    make_far_host()
    with running(folders, kind) as engine:
        before = take_snapshot()
        engine.run("app")
        engine.run("other")
        other = {"name": "other", "container": {kind: "other"}, "networks": ["web"]}
        settle(Declaration([WEB, MESH], [app(kind), other], ROWS))
        (engine.stop if end == "stopped" else engine.remove)("app")
        await_host_ends(1)
        settle(Declaration([WEB, MESH], [other], ROWS))
        assert "app" not in sh("ip -details link; iptables-save")
        engine.remove("other")
        await_host_ends(0)
        settle(None)
        assert_same(before)


@pytest.mark.fake_host
def test_one_network_for_all_runtimes(folders: Folders) -> None:
    give_uplink()
    with running(folders, "docker") as docker, running(folders, "podman") as podman:
        before = take_snapshot()
        docker.run("one")
        podman.run("two")
        docker.run("three")
        podman.run("four")
        wanted = {
            "one": {"docker": "one"},
            "two": {"podman": "two"},
            "three": {"pid": docker.pid("three")},
            "four": {"path": "/proc/%d/ns/net" % podman.pid("four")},
            "five": {"netns": "five"},
        }
        endpoints = [
            {"name": name, "container": where, "networks": [{"name": "web", "ipv4_address": "10.20.0.%d" % number}]}
            for number, (name, where) in enumerate(wanted.items(), 11)
        ]
        settle(Declaration([WEB], endpoints))
        spaces = {name: "/proc/%d/ns/net" % engine.pid(name) for name, engine in (("one", docker), ("two", podman), ("three", docker), ("four", podman))}
        pairs = [(name, number, space) for space in (*spaces.values(), "five") for number, name in enumerate(spaces, 11)]
        answers([(space, "tcp", "10.20.0.%d" % number, 80) for _name, number, space in pairs], *(name for name, _number, _space in pairs))
        assert lines(converge(Declaration([WEB], endpoints[:2])))
        settle(None)
        assert_same(before)


@pytest.mark.fake_host
@pytest.mark.parametrize("kind", ENGINES)
def test_waiting_for_a_container(folders: Folders, kind: str) -> None:
    from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNotRunning
    from ansible_collections.netloom.container_net.plugins.module_utils._runtime.containers import await_containers

    with running(folders, kind) as engine:
        started = time.monotonic()
        with pytest.raises(ContainerNotRunning, match=r"waited 0\.5 seconds"):
            await_containers(["%s:late" % kind], 0.5)
        assert 0.4 < time.monotonic() - started < 3
        engine.create("late")
        threading.Timer(0.7, engine.start, ["late"]).start()
        started = time.monotonic()
        await_containers(["netns:any", "%s:late" % kind], 30)
        assert 0.5 < time.monotonic() - started < 20
        assert engine.pid("late")


@pytest.mark.fake_host
def test_a_paused_container_is_attached(folders: Folders) -> None:
    make_far_host()
    with running(folders, "docker") as docker:
        docker.run("app")
        docker.pause("app")
        settle(both("docker"))
        docker.pause("app", False)
        answers(QUESTIONS, "app")


@pytest.mark.fake_host
def test_check_mode_asks_and_changes_nothing(folders: Folders) -> None:
    make_far_host()
    with running(folders, "docker") as docker:
        docker.run("app")
        assert "+ veth eth0 in app" in check(both("docker"))
