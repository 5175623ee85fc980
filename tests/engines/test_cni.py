# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real runtimes put their containers on a declared network as they make them, by CNI."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, Dict, List, Sequence

import pytest
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.lock import Lock
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.planner import plan_fleet
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.reading import HostVariables
from containerd import Containerd
from engines import CGROUP, SERVE, Folders, Podman, answers
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, converge, give_uplink
from harness.host import CLONE_NEWNS, await_true, inside, libc, must, sh
from harness.restarts import PROGRAM, container_net, own_disk
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, ask

pytestmark = pytest.mark.fake_host

MESH = {"name": "mesh", "driver": "overlay", "ipam_config": [{"subnet": "10.60.0.0/16"}, {"subnet": "fd60::/64"}]}
WEB = Declaration([network("web", V4)], [endpoint("a", "web")])
PLUGIN = {"type": "container-net", "capabilities": {"portMappings": True, "ips": True, "mac": True, "aliases": True}}
LIST = {"cniVersion": "1.0.0", "cniVersions": ["1.0.0", "1.1.0"], "plugins": [PLUGIN]}
BACKEND = '[network]\nnetwork_backend = "cni"\ncni_plugin_dirs = ["/opt/cni/bin"]\nnetwork_config_dir = "/etc/cni/net.d"\n'
GUESTS = Path("/run/container_net/guests.json")


def prepare(declaration: Declaration = WEB, names: Sequence[str] = ("web",)) -> None:
    """Keep a declaration, and put plugin and configuration where every runtime looks for them."""
    own_disk()
    sh("mkdir -p /opt; mount -t tmpfs tmpfs /opt; mkdir -p /opt/cni/bin /etc/cni; mount -t tmpfs tmpfs /etc/cni; mkdir /etc/cni/net.d")
    os.symlink(PROGRAM, "/opt/cni/bin/container-net")
    for number, name in enumerate(names):
        Path("/etc/cni/net.d/5%d-main.conflist" % number).write_text(json.dumps({**LIST, "name": name}))
    give_uplink()
    converge(declaration, persist=True)


def guests() -> List[Dict[str, Any]]:
    found: List[Dict[str, Any]] = json.loads(GUESTS.read_text(encoding="ascii"))["guests"] if GUESTS.exists() else []
    return found


def choose_cni() -> None:
    settings = Path(os.environ["CONTAINERS_CONF"])
    settings.write_text(settings.read_text() + BACKEND)


def plan_mesh() -> List[Declaration]:
    """An overlay of two hosts, the first of which has slots that runtimes fill and a bridge, as the plan of the fleet has it."""
    slots = [{"name": name, "container": {"cni": name}, "networks": ["mesh"]} for name in ("shop", "store")]
    ours = HostVariables("h1", [network("web", V4, V6, on_every_host=True), MESH], slots, vtep_address="192.0.2.1")
    theirs = HostVariables("h2", [MESH], [endpoint("far", "mesh")], vtep_address="192.0.2.2")
    plan = plan_fleet([ours, theirs], scope="main", lock=Lock("main"))
    rows, arguments = plan.overlay_rows(), plan.arguments()
    return [Declaration(arguments[host]["networks"], arguments[host]["endpoints"], links=arguments[host]["links"], overlays=rows) for host in ("h1", "h2")]


def test_podman(folders: Folders) -> None:
    prepare()
    before = take_snapshot()
    with Podman(folders["podman"], folders["tree"]) as podman:
        choose_cni()
        server = Server("a", "a", [80])
        options = ["--detach", "--name", "shop", "--network", "web", "--publish", "8080:80", "--ip", "10.20.0.77", "--cgroup-parent", CGROUP]
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


@pytest.mark.fake_host(timeout=300.0)
@pytest.mark.skipif(shutil.which("ctr") is None, reason="containerd is not installed")
def test_slots_of_an_overlay(folders: Folders) -> None:
    """The other host is `outside`, which has notes of its own, and a scope of its own for its container, which both see."""
    ours, theirs = plan_mesh()
    prepare(ours, ("mesh", "web"))

    def make_other() -> None:
        must(libc.unshare(CLONE_NEWNS), "unshare")
        sh("mount --make-rprivate /; for kept in /run /var/lib; do mount -t tmpfs -o mode=700 tmpfs $kept/container_net; done")
        converge(theirs, scope="second")

    sh("ip netns add far")
    inside("outside", make_other, timeout=60)
    server = Server("far", "far", [80])
    before = take_snapshot()
    with Podman(folders["podman"], folders["tree"]) as podman, Containerd(folders["tree"].parent / "containerd", folders["tree"]) as containerd:
        choose_cni()
        options = ["--detach", "--name", "shop", "--network", "web,mesh", "--publish", "8080:80", "--cgroup-parent", CGROUP]
        podman.call("run", *options, "--stop-signal", "SIGKILL", "--rootfs", str(folders["tree"]), *SERVE, "shop")
        containerd.run("store", *SERVE, "store")
        await_true(lambda: len(guests()) == 3, 20.0, lambda: "they are no guests")
        web, shop, store = sorted(guests(), key=lambda guest: (str(guest["slot"]), guest["network"]))
        assert [(guest["network"], guest["slot"], guest["within"], guest["ports"]) for guest in (web, shop, store)] == [
            ("web", "", "shop", ["8080:80/tcp"]),
            ("mesh", "shop", "", []),
            ("mesh", "store", "", []),
        ]
        inner = [("far", "tcp", guest[key], 80) for guest in (shop, store) for key in ("ipv4_address", "ipv6_address")]
        outer = [("outside", "tcp", host, 8080) for host in ("192.0.2.1", "2001:db8:2::1")]
        far = json.loads(sh("ip -n far -json address show eth0"))[0]["addr_info"]
        back = [(guest["path"], "tcp", item["local"], 80) for guest in (shop, store) for item in far if item["scope"] == "global"]
        assert len(back) == 4
        answers([*inner, *outer], "shop", "shop", "store", "store", "shop", "shop")
        assert [(said or "").split()[0] for said in ask(back)] == ["far"] * 4
        assert container_net("check") == ["main: in order"]
        podman.remove("shop")
        containerd.stop("store")
        assert guests() == []
        assert ask([*inner, *outer]) == [None] * 6
    server.stop()
    assert_same(before)
