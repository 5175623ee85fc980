# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example does on simulated hosts what its README says, with the commands that stand there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, Iterator, List

import pytest
from lab_helpers import CHECKOUT, Lab

HERE = Path(__file__).resolve().parent
SNAPSHOT = HERE / "snapshot.py"
SAVED = "/run/lab/before"
HOSTS = ("h1", "h2", "h3")
EXAMPLES = sorted(path.parent for path in (CHECKOUT / "examples").glob("*/README.md"))
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# As an ordinary user of Debian has it: without the directories of the system's tools.
USER_PATH = os.pathsep.join(item for item in os.environ["PATH"].split(os.pathsep) if Path(item).name != "sbin")
RECAP = re.compile(r"^(\w+) +: ok=\d+ +changed=(\d+) +unreachable=(\d+) +failed=(\d+)", re.MULTILINE)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("lab") / "state")
    made.up()
    yield made
    made.run("down")


class Example:
    """A copy of an example, whose playbooks run on the lab."""

    def __init__(self, original: Path, lab: Lab, place: Path) -> None:
        self.folder = place / original.name
        self.lab = lab
        shutil.copytree(original, self.folder)
        self.commands = list(readme_commands(original / "README.md"))

    def run(self, command: List[str]) -> Dict[str, int]:
        """Run a command; return by host how many tasks changed something."""
        on_the_lab = ["-i", str(self.lab.state / "inventory.yml"), "-e", "host_prepare_install=false"]
        program = [sys.executable, "-m", "ansible.cli.playbook"]
        # Without the lab's inventory, the example's own addresses would be called.
        environment = dict(os.environ, PATH=USER_PATH, ANSIBLE_NOCOLOR="1", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")
        done = subprocess.run([*program, *command[1:], *on_the_lab], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=180, check=False)
        print("$ %s\n%s%s" % (shlex.join(command), done.stdout, done.stderr))
        assert done.returncode == 0, "%s: exit status %d" % (shlex.join(command), done.returncode)
        recap = RECAP.findall(done.stdout)
        assert recap
        assert all(unreachable == failed == "0" for _host, _changed, unreachable, failed in recap)
        return {host: int(changed) for host, changed, _unreachable, _failed in recap}

    def leftovers(self, verb: str = "compare") -> str:
        """Return what differs on the hosts from the saved snapshot."""
        found = []
        for host in HOSTS:
            done = self.lab.execute(host, sys.executable, str(SNAPSHOT), verb, SAVED)
            found += ["%s: %s" % (host, line) for line in (done.stdout + done.stderr).splitlines()]
        return "\n".join(found)


def readme_commands(readme: Path) -> Iterator[List[str]]:
    """Yield the commands for real hosts; those that begin with .venv are for the lab and say the same."""
    for block in CONSOLE.findall(readme.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line)
            if words[:1] == ["ansible-playbook"]:
                yield words


def does(command: List[str]) -> str:
    text = " ".join(command)
    for word, meaning in (("--check", "look"), (".verify", "prove"), (".teardown", "remove"), ("_state=absent", "remove")):
        if word in text:
            return meaning
    return "apply"


@pytest.mark.parametrize("original", EXAMPLES, ids=lambda path: path.name)
def test_the_commands_of_the_readme(original: Path, lab: Lab, tmp_path: Path) -> None:
    example = Example(original, lab, tmp_path)
    assert example.leftovers("save") == ""
    assert {"look", "apply", "remove"} <= {does(command) for command in example.commands}
    proof = HERE / "prove" / (original.name + ".yml")
    proven = False
    for command in example.commands:
        changed = example.run(command)
        what = does(command)
        if what == "prove":
            proven = True
            continue
        assert all(changed.values()), "nothing to do in the first run: %s" % changed
        if what == "look":
            assert example.leftovers() == "", "check mode changed something"
            continue
        assert not any(example.run(command).values()), "the second run changed something"
        if what == "remove":
            assert example.leftovers() == ""
        elif proof.exists():
            example.run(["ansible-playbook", "-i", "inventory.yml", str(proof)])
            proven = True
    assert proven, "no packet was sent: the README has no verify, and there is no %s" % proof
