# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Podman and netavark in small: networks, containers on them, and the calls of a plugin with a verb and JSON."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import Any, Dict

from harness.host import bind_space
from harness.restarts import PROGRAM

PLUGIN = "/run/netavark/container-net"
# What Podman writes of a network that was asked for with a driver alone.
ASKED = {"driver": "container-net", "dns_enabled": True, "internal": False, "ipv6_enabled": False, "options": {}, "ipam_options": {}, "labels": {}}
NUMBER = "2f259bab93aaaaa2542ba43ef33eb990d0999ee1b9924b557b7be53c0b7a1bb9"


def install() -> None:
    """Put the program where netavark looks for plugins: a link is all it takes."""
    os.makedirs(os.path.dirname(PLUGIN))
    os.symlink(PROGRAM, PLUGIN)


@dataclass(frozen=True)
class Said:
    """What the plugin answered."""

    status: int
    answer: Any

    @property
    def error(self) -> str:
        assert self.status == 1, self.answer
        assert list(self.answer) == ["error"], self.answer
        return str(self.answer["error"])

    @property
    def result(self) -> Any:
        assert self.status == 0, self.answer
        return self.answer


def call(text: str, *words: str) -> Said:
    done = subprocess.run([PLUGIN, *words], input=text, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return Said(done.returncode, json.loads(done.stdout) if done.stdout else None)


def create(name: str = "web", options: Any = None, **asked: Any) -> Said:
    """Ask for a network, as `podman network create --driver container-net` does."""
    return call(json.dumps({**ASKED, "name": name, "id": NUMBER, "options": {} if options is None else options, **asked}), "create")


@dataclass(frozen=True)
class Member:
    """One container on one network of Podman, whose namespace it has made."""

    name: str
    network: Dict[str, Any]
    interface: str = "eth0"
    ports: Any = None

    @property
    def path(self) -> str:
        return "/run/netns/netns-" + self.name

    def make(self) -> Member:
        bind_space(self.path)
        return self

    def end(self) -> None:
        subprocess.run(["umount", self.path], check=True)
        os.unlink(self.path)

    def asks(self, **wishes: Any) -> Dict[str, Any]:
        options = {"aliases": [self.name], "interface_name": self.interface, "static_ips": None, "static_mac": None, **wishes}
        member = {"container_id": self.name, "container_name": self.name, "port_mappings": self.ports}
        return {**member, "network": self.network, "network_options": options}

    def call(self, verb: str, **wishes: Any) -> Said:
        return call(json.dumps(self.asks(**wishes)), verb, self.path)

    def setup(self, **wishes: Any) -> Any:
        """Join the network; return what Podman is told of the interface."""
        answer = self.call("setup", **wishes).result
        assert answer.keys() == {"dns_search_domains", "dns_server_ips", "interfaces"}, answer
        assert list(answer["interfaces"]) == [self.interface], answer
        return answer["interfaces"][self.interface]

    def teardown(self) -> None:
        assert self.call("teardown").result is None
