# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""This collection: what one `topology` task does on the host, from the raw declaration to the verified kernel, without Ansible's own cost."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, Dict, Tuple

import scene

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "build" / "collections"))

from ansible_collections.netloom.container_net.plugins.module_utils._engine.pipeline import converge  # noqa: E402
from ansible_collections.netloom.container_net.plugins.module_utils._engine.request import Outcome  # noqa: E402
from ansible_collections.netloom.container_net.plugins.module_utils._engine.topology import topology_request  # noqa: E402
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.netlink import pyroute2_version  # noqa: E402
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.tool import run_system_tool  # noqa: E402

NAME = "netloom.container_net"


def version() -> str:
    library = pyroute2_version()
    if library is None:
        raise scene.Missing("pyroute2 is not installed")
    galaxy = (ROOT / "galaxy.yml").read_text(encoding="utf-8")
    own = next(line.split(":")[1].strip() for line in galaxy.splitlines() if line.startswith("version:"))
    return "%s, pyroute2 %s" % (own, ".".join(map(str, library)))


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
    request, _declared = topology_request(declaration, run=run_system_tool)
    outcome = converge(request)
    return outcome, time.monotonic() - started


def measure(count: int) -> scene.Measurement:
    return measure_declaration(_declaration(count))


def measure_declaration(declaration: Dict[str, Any]) -> scene.Measurement:
    """Bring the host to it, and find on a second run that nothing is to be done."""
    _first, seconds = _converge(declaration)
    second, again = _converge(declaration)
    if second.steps:
        raise RuntimeError("the second run still has %d steps, the first of them: %s" % (len(second.steps), second.steps[0].line))
    return scene.Measurement(seconds, again)
