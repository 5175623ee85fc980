# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cannot be attached is refused in the runtime's own words, before anything changes."""

from __future__ import annotations

import os
import re
from typing import Any, Dict, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from engines import Folders, await_host_ends, running
from harness.engine import Declaration, check, converge, give_uplink, settle
from harness.host import sh
from harness.snapshot import assert_same, take_snapshot

ENGINES = ("docker", "podman")
SLEEP = ("/bin/sleep", "1000")
WEB = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}


def on_web(name: str, container: Dict[str, Any]) -> Dict[str, Any]:
    return {"name": name, "container": container, "networks": ["web"]}


def refused(*endpoints: Dict[str, Any], match: str) -> None:
    """Both modes refuse, and neither leaves a trace."""
    before = take_snapshot()
    for look in (True, False):
        with pytest.raises(ContainerNetError) as caught:
            converge(Declaration([WEB], endpoints), check=look)
        assert re.search(match, str(caught.value)), str(caught.value)
    assert_same(before)


@pytest.mark.fake_host
@pytest.mark.parametrize("kind", ENGINES)
def test_containers_that_cannot_be_attached(folders: Folders, kind: str) -> None:
    give_uplink()
    with running(folders, kind) as engine:
        identity = engine.run("lives")
        engine.run("ended")
        engine.stop("ended")
        engine.create("fresh")
        engine.run("onhost", "host")
        engine.run("guest", "container:lives", SLEEP)
        refused(on_web("a", {kind: "nosuch"}), match="%s container 'nosuch': .*[Nn]o such container" % kind)
        refused(on_web("a", {kind: "ended"}), match="%s container 'ended' is exited, not running" % kind)
        refused(on_web("a", {kind: "fresh"}), match="%s container 'fresh' is (created|configured|initialized), not running" % kind)
        refused(on_web("a", {kind: "onhost"}), match="'onhost' has network mode 'host'.*network_mode: host")
        refused(on_web("a", {kind: "guest"}), match="'guest' has network mode 'container:[0-9a-f]+'.*another container's")
        for prefix in (identity[:12], identity[:63]):
            refused(on_web("a", {kind: prefix}), match="%s has no container of exactly the name or id '%s'.*'lives'" % (kind, prefix))
        every = [on_web(name, {kind: name}) for name in ("nosuch", "ended", "onhost", "lives")]
        refused(*every, match=r"(?s)3 containers cannot be used:.*'nosuch'.*'ended'.*'onhost'")
        settle(Declaration([WEB], [on_web("a", {kind: "lives"})]))


@pytest.mark.fake_host
@pytest.mark.parametrize("kind", ENGINES)
def test_a_declared_container_that_ends(folders: Folders, kind: str) -> None:
    give_uplink()
    with running(folders, kind) as engine:
        engine.run("lives")
        engine.run("ends")
        wanted = [on_web("a", {kind: "lives"}), on_web("b", {kind: "ends"})]
        settle(Declaration([WEB], wanted))
        engine.stop("ends")
        await_host_ends(1)
        refused(*wanted, match="'ends' is exited")
        engine.remove("ends")
        refused(*wanted, match="'ends': .*no such container|'ends': No such container")


@pytest.mark.fake_host
def test_two_places_that_are_one_namespace(folders: Folders) -> None:
    give_uplink()
    sh("ip netns add shared")
    with running(folders, "docker") as docker:
        docker.run("lives")
        pid = docker.pid("lives")
        same = "are the same network namespace"
        refused(on_web("a", {"docker": "lives"}), on_web("b", {"pid": pid}), match="docker:lives and pid:%d %s" % (pid, same))
        refused(on_web("a", {"docker": "lives"}), on_web("b", {"docker": docker.inspect("lives")["Id"]}), match=same)
        refused(on_web("a", {"netns": "shared"}), on_web("b", {"path": "/run/netns/shared"}), match=same)
        refused(on_web("a", {"pid": os.getpid()}), match="process %d is the host's own network namespace" % os.getpid())
        refused(on_web("a", {"pid": 4194304}), match="there is no process 4194304")
        # A named namespace that the declaration knows by another word is not searched for leftovers.
        settle(Declaration([WEB], [on_web("a", {"path": "/run/netns/shared"})]))


@pytest.mark.fake_host
@pytest.mark.parametrize("kind", ENGINES)
def test_network_modes(folders: Folders, kind: str) -> None:
    give_uplink()
    with running(folders, kind) as engine:
        for name, network in (("owner", "none"), ("guest", "container:owner"), ("loner", "none"), ("onhost", "host")):
            engine.run(name, network, SLEEP)

        def with_mode(mode: Optional[str], name: str) -> Dict[str, Any]:
            return {"name": "b", "container": {kind: name}, "network_mode": mode}

        owner = on_web("owner", {kind: "owner"})
        settle(Declaration([WEB], [owner, with_mode("container:owner", "guest")]))
        settle(Declaration([WEB], [owner, with_mode("host", "onhost"), {"name": "c", "network_mode": "container:b"}]))
        settle(Declaration([WEB], [owner, {"name": "b", "network_mode": "host"}]))
        refused(owner, with_mode("container:owner", "loner"), match="does not share the namespace of endpoint owner; start it so .--network container:owner")
        refused(owner, with_mode("container:owner", "onhost"), match="does not share the namespace of endpoint owner")
        refused(owner, with_mode("host", "loner"), match="does not share the host's network namespace; start it so .--network host")
        refused(owner, with_mode("host", "nosuch"), match="endpoints.b..container.%s: .*o such container" % kind)
        # What was attached goes with network_mode: none, and nothing else does.
        assert "eth0" in sh("ip -brief link", "/proc/%d/ns/net" % engine.pid("owner"))
        gone = settle(Declaration([WEB], [{"name": "owner", "container": {kind: "owner"}, "network_mode": "none"}]))
        assert any(line.startswith("- veth") for line in gone)
        assert "eth0" not in sh("ip -brief link", "/proc/%d/ns/net" % engine.pid("owner"))


@pytest.mark.fake_host
def test_a_named_namespace_without_networks() -> None:
    give_uplink()
    settle(Declaration([WEB], [on_web("a", {"netns": "a"})]))
    bare = Declaration([WEB], [{"name": "a", "container": {"netns": "a"}, "network_mode": "none"}])
    settle(bare)
    assert sh("ip -brief link", "a").split()[0] == "lo"
    assert check(bare) == []


@pytest.mark.fake_host
def test_runtimes_that_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    give_uplink()
    refused(on_web("a", {"docker": "any"}), match="cannot ask Docker at /var/run/docker.sock: .*No such file")
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.9:2375")
    refused(on_web("a", {"docker": "any"}), match="only containers of this host")
    monkeypatch.setenv("PATH", "/nonexistent")
    from ansible_collections.netloom.container_net.plugins.module_utils._runtime import podman

    monkeypatch.setattr(podman, "SYSTEM_DIRECTORIES", ())
    with pytest.raises(ContainerNetError, match="podman is not installed on this host"):
        podman.inspect_podman(["any"])
