# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every example does on simulated hosts what its README says, with the commands that stand there."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set, Tuple

import pytest
from lab_helpers import CALLBACKS, CHECKOUT, Lab

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


@dataclass(frozen=True)
class Run:
    """What one run of a playbook told, by host: how many tasks changed something, the steps in their order, and what was sent."""

    changed: Dict[str, int]
    steps: Dict[str, Tuple[str, ...]]
    sent: Dict[str, int]  # netlink messages that change something, and calls of iptables-restore

    @classmethod
    def read(cls, recap: List[Tuple[str, ...]], results: Iterator[Tuple[str, Dict[str, Any]]]) -> Run:
        steps: Dict[str, Tuple[str, ...]] = {}
        sent: Dict[str, int] = {}
        for host, result in results:
            steps[host] = steps.get(host, ()) + tuple(result["actions"])
            sent[host] = sent.get(host, 0) + result["statistics"]["netlink_changes"] + result["statistics"]["firewall_restores"]
        assert set(sent) == {host for host, *_counts in recap}, "no module of this collection told its steps"
        return cls({host: int(changed) for host, changed, _unreachable, _failed in recap}, steps, sent)


def engine_results(file: Path) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Yield (host, result) of every module that told its steps, the rounds of loops included."""
    for line in file.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        for result in (entry["result"], *entry["result"].get("results", ())):
            if isinstance(result, dict) and "actions" in result:
                yield entry["host"], result


class Example:
    """A copy of an example, whose playbooks run on the lab."""

    def __init__(self, original: Path, lab: Lab, place: Path) -> None:
        self.folder = place / original.name
        self.lab = lab
        self.results = place / "results.jsonl"
        shutil.copytree(original, self.folder)
        self.commands = list(readme_commands(original / "README.md"))

    def play(self, command: List[str]) -> List[Tuple[str, ...]]:
        """Run a command; return the lines of its recap."""
        on_the_lab = ["-i", str(self.lab.state / "inventory.yml")]
        program = [sys.executable, "-m", "ansible.cli.playbook"]
        self.results.write_text("", encoding="utf-8")
        # Without the lab's inventory, the example's own addresses would be called.
        environment = dict(os.environ, PATH=USER_PATH, ANSIBLE_NOCOLOR="1", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")
        environment["ANSIBLE_PIPELINING"] = "1"  # fewer processes for each task
        environment.update(ANSIBLE_CALLBACK_PLUGINS=str(CALLBACKS), ANSIBLE_CALLBACKS_ENABLED="results", TEST_RESULTS=str(self.results))
        done = subprocess.run([*program, *command[1:], *on_the_lab], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=180, check=False)
        print("$ %s\n%s%s" % (shlex.join(command), done.stdout, done.stderr))
        assert done.returncode == 0, "%s: exit status %d" % (shlex.join(command), done.returncode)
        recap = RECAP.findall(done.stdout)
        assert recap
        assert all(unreachable == failed == "0" for _host, _changed, unreachable, failed in recap)
        return recap

    def run(self, command: List[str]) -> Run:
        return Run.read(self.play(command), engine_results(self.results))

    def probed(self) -> Set[str]:
        """Return IP version, type and outcome of what the last command probed."""
        entries = [json.loads(line) for line in self.results.read_text(encoding="utf-8").splitlines()]
        probes = [probe for entry in entries if entry["task"] == "Send the packets" for probe in entry["result"].get("results", ())]
        return {"%d %s %s" % (6 if ":" in probe["address"] else 4, probe["type"], probe["outcome"]) for probe in probes}

    def look(self, command: List[str]) -> Run:
        """Run a command in check mode, which must change nothing; return its plan."""
        run = self.run(command if "--check" in command else [*command, "--check"])
        assert not any(run.sent.values()), "check mode sent changes: %s" % run.sent
        return run

    def settle(self, command: List[str], planned: Run) -> None:
        """Apply what was planned: just those steps are done, and nothing is left to plan or to send after them."""
        assert all(planned.changed.values()), "nothing to do in the first run: %s" % planned.changed
        assert all(planned.steps.values())
        applied = self.run(command)
        assert applied.steps == planned.steps
        assert applied.changed == planned.changed
        assert all(applied.sent.values())
        # Of a removal, the second run says it all.
        for again in (*([] if does(command) == "remove" else [self.look(command)]), self.run(command)):
            assert not any(again.changed.values()), "the second run changed something: %s" % again.changed
            assert not any(again.steps.values())
            assert not any(again.sent.values()), "the second run sent changes: %s" % again.sent

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
    plans: Dict[str, Run] = {}
    for command in example.commands:
        what = does(command)
        if what == "prove":
            example.play(command)
            assert {"4 tcp pass", "4 tcp refuse", "4 mtu pass", "6 tcp pass", "6 tcp refuse", "6 mtu pass"} <= example.probed()
            proven = True
            continue
        same = shlex.join(word for word in command if word not in ("--check", "--diff"))
        if same not in plans:
            plans[same] = example.look(command)
        if what == "look":
            assert example.leftovers() == "", "check mode changed something"
            continue
        example.settle(command, plans[same])
        if what == "remove":
            assert example.leftovers() == ""
        elif proof.exists():
            example.play(["ansible-playbook", "-i", "inventory.yml", str(proof)])
            proven = True
    assert proven, "no packet was sent: the README has no verify, and there is no %s" % proof
