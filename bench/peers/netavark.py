# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""netavark, Podman's network tool, called as Podman calls it: once for each container, for a namespace that exists."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any, Dict, Iterator, Sequence

import scene

NAME = "netavark"
PROGRAMS = ("/usr/lib/podman/netavark", "/usr/libexec/podman/netavark")


def _program() -> str:
    for path in PROGRAMS:
        if os.access(path, os.X_OK):
            return path
    raise scene.Missing("not installed (Debian package netavark)")


def version() -> str:
    told: Dict[str, Any] = json.loads(scene.run([_program(), "version"]))
    return str(told["version"])


def _request(index: int, ports: Sequence[int]) -> str:
    network = "bench"
    return json.dumps(
        {
            "container_id": hashlib.sha256(scene.endpoint(index).encode()).hexdigest(),
            "container_name": scene.endpoint(index),
            "networks": {network: {"static_ips": [scene.address(index)], "interface_name": "eth0"}},
            "network_info": {
                network: {
                    "name": network,
                    "id": hashlib.sha256(network.encode()).hexdigest(),
                    "driver": "bridge",
                    "network_interface": scene.BRIDGE,
                    "subnets": [{"subnet": scene.SUBNET, "gateway": scene.GATEWAY}],
                    "ipv6_enabled": False,
                    "internal": False,
                    "dns_enabled": False,
                    "ipam_options": {"driver": "host-local"},
                }
            },
            "port_mappings": [{"container_port": scene.TARGET_PORT, "host_port": port, "host_ip": "", "protocol": "tcp", "range": 1} for port in ports],
        }
    )


def _set_up(requests: Sequence[str]) -> None:
    Path("/run/netavark").mkdir()
    scene.make_namespaces(len(requests))
    for index, request in enumerate(requests):
        scene.run([_program(), "--config", "/run/netavark", "setup", "/run/netns/%s" % scene.endpoint(index)], text=request)


def measure(count: int) -> scene.Measurement:
    requests = [_request(index, [scene.published_port(index)]) for index in range(count)]
    started = time.monotonic()
    _set_up(requests)
    return scene.Measurement(time.monotonic() - started)


@contextlib.contextmanager
def publish(count: int) -> Iterator[scene.Pair]:
    _set_up([_request(0, list(map(scene.published_port, range(count)))), _request(1, [])])
    yield scene.named_pair()
