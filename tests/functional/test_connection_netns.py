# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection plugin under a real ansible, on a real lab."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import pytest
import yaml
from lab_helpers import CHECKOUT, Ansible, Lab, alive, as_ordinary_user, ip, ordinary_home, ordinary_user_fault


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("connection") / "lab")
    made.up("--hosts", "2")
    yield made
    made.down()


@pytest.fixture
def inventory(lab: Lab) -> Path:
    return lab.state / "inventory.yml"


@pytest.fixture
def ansible(collections_path: Path, tmp_path: Path) -> Ansible:
    return Ansible(collections_path, tmp_path)


def write_inventory(folder: Path, hosts: Dict[str, Dict[str, Any]]) -> Path:
    file = folder / "inventory.yml"
    shared = {"ansible_connection": "netloom.container_net.netns", "ansible_python_interpreter": sys.executable}
    file.write_text(json.dumps({"all": {"vars": shared, "hosts": hosts}}))
    return file


def holder_of(lab: Lab, host: str) -> str:
    return str(lab.state / "holders" / (host + ".json"))


def unreadable_fault() -> Optional[str]:
    """Return why an ordinary user cannot run this test's Ansible, or None."""
    code = "import ansible.release; open(%r)" % str(CHECKOUT / "plugins" / "connection" / "netns.py")
    result = subprocess.run([*as_ordinary_user(), sys.executable, "-c", code], capture_output=True, check=False)
    return None if result.returncode == 0 else "an ordinary user cannot read %s or the checkout (in gate fresh he can)" % sys.executable


TASKS = [
    {"name": "facts", "ansible.builtin.setup": {"gather_subset": ["!all", "network"]}},
    {"name": "command", "ansible.builtin.command": {"argv": ["sh", "-c", "hostname; cat /proc/self/net/dev"]}},
    {"name": "root", "ansible.builtin.command": {"argv": ["id", "-u"]}, "become": True},
    {"name": "copy", "ansible.builtin.copy": {"content": "for {{ inventory_hostname }}\n", "dest": "/etc/container_net/x", "mode": "0600"}},
    {"name": "copy again", "ansible.builtin.copy": {"content": "for {{ inventory_hostname }}\n", "dest": "/etc/container_net/x", "mode": "0600"}},
    {"name": "home", "ansible.builtin.copy": {"content": "x", "dest": "/run/x", "mode": "0600"}, "become": True},
    {"name": "fetch", "ansible.builtin.fetch": {"src": "/etc/container_net/x", "dest": "fetched/"}},
    {"name": "async", "ansible.builtin.command": {"argv": ["sleep", "0.2"]}, "async": 10, "poll": 1},
    {"name": "stdin", "ansible.builtin.command": {"cmd": "cat", "stdin": "words"}},
]


def check_tasks(done: Dict[str, Dict[str, Any]], home: Path, *hosts: str) -> None:
    for host in hosts:
        assert not [name for name, results in done.items() if results[host].get("failed") or results[host].get("unreachable")]
        assert sorted(done["facts"][host]["ansible_facts"]["ansible_interfaces"]) == ["eth0", "lo"]
        assert done["command"][host]["stdout_lines"][0] == host
        assert "eth0" in done["command"][host]["stdout"]
        assert done["root"][host]["stdout"] == "0"
        assert done["copy"][host]["changed"] is True
        assert done["copy again"][host]["changed"] is False
        assert next((home / "fetched" / host).rglob("x")).read_text() == "for %s\n" % host
        assert done["async"][host]["rc"] == 0
        assert done["stdin"][host]["stdout"] == "words"
    assert not Path("/etc/container_net/x").exists()


def test_ordinary_tasks_run_on_simulated_hosts(ansible: Ansible, inventory: Path, tmp_path: Path) -> None:
    """On h1 a module is put into a file, on h2 it comes through a pipe."""
    content = yaml.safe_load(inventory.read_text())
    for host, variables in content["all"]["children"]["container_hosts"]["hosts"].items():
        variables["ansible_pipelining"] = host == "h2"
    (tmp_path / "inventory.yml").write_text(json.dumps(content))
    where = {"name": "where", "ansible.builtin.command": {"argv": ["sh", "-c", "tr '\\0' ' ' </proc/$PPID/cmdline"]}}
    done = ansible.play(tmp_path / "inventory.yml", [*TASKS, where])
    check_tasks(done, tmp_path, "h1", "h2")
    assert {host: "AnsiballZ_command.py" in result["stdout"] for host, result in done["where"].items()} == {"h1": True, "h2": False}


def test_an_ordinary_user_drives_a_lab_of_his_own(collections_path: Path) -> None:
    fault = ordinary_user_fault() or unreadable_fault()
    if fault:
        pytest.skip(fault)
    with ordinary_home() as home:
        prefix = as_ordinary_user(str(home))
        lab = Lab(home / "lab", prefix)
        lab.up("--hosts", "1")
        try:
            check_tasks(Ansible(collections_path, home, prefix).play(lab.state / "inventory.yml", TASKS), home, "h1")
        finally:
            lab.down()


def test_large_files_and_odd_names_pass_unchanged(ansible: Ansible, inventory: Path, tmp_path: Path) -> None:
    data = os.urandom(3 * 1024 * 1024 + 17)
    source = tmp_path / "a b'$(c)"
    source.write_bytes(data)
    target = "/run/d 'e' $(f) \u00e9"
    done = ansible.play(
        inventory,
        [
            {"name": "put", "ansible.builtin.copy": {"src": str(source), "dest": target, "mode": "0600"}},
            {"name": "sum", "ansible.builtin.stat": {"path": target, "checksum_algorithm": "sha256"}},
            {"name": "fetch", "ansible.builtin.fetch": {"src": target, "dest": str(tmp_path / "back"), "flat": True}},
        ],
        hosts="h1",
    )
    assert done["sum"]["h1"]["stat"]["checksum"] == hashlib.sha256(data).hexdigest()
    assert (tmp_path / "back").read_bytes() == data


@pytest.fixture
def namespace() -> Iterator[str]:
    ip("netns", "add", "cnet-t1")
    yield "cnet-t1"
    ip("netns", "delete", "cnet-t1")


def start_sleeper() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(["unshare", "--net", "--mount", "sleep", "600"])
    while "sleep" not in Path("/proc/%d/comm" % process.pid).read_text():
        time.sleep(0.01)
    return process


def kill(process: subprocess.Popen[bytes]) -> None:
    """Make a zombie of a process."""
    process.send_signal(signal.SIGKILL)
    while alive(process.pid):
        time.sleep(0.01)


def holder_record(pid: int) -> Dict[str, Any]:
    stat = Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return {"pid": pid, "start_time": int(stat[19]), "boot_id": boot, "namespaces": ["net", "mnt"]}


# Every way to name a namespace, and everything that cannot be entered, is a host of one play: name -> variables.
NAMED = {
    "cnet-t2": {},
    "by address": {"ansible_host": "cnet-t2"},
    "by name": {"ansible_netns_namespace": "cnet-t2"},
    "by path": {"ansible_netns_namespace": "/run/netns/cnet-t2"},
    "by old path": {"ansible_netns_namespace": "/var/run/netns/cnet-t2"},
}
KINDS = ("file", "directory", "fifo", "uts")
PATHS = ("../netns/x", "a/b", "..")
STATES = ("alive", "zombie", "gone")
OTHERS: Dict[str, Dict[str, Any]] = {"another start": {"start_time": 1}, "another boot": {"boot_id": "another"}}
RECORDS = (
    "",
    "[]",
    "{}",
    '{"pid": "1", "start_time": 1, "boot_id": "x", "namespaces": ["net"]}',
    '{"pid": 1, "start_time": 1, "boot_id": "x", "namespaces": ["pid"]}',
)


class Doors:
    """What each host of the play answered."""

    def __init__(self, folder: Path, results: Dict[str, Dict[str, Any]], network: int, inner: str, pids: Dict[str, int]) -> None:
        self.folder = folder
        self.results = results
        self.network = network
        self.inner = inner
        self.pids = pids

    def refusal(self, host: str) -> str:
        result = self.results[host]
        assert result["unreachable"]
        assert "Traceback" not in json.dumps(result)
        return str(result["msg"])


@pytest.fixture(scope="module")
def doors(lab: Lab, collections_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    folder = tmp_path_factory.mktemp("doors")
    hosts: Dict[str, Dict[str, Any]] = {name: {**variables, "command": "readlink /proc/self/ns/net"} for name, variables in NAMED.items()}
    hosts["streams"] = {"ansible_netns_holder": holder_of(lab, "h1"), "command": "echo out; echo err >&2; exit 7"}
    hosts["descriptors"] = {"ansible_netns_holder": holder_of(lab, "h1"), "command": "for fd in /proc/self/fd/*; do readlink $fd; done; true"}
    inner = {"ansible_netns_holder": holder_of(lab, "h1"), "ansible_netns_namespace": "inner"}
    hosts["inner"] = {**inner, "command": "readlink /proc/self/ns/net; hostname"}
    hosts["missing"] = {}
    (folder / "file").write_text("")
    (folder / "directory").mkdir()
    os.mkfifo(folder / "fifo")
    hosts.update({kind: {"ansible_netns_namespace": no_namespace(folder, kind)} for kind in KINDS})
    hosts.update({"path %d" % number: {"ansible_netns_namespace": path} for number, path in enumerate(PATHS)})
    processes = {state: start_sleeper() for state in STATES}
    records = {state: json.dumps(holder_record(process.pid)) for state, process in processes.items()}
    records.update({other: json.dumps({**holder_record(processes["alive"].pid), **changes}) for other, changes in OTHERS.items()})
    records.update({"record %d" % number: text for number, text in enumerate(RECORDS)})
    for name, text in records.items():
        (folder / (name + ".json")).write_text(text)
    hosts.update({name: {"ansible_netns_holder": str(folder / (name + ".json"))} for name in [*records, "no record"]})
    ip("netns", "add", "cnet-t2")
    lab.output("h1", "ip", "netns", "add", "inner")
    try:
        for state in ("zombie", "gone"):
            kill(processes[state])
        processes["gone"].wait()
        task = {"name": "raw", "ansible.builtin.raw": "{{ command | default('true') }}", "ignore_errors": True, "ignore_unreachable": True}
        done = Ansible(collections_path, folder).play(write_inventory(folder, hosts), [task], hosts="all")
        network, inside = os.stat("/run/netns/cnet-t2").st_ino, lab.output("h1", "stat", "-c", "%i", "/run/netns/inner").strip()
        yield Doors(folder, done["raw"], network, inside, {state: process.pid for state, process in processes.items()})
    finally:
        ip("netns", "delete", "cnet-t2")
        for process in processes.values():
            process.kill()
            process.wait()


def no_namespace(folder: Path, kind: str) -> str:
    return "/proc/self/ns/uts" if kind == "uts" else str(folder / kind)


def test_codes_and_both_streams_come_back(doors: Doors) -> None:
    result = doors.results["streams"]
    assert (result["rc"], result["stdout"], result["stderr"]) == (7, "out\n", "err\n")


def test_no_descriptor_of_a_namespace_reaches_the_task(doors: Doors) -> None:
    found = doors.results["descriptors"]["stdout_lines"]
    assert len([line for line in found if line.startswith("pipe:")]) == 3
    assert not [line for line in found if line.startswith(("net:", "mnt:", "uts:", "user:"))]


@pytest.mark.parametrize("name", NAMED)
def test_a_named_namespace_is_a_host(doors: Doors, name: str) -> None:
    assert doors.results[name]["stdout_lines"] == ["net:[%d]" % doors.network]


def test_the_directory_of_namespaces_can_be_another(ansible: Ansible, namespace: str, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "it").symlink_to("/run/netns/%s" % namespace)
    inventory = write_inventory(tmp_path, {"it": {}})
    result = ansible.raw(inventory, "it", "readlink /proc/self/ns/net", ANSIBLE_NETNS_DIRECTORY=str(tmp_path / "there"))
    assert "net:[%d]" % os.stat("/run/netns/%s" % namespace).st_ino in result.stdout


def test_a_container_of_a_simulated_host_is_a_host(doors: Doors) -> None:
    assert doors.results["inner"]["stdout_lines"] == ["net:[%s]" % doors.inner, "h1"]


def test_a_missing_namespace_is_unreachable(doors: Doors) -> None:
    assert "namespace /run/netns/missing does not exist" in doors.refusal("missing")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_network_namespace_is_refused(doors: Doors, kind: str) -> None:
    assert "%s is not a network namespace" % no_namespace(doors.folder, kind) in doors.refusal(kind)


@pytest.mark.parametrize("number", range(len(PATHS)), ids=PATHS)
def test_a_name_cannot_be_a_path(doors: Doors, number: int) -> None:
    assert 'a name without "/" or an absolute path' in doors.refusal("path %d" % number)


def test_a_dead_holder_is_unreachable(doors: Doors) -> None:
    assert doors.results["alive"]["rc"] == 0
    for state in ("zombie", "gone"):
        assert "process %d has ended" % doors.pids[state] in doors.refusal(state)


@pytest.mark.parametrize("other", OTHERS)
def test_a_process_that_got_the_id_is_not_entered(doors: Doors, other: str) -> None:
    assert "process %d has ended" % doors.pids["alive"] in doors.refusal(other)


@pytest.mark.parametrize("number", range(len(RECORDS)), ids=RECORDS)
def test_a_damaged_record_is_named(doors: Doors, number: int) -> None:
    name = "record %d" % number
    assert "holder %s is not a holder record" % (doors.folder / (name + ".json")) in doors.refusal(name)


def test_a_missing_record_is_named(doors: Doors) -> None:
    assert "raise the lab first" in doors.refusal("no record")


def test_a_user_without_permission_is_told(collections_path: Path, namespace: str) -> None:
    fault = ordinary_user_fault() or unreadable_fault()
    if fault:
        pytest.skip(fault)
    sleeper = start_sleeper()
    try:
        with ordinary_home() as home:
            (home / "holder.json").write_text(json.dumps(holder_record(sleeper.pid)))
            hosts = {"namespace": {"ansible_netns_namespace": namespace}, "holder": {"ansible_netns_holder": str(home / "holder.json")}}
            result = Ansible(collections_path, home, as_ordinary_user(str(home))).raw(write_inventory(home, hosts), "all")
    finally:
        sleeper.kill()
        sleeper.wait()
    text = unreachable(result, 2)
    assert "needs root or the user who made it" in text
    assert "no permission to enter process %d" % sleeper.pid in text


def unreachable(result: subprocess.CompletedProcess[str], hosts: int = 1) -> str:
    text = result.stdout + result.stderr
    assert text.count("UNREACHABLE!") == hosts
    assert "Traceback" not in text
    return text


def test_without_nsenter_the_package_is_named(ansible: Ansible, inventory: Path) -> None:
    assert "nsenter (package util-linux) is not on the controller" in unreachable(ansible.raw(inventory, "h1", PATH="/nowhere"))


def test_the_playbooks_raise_and_end_a_lab(ansible: Ansible, tmp_path: Path) -> None:
    state = tmp_path / "lab"
    variables = ["-e", "lab_state_dir=%s" % state, "-e", "lab_hosts=1"]

    def changes(name: str, *more: str) -> List[str]:
        """Run a playbook twice; return how many tasks changed something, after the first and after both."""
        result = ansible.run("playbook", *["netloom.container_net.lab.%s" % name] * 2, *variables, *more)
        assert result.returncode == 0, result.stdout + result.stderr
        return re.findall(r"changed=(\d+)", result.stdout)

    try:
        assert changes("up", "--check") == ["0", "0"]
        assert not state.exists()
        assert changes("up") == ["1", "1"]
        assert "rc=0" in ansible.raw(state / "inventory.yml", "h1").stdout
        assert changes("down") == ["1", "1"]
        assert not state.exists()
    finally:
        Lab(state).down()
        shutil.rmtree(state, ignore_errors=True)


def test_a_module_is_delegated_into_a_namespace(ansible: Ansible, namespace: str, tmp_path: Path) -> None:
    """A play on an ordinary host runs another module in a namespace; only that task is in there."""
    ip("-n", namespace, "link", "add", "mark0", "type", "bridge")
    ordinary = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inner = {"ansible_connection": "netloom.container_net.netns", "ansible_python_interpreter": sys.executable}
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(json.dumps({"all": {"hosts": {"plain": ordinary, namespace: inner}}}))
    done = ansible.play(
        inventory,
        [
            {"name": "outside", "ansible.builtin.command": {"argv": ["readlink", "/proc/self/ns/net"]}},
            {"name": "inside", "ansible.builtin.command": {"argv": ["readlink", "/proc/self/ns/net"]}, "delegate_to": namespace},
            {"name": "links", "ansible.builtin.slurp": {"src": "/proc/self/net/dev"}, "delegate_to": namespace},
        ],
        hosts="plain",
    )
    assert done["inside"]["plain"]["stdout"] == "net:[%d]" % os.stat("/run/netns/%s" % namespace).st_ino
    assert done["outside"]["plain"]["stdout"] == os.readlink("/proc/self/ns/net")
    assert b"mark0" in base64.b64decode(done["links"]["plain"]["content"])
