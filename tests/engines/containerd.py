# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real containerd with files of its own, whose containers get their network by CNI."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import List, Optional, Type

from engines import CGROUP, START_LIMIT

SOCKET = "/run/containerd-test/containerd.sock"


class Containerd:
    """containerd below a folder of the test, and `ctr`."""

    def __init__(self, folder: Path, tree: Path) -> None:
        self._folder = folder
        self._tree = tree
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._running: List[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Containerd:
        self._folder.mkdir(parents=True, exist_ok=True)
        settings = 'version = 2\nroot = "%s"\nstate = "/run/containerd-test/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "%s"\n'
        (self._folder / "config.toml").write_text(settings % (self._folder / "root", SOCKET))
        log = self._folder / "containerd.log"
        with log.open("ab") as stream:
            command = ["containerd", "--config", str(self._folder / "config.toml")]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
        deadline = time.monotonic() + START_LIMIT
        while subprocess.run([*self._ctr("version")], capture_output=True, check=False).returncode != 0:
            assert self._process.poll() is None, log.read_text(errors="replace")[-2000:]
            assert time.monotonic() < deadline, log.read_text(errors="replace")[-2000:]
            time.sleep(0.05)
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        for name in self.call("task", "ls", "--quiet").split():
            subprocess.run(self._ctr("task", "kill", "--signal", "SIGKILL", name), check=False)
        for process in self._running:
            process.wait(20)
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)

    @staticmethod
    def _ctr(*arguments: str) -> List[str]:
        return ["ctr", "--address", SOCKET, *arguments]

    def call(self, *arguments: str) -> str:
        done = subprocess.run(self._ctr(*arguments), capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, "ctr %s: %s%s" % (" ".join(arguments), done.stdout, done.stderr)
        return done.stdout

    def run(self, name: str, *command: str) -> None:
        """Run a container with CNI; `ctr` stays until it ends, and takes it away from its network then."""
        options = ["run", "--cni", "--rm", "--cgroup", "%s/%s" % (CGROUP, name), "--rootfs", str(self._tree), name]
        log = self._folder / (name + ".log")
        with log.open("wb") as stream:
            process = subprocess.Popen(self._ctr(*options, *command), stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
        self._running.append(process)
        deadline = time.monotonic() + START_LIMIT
        while name not in subprocess.run(self._ctr("task", "ls"), capture_output=True, text=True, check=False).stdout:
            assert process.poll() is None, log.read_text(errors="replace")
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.05)

    def stop(self, name: str) -> None:
        self.call("task", "kill", "--signal", "SIGKILL", name)
        self._running.pop().wait(30)
