# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""This collection: what one `topology` task does on the host, from the raw declaration to the verified kernel, without Ansible's own cost."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Tuple

import scene

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "build" / "collections"))

from ansible_collections.netloom.container_net.plugins.module_utils._ansible.engine import Outcome, Request, converge  # noqa: E402
from ansible_collections.netloom.container_net.plugins.module_utils._ansible.topology import build_declaration, read_declaration  # noqa: E402
from ansible_collections.netloom.container_net.plugins.module_utils._document.living import Declared  # noqa: E402
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.backend import select_backend  # noqa: E402
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.wire import pyroute2_version  # noqa: E402

NAME = "netloom.container_net"


def version() -> str:
    library = pyroute2_version()
    if library is None:
        raise scene.Missing("pyroute2 is not installed")
    galaxy = (ROOT / "galaxy.yml").read_text(encoding="utf-8")
    own = next(line.split(":")[1].strip() for line in galaxy.splitlines() if line.startswith("version:"))
    return "%s, pyroute2 %s" % (own, ".".join(map(str, library)))


def _run(argv: Sequence[str], data: Optional[str] = None) -> Tuple[int, str, str]:
    done = subprocess.run(list(argv), input=data, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def _has_tool(tool: str) -> bool:
    return shutil.which(tool) is not None


def _declaration(count: int) -> Dict[str, Any]:
    ipam = [{"subnet": scene.SUBNET, "gateway": scene.GATEWAY}]
    endpoints = [
        {
            "name": scene.endpoint(index),
            "container": {"netns": scene.endpoint(index)},
            "networks": [{"name": "bench", "ipv4_address": scene.address(index)}],
            "ports": ["%d:%d/tcp" % (scene.published_port(index), scene.TARGET_PORT)],
        }
        for index in range(count)
    ]
    return {"networks": [{"name": "bench", "driver": "bridge", "bridge_name": scene.BRIDGE, "ipam_config": ipam}], "endpoints": endpoints}


def _converge(declaration: Dict[str, Any]) -> Tuple[Outcome, float]:
    started = time.monotonic()
    declared = Declared(partial(read_declaration, "main", declaration["networks"], declaration["endpoints"], None, []))
    build = build_declaration(declared, allow_management=False)
    outcome = converge(Request(scope="main", build=build, backend=select_backend("iptables", _has_tool), run=_run, prune=True))
    return outcome, time.monotonic() - started


def measure(count: int) -> scene.Measurement:
    declaration = _declaration(count)
    _first, seconds = _converge(declaration)
    second, again = _converge(declaration)
    if second.steps:
        raise RuntimeError("the second run still has %d steps, the first of them: %s" % (len(second.steps), second.steps[0].line))
    return scene.Measurement(seconds, again)
