# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real runtimes put their containers on a declared network as they make them, by CNI."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, Dict, List

import pytest
from containerd import Containerd
from engines import SERVE, Folders, Podman, answers
from harness.declarations import V4, endpoint, network
from harness.engine import Declaration, converge, give_uplink
from harness.host import await_true, sh
from harness.restarts import PROGRAM, container_net, own_disk
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server

pytestmark = pytest.mark.fake_host

WEB = Declaration([network("web", V4)], [endpoint("a", "web")])
PLUGIN = {"type": "container-net", "capabilities": {"portMappings": True, "ips": True, "mac": True, "aliases": True}}
LIST = {"cniVersion": "1.0.0", "cniVersions": ["1.0.0", "1.1.0"], "name": "web", "plugins": [PLUGIN]}
BACKEND = '[network]\nnetwork_backend = "cni"\ncni_plugin_dirs = ["/opt/cni/bin"]\nnetwork_config_dir = "/etc/cni/net.d"\n'
GUESTS = Path("/run/container_net/guests.json")


def prepare() -> None:
    """Keep a declaration, and put plugin and configuration where every runtime looks for them."""
    own_disk()
    sh("mkdir -p /opt; mount -t tmpfs tmpfs /opt; mkdir -p /opt/cni/bin /etc/cni; mount -t tmpfs tmpfs /etc/cni; mkdir /etc/cni/net.d")
    os.symlink(PROGRAM, "/opt/cni/bin/container-net")
    Path("/etc/cni/net.d/50-main-web.conflist").write_text(json.dumps(LIST))
    give_uplink()
    converge(WEB, persist=True)


def guests() -> List[Dict[str, Any]]:
    found: List[Dict[str, Any]] = json.loads(GUESTS.read_text(encoding="ascii"))["guests"] if GUESTS.exists() else []
    return found


def test_podman(folders: Folders) -> None:
    prepare()
    before = take_snapshot()
    with Podman(folders["podman"], folders["tree"]) as podman:
        settings = Path(os.environ["CONTAINERS_CONF"])
        settings.write_text(settings.read_text() + BACKEND)
        server = Server("a", "a", [80])
        options = ["--detach", "--name", "shop", "--network", "web", "--publish", "8080:80", "--ip", "10.20.0.77", "--cgroup-parent", "/container-net-test"]
        podman.call("run", *options, "--stop-signal", "SIGKILL", "--rootfs", str(folders["tree"]), *SERVE, "shop")
        answers([("a", "tcp", "10.20.0.77", 80), ("outside", "tcp", "192.0.2.1", 8080)], "shop")
        assert podman.inspect("shop")["NetworkSettings"]["Networks"]["web"]["IPAddress"] == "10.20.0.77"
        (guest,) = guests()
        assert (guest["network"], guest["interface"], guest["ports"]) == ("web", "eth0", ["8080:80/tcp"])
        converge(WEB, persist=True)
        assert container_net("check") == ["main: in order"]
        answers([("outside", "tcp", "192.0.2.1", 8080)], "shop")
        server.stop()
        podman.restart("shop")
        answers([("outside", "tcp", "192.0.2.1", 8080)], "shop")
        podman.remove("shop")
        assert guests() == []
    assert_same(before)


@pytest.mark.skipif(shutil.which("ctr") is None, reason="containerd is not installed")
def test_containerd(folders: Folders) -> None:
    prepare()
    before = take_snapshot()
    with Containerd(folders["tree"].parent / "containerd", folders["tree"]) as containerd:
        containerd.run("shop", *SERVE, "shop")
        await_true(lambda: bool(guests()), 20.0, lambda: "it is no guest")
        (guest,) = guests()
        answers([("a", "tcp", guest["ipv4_address"], 80)], "shop")
        assert container_net("check") == ["main: in order"]
        containerd.stop("shop")
        assert guests() == []
    assert_same(before)
