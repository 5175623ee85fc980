# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""fleet_plan and netquery in a real ansible-playbook: what limit, check mode, facts and unreachable hosts do to a plan."""

from __future__ import annotations

import difflib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest
from lab_helpers import CALLBACKS

PLAYBOOK = """\
- hosts: container_hosts
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact: {default_ipv4: {address: 192.0.2.33}, cacheable: true}
      when: facts | default(false) | bool and inventory_hostname == 'h3'
    - ansible.builtin.ping:
      when: contact | default(false) | bool
    - name: plan
      netloom.container_net.fleet_plan:
        group: "{{ group | default(omit) }}"
        lock_file: fleet.lock.yml
        probes: true
      run_once: true
      register: plan
    - name: query
      ansible.builtin.set_fact: {queried: "{{ plan | netloom.container_net.netquery('overlays.mesh.endpoints[?contains(name, `a`)].name') }}"}
      run_once: true
"""
HOSTS = ("h1", "h2", "h3")


class Fleet:
    """An inventory of three hosts in a folder, and the playbook that plans it."""

    def __init__(self, root: Path, collections: Path) -> None:
        self.root = root
        self.lock = root / "fleet.lock.yml"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        self.environment.update(ANSIBLE_COLLECTIONS_PATH=str(collections), ANSIBLE_NOCOLOR="1", ANSIBLE_HOME=str(root / ".ansible"))
        self.results = root / "results.jsonl"
        self.environment.update(ANSIBLE_CALLBACK_PLUGINS=str(CALLBACKS), ANSIBLE_CALLBACKS_ENABLED="results", TEST_RESULTS=str(self.results))
        self.group: Dict[str, Any] = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "fleet_networks": [
                {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]},
                {"name": "mesh", "driver": "overlay", "ipam_config": [{"subnet": "10.60.0.0/16"}, {"subnet": "fd00:60::/64"}]},
            ],
        }
        self.hosts: Dict[str, Dict[str, Any]] = {
            "h1": {
                "fleet_vtep_address": "192.0.2.1",
                "fleet_endpoints": [
                    {
                        "name": "api",
                        "container": {"netns": "api"},
                        "networks": ["web", "mesh"],
                        "ports": ["8080:80"],
                        "labels": {"host": "{{ inventory_hostname }}"},
                    }
                ],
            },
            "h2": {
                "fleet_vtep_address": "{{ hostvars.h1.fleet_vtep_address | replace('.1', '.2') }}",
                "fleet_endpoints": [{"name": "db", "container": {"netns": "db"}, "networks": ["mesh"]}],
            },
            "h3": {"fleet_vtep_address": "192.0.2.3", "fleet_endpoints": [{"name": "far", "container": {"netns": "far"}, "networks": ["mesh"]}]},
        }
        (root / "plan.yml").write_text(PLAYBOOK)

    def play(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        inventory = {"container_hosts": {"vars": self.group, "hosts": self.hosts}, "empty_hosts": {}}
        (self.root / "hosts.json").write_text(json.dumps(inventory))
        self.results.unlink(missing_ok=True)
        return self.run("hosts.json", "plan.yml", *arguments)

    def run(self, inventory: str, playbook: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", inventory, playbook, *arguments]
        return subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True, timeout=120, check=False)

    def result(self, task: str = "plan") -> Any:
        told = [json.loads(line) for line in self.results.read_text().splitlines()]
        (found,) = [entry["result"] for entry in told if entry["task"] == task]
        return found

    def plan(self, *arguments: str) -> Any:
        done = self.play(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "[DEPRECATION" not in done.stderr
        return self.result()

    def failure(self, *arguments: str) -> str:
        done = self.play(*arguments)
        assert done.returncode != 0
        assert self.result()["failed"]
        assert "Traceback" not in done.stdout + done.stderr
        return (done.stdout + done.stderr).replace("\\n", "\n")

    def lock_lines(self) -> List[str]:
        return self.lock.read_text().splitlines()


@pytest.fixture
def fleet(tmp_path: Path, collections_path: Path) -> Fleet:
    return Fleet(tmp_path, collections_path)


def test_check_then_apply_then_again(fleet: Fleet) -> None:
    checked = fleet.play("--check", "--diff")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "+    api: [10.60." in checked.stdout
    assert not fleet.lock.exists()
    foretold = fleet.result()
    assert (foretold["changed"], foretold["lock_file_changed"]) == (True, True)
    first = fleet.plan("--diff")
    assert (first["changed"], first["lock_file_changed"]) == (True, True)
    assert first == foretold
    assert first["diff"]["after"] == fleet.lock.read_text()
    held = fleet.lock.stat()
    second = fleet.plan()
    assert (second["changed"], second["lock_file_changed"]) == (False, False)
    assert (second["hosts"], second["overlays"]) == (first["hosts"], first["overlays"])
    assert fleet.lock.stat().st_mtime_ns == held.st_mtime_ns


def test_the_result_is_what_topology_takes(fleet: Fleet) -> None:
    plan = fleet.plan()
    assert list(plan["hosts"]) == list(HOSTS)
    api = plan["hosts"]["h1"]["endpoints"][0]
    assert api["labels"] == {"host": "h1"}
    assert [sorted(network) for network in api["networks"]] == [
        ["ipv4_address", "mac_address", "name"],
        ["ipv4_address", "ipv6_address", "mac_address", "name"],
    ]
    networks = {host: {network["name"]: network.get("vtep_address") for network in plan["hosts"][host]["networks"]} for host in HOSTS}
    assert networks == {"h1": {"web": None, "mesh": "192.0.2.1"}, "h2": {"mesh": "192.0.2.2"}, "h3": {"mesh": "192.0.2.3"}}
    assert plan["left_out"] == {"h2": ["web"], "h3": ["web"]}
    assert [peer["host"] for peer in plan["overlays"]["mesh"]["peers"]] == list(HOSTS)
    assert {check["expect"] for check in plan["probes"]["h2"]["checks"]} == {"pass", "refuse"}
    assert fleet.result("query")["ansible_facts"]["queried"] == ["api", "far"]


def test_limit_drops_nobody(fleet: Fleet) -> None:
    whole = fleet.plan()
    text = fleet.lock.read_text()
    limited = fleet.plan("--limit", "h2")
    assert (limited["hosts"], limited["overlays"]) == (whole["hosts"], whole["overlays"])
    fleet.lock.unlink()
    assert fleet.plan("--limit", "h3")["overlays"] == whole["overlays"]
    assert fleet.lock.read_text() == text


def test_an_unreachable_host_keeps_its_rows(fleet: Fleet) -> None:
    fleet.hosts["h3"].update(ansible_connection="ssh", ansible_host="127.0.0.1", ansible_port=1, ansible_ssh_common_args="-o ConnectTimeout=2")
    done = fleet.play("-e", "contact=true")
    assert "UNREACHABLE" in done.stdout + done.stderr
    assert [peer["host"] for peer in fleet.result()["overlays"]["mesh"]["peers"]] == list(HOSTS)
    assert fleet.result()["overlays"]["mesh"]["endpoints"][2]["name"] == "far"


def test_newcomers_and_leavers_touch_their_own_lines_only(fleet: Fleet) -> None:
    fleet.plan()
    before = fleet.lock_lines()
    for number in range(20):
        fleet.hosts["h2"]["fleet_endpoints"].append({"name": "a%d" % number, "container": {"netns": "a%d" % number}, "networks": ["web", "mesh"]})
    fleet.plan()
    changes = [line for line in difflib.ndiff(before, fleet.lock_lines()) if line[0] != " "]
    assert len(changes) == 40
    assert all(line.startswith(("+     a", "+     h2/a")) for line in changes)
    del fleet.hosts["h2"]["fleet_endpoints"][1:]
    fleet.plan()
    assert fleet.lock_lines() == before
    del fleet.hosts["h3"]
    plan = fleet.plan()
    assert [line for line in before if line not in fleet.lock_lines()] == [line for line in before if line.startswith("    far:")]
    assert "192.0.2.3" not in json.dumps(plan["overlays"])


def test_a_chosen_port_is_recorded_and_moved_by_nobody(fleet: Fleet) -> None:
    fleet.plan()
    before = fleet.lock_lines()
    fleet.hosts["h1"]["fleet_endpoints"][0]["ports"] = ["8080:80", "80"]
    first = fleet.plan()
    (line,) = [line for line in fleet.lock_lines() if line.startswith('    "80/tcp": ')]
    number = int(line.rpartition(" ")[2])
    assert fleet.lock_lines() == [*before, "ports:", "  h1/api:", line]
    assert first["hosts"]["h1"]["endpoints"][0]["ports"] == ["8080:80", "%d:80/tcp" % number]
    assert [check["expect"] for check in first["probes"]["h2"]["checks"] if check.get("port") == number] == ["pass"]
    held = fleet.lock.stat()
    again = fleet.plan()
    assert (again["changed"], again["hosts"]) == (False, first["hosts"])
    assert fleet.lock.stat().st_mtime_ns == held.st_mtime_ns
    rivals = [{"name": "a%d" % rival, "container": {"netns": "a%d" % rival}, "networks": ["web"], "ports": ["80", "81-89"]} for rival in range(20)]
    fleet.hosts["h1"]["fleet_endpoints"][:0] = rivals
    crowded = fleet.plan()
    assert line in fleet.lock_lines()
    assert crowded["hosts"]["h1"]["endpoints"][-1]["ports"] == ["8080:80", "%d:80/tcp" % number]
    fleet.hosts["h1"]["fleet_endpoints"] = [*rivals[:1], *fleet.hosts["h1"]["fleet_endpoints"][20:]]
    fleet.hosts["h1"]["fleet_endpoints"][0]["ports"] = ["%d:80" % number]
    fleet.plan()
    assert line not in fleet.lock_lines()
    fleet.hosts["h1"]["fleet_endpoints"] = [{**fleet.hosts["h1"]["fleet_endpoints"][1], "ports": ["8080:80"]}]
    fleet.plan()
    assert fleet.lock_lines() == before


def test_facts_complete_what_variables_leave_open(fleet: Fleet) -> None:
    del fleet.hosts["h3"]["fleet_vtep_address"]
    assert "hostvars[h3].fleet_vtep_address: got null" in fleet.failure()
    assert not fleet.lock.exists()
    assert fleet.plan("-e", "facts=true")["overlays"]["mesh"]["peers"][2] == {"host": "h3", "vtep": "192.0.2.33"}
    assert "  h3: 192.0.2.33" in fleet.lock_lines()
    again = fleet.plan("--limit", "h1")
    assert again["overlays"]["mesh"]["peers"][2] == {"host": "h3", "vtep": "192.0.2.33"}
    assert again["changed"] is False


def test_a_host_that_moved_is_told_of(fleet: Fleet) -> None:
    del fleet.hosts["h3"]["fleet_vtep_address"]
    fleet.lock.write_text("version: 1\nscope: main\nvteps: {h3: 192.0.2.99}\n")
    done = fleet.play("-e", "facts=true")
    assert "[WARNING]: host h3: the lock file records VTEP 192.0.2.99" in done.stdout + done.stderr


def test_every_fault_of_every_host_and_no_change(fleet: Fleet) -> None:
    fleet.plan()
    text = fleet.lock.read_text()
    fleet.hosts["h2"]["fleet_endpoints"][0]["name"] = "api"
    fleet.hosts["h3"]["fleet_vtep_address"] = "192.0.2.1"
    fleet.hosts["h3"]["fleet_endpoints"][0]["networks"] = [{"name": "mesh", "ipv4_adress": "10.60.0.9"}]
    for mode in ((), ("--check",)):
        words = fleet.failure(*mode)
        assert "3 input errors, nothing was changed" in words
        assert "hostvars[h2].fleet_endpoints[api].networks[mesh]" in words
        assert "hostvars[h3].fleet_vtep_address" in words
        assert "did you mean ipv4_address" in words
    assert fleet.lock.read_text() == text


def test_variables_that_cannot_be_templated_are_named(fleet: Fleet) -> None:
    fleet.hosts["h2"]["fleet_vtep_address"] = "{{ nowhere }}"
    fleet.hosts["h3"]["fleet_endpoints"] = [{"name": "{{ neither }}", "container": {"netns": "x"}}]
    words = fleet.failure()
    assert "2 variables cannot be templated, nothing was changed" in words
    assert "hostvars[h2].fleet_vtep_address: 'nowhere' is undefined" in words
    assert "hostvars[h3].fleet_endpoints: " in words
    assert "'neither' is undefined" in words


def test_a_large_fleet_is_read_as_a_small_one(fleet: Fleet) -> None:
    """From 64 hosts on their variables are read in several processes."""
    names = ["m%02d" % number for number in range(70)]
    fleet.hosts = {
        name: {
            "fleet_vtep_address": "{{ '192.0.2.%d' | format(groups.container_hosts.index(inventory_hostname) + 1) }}",
            "fleet_endpoints": [{"name": "{{ inventory_hostname }}", "container": {"netns": "x"}, "networks": ["mesh"]}],
        }
        for name in names
    }
    whole = fleet.plan()
    assert {host: [item["name"] for item in part["endpoints"]] for host, part in whole["hosts"].items()} == {name: [name] for name in names}
    assert [peer["vtep"] for peer in whole["overlays"]["mesh"]["peers"]] == ["192.0.2.%d" % number for number in range(1, 71)]
    assert fleet.plan("--limit", "m00")["hosts"] == whole["hosts"]
    fleet.hosts["m01"]["fleet_vtep_address"] = fleet.hosts["m69"]["fleet_vtep_address"] = "{{ nowhere }}"
    words = fleet.failure("--limit", "m00")
    assert "2 variables cannot be templated, nothing was changed" in words
    assert words.index("hostvars[m01].fleet_vtep_address: 'nowhere' is undefined") < words.index("hostvars[m69].fleet_vtep_address: 'nowhere' is undefined")


def test_text_that_looks_like_a_template_stays_text(fleet: Fleet) -> None:
    fleet.group["fleet_networks"][0]["labels"] = {"note": "{% raw %}{{ x }}{% endraw %}"}
    assert fleet.plan()["hosts"]["h1"]["networks"][0]["labels"] == {"note": "{{ x }}"}


def test_a_lock_file_that_ansible_would_parse_is_told_of(fleet: Fleet) -> None:
    """The folder is an inventory. The recommended name says nothing; the other is read as one, with groups such as vteps."""
    fleet.play("--check")  # writes the inventory
    (fleet.root / "inventory").mkdir()
    (fleet.root / "hosts.json").rename(fleet.root / "inventory" / "hosts.json")
    playbook = (fleet.root / "plan.yml").read_text()
    for name, told in (("container_net.lock.txt", False), ("container_net.lock.yml", True)):
        (fleet.root / "plan.yml").write_text(playbook.replace("fleet.lock.yml", "inventory/" + name))
        for _again in range(2):
            done = fleet.run("inventory", "plan.yml")
            assert done.returncode == 0, done.stdout + done.stderr
            words = " ".join((done.stdout + done.stderr).split())
            assert ("%s lies in the inventory folder" % name in words) == told
            assert told or "[WARNING]" not in words
            assert (fleet.root / "inventory" / name).exists()
        assert told == (name in done.stdout + done.stderr)


def test_a_relative_path_never_leads_into_the_collection(fleet: Fleet) -> None:
    """As this collection's own playbooks have it: they are in no folder of the user's."""
    fleet.play("--check")
    arguments = ("--check", "--diff", "--tags", "fleet", "-e", "{fleet_become: false, fleet_lock_file: kept/fleet.lock.txt}")
    (fleet.root / "kept").mkdir()
    done = fleet.run("hosts.json", "netloom.container_net.site", *arguments)
    assert "+++ after: %s/kept/fleet.lock.txt" % fleet.root in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("playbook", ["show", "site", "teardown", "verify"])
def test_a_group_that_only_the_inventory_names_is_asked_for(playbook: str, fleet: Fleet) -> None:
    """Hosts of a play are chosen before the inventory's variables are read, so nothing would run, and the run be called a success."""
    (fleet.root / "hosts.json").write_text(json.dumps({"mine": {"vars": {"fleet_group": "mine"}, "hosts": fleet.hosts}}))
    done = fleet.run("hosts.json", "netloom.container_net." + playbook)
    assert done.returncode != 0
    assert "the inventory has no group container_hosts; name the group of the fleet with -e fleet_group=GROUP" in " ".join((done.stdout + done.stderr).split())


def test_wrong_use_is_named(fleet: Fleet) -> None:
    assert "the inventory has no group 'nobody'" in fleet.failure("-e", "group=nobody")
    assert fleet.play("-e", "group=empty_hosts").returncode == 0
    fleet.lock.write_text("version: 1\nscope: main\nvnis: {a: 1, a: 2}\n")
    assert "fleet.lock.yml: not valid YAML: line 3: key 'a' occurs twice" in fleet.failure()
    assert fleet.lock.read_text().endswith("{a: 1, a: 2}\n")
