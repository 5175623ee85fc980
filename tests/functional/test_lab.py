# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ctypes
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator, List

import pytest
from lab_helpers import LAB, Lab, alive, as_ordinary_user, children, ip, ordinary_home, ordinary_user_fault

PR_SET_CHILD_SUBREAPER = 36


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path / "lab")
    yield made
    if made.state.is_dir() and not (made.state / "precious").exists():
        made.down()


def pings(lab: Lab, origin: str, address: str) -> bool:
    return lab.execute(origin, "ping", "-c1", "-W1", address).returncode == 0


def wait_until_dead(pids: Iterator[int]) -> None:
    end = time.monotonic() + 5
    pids = list(pids)
    while any(alive(pid) for pid in pids):
        assert time.monotonic() < end, "still alive: %s" % [pid for pid in pids if alive(pid)]
        time.sleep(0.02)


def test_every_host_reaches_every_other_with_its_first_packet(lab: Lab) -> None:
    assert lab.up() == {"changed": True, "inventory": str(lab.state / "inventory.yml"), "hosts": ["h1", "h2", "h3"]}
    targets = {"h1": 11, "h2": 12, "h3": 13, "outside": 250}
    for origin, target in itertools.permutations(targets, 2):
        assert pings(lab, origin, "192.0.2.%d" % targets[target]), (origin, target)
        assert pings(lab, origin, "2001:db8::%d" % targets[target]), (origin, target)


def test_no_namespace_of_the_lab_has_an_uplink(lab: Lab) -> None:
    lab.up("--hosts", "2")
    links = {name: sorted(link["ifname"] for link in json.loads(lab.output(name, "ip", "-json", "link"))) for name in lab.holders()}
    assert links == {"outer": ["lo"], "switch": ["br0", "h1", "h2", "lo", "outside"], "h1": ["eth0", "lo"], "h2": ["eth0", "lo"], "outside": ["eth0", "lo"]}


def test_a_host_has_its_own_name_and_directories(lab: Lab) -> None:
    before = {directory: sorted(os.listdir(directory)) for directory in ("/etc", "/var/lib", "/run")}
    lab.up("--hosts", "2")
    for name in ("h1", "h2"):
        assert lab.output(name, "hostname").strip() == name
        lab.output(name, "ip", "netns", "add", "same")
        lab.output(name, "sh", "-c", "echo %s | tee /etc/container_net/x /var/lib/container_net/x /etc/x /run/x" % name)
    for name in ("h1", "h2"):
        for file in ("/etc/container_net/x", "/var/lib/container_net/x", "/etc/x", "/run/x"):
            assert lab.output(name, "cat", file).strip() == name
        assert lab.output(name, "ip", "netns").split() == ["same"]
        assert sorted(lab.output(name, "ls", "/sys/class/net").split()) == ["eth0", "lo"]
        assert lab.output(name, "cat", "/etc/passwd") == Path("/etc/passwd").read_text()
    assert {directory: sorted(os.listdir(directory)) for directory in before} == before


def refused_managers(lab: Lab) -> List[str]:
    """Call every package manager this machine has in h1; return those that said it is a simulated host and failed."""
    found = [file for name in ("apt", "apt-get", "dpkg", "dnf", "rpm", "pacman", "apk", "pip3") for file in [shutil.which(name, path="/usr/bin:/sbin")] if file]
    assert found, "no package manager on this machine"
    for file in found:
        done = lab.execute("h1", file, "install", "nothing")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("%s: refused, this is a simulated host: it shares the files of the machine" % os.path.basename(file))
    return found


def test_a_host_cannot_write_on_the_machine(lab: Lab) -> None:
    lab.up("--hosts", "1")
    assert refused_managers(lab)
    mounts = {line.split(" ")[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()}
    folders = ("/", "/usr", "/opt", "/boot", "/root", "/srv", "/home", "/var", "/var/cache", "/var/log", str(LAB.parent), *sorted(mounts))
    shared = ("/dev", "/proc", "/run", "/sys", "/tmp", "/etc", "/var/lib")
    for folder in folders:
        if os.path.isdir(folder) and not any(folder == place or folder.startswith(place + "/") for place in shared):
            file = os.path.join(folder, "container-net-was-here")
            done = lab.execute("h1", "touch", file)
            assert "Read-only file system" in done.stderr, (file, done.stderr)
            assert not os.path.exists(file)
    assert lab.execute("h1", "sh", "-c", "t=$(mktemp) && rm $t").returncode == 0


def test_a_host_starts_without_forwarding_and_with_a_way_out(lab: Lab) -> None:
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    try:
        lab.up("--hosts", "1", "--mtu", "1400")
    finally:
        Path("/proc/sys/net/ipv4/ip_forward").write_text("0")
    assert lab.output("h1", "cat", "/proc/sys/net/ipv4/ip_forward").strip() == "0"
    for family, gateway in (("-4", "192.0.2.250"), ("-6", "2001:db8::250")):
        assert "via %s dev eth0" % gateway in lab.output("h1", "ip", family, "route", "show", "default")
    assert json.loads(lab.output("h1", "ip", "-json", "link", "show", "eth0"))[0]["mtu"] == 1400


def test_a_second_up_changes_nothing(lab: Lab) -> None:
    lab.up("--hosts", "1")
    before = lab.holders()
    assert lab.up("--hosts", "1")["changed"] is False
    assert lab.holders() == before


def test_another_interpreter_only_changes_the_inventory(lab: Lab) -> None:
    lab.up("--hosts", "1", "--python", "/usr/bin/one")
    before = lab.holders()
    assert lab.up("--hosts", "1", "--python", "/usr/bin/two")["changed"] is True
    assert "/usr/bin/two" in (lab.state / "inventory.yml").read_text()
    assert lab.holders() == before


def test_another_shape_is_refused(lab: Lab) -> None:
    lab.up("--hosts", "1")
    result = lab.run("up", "--hosts", "2")
    assert result.returncode == 1
    assert "another shape" in result.stderr
    assert "Traceback" not in result.stderr


def test_down_ends_all_and_leaves_nothing(lab: Lab) -> None:
    lab.up("--hosts", "2")
    lab.output("h1", "ip", "netns", "add", "inner")
    visitors = [subprocess.Popen([*lab.command, "exec", "--state", str(lab.state), "h1", "--", *words]) for words in (["sleep", "60"],)]
    visitors.append(subprocess.Popen([*lab.command, "exec", "--state", str(lab.state), "h1", "--", "ip", "netns", "exec", "inner", "sleep", "60"]))
    time.sleep(0.3)
    pids = [holder["pid"] for holder in lab.holders().values()]
    assert all(visitor.poll() is None for visitor in visitors)
    result = lab.down()
    assert result["changed"] is True
    assert result["ended"] >= len(pids) + len(visitors) - 1
    assert [visitor.wait(5) for visitor in visitors] == [-signal.SIGKILL, -signal.SIGKILL]
    wait_until_dead(pids)
    assert not lab.state.exists()
    assert lab.down() == {"changed": False, "ended": 0}


def test_when_outer_dies_the_others_follow_and_up_mends_it(lab: Lab) -> None:
    lab.up("--hosts", "2")
    before = lab.holders()
    os.kill(before["outer"]["pid"], signal.SIGKILL)
    wait_until_dead(holder["pid"] for holder in before.values())
    assert "has ended" in lab.execute("h1", "true").stderr
    assert lab.up("--hosts", "2")["changed"] is True
    assert pings(lab, "h1", "192.0.2.12")


def test_when_one_host_died_up_raises_the_lab_anew(lab: Lab) -> None:
    lab.up("--hosts", "2")
    before = lab.holders()
    os.kill(before["h2"]["pid"], signal.SIGKILL)
    wait_until_dead(iter([before["h2"]["pid"]]))
    assert lab.up("--hosts", "2")["changed"] is True
    wait_until_dead(holder["pid"] for holder in before.values())
    assert pings(lab, "h1", "192.0.2.12")


def test_down_works_after_a_crash(lab: Lab) -> None:
    lab.up("--hosts", "1")
    os.kill(lab.holders()["outer"]["pid"], signal.SIGKILL)
    assert lab.down()["changed"] is True
    assert not lab.state.exists()


def test_a_stranger_with_a_recorded_id_is_left_alone(lab: Lab) -> None:
    lab.up("--hosts", "1")
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        record = json.loads((lab.state / "lab.json").read_text())
        old = record["holders"][-1]["pid"]
        record["holders"][-1]["pid"] = stranger.pid
        (lab.state / "lab.json").write_text(json.dumps(record))
        assert "has ended" in lab.execute("outside", "true").stderr
        lab.down()
        assert stranger.poll() is None
        wait_until_dead(iter([old]))
    finally:
        stranger.kill()
        stranger.wait()


def test_a_process_in_a_namespace_of_the_machine_is_left_alone(lab: Lab) -> None:
    """`outer` sees the machine's named namespaces, and so does a host that has not yet got its own directories."""
    strangers = []
    try:
        for name in ("cnet-l1", "cnet-l2"):
            ip("netns", "add", name)
            strangers.append(subprocess.Popen(["ip", "netns", "exec", name, "sleep", "60"]))
            if name == "cnet-l1":
                lab.up("--hosts", "1")
        assert lab.down()["changed"] is True
        assert [stranger.poll() for stranger in strangers] == [None, None]
    finally:
        for stranger in strangers:
            stranger.kill()
            stranger.wait()
        for name in ("cnet-l1", "cnet-l2"):
            ip("netns", "delete", name)


def enter(lab: Lab, host: str, *, returns: bool) -> "subprocess.Popen[bytes]":
    """Start a process that goes from here into a host's network, as a run that looks for tunnels does, and keeps its way back or not."""
    script = """if True:
        import ctypes, os, sys, time
        home, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open("/proc/%s/ns/net" % sys.argv[1], os.O_RDONLY)
        assert ctypes.CDLL(None).setns(there, 0) == 0
        os.close(there)
        if sys.argv[2] != "returns":
            os.close(home)
        print("inside", flush=True)
        time.sleep(60)
    """
    pid = str(lab.holders()[host]["pid"])
    process = subprocess.Popen([sys.executable, "-c", script, pid, "returns" if returns else "stays"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"inside\n"
    return process


def test_a_run_of_the_machine_that_looks_into_a_host_is_left_alone(lab: Lab) -> None:
    """A run that wants a tunnel enters every namespace of the machine for a moment; one that has come to stay is ended."""
    lab.up("--hosts", "1")
    passing, staying = enter(lab, "h1", returns=True), enter(lab, "h1", returns=False)
    try:
        lab.down()
        assert staying.wait(5) == -signal.SIGKILL
        assert passing.poll() is None
    finally:
        for process in (passing, staying):
            process.kill()
            process.communicate()


def test_a_killed_up_leaves_no_process_behind(lab: Lab) -> None:
    # Orphans come to this process, which so can see them.
    assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    strangers = set(children())
    started = time.monotonic()
    lab.up()
    whole = time.monotonic() - started
    lab.down()
    finished = 0
    for part in range(20):
        process = subprocess.Popen([*lab.command, "up", "--state", str(lab.state)], stdout=subprocess.DEVNULL)
        time.sleep(whole * part / 10)
        process.kill()
        process.wait()
        time.sleep(0.05)
        finished += (lab.state / "inventory.yml").exists()
        lab.down()
        wait_until_dead(pid for pid in children() if pid not in strangers)
        assert not lab.state.exists()
    assert 0 < finished < 20, "the kills must fall before and after the end of up"


def test_foreign_directories_are_refused(lab: Lab, tmp_path: Path) -> None:
    lab.state.mkdir()
    (lab.state / "precious").write_text("x")
    for verb in ("up", "down"):
        result = lab.run(verb)
        assert result.returncode == 1
        assert "not empty and not a lab's" in result.stderr
    assert (lab.state / "precious").read_text() == "x"
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    assert "not a directory" in Lab(tmp_path / "link").run("up").stderr.lower()
    assert list((tmp_path / "target").iterdir()) == []


def test_the_state_directory_is_private(lab: Lab) -> None:
    lab.state.mkdir(mode=0o755)
    lab.up("--hosts", "1")
    assert lab.state.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("option", "value"), [("--hosts", "0"), ("--hosts", "201"), ("--hosts", "x"), ("--mtu", "1279"), ("--mtu", "65536")])
def test_bad_numbers_are_refused(lab: Lab, option: str, value: str) -> None:
    result = lab.run("up", option, value)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert not lab.state.exists()


@pytest.fixture
def ordinary_lab() -> Iterator[Lab]:
    fault = ordinary_user_fault()
    if fault:
        pytest.skip(fault)
    with ordinary_home() as home:
        # The checkout may lie where an ordinary user cannot read.
        shutil.copytree(LAB.parent, home / "files", ignore=shutil.ignore_patterns("__pycache__"))
        made = Lab(home / "lab", as_ordinary_user(str(home)), home / "files" / "lab.py", "/usr/bin/python3")
        yield made
        made.down()


def test_an_ordinary_user_can_raise_a_lab(ordinary_lab: Lab) -> None:
    ordinary_lab.up("--hosts", "2")
    assert ordinary_lab.output("h1", "id", "-u").strip() == "0"
    assert pings(ordinary_lab, "h1", "192.0.2.12")
    assert pings(ordinary_lab, "h2", "2001:db8::250")
    assert refused_managers(ordinary_lab)
    ordinary_lab.output("h1", "ip", "netns", "add", "inner")
    ordinary_lab.output("h1", "sh", "-c", "for place in /etc/container_net /var/lib/container_net /etc /root; do echo x > $place/x || exit 1; done")
    assert ordinary_lab.up("--hosts", "2")["changed"] is False
    pids = [holder["pid"] for holder in ordinary_lab.holders().values()]
    assert ordinary_lab.down()["changed"] is True
    wait_until_dead(iter(pids))


def test_hosts_get_their_directories_where_overlayfs_is_refused(ordinary_lab: Lab) -> None:
    """A file mounted in /etc, as containers have, is locked for a user namespace; no overlay can cover it."""
    hosts = ordinary_lab.state.parent / "hosts"
    hosts.write_text("locked\n")
    mounted = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(hosts)]
    ordinary_lab.command = [*mounted, *ordinary_lab.command]
    ordinary_lab.up("--hosts", "1")
    assert "tmpfs /etc tmpfs" in ordinary_lab.output("h1", "cat", "/proc/mounts")
    assert ordinary_lab.output("h1", "cat", "/etc/hosts") == "locked\n"
    assert ordinary_lab.output("h1", "cat", "/etc/passwd") == Path("/etc/passwd").read_text()
    ordinary_lab.output("h1", "sh", "-c", "echo x > /etc/container_net/x && echo x > /etc/x")
    assert not Path("/etc/x").exists()
    assert ordinary_lab.execute("h1", "touch", "/etc/apt/x").returncode != 0


def test_up_says_which_program_is_missing(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "lab", ["env", "PATH=/nowhere"], python=os.path.realpath(sys.executable))
    result = lab.run("up")
    assert result.returncode == 1
    assert "missing programs: ip, nsenter, sleep" in result.stderr
