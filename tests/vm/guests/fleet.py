# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two guests as a fleet in an Ansible inventory, and the collection's playbooks run on them over SSH."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Optional, TypeVar

from .cable import Cable
from .image import CHECKOUT, built_image
from .machine import BROUGHT, CONNECTIONS, SSH_CONFIG, Machine

Result = TypeVar("Result")
RECAP = re.compile(r"^(\w+) +: ok=\d+ +changed=(\d+) +unreachable=(\d+) +failed=(\d+)", re.MULTILINE)
BROUGHT_FOLDERS = ("tests/functional/harness", "tests/lab/snapshot.py")
SNAPSHOT, MODULES, OVER_REBOOT = "/run/floor-before", "/run/floor-modules", "/var/tmp/floor-before"
ENGINE_FOLDERS = ("plugins/module_utils", "tests/functional/conftest.py", "tests/functional/harness")
CALLBACKS = CHECKOUT / "tests" / "functional" / "callback_plugins"


@dataclass(frozen=True)
class Run:
    """What became of a playbook: by host, how many tasks changed something, whether any failed, and the steps that the tasks took or would take."""

    changed: dict[str, int]
    failed: dict[str, bool]
    actions: dict[str, list[str]]
    output: str


class Fleet:
    """The guests vm1 and vm2. `declare` says what their hosts should have, `play` runs a playbook on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._results = folder / "results"
        self.underlay, self.spare = Cable(1), Cable(2)
        self.machines = tuple(Machine(number, built_image(), folder, self.underlay, self.spare) for number in (1, 2))

    def start(self) -> None:
        """Switch the guests on and wait for them."""
        for machine in self.machines:
            machine.start()
        self.each(lambda machine: machine.wait())
        self.each(_bring)
        settings = {"ansible_ssh_common_args": "-F %s" % (self.folder / SSH_CONFIG), "ansible_python_interpreter": "/usr/bin/python3"}
        hosts = {machine.name: {} for machine in self.machines}
        (self.folder / "inventory.json").write_text(json.dumps({"container_hosts": {"hosts": hosts, "vars": settings}}))

    def stop(self) -> None:
        """Switch the guests off."""
        for machine in self.machines:
            machine.stop()

    def each(self, function: Callable[[Machine], Result]) -> list[Result]:
        """Call a function for every guest, at the same time."""
        with ThreadPoolExecutor(len(self.machines)) as pool:
            return list(pool.map(function, self.machines))

    def declare(self, everywhere: dict[str, Any], *own: dict[str, Any]) -> None:
        """Write the variables of all hosts, and those of vm1, vm2. host_prepare looks for its packages only where they say so."""
        for kind in ("group_vars", "host_vars"):
            (self.folder / kind).mkdir(exist_ok=True)
        (self.folder / "group_vars" / "container_hosts.json").write_text(json.dumps({"host_prepare_install": False, **everywhere}))
        for number, machine in enumerate(self.machines):
            addresses = {"fleet_vtep_address": machine.underlay_address}
            (self.folder / "host_vars" / (machine.name + ".json")).write_text(json.dumps({**addresses, **(own[number] if number < len(own) else {})}))

    def play(self, playbook: str, *arguments: str) -> Run:
        """Run one of the collection's playbooks; every host must end well."""
        run = self.attempt(playbook, *arguments)
        assert run.failed
        assert not any(run.failed.values()), run.output
        return run

    def attempt(self, playbook: str, *arguments: str) -> Run:
        """Run one of the collection's playbooks, however it ends."""
        return self._read_run(self.ansible("playbook", *arguments, "netloom.container_net." + playbook))

    def tasks(self, *tasks: dict[str, Any]) -> Run:
        """Run tasks of one's own as root on vm1, however they end."""
        playbook = self.folder / "tasks.json"
        playbook.write_text(json.dumps([{"hosts": "vm1", "gather_facts": False, "become": True, "tasks": list(tasks)}]))
        return self._read_run(self.ansible("playbook", str(playbook)))

    def _read_run(self, done: subprocess.CompletedProcess[str]) -> Run:
        recap = RECAP.findall(done.stdout)
        assert recap, done.stdout + done.stderr
        changed = {host: int(number) for host, number, _unreachable, _failed in recap}
        failed = {host: (unreachable, faults) != ("0", "0") for host, _changed, unreachable, faults in recap}
        actions: dict[str, list[str]] = {}
        for line in self._results.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            actions.setdefault(entry["host"], []).extend(entry["result"].get("actions", ()))
        return Run(changed, failed, actions, done.stdout + done.stderr)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of Ansible's programs in the folder of the fleet."""
        settings = {
            "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / "build" / "collections"),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(CONNECTIONS),
            "ANSIBLE_INVENTORY": "inventory.json",
            "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
            "ANSIBLE_INVENTORY_ENABLED": "yaml",
            "ANSIBLE_PIPELINING": "true",
            "ANSIBLE_TIMEOUT": "60",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "results",
            "TEST_RESULTS": str(self._results),
        }
        return {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")} | settings

    def ansible(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of Ansible's programs in the folder of the inventory."""
        command = [sys.executable, "-m", "ansible.cli.%s" % program, *arguments]
        self._results.write_text("")
        started = time.monotonic()
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900, check=False
        )
        print("$ ansible %s (%.1f s)\n%s%s" % (shlex.join([program, *arguments]), time.monotonic() - started, done.stdout, done.stderr))
        return done

    def run_functional(self, machine: Machine, *tests: str) -> str:
        """Run functional tests on the kernel of a guest, in throw-away namespaces; return what pytest says, which ends with its exit status."""
        tests = tuple("tests/functional/" + test for test in tests)
        files = sorted({test.partition("::")[0] for test in tests})
        machine.run("mkdir -p %s && tar -xf - -C %s" % (BROUGHT, BROUGHT), stdin=_archive([*ENGINE_FOLDERS, *files]))
        inner = "mount -t tmpfs tmpfs /run && ip link set lo up && python3 -m pytest -q -p no:cacheprovider --tb=short --durations=0 %s" % shlex.join(tests)
        script = "cd %s && unshare -nm --kill-child -- sh -c %s 2>&1; echo status $?" % (BROUGHT, shlex.quote(inner))
        return machine.ssh("sudo sh -c %s" % shlex.quote(script), timeout=900).stdout

    @contextmanager
    def left_clean(self, torn_down: str = "all") -> Iterator[None]:
        """After the block, and a teardown of the hosts where something was declared, the guests must be as they were before it."""
        self.each(_save_snapshot)
        yield
        if torn_down:
            self.play("teardown", "--limit", torn_down)
        left = self.leftovers()
        assert not left, "\n".join(left)

    def reboot(self, machine: Machine) -> None:
        """Boot a guest anew; what it looked like before the block still counts."""
        machine.run("cp %s %s; cp %s %s" % (SNAPSHOT, OVER_REBOOT, MODULES, OVER_REBOOT + ".modules"))
        machine.reboot()
        _bring(machine)
        machine.run("mv %s %s; mv %s %s" % (OVER_REBOOT, SNAPSHOT, OVER_REBOOT + ".modules", MODULES))

    def leftovers(self) -> list[str]:
        """Return what differs on the guests from the saved snapshot."""

        def differences(machine: Machine) -> list[str]:
            # Each brings settings, and after a restart some are not there.
            machine.run("xargs modprobe -qa <%s" % MODULES)
            done = machine.ssh("sudo python3 %s/tests/lab/snapshot.py compare %s" % (BROUGHT, SNAPSHOT))
            return ["%s: %s" % (machine.name, line) for line in (done.stdout + done.stderr).splitlines()]

        return sorted(line for lines in self.each(differences) for line in lines)


def _save_snapshot(machine: Machine) -> None:
    machine.run("python3 %s/tests/lab/snapshot.py save %s; lsmod | awk 'NR > 1 { print $1 }' >%s" % (BROUGHT, SNAPSHOT, MODULES))


def _bring(machine: Machine) -> None:
    # Both leave traces that no run could remove: settings of a module, and the rule that the kernel adds with the first VRF.
    machine.run("modprobe nf_conntrack; ip link add first type vrf table 1; ip link delete first")
    machine.run("mkdir -p %s && tar -xf - -C %s" % (BROUGHT, BROUGHT), stdin=_archive(BROUGHT_FOLDERS))


def _archive(paths: Iterable[str]) -> bytes:
    buffer = io.BytesIO()

    def without_caches(member: tarfile.TarInfo) -> Optional[tarfile.TarInfo]:
        return None if "__pycache__" in member.name else member

    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in paths:
            archive.add(CHECKOUT / path, arcname=path, filter=without_caches)
    return buffer.getvalue()
