# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""This collection: what one `topology` task does on the host, from the raw declaration to the verified kernel, without Ansible's own cost."""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import scene

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "build" / "collections"))

from ansible_collections.netloom.container_net.plugins.module_utils._engine.pipeline import converge  # noqa: E402
from ansible_collections.netloom.container_net.plugins.module_utils._engine.request import Outcome  # noqa: E402
from ansible_collections.netloom.container_net.plugins.module_utils._engine.topology import topology_request  # noqa: E402
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.base import RunCommand  # noqa: E402
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.netlink import pyroute2_version  # noqa: E402
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.tool import run_system_tool  # noqa: E402

NAME = "netloom.container_net"
TIMES = 5  # that runs are measured with many ports; the medians count


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


def _publishing(count: int, backend: str) -> Dict[str, Any]:
    """Return the declaration of two endpoints, the first with so many published ports."""
    declaration = _declaration(2)
    first, second = declaration["endpoints"]
    first["ports"] = ["%d:%d/tcp" % (scene.published_port(index), scene.TARGET_PORT) for index in range(count)]
    del second["ports"]
    return {**declaration, "firewall_backend": backend}


@contextlib.contextmanager
def publish(count: int, backend: str) -> Iterator[scene.Pair]:
    _converge(_publishing(count, backend))
    yield scene.named_pair()


def measure_ports(count: int, backend: str) -> Tuple[float, float, int]:
    """Return what runs that have nothing to do and that add a port ask of the processor, with their tools, and the transactions of the run that makes all."""
    written: List[str] = []

    def counted(arguments: Sequence[str], text: Optional[str] = None) -> Tuple[int, str, str]:
        if arguments[0].endswith("-restore") or "-f" in arguments:
            written.append(arguments[0])
        return run_system_tool(arguments, text)

    _converge(_publishing(count, backend), counted)
    transactions = len(written)
    silent: List[float] = []
    more: List[float] = []
    for _time in range(TIMES):
        silent.append(_processor(_publishing(count, backend)))
        more.append(_processor(_publishing(count + 1, backend)))
        _converge(_publishing(count, backend))
    return statistics.median(silent), statistics.median(more), transactions


def _processor(declaration: Dict[str, Any]) -> float:
    before = os.times()
    _converge(declaration)
    return sum(os.times()[:4]) - sum(before[:4])


def _converge(declaration: Dict[str, Any], run: RunCommand = run_system_tool) -> Tuple[Outcome, float]:
    started = time.monotonic()
    request, _declared = topology_request(declaration, run=run)
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
