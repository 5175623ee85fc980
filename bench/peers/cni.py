# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CNI reference plugins bridge (with host-local) and portmap, called as a runtime calls them: a chain for each container."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
from typing import Any, Dict, Iterator, Sequence

import scene

NAME = "CNI bridge + portmap"
FOLDERS = ("/usr/lib/cni", "/opt/cni/bin")
NETWORK = {"cniVersion": "1.0.0", "name": "bench"}


def _folder() -> str:
    for folder in FOLDERS:
        if all(os.access(os.path.join(folder, plugin), os.X_OK) for plugin in ("bridge", "host-local", "portmap")):
            return folder
    raise scene.Missing("not installed (Debian package containernetworking-plugins)")


def version() -> str:
    # Without a request, a plugin says on standard error who it is; Debian's builds do not know, so ask the package.
    told = subprocess.run([os.path.join(_folder(), "bridge")], input="", capture_output=True, text=True, check=False).stderr
    known = told.strip().splitlines()[0].split()[-1]
    if known == "unknown" and shutil.which("dpkg-query"):
        known = scene.run(["dpkg-query", "-W", "-f", "${Version}", "containernetworking-plugins"])
    return known


def _call(plugin: str, index: int, configuration: Dict[str, Any]) -> Dict[str, Any]:
    variables = {
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": scene.endpoint(index),
        "CNI_NETNS": "/run/netns/%s" % scene.endpoint(index),
        "CNI_IFNAME": "eth0",
        "CNI_PATH": _folder(),
        "PATH": os.environ["PATH"],
    }
    done = subprocess.run([os.path.join(_folder(), plugin)], input=json.dumps(configuration), env=variables, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError("%s: %s" % (plugin, (done.stdout or done.stderr).strip()))
    result: Dict[str, Any] = json.loads(done.stdout)
    return result


BRIDGE = {
    "type": "bridge",
    "bridge": scene.BRIDGE,
    "isGateway": True,
    "ipMasq": True,
    "ipam": {
        "type": "host-local",
        "dataDir": "/run/cni",
        "ranges": [[{"subnet": scene.SUBNET, "rangeStart": scene.address(0), "gateway": scene.GATEWAY}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    },
    **NETWORK,
}


def _attach(index: int, published: Sequence[int]) -> None:
    made = _call("bridge", index, BRIDGE)
    ports = [{"hostPort": port, "containerPort": scene.TARGET_PORT, "protocol": "tcp"} for port in published]
    _call("portmap", index, {"type": "portmap", "runtimeConfig": {"portMappings": ports}, "prevResult": made, **NETWORK})


def measure(count: int) -> scene.Measurement:
    started = time.monotonic()
    scene.make_namespaces(count)
    for index in range(count):
        _attach(index, [scene.published_port(index)])
    return scene.Measurement(time.monotonic() - started)


@contextlib.contextmanager
def publish(count: int) -> Iterator[scene.Pair]:
    scene.make_namespaces(2)
    _attach(0, list(map(scene.published_port, range(count))))
    _attach(1, [])
    yield scene.named_pair()
