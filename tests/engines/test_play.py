# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's own playbooks on a host with real containers, as a user runs them."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any, Dict, List, Sequence

import pytest
from engines import Folders, answers, await_host_ends, running
from harness.host import sh
from harness.snapshot import assert_same, missing_from, take_snapshot
from harness.traffic import ask
from lab_helpers import CALLBACKS, Ansible
from test_attach import FAR_MAC, NEAR_MAC, inside, make_far_host

SLEEP = ("/bin/sleep", "100000")
WEB = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"}]}
MESH = {"name": "mesh", "driver": "overlay", "vni": 4200, "ipam_config": [{"subnet": "10.60.0.0/24"}]}
# The second host of the fleet is never reached: the world's namespace stands for it.
FAR = {
    "fleet_vtep_address": "192.0.2.2",
    "fleet_endpoints": [
        {"name": "far", "container": {"netns": "far"}, "networks": [{"name": "mesh", "ipv4_address": "10.60.0.9", "mac_address": FAR_MAC}]},
    ],
}
Results = Dict[str, Dict[str, Any]]


class Site:
    """An inventory with this host and a far one, and the playbooks limited to this one."""

    def __init__(self, collections: Path, home: Path) -> None:
        self._ansible = Ansible(collections, home)
        self._home = home
        self.variables: Dict[str, Any] = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "ansible_remote_tmp": str(home / "remote"),
            "fleet_become": False,
            "fleet_vtep_address": "192.0.2.1",
            "host_prepare_install": False,
        }

    def play(self, name: str, *arguments: str) -> Results:
        """Run a playbook of the collection; return the result of each task."""
        inventory, results = self._home / "inventory.json", self._home / "results.jsonl"
        shared = {"fleet_networks": [WEB, MESH]}
        inventory.write_text(json.dumps({"container_hosts": {"vars": shared, "hosts": {"here": self.variables, "far": FAR}}}))
        results.write_text("")
        settings = {"ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS), "ANSIBLE_CALLBACKS_ENABLED": "results", "TEST_RESULTS": str(results)}
        command = ["netloom.container_net." + name, "-i", str(inventory), "--limit", "here", *arguments]
        ran = self._ansible.run("playbook", *command, **settings)
        assert ran.returncode in (0, 2), ran.stdout + ran.stderr
        done = {entry["task"]: entry["result"] for entry in map(json.loads, results.read_text().splitlines())}
        assert done, ran.stdout + ran.stderr
        return {task.rpartition(" : ")[2]: result for task, result in done.items()}

    def host(self, name: str = "site", *arguments: str) -> Dict[str, Any]:
        """Return what module `topology` said of this host."""
        found: Dict[str, Any] = self.play(name, *arguments)["Bring this host to its part of the plan"]
        return found

    def settle(self) -> List[str]:
        """Check, apply, apply: what is planned is what is done, and then there is nothing to do. Return what was done."""
        before = take_snapshot()
        planned = self.host("site", "--check", "--diff")
        assert_same(before)
        applied = self.host()
        assert applied.get("failed") is not True, applied
        assert applied["actions"] == planned["actions"]
        again = self.host()
        assert (again["changed"], again["actions"]) == (False, [])
        return list(applied["actions"])


def app(kind: str, number: int) -> Dict[str, Any]:
    """An endpoint in a container that has its name; the overlay's address and MAC are chosen by the plan."""
    return {"name": kind, "container": {kind: kind}, "networks": [{"name": "web"}, {"name": "mesh"}], "ports": ["808%d:80" % number]}


def questions(number: int, addresses: Sequence[str]) -> List[Any]:
    """The published port in both families, from the world; the bridge's addresses from the host; the overlay's from its other host."""
    found: List[Any] = [("outside", "tcp", "192.0.2.1", 8080 + number), ("outside", "tcp", "2001:db8:2::1", 8080 + number)]
    return found + [("outside" if address.startswith("10.60.") else "", "tcp", address, 80) for address in addresses]


def chosen(result: Dict[str, Any], name: str) -> List[str]:
    endpoint = next(item for item in result["endpoints"] if item["name"] == name)
    return [item[key] for item in endpoint["networks"] for key in ("ipv4_address", "ipv6_address") if item.get(key)]


@pytest.mark.fake_host(timeout=300)
def test_site_over_restarts(folders: Folders, collections_path: Path, tmp_path: Path) -> None:
    make_far_host()
    with running(folders, "docker") as docker, running(folders, "podman") as podman:
        engines = {"docker": docker, "podman": podman}
        for kind, engine in engines.items():
            engine.run(kind)
        before = take_snapshot()
        site = Site(collections_path, tmp_path)
        site.variables["fleet_endpoints"] = [app("docker", 0), app("podman", 1)]
        done = site.settle()
        assert {"+ veth eth0 in docker", "+ veth eth1 in podman", "+ vxlan vx-mesh"} <= set(done)
        where = {kind: chosen(site.host("site", "--check"), kind) for kind in engines}
        assert [len(addresses) for addresses in where.values()] == [3, 3]
        macs = {kind: macs_of(inside(engine, kind)) for kind, engine in engines.items()}
        teach_far_host(where, macs)
        for number, kind in enumerate(engines):
            answers(questions(number, where[kind]), kind)
        first = {kind: lasting(inside(engine, kind)) for kind, engine in engines.items()}
        for kind, engine in engines.items():
            engine.restart(kind)
        assert ask([("outside", "tcp", "192.0.2.1", 8080)]) == [None]
        await_host_ends(0)
        done = site.settle()
        assert not [line for line in done if "chain" in line or "bridge" in line or "vxlan" in line]
        for number, (kind, engine) in enumerate(engines.items()):
            assert lasting(inside(engine, kind)) == first[kind]
            answers(questions(number, where[kind]), kind)
        assert site.host("teardown")["changed"]
        sh("ip -n outside neighbour flush dev vx nud permanent; ip -n outside neighbour add 10.60.0.1 lladdr %s dev vx nud permanent" % NEAR_MAC)
        assert_same(before)
        assert not site.host("teardown")["changed"]


def lasting(lines: Sequence[str]) -> List[str]:
    return [line for line in lines if "fe80" not in line]


def macs_of(lines: Sequence[str]) -> Dict[str, str]:
    """Return the MAC of each interface."""
    pairs = [line.split() for line in lines]
    return {name: value for name, value in pairs if value.count(":") == 5 and "/" not in value}


def teach_far_host(where: Dict[str, List[str]], macs: Dict[str, Dict[str, str]]) -> None:
    """The far host has rows for every endpoint of the overlay, as its own run would have made them."""
    for kind, addresses in where.items():
        sh("ip -n outside neighbour replace %s lladdr %s dev vx nud permanent" % (addresses[-1], macs[kind]["eth1"]))


@pytest.mark.fake_host(timeout=240)
def test_modes_paths_and_processes(folders: Folders, collections_path: Path, tmp_path: Path) -> None:
    make_far_host()
    with running(folders, "docker") as docker, running(folders, "podman") as podman:
        docker.run("shop")
        docker.run("helper", "container:shop", SLEEP)
        docker.run("agent", "host", SLEEP)
        docker.run("number")
        podman.run("file")
        before = take_snapshot()
        site = Site(collections_path, tmp_path)
        site.variables["fleet_endpoints"] = [
            {"name": "shop", "container": {"docker": "shop"}, "networks": ["web"], "ports": ["8080:80"]},
            {"name": "helper", "container": {"docker": "helper"}, "network_mode": "container:shop"},
            {"name": "agent", "container": {"docker": "agent"}, "network_mode": "host"},
            {"name": "number", "container": {"pid": docker.pid("number")}, "networks": ["web"], "ports": ["8081:80"]},
            {"name": "file", "container": {"path": "/proc/%d/ns/net" % podman.pid("file")}, "networks": ["web"], "ports": ["8082:80"]},
        ]
        site.settle()
        answers([("outside", "tcp", "192.0.2.1", 8080 + number) for number in range(3)], "shop", "number", "file")
        stands = take_snapshot()
        site.variables["fleet_endpoints"][1]["network_mode"] = "host"
        refused = site.host()
        assert refused["failed"]
        assert "does not share the host's network namespace; start it so (--network host)" in refused["msg"]
        assert_same(stands)
        assert missing_from([line for line in before if line.startswith("outside ")], stands) == []
        site.host("teardown")
        assert_same(before)


@pytest.mark.fake_host(timeout=240)
@pytest.mark.parametrize("kind", ["docker", "podman"])
def test_a_play_waits_for_what_is_to_come(folders: Folders, collections_path: Path, tmp_path: Path, kind: str) -> None:
    make_far_host()
    with running(folders, kind) as engine:
        engine.create("late")
        site = Site(collections_path, tmp_path)
        site.variables["fleet_endpoints"] = [{"name": "late", "container": {kind: "late"}, "networks": ["web"], "ports": ["8080:80"]}]
        before = take_snapshot()
        refused = site.host()
        assert refused["failed"]
        assert "container 'late' is" in refused["msg"]
        assert "not running; start it" in refused["msg"]
        assert "waited" not in refused["msg"]
        assert_same(before)
        site.variables["fleet_wait_timeout"] = 1
        assert "(waited 1 seconds)" in site.host()["msg"]
        assert_same(before)
        site.variables["fleet_wait_timeout"] = 60
        # Beyond the time that Ansible needs before the module looks.
        later = threading.Timer(6, engine.start, ["late"])
        later.start()
        done = site.host()
        later.join()
        assert done["changed"], done
        assert done["statistics"]["seconds"] < 30
        answers([("outside", "tcp", "192.0.2.1", 8080)], "late")
