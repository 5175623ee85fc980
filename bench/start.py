# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a small task asks of a host's processor: the module as Ansible sends it, beside a module that does nothing.

Ansible packs each module once; what it sends is kept and run as often as wanted, each time in new network and mount namespaces without an uplink,
where the task makes all that it declares. The modules take turns, so that each meets the same moments of the machine. Of Python and pyroute2 there
is bytecode, as on a host that got them as packages; of what Ansible sends there never is.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, Tuple

import scene
from goals import start_goals

ROOT = Path(__file__).resolve().parents[1]
EMPTY, ATOMIC, TOPOLOGY = "empty", "bridge", "topology"
COLLECTION = "netloom.container_net"
EMPTY_COLLECTION = "bench.start"
EMPTY_MODULE = """
from ansible.module_utils.basic import AnsibleModule

AnsibleModule(argument_spec={}).exit_json(changed=True)
"""
# The module -> its arguments.
TASKS: Dict[str, Dict[str, Any]] = {
    EMPTY: {},
    ATOMIC: {"name": "br-start", "addresses": ["10.123.0.1/24"]},
    TOPOLOGY: {
        "networks": [{"name": "start", "ipam_config": [{"subnet": "10.123.0.0/24"}]}],
        "endpoints": [{"name": "one", "container": {"netns": "one"}, "networks": [{"name": "start"}]}],
    },
}


def pack(module: str, folder: Path) -> Path:
    """Let Ansible run a task in namespaces of its own; return the file it ran on the host."""
    empty = folder / "ansible_collections" / EMPTY_COLLECTION.replace(".", "/") / "plugins" / "modules" / "empty.py"
    empty.parent.mkdir(parents=True, exist_ok=True)
    empty.write_text(EMPTY_MODULE, encoding="utf-8")
    sent = folder / module
    told = {
        "ANSIBLE_COLLECTIONS_PATH": "%s:%s" % (folder, ROOT / "build" / "collections"),
        "ANSIBLE_KEEP_REMOTE_FILES": "1",
        "ANSIBLE_LOCAL_TEMP": str(folder),
        "ANSIBLE_PIPELINING": "0",
        "ANSIBLE_REMOTE_TMP": str(sent),
    }
    name = "%s.%s" % (EMPTY_COLLECTION if module == EMPTY else COLLECTION, module)
    command = ["ansible", "all", "--inventory", "localhost,", "--connection", "local", "--module-name", name]
    command += ["--args", json.dumps(TASKS[module])] if TASKS[module] else []
    command += ["--extra-vars", json.dumps({"ansible_python_interpreter": sys.executable})]
    assignments = ["%s=%s" % item for item in told.items()]
    scene.run([*scene.unshare(), "env", *assignments, *command])
    (found,) = sent.glob("*/AnsiballZ_%s.py" % module)
    return found


def play(packed: str) -> None:
    """Inside new namespaces: run what Ansible sent once and print what it asked of the processor, with the tools it ran, and how long it took."""
    scene.batch(["link set lo up"])
    with tempfile.TemporaryFile() as output:
        started = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, packed],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=scene.with_bytecode(str(Path(packed).parent / "bytecode")),
        )
        _pid, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        output.seek(0)
        answer = output.read().decode("utf-8", "replace")
    if status or json.loads(answer).get("changed") is not True:
        raise RuntimeError("the task failed or changed nothing: %s" % answer[-2000:])
    print(json.dumps([used.ru_utime + used.ru_stime, wall]))


def measure(packed: Dict[str, Path], runs: int) -> Dict[str, Tuple[float, float]]:
    """Return the medians of processor and of clock for each module."""
    found: Dict[str, List[Tuple[float, float]]] = {module: [] for module in packed}
    for number in range(runs + 1):
        for module, path in packed.items():
            processor, wall = json.loads(scene.run([*scene.unshare(), sys.executable, os.path.abspath(__file__), "--play", str(path)]))
            if number:  # the first one writes the bytecode
                found[module].append((processor, wall))
    return {module: (statistics.median(one for one, _wall in each), statistics.median(wall for _one, wall in each)) for module, each in found.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=20, help="how often each module is run")
    parser.add_argument("--play", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.play:
        play(arguments.play)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        seconds = measure({module: pack(module, Path(folder)) for module in TASKS}, arguments.runs)
    print("%-10s  %9s  %7s  %9s   (median of %d)" % ("module", "processor", "clock", "to empty", arguments.runs))
    for module, (processor, wall) in seconds.items():
        print("%-10s  %7.3f s  %5.3f s  %+7.3f s" % (module, processor, wall, processor - seconds[EMPTY][0]))
    for goal in start_goals(seconds[ATOMIC][0], seconds[TOPOLOGY][0]):
        print(goal.line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
