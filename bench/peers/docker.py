# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Docker Engine of its own, with two containers on a bridge network. Ports are translated by the kernel, without a proxy in between."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Iterator

import scene

NAME = "Docker Engine"
TESTS = Path(__file__).resolve().parents[2] / "tests"


def version() -> str:
    for program in ("dockerd", "runc", "busybox"):
        if not shutil.which(program):
            raise scene.Missing("%s is not installed" % program)
    if os.geteuid():
        raise scene.Missing("needs root")
    return scene.run(["dockerd", "--version"]).split("version ")[1].split(",")[0]


def _engine(folder: Path) -> Any:
    """Return the Docker Engine of the tests."""
    sys.path[:0] = [str(TESTS / "engines"), str(TESTS / "functional")]
    engines, tree = importlib.import_module("engines"), importlib.import_module("tree")
    made = engines.Docker(folder / "docker", tree.make_tree(folder / "tree"))
    made.settings = {"userland-proxy": False}
    return made


@contextlib.contextmanager
def publish(count: int) -> Iterator[scene.Pair]:
    # The path of a socket has an end, and so the folder a short name.
    with tempfile.TemporaryDirectory() as folder, _engine(Path(folder)) as engine:
        engine.add_network("bench", scene.SUBNET)
        sleep = ("/bin/sleep", "100000")
        for name, ports in (("first", {scene.TARGET_PORT: list(map(scene.published_port, range(count)))}), ("second", {})):
            engine.run(name, "bench", sleep, ports)
        yield scene.Pair(*("/proc/%d/ns/net" % engine.pid(name) for name in ("first", "second")))
