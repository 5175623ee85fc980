# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

CHECKOUT = Path(__file__).resolve().parents[2]
LAB = CHECKOUT / "playbooks" / "lab" / "files" / "lab.py"
CALLBACKS = Path(__file__).resolve().parent / "callback_plugins"
ORDINARY = 65534


class Lab:
    """Runs lab.py on one state directory; `prefix` is put before every command."""

    def __init__(self, state: Path, prefix: Optional[List[str]] = None, script: Path = LAB, python: str = sys.executable) -> None:
        self.state = state
        self.command = [*(prefix or []), python, "-B", str(script)]

    def run(self, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*self.command, verb, "--state", str(self.state), *arguments], capture_output=True, text=True, timeout=60, check=False)

    def up(self, *arguments: str) -> Dict[str, Any]:
        return self._result("up", *arguments)

    def down(self) -> Dict[str, Any]:
        return self._result("down")

    def _result(self, verb: str, *arguments: str) -> Dict[str, Any]:
        result = self.run(verb, *arguments)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def execute(self, host: str, *command: str) -> subprocess.CompletedProcess[str]:
        return self.run("exec", host, "--", *command)

    def output(self, host: str, *command: str) -> str:
        result = self.execute(host, *command)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def holders(self) -> Dict[str, Dict[str, Any]]:
        return {holder["name"]: holder for holder in json.loads((self.state / "lab.json").read_text())["holders"]}


class Ansible:
    """Runs ansible programs of this interpreter's environment."""

    def __init__(self, collections: Path, home: Path, prefix: Optional[List[str]] = None) -> None:
        self.prefix = prefix or []
        self.home = home
        self.settings = {
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_HOME": str(home / "ansible"),
            "ANSIBLE_LOCAL_TEMP": str(home / "tmp"),
            "ANSIBLE_REMOTE_TEMP": str(home / "remote"),
            "ANSIBLE_HOST_KEY_CHECKING": "0",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_DEPRECATION_WARNINGS": "0",
        }

    def run(self, program: str, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = ["env", *("%s=%s" % pair for pair in {**self.settings, **settings}.items())]
        command = [*self.prefix, *environment, sys.executable, "-m", "ansible.cli.%s" % program, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=str(self.home), check=False)

    def raw(self, inventory: Path, host: str, command: str = "true", **settings: str) -> subprocess.CompletedProcess[str]:
        return self.run("adhoc", host, "-i", str(inventory), "-m", "ansible.builtin.raw", "-a", command, **settings)

    def play(self, inventory: Path, tasks: List[Dict[str, Any]], hosts: str = "container_hosts", **settings: str) -> Dict[str, Dict[str, Any]]:
        """Run tasks; return the result of each by task name and host."""
        playbook, results = self.home / "play.yml", self.home / "results.jsonl"
        playbook.write_text(json.dumps([{"hosts": hosts, "gather_facts": False, "tasks": tasks}]))
        callback = {"ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS), "ANSIBLE_CALLBACKS_ENABLED": "results", "TEST_RESULTS": str(results)}
        with contextlib.suppress(FileNotFoundError):
            results.unlink()
        ran = self.run("playbook", "-i", str(inventory), str(playbook), **callback, **settings)
        assert ran.returncode in (0, 2, 4), ran.stdout + ran.stderr  # all well, a task failed, a host unreachable
        print(ran.stdout, ran.stderr)
        done: Dict[str, Dict[str, Any]] = {}
        for line in results.read_text().splitlines():
            entry = json.loads(line)
            done.setdefault(entry["task"], {})[entry["host"]] = entry["result"]
        return done


def alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        return Path("/proc/%d/stat" % pid).read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def ip(*words: str) -> str:
    result = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    assert result.returncode == 0, "ip %s: %s" % (" ".join(words), result.stderr)
    return result.stdout


def ordinary_user_fault() -> Optional[str]:
    """Return why this process cannot act as an ordinary user, or None."""
    result = subprocess.run([*as_ordinary_user(), "unshare", "-Urnm", "true"], capture_output=True, text=True, check=False)
    return None if result.returncode == 0 else "cannot become an ordinary user here (root in gate fresh can): %s" % result.stderr.strip()


def as_ordinary_user(home: str = "/") -> List[str]:
    user = ["setpriv", "--reuid=%d" % ORDINARY, "--regid=%d" % ORDINARY, "--clear-groups"]
    return [*user, "env", "HOME=" + home, "LC_ALL=C.UTF-8", "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"]


@contextlib.contextmanager
def ordinary_home() -> Iterator[Path]:
    """Make an ordinary user's home; not below pytest's directory, which every new pytest of root closes to others."""
    home = Path(tempfile.mkdtemp(prefix="container-net-home-"))
    try:
        os.chown(home, ORDINARY, ORDINARY)
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def children() -> Iterator[int]:
    """Find the living children of this process."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and alive(int(entry.name)):
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == os.getpid():
                yield int(entry.name)
