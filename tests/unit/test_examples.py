# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each example is the molecule scenario of its name: the commands of its README are what the scenario runs, on the same variables."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Iterator, List

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(path.parent for path in (CHECKOUT / "examples").glob("*/README.md"))
BLOCK = re.compile(r"^```(?:console|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OF_A_CHECKOUT = ".venv/bin/ansible-playbook"


def commands(example: Path) -> Iterator[List[str]]:
    for block in BLOCK.findall((example / "README.md").read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line)
            if words and words[0] in ("ansible-playbook", OF_A_CHECKOUT):
                yield words


def playbook(words: List[str], example: Path) -> str:
    """Return which playbook a command runs; its other words must be options, and its files there."""
    folder = CHECKOUT if words[0] == OF_A_CHECKOUT else example
    rest, files = iter(words[1:]), []
    for word in rest:
        if word in ("-i", "-e"):
            value = next(rest)
            assert word == "-e" or value.startswith("~/.cache/container_net/lab/") or (folder / value).is_file()
        elif word not in ("--check", "--diff"):
            files.append(word)
    (name,) = files
    assert name.startswith("netloom.container_net.") or (folder / name).is_file()
    return name


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_a_scenario(example: Path) -> None:
    scenario = CHECKOUT / "molecule" / example.name
    assert (scenario / "inventory" / "hosts.yml").resolve() == example / "inventory.yml"
    shared = {path for folder in ("group_vars", "host_vars") for path in (example / folder).glob("*")}
    assert {path.resolve() for folder in ("group_vars", "host_vars") for path in (scenario / "inventory" / folder).glob("*")} == shared
    run = [playbook(words, example) for words in commands(example) if words[0] == "ansible-playbook"]
    (converged,) = re.findall(r"import_playbook: (\S+)", (scenario / "converge.yml").read_text(encoding="utf-8"))
    assert run[:2] == [converged.rpartition("/")[2]] * 2
    assert ["--check" in words for words in commands(example)][:2] == [True, False]
    removal = (scenario / "cleanup.yml").read_text(encoding="utf-8")
    for other in re.findall(r"import_playbook: (\.\./\S+)", removal):
        removal += (scenario / other).read_text(encoding="utf-8")
    last = [words for words in commands(example) if words[0] == "ansible-playbook"][-1]
    assert (last[-1].rpartition("=")[2] == "absent" and "absent" in removal) or (last[-1] == "netloom.container_net.teardown" and last[-1] in removal)
    assert (scenario / "verify.yml").is_file()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_lab_runs_it_too(example: Path) -> None:
    real, *others = (playbook(words, example) for words in commands(example) if words[0] == "ansible-playbook")
    (simulated,) = (playbook(words, example) for words in commands(example) if words[0] == OF_A_CHECKOUT)
    assert simulated.rpartition("/")[2] == real
    assert others
