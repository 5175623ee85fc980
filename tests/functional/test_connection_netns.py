# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection plugin under a real ansible, on a real lab."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator, Optional

import pytest
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


def one_host(tmp_path: Path, **variables: str) -> Path:
    """Write an inventory of one host named `it`."""
    file = tmp_path / "inventory.yml"
    values = {"ansible_connection": "netloom.container_net.netns", "ansible_python_interpreter": sys.executable, **variables}
    file.write_text(json.dumps({"all": {"hosts": {"it": values}}}))
    return file


def unreadable_fault() -> Optional[str]:
    """Return why an ordinary user cannot run this test's Ansible, or None."""
    code = "import ansible.release; open(%r)" % str(CHECKOUT / "plugins" / "connection" / "netns.py")
    result = subprocess.run([*as_ordinary_user(), sys.executable, "-c", code], capture_output=True, check=False)
    return None if result.returncode == 0 else "an ordinary user cannot read %s or the checkout" % sys.executable


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


def check_tasks(done: Dict[str, Dict[str, Any]], home: Path) -> None:
    for host in ("h1", "h2"):
        assert not [name for name, hosts in done.items() if hosts[host].get("failed") or hosts[host].get("unreachable")]
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


@pytest.mark.parametrize("pipelining", ["0", "1"])
def test_ordinary_tasks_run_on_simulated_hosts(ansible: Ansible, lab: Lab, inventory: Path, tmp_path: Path, pipelining: str) -> None:
    lab.output("h1", "rm", "-f", "/etc/container_net/x")
    lab.output("h2", "rm", "-f", "/etc/container_net/x")
    check_tasks(ansible.play(inventory, TASKS, ANSIBLE_PIPELINING=pipelining), tmp_path)


def test_an_ordinary_user_drives_a_lab_of_his_own(collections_path: Path) -> None:
    fault = ordinary_user_fault() or unreadable_fault()
    if fault:
        pytest.skip(fault)
    with ordinary_home() as home:
        prefix = as_ordinary_user(str(home))
        lab = Lab(home / "lab", prefix)
        lab.up("--hosts", "2")
        try:
            check_tasks(Ansible(collections_path, home, prefix).play(lab.state / "inventory.yml", TASKS), home)
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


def test_codes_and_both_streams_come_back(ansible: Ansible, inventory: Path) -> None:
    result = ansible.raw(inventory, "h1", "echo out; echo err >&2; exit 7")
    assert "rc=7" in result.stdout
    assert "out\nerr" in result.stdout


def test_no_descriptor_of_a_namespace_reaches_the_task(ansible: Ansible, inventory: Path) -> None:
    result = ansible.raw(inventory, "h1", "for fd in /proc/self/fd/*; do readlink $fd; done; true")
    assert result.stdout.count("pipe:") == 3
    assert not [line for line in result.stdout.splitlines() if line.startswith(("net:", "mnt:", "uts:", "user:"))]


@pytest.fixture
def namespace() -> Iterator[str]:
    ip("netns", "add", "cnet-t1")
    yield "cnet-t1"
    ip("netns", "delete", "cnet-t1")


@pytest.mark.parametrize(
    "variables",
    [
        {"ansible_host": "cnet-t1"},
        {"ansible_netns_namespace": "cnet-t1"},
        {"ansible_netns_namespace": "/run/netns/cnet-t1"},
        {"ansible_netns_namespace": "/var/run/netns/cnet-t1"},
    ],
)
def test_a_named_namespace_is_a_host(ansible: Ansible, namespace: str, tmp_path: Path, variables: Dict[str, str]) -> None:
    ip("-n", namespace, "link", "add", "mark0", "type", "bridge")
    done = ansible.play(one_host(tmp_path, **variables), [{"name": "dev", "ansible.builtin.command": {"argv": ["cat", "/proc/self/net/dev"]}}], hosts="all")
    assert "mark0" in done["dev"]["it"]["stdout"]


def test_the_inventory_name_is_the_namespace(ansible: Ansible, namespace: str, tmp_path: Path) -> None:
    (tmp_path / "inventory").write_text("%s ansible_connection=netloom.container_net.netns\n" % namespace)
    result = ansible.raw(tmp_path / "inventory", namespace, "readlink /proc/self/ns/net")
    assert "net:[%d]" % os.stat("/run/netns/%s" % namespace).st_ino in result.stdout


def test_the_directory_of_namespaces_can_be_another(ansible: Ansible, namespace: str, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "it").symlink_to("/run/netns/%s" % namespace)
    result = ansible.raw(one_host(tmp_path), "it", "readlink /proc/self/ns/net", ANSIBLE_NETNS_DIRECTORY=str(tmp_path / "there"))
    assert "net:[%d]" % os.stat("/run/netns/%s" % namespace).st_ino in result.stdout


def test_a_container_of_a_simulated_host_is_a_host(ansible: Ansible, lab: Lab, tmp_path: Path) -> None:
    lab.output("h1", "ip", "netns", "add", "inner")
    inode = lab.output("h1", "stat", "-c", "%i", "/run/netns/inner").strip()
    inventory = one_host(tmp_path, ansible_netns_holder=str(lab.state / "holders" / "h1.json"), ansible_netns_namespace="inner")
    result = ansible.raw(inventory, "it", "readlink /proc/self/ns/net; hostname")
    assert "net:[%s]\nh1" % inode in result.stdout


def unreachable(result: subprocess.CompletedProcess[str]) -> str:
    # Older ansible shows the message as JSON.
    text = (result.stdout + result.stderr).replace('\\"', '"')
    assert "UNREACHABLE" in text
    assert "Traceback" not in text
    return text


def test_a_missing_namespace_is_unreachable(ansible: Ansible, tmp_path: Path) -> None:
    assert "namespace /run/netns/it does not exist" in unreachable(ansible.raw(one_host(tmp_path), "it"))


@pytest.mark.parametrize("kind", ["file", "directory", "fifo", "uts"])
def test_what_is_no_network_namespace_is_refused(ansible: Ansible, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "file":
        path.write_text("")
    elif kind == "directory":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path = Path("/proc/self/ns/uts")
    assert "%s is not a network namespace" % path in unreachable(ansible.raw(one_host(tmp_path, ansible_netns_namespace=str(path)), "it"))


@pytest.mark.parametrize("name", ["../netns/x", "a/b", ".."])
def test_a_name_cannot_be_a_path(ansible: Ansible, tmp_path: Path, name: str) -> None:
    assert 'a name without "/" or an absolute path' in unreachable(ansible.raw(one_host(tmp_path, ansible_netns_namespace=name), "it"))


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["unshare", "--net", "--mount", "sleep", "60"])
    while "sleep" not in Path("/proc/%d/comm" % process.pid).read_text():
        time.sleep(0.01)
    yield process
    if alive(process.pid):
        process.kill()
    process.wait()


def write_holder(tmp_path: Path, pid: int, **changes: Any) -> Path:
    stat = Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    record = {"pid": pid, "start_time": int(stat[19]), "boot_id": boot, "namespaces": ["net", "mnt"], **changes}
    file = tmp_path / "holder.json"
    file.write_text(json.dumps(record))
    return one_host(tmp_path, ansible_netns_holder=str(file))


def test_a_dead_holder_is_unreachable(ansible: Ansible, tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    inventory = write_holder(tmp_path, sleeper.pid)
    assert "rc=0" in ansible.raw(inventory, "it").stdout
    sleeper.send_signal(signal.SIGKILL)
    while alive(sleeper.pid):
        time.sleep(0.01)
    # First a zombie, then gone.
    for _state in ("zombie", "gone"):
        assert "process %d has ended" % sleeper.pid in unreachable(ansible.raw(inventory, "it"))
        sleeper.wait()


@pytest.mark.parametrize("changes", [{"start_time": 1}, {"boot_id": "another"}])
def test_a_process_that_got_the_id_is_not_entered(ansible: Ansible, tmp_path: Path, sleeper: subprocess.Popen[bytes], changes: Dict[str, Any]) -> None:
    assert "process %d has ended" % sleeper.pid in unreachable(ansible.raw(write_holder(tmp_path, sleeper.pid, **changes), "it"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"pid": "1", "start_time": 1, "boot_id": "x", "namespaces": ["net"]}',
        '{"pid": 1, "start_time": 1, "boot_id": "x", "namespaces": ["pid"]}',
    ],
)
def test_a_damaged_record_is_named(ansible: Ansible, tmp_path: Path, text: str) -> None:
    file = tmp_path / "holder.json"
    file.write_text(text)
    assert "holder %s is not a holder record" % file in unreachable(ansible.raw(one_host(tmp_path, ansible_netns_holder=str(file)), "it"))


def test_a_missing_record_is_named(ansible: Ansible, tmp_path: Path) -> None:
    assert "raise the lab first" in unreachable(ansible.raw(one_host(tmp_path, ansible_netns_holder=str(tmp_path / "none.json")), "it"))


@pytest.mark.parametrize("what", ["namespace", "holder"])
def test_a_user_without_permission_is_told(collections_path: Path, namespace: str, sleeper: subprocess.Popen[bytes], what: str) -> None:
    fault = ordinary_user_fault() or unreadable_fault()
    if fault:
        pytest.skip(fault)
    with ordinary_home() as home:
        inventory = one_host(home, ansible_netns_namespace=namespace) if what == "namespace" else write_holder(home, sleeper.pid)
        text = unreachable(Ansible(collections_path, home, as_ordinary_user(str(home))).raw(inventory, "it"))
    assert ("needs root or the user who made it" if what == "namespace" else "no permission to enter process %d" % sleeper.pid) in text


def test_without_nsenter_the_package_is_named(ansible: Ansible, inventory: Path) -> None:
    assert "nsenter (package util-linux) is not on the controller" in unreachable(ansible.raw(inventory, "h1", PATH="/nowhere"))


def test_the_playbooks_raise_and_end_a_lab(ansible: Ansible, tmp_path: Path) -> None:
    state = tmp_path / "lab"
    variables = ["-e", "lab_state_dir=%s" % state, "-e", "lab_hosts=1"]

    def run(name: str, *more: str) -> str:
        result = ansible.run("playbook", "netloom.container_net.lab.%s" % name, *variables, *more)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    try:
        assert "changed=0" in run("up", "--check")
        assert not state.exists()
        assert "changed=1" in run("up")
        assert "changed=0" in run("up")
        assert "rc=0" in ansible.raw(state / "inventory.yml", "h1").stdout
        assert "changed=1" in run("down")
        assert "changed=0" in run("down")
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
