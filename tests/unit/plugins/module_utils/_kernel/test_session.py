# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Dict

from ansible_collections.netloom.container_net.plugins.module_utils._kernel.session import read_ssh_connection

CONNECTION = "192.0.2.9 50000 192.0.2.1 22"
ROOT = str(Path(sys.modules["ansible_collections.netloom.container_net"].__path__[0]).parents[2])
ASK = """
import os, sys
sys.path.insert(0, {0!r})
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.session import read_ssh_connection
print(read_ssh_connection(os.environ))
""".format(ROOT)
# What sudo does to the environment.
BETWEEN = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]], env={'PATH': '/usr/bin:/bin'}, check=True)"


def run(script: str, *arguments: str, **environment: str) -> str:
    known: Dict[str, str] = {"PATH": "/usr/bin:/bin", **environment}
    done = subprocess.run([sys.executable, "-c", script, *arguments], env=known, capture_output=True, text=True, timeout=30, check=True)
    return done.stdout.strip()


def test_what_the_environment_says() -> None:
    assert read_ssh_connection({"SSH_CONNECTION": CONNECTION}) == CONNECTION


def test_what_sudo_took_away() -> None:
    assert run(BETWEEN, ASK, SSH_CONNECTION=CONNECTION) == CONNECTION


def test_the_nearest_one_counts() -> None:
    assert run(BETWEEN.replace("{'PATH'", "{'SSH_CONNECTION': 'near 1 here 22', 'PATH'"), ASK, SSH_CONNECTION=CONNECTION) == "near 1 here 22"
