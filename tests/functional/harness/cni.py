# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container runtime in small: namespaces, and the calls of a CNI plugin with variables of the environment and JSON."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from typing import Any, Dict, Optional

from harness.host import bind_space
from harness.restarts import PROGRAM, container_net

BINARY = "/run/cni/bin/container-net"
CONFIG = {"cniVersion": "1.1.0", "name": "web", "type": "container-net"}


def install() -> None:
    """Put the program where a runtime looks for plugins: a link is all it takes. It has its bytecode, as the role sees to."""
    os.makedirs(os.path.dirname(BINARY))
    os.symlink(PROGRAM, BINARY)
    container_net("enable", "main", "--share", "/run/share")


@dataclass(frozen=True)
class Said:
    """What a plugin answered."""

    status: int
    answer: Any

    @property
    def error(self) -> Any:
        """The number and words of a refusal."""
        assert self.status != 0, self.answer
        return self.answer["code"], "%s: %s" % (self.answer["msg"], self.answer["details"])

    @property
    def result(self) -> Any:
        assert self.status == 0, self.answer
        return self.answer


@dataclass(frozen=True)
class Container:
    """One container of the runtime, whose namespace it has made."""

    name: str
    interface: str = "eth0"
    config: Dict[str, Any] = field(default_factory=dict)  # beside the usual one

    @property
    def path(self) -> str:
        return "/run/sandbox/" + self.name

    def make(self) -> Container:
        bind_space(self.path)
        return self

    def end(self) -> None:
        subprocess.run(["umount", self.path], check=True)
        os.unlink(self.path)

    def environment(self, command: str, **more: str) -> Dict[str, str]:
        here = {"CNI_CONTAINERID": self.name, "CNI_NETNS": self.path, "CNI_IFNAME": self.interface, "CNI_PATH": os.path.dirname(BINARY)}
        return {"PATH": os.environ["PATH"], "CNI_COMMAND": command, **here, **more}

    def start(self, command: str, config: Optional[Dict[str, Any]] = None, **more: str) -> subprocess.Popen[str]:
        """Start a call that goes on beside others."""
        process = subprocess.Popen(
            [BINARY], env=self.environment(command, **more), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps({**CONFIG, **self.config, **(config or {})}))
        process.stdin.close()
        process.stdin = None  # there is no more to be sent
        return process

    def call(self, command: str, config: Optional[Dict[str, Any]] = None, **more: str) -> Said:
        text = json.dumps({**CONFIG, **self.config, **(config or {})})
        return call(text, self.environment(command, **more))

    def add(self, config: Optional[Dict[str, Any]] = None, **more: str) -> Any:
        return self.call("ADD", config, **more).result

    def delete(self) -> None:
        assert self.call("DEL").result is None

    def check(self, previous: Any) -> Said:
        return self.call("CHECK", {"prevResult": previous})


def call(text: str, environment: Dict[str, str]) -> Said:
    done = subprocess.run([BINARY], input=text, env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return Said(done.returncode, json.loads(done.stdout) if done.stdout else None)


def of_network(command: str, **config: Any) -> Said:
    """Ask what is about no container."""
    return call(json.dumps({**CONFIG, **config}), {"CNI_COMMAND": command, "CNI_PATH": os.path.dirname(BINARY)})
