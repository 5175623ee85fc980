# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet is declared in every place where a variable may stand. It stands already, so a declaration that is seen whole changes nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence

import pytest
from lab_helpers import CALLBACKS, CHECKOUT, Lab

FLEET = "netloom.container_net.fleet"
NETWORKS = [
    {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]},
    {"name": "mesh", "driver": "overlay", "ipam_config": [{"subnet": "10.60.0.0/16"}, {"subnet": "fd00:60::/64"}]},
]
HOSTS = ("h1", "h2", "h3")
ENDPOINTS = {host: [{"name": "c-" + host, "container": {"netns": "c"}, "networks": ["web", "mesh"], "ports": ["8080:80"]}] for host in HOSTS}
# What a play sees where its own variables declare the fleet, whichever host it looks at.
BY_HOST = {"declared": ENDPOINTS}
DECLARED = {"fleet_networks": NETWORKS, "fleet_endpoints": "{{ declared[inventory_hostname] }}"}
RECAP = re.compile(r"^(\w+) +: ok=\d+ +changed=(\d+) +unreachable=(\d+) +failed=(\d+)", re.MULTILINE)


class Controller:
    """Runs plays on the lab, from a folder with inventories."""

    def __init__(self, folder: Path, lab: Lab, collections: Path) -> None:
        self.folder = folder
        self.lab = lab
        self.lock = folder / "fleet.lock.yml"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        self.environment.update(ANSIBLE_COLLECTIONS_PATH=str(collections), ANSIBLE_NOCOLOR="1", ANSIBLE_HOME=str(folder / ".ansible"))
        self.environment.update(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true", ANSIBLE_PIPELINING="1")
        self.results = folder / "results.jsonl"
        self.environment.update(ANSIBLE_CALLBACK_PLUGINS=str(CALLBACKS), ANSIBLE_CALLBACKS_ENABLED="results", TEST_RESULTS=str(self.results))

    def write(self, path: str, content: Any) -> str:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content), encoding="utf-8")
        return path

    def play(self, plays: Sequence[Dict[str, Any]], *arguments: str, inventories: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        base = {"hosts": "container_hosts", "gather_facts": False}
        self.results.unlink(missing_ok=True)
        playbook = self.write("play.json", [play if "import_playbook" in play else {**base, **play} for play in plays])
        sources = [word for source in (str(self.lab.state / "inventory.yml"), *inventories) for word in ("-i", source)]
        command = [sys.executable, "-m", "ansible.cli.playbook", *sources, "-e", "fleet_lock_file=%s" % self.lock, playbook, *arguments]
        return subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300, check=False)

    def changes(self, plays: Sequence[Dict[str, Any]], *arguments: str, inventories: Sequence[str] = ()) -> Dict[str, int]:
        """Run plays that must end well; return by host how many tasks changed something."""
        return changes_of(self.play(plays, *arguments, inventories=inventories))

    def steps(self) -> Dict[str, List[List[str]]]:
        """Return by host what each run of the module in the last plays did or would do."""
        told = [json.loads(line) for line in self.results.read_text(encoding="utf-8").splitlines()]
        return {host: [entry["result"]["actions"] for entry in told if entry["host"] == host and "actions" in entry["result"]] for host in HOSTS}


def changes_of(done: subprocess.CompletedProcess[str]) -> Dict[str, int]:
    found = {host: (int(changed), unreachable + failed) for host, changed, unreachable, failed in RECAP.findall(done.stdout)}
    assert found, done.stdout + done.stderr
    assert {faults for _changed, faults in found.values()} == {"00"}, done.stdout + done.stderr
    return {host: changed for host, (changed, _faults) in found.items()}


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """A fleet that stands, declared in an inventory."""
    folder = tmp_path_factory.mktemp("variables")
    lab = Lab(folder / "lab")
    lab.up()
    try:
        controller = Controller(folder, lab, CHECKOUT / "build" / "collections")
        hosts = {host: {"fleet_endpoints": endpoints} for host, endpoints in ENDPOINTS.items()}
        controller.write("hosts.json", {"container_hosts": {"vars": {"fleet_networks": NETWORKS}, "hosts": hosts}})
        assert set(controller.changes([{"roles": [FLEET]}], inventories=["hosts.json"]).values()) == {1, 2}  # one of them wrote the lock file
        yield controller
    finally:
        lab.down()


def include(name: str = "include_role", **more: Any) -> Dict[str, Any]:
    return {"ansible.builtin." + name: {"name": FLEET}, **more}


ROLE = [{"role": FLEET}]
SOME, OTHERS = {"fleet_networks": NETWORKS}, {**BY_HOST, "fleet_endpoints": DECLARED["fleet_endpoints"]}
# A declaration is whole only where both places of a play are seen.
PLAYS: Dict[str, Dict[str, Any]] = {
    "play vars, role vars": {"vars": SOME, "roles": [{"role": FLEET, "vars": OTHERS}]},
    "vars_files, those of each host": {"vars_files": ["networks.json", "of_{{ inventory_hostname }}.json"], "roles": ROLE},
    "block vars, import_role with vars": {"tasks": [{"block": [include("import_role", vars=OTHERS)], "vars": SOME}]},
    "another prefix, delegate_to, serial": {
        "serial": 1,
        "vars": {
            **BY_HOST,
            "fleet_variable_prefix": "other",
            "other_networks": NETWORKS,
            "other_endpoints": DECLARED["fleet_endpoints"],
            "other_vtep_address": "{{ fleet_vtep_address }}",
        },
        "tasks": [include("import_role", delegate_to="{{ inventory_hostname }}")],
    },
    # The last of them: a fact that was set stays.
    "set_fact, include_role with vars": {"tasks": [{"ansible.builtin.set_fact": SOME}, include(vars=OTHERS)]},
}
WAYS: Dict[str, Dict[str, Any]] = {
    "in the play": {"plays": [{"name": name, **play} for name, play in PLAYS.items()]},
    "group_vars beside a file, host_vars in a folder": {"inventories": ["groups/hosts.json", "own"]},
    "group_vars in a folder, host_vars beside a file, --limit": {"inventories": ["groups", "own/hosts.json"], "arguments": ["--limit", "h2"], "hosts": {"h2"}},
    "-e": {"arguments": ["-e", "@declared.json"]},
}


@pytest.mark.parametrize("way", WAYS)
def test_a_declaration_is_seen_wherever_it_stands(way: str, standing: Controller) -> None:
    for folder in ("groups", "own"):
        standing.write(folder + "/hosts.json", {"container_hosts": {"hosts": dict.fromkeys(HOSTS)}})
    standing.write("groups/group_vars/container_hosts.json", SOME)
    standing.write("networks.json", SOME)
    standing.write("declared.json", {**BY_HOST, **DECLARED})
    for host, endpoints in ENDPOINTS.items():
        standing.write("own/host_vars/%s.json" % host, {"fleet_endpoints": endpoints})
        standing.write("of_%s.json" % host, {"fleet_endpoints": endpoints})
    how = WAYS[way]
    recorded = standing.lock.read_bytes()
    found = standing.changes(how.get("plays", [{"roles": ROLE}]), *how.get("arguments", ()), inventories=how.get("inventories", ()))
    assert found == dict.fromkeys(how.get("hosts", HOSTS), 0)
    assert standing.lock.read_bytes() == recorded


def fails(done: subprocess.CompletedProcess[str], *words: str) -> None:
    output = (done.stdout + done.stderr).replace("\\n", " ")
    assert done.returncode != 0
    assert "Traceback" not in output
    for word in words:
        assert word in " ".join(output.split()), output


def test_nothing_goes_because_no_variable_was_seen(standing: Controller) -> None:
    recorded = standing.lock.read_bytes()
    fails(standing.play([{"roles": ROLE}]), "no host of the fleet declares a network", "fleet_state to absent", "nothing was changed")
    unlocked = standing.play([{"roles": ROLE}], "-e", "{fleet_lock_file: null}", "--limit", "h2")
    fails(unlocked, "the declaration of scope 'main' is empty, and would remove all that stands here of it", "allow_empty")
    # One host that leaves does not excuse the others.
    standing.write("one_leaves.json", {"container_hosts": {"hosts": {"h1": {"fleet_state": "absent"}, "h2": None, "h3": None}}})
    fails(standing.play([{"roles": ROLE}], inventories=["one_leaves.json"]), "no host of the fleet declares a network", "nothing was changed")
    nonsense = standing.play([{"vars": {"fleet_networks": "nonsense"}, "roles": ROLE}])
    fails(nonsense, "fleet_networks: got string", "nothing was changed")
    assert (nonsense.stdout + nonsense.stderr).count("fleet_networks: got string") <= 2  # once as the error, once as the result
    assert standing.lock.read_bytes() == recorded
    assert standing.changes([{"roles": ROLE}], inventories=["hosts.json"]) == dict.fromkeys(HOSTS, 0)


def test_the_module_and_every_role_refuse_an_empty_declaration(standing: Controller) -> None:
    """What a scope has stays until somebody says that it is to go."""
    network = {"name": "side", "ipam_config": [{"subnet": "10.77.0.0/24"}]}
    made = {"netloom.container_net.topology": {"scope": "side", "networks": [network]}}
    tasks: List[Dict[str, Any]] = [made]
    for role in ("bridge_network", "macvlan_network", "overlay_network"):
        tasks.append(
            {
                "block": [
                    {"ansible.builtin.include_role": {"name": "netloom.container_net." + role}, "vars": {role + "_scope": "side"}},
                    {"ansible.builtin.fail": {"msg": "it was removed"}},
                ],
                "rescue": [{"ansible.builtin.assert": {"that": ["\"the declaration of scope 'side' is empty\" in ansible_failed_result.msg"]}}],
            }
        )
    tasks += [
        {**made, "register": "kept"},
        {"ansible.builtin.assert": {"that": ["kept is not changed"]}},
        {"netloom.container_net.topology": {"scope": "side", "allow_empty": True}, "register": "emptied"},
        {"ansible.builtin.assert": {"that": ["'- bridge br-side' in emptied.actions"]}},
        {"netloom.container_net.topology": {"scope": "side"}, "register": "again"},
        {"ansible.builtin.assert": {"that": ["again is not changed"]}},
    ]
    done = standing.play([{"hosts": "h1", "tasks": tasks}])
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_group_gives_defaults_to_all_its_modules(standing: Controller) -> None:
    """As README promises; the modules that lack these options are left alone. Which are of the group is tested in tests/unit/test_metadata.py."""
    network = {"name": "kept", "ipam_config": [{"subnet": "10.78.0.0/24"}]}
    tasks: List[Dict[str, Any]] = [
        {"netloom.container_net.bridge": {"name": "grouped0", "state": "absent"}},
        {"netloom.container_net.topology": {"networks": [network]}},
        {"netloom.container_net.topology_info": {"scope": "grouped"}, "register": "found"},
        {"ansible.builtin.assert": {"that": ["found.networks | map(attribute='name') | list == ['kept']"]}},
        {"netloom.container_net.probe": {"checks": []}},
        {"netloom.container_net.topology": {"state": "absent"}},
    ]
    defaults = {"group/netloom.container_net.container_net": {"scope": "grouped", "lock_timeout": 5}}
    done = standing.play([{"hosts": "h1", "module_defaults": defaults, "tasks": tasks}])
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_inventory_counts_for_who_is_not_in_the_play(standing: Controller) -> None:
    """h3 is not in the play, which says that its container has another name: the play's word does not count for it, and that is said."""
    other: List[Dict[str, Any]] = [{**ENDPOINTS["h3"][0], "name": "another"}]
    play = {"vars": {"declared": {**ENDPOINTS, "h3": other}, **DECLARED}, "roles": ROLE}
    done = standing.play([play], "--limit", "h1:h2", inventories=["hosts.json"])
    assert changes_of(done) == {"h1": 0, "h2": 0}
    assert "h3 is not in this play, so for it counts what the inventory says of fleet_endpoints" in " ".join((done.stdout + done.stderr).split())


def test_the_plan_is_made_once_by_whoever_comes_first(standing: Controller) -> None:
    """Not by the host that is left out or absent, and not again by each of the others."""
    left_out = "inventory_hostname != 'h1'"
    plays: List[Dict[str, Any]] = [
        {"tasks": [include("import_role", when=left_out)]},
        {"tasks": [include(when=left_out)]},
        {"roles": [{"role": FLEET, "when": left_out, "tags": ["fleet"]}]},
        {"tasks": [include(when="inventory_hostname != 'h3'")]},
    ]
    done = standing.play(plays, "--tags", "all,fleet", inventories=["hosts.json"])
    assert changes_of(done) == dict.fromkeys(HOSTS, 0)
    assert planners(done) == [["h2"], ["h2"], ["h2"], ["h1"]]
    hosts: Dict[str, Dict[str, Any]] = {host: {"fleet_endpoints": endpoints} for host, endpoints in ENDPOINTS.items()}
    hosts["h1"]["fleet_state"] = "absent"
    standing.write("first_absent.json", {"container_hosts": {"vars": {"fleet_networks": NETWORKS}, "hosts": hosts}})
    done = standing.play([{"roles": ROLE}], "--check", inventories=["first_absent.json"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert planners(done) == [["h2"]]


def test_a_check_says_which_hosts_are_in_order(standing: Controller) -> None:
    """With exit code 0, or on demand 2; the run after it mends what was told."""
    standing.lab.output("h1", "ip", "link", "set", "br-web", "mtu", "1300")
    for arguments, code in ((("--check",), 0), (("--check", "-e", "fleet_drift=fail"), 2)):
        done = standing.play([{"roles": ROLE}], *arguments, inventories=["hosts.json"])
        assert done.returncode == code, done.stdout + done.stderr
        told = [json.loads(line) for line in standing.results.read_text(encoding="utf-8").splitlines()]
        said = {entry["host"]: entry["result"]["msg"] for entry in told if entry["task"].endswith("Say whether this host is in order")}
        assert said == {"h1": "1 difference", "h2": "in order", "h3": "in order"}
    assert standing.changes([{"roles": ROLE}], inventories=["hosts.json"]) == {"h1": 1, "h2": 0, "h3": 0}


def planners(done: subprocess.CompletedProcess[str]) -> List[List[str]]:
    """Return who came to the task that plans, for each time."""
    tasks = re.findall(r"^TASK \[.*Plan the whole fleet\].*\n((?:.+\n)*)", done.stdout, re.MULTILINE)
    return [re.findall(r"^\w+: \[(\w+)", task, re.MULTILINE) for task in tasks]


def test_a_plan_that_was_skipped_is_named(standing: Controller) -> None:
    done = standing.play([{"roles": ROLE}], "--start-at-task", "Bring this host to its part of the plan", inventories=["hosts.json"])
    fails(done, "the task that plans was skipped", "--start-at-task")


def test_a_host_outside_the_group_is_named(standing: Controller) -> None:
    done = standing.play([{"hosts": "h1:lab_outside", "roles": ROLE}], inventories=["hosts.json"])
    fails(done, "outside is in this play but not in the group container_hosts")


def test_two_lock_files_are_refused(standing: Controller) -> None:
    own = {host: {"fleet_endpoints": ENDPOINTS[host], "fleet_lock_file": "/nowhere/%s.yml" % host} for host in HOSTS}
    standing.write("two_locks.json", {"container_hosts": {"vars": {"fleet_networks": NETWORKS}, "hosts": own}})
    playbook = standing.write("site.json", [{"hosts": "container_hosts", "gather_facts": False, "roles": ROLE}])
    command = [sys.executable, "-m", "ansible.cli.playbook", "-i", str(standing.lab.state / "inventory.yml"), "-i", "two_locks.json", playbook]
    done = subprocess.run([*command, "--limit", "h2"], cwd=standing.folder, env=standing.environment, capture_output=True, text=True, timeout=60, check=False)
    fails(done, "fleet_lock_file: got /nowhere/h1.yml of h1, /nowhere/h2.yml of h2", "nothing was changed")


def test_a_report_that_cannot_be_written_stops_before_the_probes(standing: Controller) -> None:
    done = standing.play([{"import_playbook": "netloom.container_net.verify"}], "-e", "verify_report=/nowhere/verify.json")
    fails(done, "TASK [Make sure that the report can be written]", "/nowhere/verify.json")
    assert "TASK [Say what must pass" not in done.stdout


def test_show_tells_of_all_that_is_declared(standing: Controller) -> None:
    """A container that does not run stops nobody, and what is printed fits 80 columns."""
    own: Dict[str, Any] = {host: {"fleet_endpoints": endpoints} for host, endpoints in ENDPOINTS.items()}
    own["h1"] = {"fleet_endpoints": [*ENDPOINTS["h1"], {"name": "late", "container": {"docker": "late"}, "networks": ["web"]}]}
    standing.write("late.json", {"container_hosts": {"vars": {"fleet_networks": NETWORKS}, "hosts": own}})
    done = standing.play([{"import_playbook": "netloom.container_net.show"}], inventories=["late.json"])
    assert done.returncode == 0, done.stdout + done.stderr
    printed = [line for line in done.stdout.splitlines() if line.startswith(" " * 8 + '"')]
    assert all(len(line) <= 80 for line in printed)
    told = [line.strip().strip('",') for line in printed]
    assert told.count("container late (docker:late): not running") == 1
    for host in HOSTS:
        assert {host, "container c-%s (netns:c)" % host} <= set(told)


def use_overlay(lab: Lab) -> None:
    """Let each container speak with each on the overlay, so that every connection between their hosts is known before anything is looked at."""
    addresses = {host: lab.output(host, "ip", "-n", "c", "-4", "-br", "address", "show", "eth1").split()[2].partition("/")[0] for host in HOSTS}
    for host in HOSTS:
        for other in HOSTS:
            if other != host:
                lab.output(host, "ip", "netns", "exec", "c", "ping", "-c", "1", "-W", "5", addresses[other])


def test_what_a_host_stops_using_goes_from_it(standing: Controller) -> None:
    """h3 loses its last endpoint: what is to be on every host stays, all else goes, and nobody copies broadcasts to it any more."""
    own = {host: {"fleet_endpoints": ENDPOINTS[host] if host != "h3" else []} for host in HOSTS}
    for name, web in (("everywhere", {**NETWORKS[0], "on_every_host": True}), ("unused", NETWORKS[0])):
        standing.write(name + ".json", {"container_hosts": {"vars": {"fleet_networks": [web, NETWORKS[1]]}, "hosts": own}})
    before = standing.lock.read_text(encoding="utf-8")
    told_and_done = [{"block": [include("import_role")], "check_mode": True}, include()]

    def steps(inventory: str, *more: Dict[str, Any]) -> Dict[str, List[List[str]]]:
        standing.changes([{"tasks": [*told_and_done, *more]}], inventories=[inventory])
        return standing.steps()

    use_overlay(standing.lab)
    for told, done in steps("everywhere.json").values():
        assert told == done
    links = standing.lab.output("h3", "ip", "-br", "link")
    assert ("br-web" in links, "br-mesh" in links) == (True, False)
    for host in ("h1", "h2"):
        assert "192.0.2.13" not in standing.lab.output(host, "bridge", "fdb")
    taken = steps("unused.json", include())
    for told, done, again in taken.values():
        assert (told, again) == (done, [])
    assert (taken["h1"][1], taken["h2"][1]) == ([], [])
    assert "br-" not in standing.lab.output("h3", "ip", "-br", "link")
    assert set(standing.changes([{"roles": ROLE}], inventories=["hosts.json"]).values()) <= {1, 2}
    assert standing.lock.read_text(encoding="utf-8") == before


def test_a_fleet_is_kept_on_its_hosts(standing: Controller) -> None:
    """These hosts have no systemd, so the program is all they get; what is kept goes with its variable."""
    kept = ("-e", "fleet_persist=true")
    play, lab = [{"roles": ROLE}], standing.lab
    program = "/var/lib/container_net/container-net"
    done = standing.play(play, *kept, inventories=["hosts.json"])
    assert set(changes_of(done).values()) == {3}, done.stdout
    assert "there is no systemd here, so nothing runs at a start of the host: have it run '%s restore main'" % program in " ".join(done.stdout.split())
    for host in HOSTS:
        assert lab.output(host, program, "check") == "main: in order\n"
    lab.output("h1", "ip", "netns", "delete", "c")
    assert "main: + container c-h1 joins mesh as eth1" in lab.output("h1", program, "restore")
    assert standing.changes(play, *kept, inventories=["hosts.json"]) == dict.fromkeys(HOSTS, 0)
    use_overlay(lab)
    assert set(standing.changes(play, inventories=["hosts.json"]).values()) <= {2, 3}
    for host in HOSTS:
        assert lab.output(host, "find", "/var/lib/container_net", "-type", "f") == ""
    assert standing.changes(play, inventories=["hosts.json"]) == dict.fromkeys(HOSTS, 0)


def test_an_absent_host_is_gone_for_all(standing: Controller) -> None:
    """The last of this file: h1, the first, leaves, and the others forget it."""
    own = {host: {"fleet_endpoints": endpoints} for host, endpoints in ENDPOINTS.items()}
    own["h1"]["fleet_state"] = "absent"  # type: ignore[assignment]
    standing.write("one_absent.json", {"container_hosts": {"vars": {"fleet_networks": NETWORKS}, "hosts": own}})
    assert set(standing.changes([{"roles": ROLE}], inventories=["one_absent.json"])) == set(HOSTS)
    for host in ("h2", "h3"):
        assert "192.0.2.11" not in standing.lab.output(host, "bridge", "fdb")
        other = "h3" if host == "h2" else "h2"
        address = re.search(r"^ +c-%s: \[([\d.]+)" % other, standing.lock.read_text(), re.MULTILINE)
        assert address
        assert standing.lab.execute(host, "ip", "netns", "exec", "c", "ping", "-c1", "-W2", address[1]).returncode == 0
    assert "c-h1" not in standing.lock.read_text()
    assert "br-" not in standing.lab.output("h1", "ip", "-br", "link")
