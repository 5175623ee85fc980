# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers whose namespace outlives them, which nobody has to attach again, and such that the host itself attaches again."""

from __future__ import annotations

import subprocess
from collections import Counter
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Sequence

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError, ContainerNotRunning
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.container import read_time
from engines import Engine, Folders, Podman, answers, running
from harness.engine import Declaration, converge, give_uplink, settle
from harness.host import Child, await_true, sh
from harness.kills import sample
from harness.restarts import PROGRAM, container_net, own_disk
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import await_answer

WEB = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}
PORT = [("outside", "tcp", "192.0.2.1", 8080)]
SLEEP = ("/bin/sleep", "100000")


def published(engine: str) -> Dict[str, Any]:
    """The container `shop` of an engine, with a port of the host."""
    return {"name": "shop", "container": {engine: "shop"}, "networks": ["web"], "ports": ["8080:80"]}


@pytest.mark.fake_host(timeout=120)
def test_podman_joins_a_namespace_of_ours(folders: Folders) -> None:
    give_uplink()
    declared = Declaration(
        [WEB],
        [
            {"name": "shop", "container": {"netns": "shop"}, "networks": ["web"], "ports": ["8080:80"]},
            {"name": "helper", "container": {"podman": "helper"}, "network_mode": "container:shop"},
        ],
    )
    with running(folders, "podman") as podman:
        settle(Declaration(declared.networks, declared.endpoints[:1]))
        podman.run("shop", "ns:/run/netns/shop")
        podman.run("helper", "ns:/run/netns/shop", SLEEP)
        answers(PORT, "shop")
        assert settle(declared) == []
        podman.restart("shop")
        answers(PORT, "shop")
        podman.remove("shop")
        podman.run("shop", "ns:/run/netns/shop")
        answers(PORT, "shop")
        assert settle(declared) == []
        podman.remove("helper")
        podman.remove("shop")
        settle(None)
        assert sh("ip netns").split()[0] == "outside"


@pytest.mark.fake_host(timeout=120)
def test_docker_joins_a_pause_container(folders: Folders) -> None:
    give_uplink()
    declared = Declaration(
        [WEB],
        [
            {"name": "shop", "container": {"docker": "shop-pause"}, "networks": ["web"], "ports": ["8080:80"]},
            {"name": "app", "container": {"docker": "shop"}, "network_mode": "container:shop"},
        ],
    )
    with running(folders, "docker") as docker:
        docker.run("shop-pause", command=SLEEP)
        docker.run("shop", "container:shop-pause")
        settle(declared)
        answers(PORT, "shop")
        docker.restart("shop")
        answers(PORT, "shop")
        docker.remove("shop")
        docker.run("shop", "container:shop-pause")
        answers(PORT, "shop")
        assert settle(declared) == []


@pytest.mark.fake_host(timeout=120)
def test_a_pod_has_the_network_of_its_infra_container(folders: Folders) -> None:
    give_uplink()
    member = {"name": "app", "container": {"podman": "app"}}
    pod = {"name": "shop", "container": {"podman": "shop-infra"}, "networks": ["web"], "ports": ["8080:80"]}
    declared = Declaration([WEB], [pod, {**member, "network_mode": "container:shop"}])
    with Podman(folders["podman"], folders["tree"]) as podman:
        podman.add_pod("shop")
        podman.run_in_pod("app", "shop")
        before = take_snapshot()
        with pytest.raises(ContainerNetError, match=r"'app' has network mode 'container:[0-9a-f]+'.*attach that one"):
            converge(Declaration([WEB], [{**member, "networks": ["web"]}]))
        assert_same(before)
        settle(declared)
        answers(PORT, "app")
        podman.remove("app")
        podman.run_in_pod("app", "shop")
        answers(PORT, "app")
        assert settle(declared) == []
        podman.remove("app")
        settle(None)
        assert_same(before)


@pytest.mark.parametrize("engine", ["docker", "podman"])
@pytest.mark.fake_host(timeout=120)
def test_the_host_attaches_a_new_container_without_a_controller(engine: str, folders: Folders) -> None:
    give_uplink()
    own_disk()
    db = {"name": "db", "container": {"netns": "db"}, "networks": ["web"]}
    with running(folders, engine) as runtime:
        runtime.run("shop")
        converge(Declaration([WEB], [published(engine), db]), persist=True)
        answers(PORT, "shop")
        before = sh("ip -n db -o address")
        runtime.remove("shop")
        left = container_net("restore")
        assert any(line.startswith("main: endpoints[shop] is left out: ") for line in left), left
        assert container_net("check")[-1] == "main: in order"
        runtime.run("shop")
        # Before the engines start nobody asks them, and what they hold is not looked at.
        assert "endpoints[shop]" not in "\n".join(container_net("restore", "--without-engines"))
        container_net("restore")
        answers(PORT, "shop")
        assert container_net("check") == ["main: in order"]
        assert sh("ip -n db -o address") == before
        # Whether a container runs that nobody is asked about is not known, so what stands of it stays.
        assert "stands and would go with what is left out" in container_net("restore", "--without-engines", status=1)[0]
        answers(PORT, "shop")
        converge(None)


@contextmanager
def following() -> Iterator[List[str]]:
    """Follow the engines while the block runs; the lines that it said are there at the end."""
    said: List[str] = []
    with subprocess.Popen([PROGRAM, "follow", "main"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield said
        finally:
            process.terminate()
            said.extend(process.communicate(timeout=20)[0].splitlines())
            print("the follower said:", *said, sep="\n")
    assert not [line for line in said if "Traceback" in line], said


ROUNDS = 50


def await_end() -> None:
    """Wait until the published port leads nowhere."""
    await_true(lambda: "8080" not in sh("iptables-save -t nat"), 20, lambda: sh("iptables-save -t nat"))


def come_back(runtime: Engine) -> float:
    """Have the engine make the container anew, and return how long after its start the published port leads to it."""
    client = Child(lambda: await_answer("192.0.2.1", 8080), "outside")
    runtime.run("shop")
    answered: float = client.result(60)
    return answered - (read_time(runtime.inspect("shop")["State"]["StartedAt"]) or 0.0)


def histogram(took: Sequence[float]) -> str:
    """Return how many were there within each tenth of a second."""
    counts = Counter(int(seconds * 10) for seconds in took)
    return "\n".join("within %.1f s: %2d %s" % ((tenth + 1) / 10, counts[tenth], "#" * counts[tenth]) for tenth in sorted(counts))


@pytest.mark.parametrize("engine", ["docker", "podman"])
@pytest.mark.fake_host(timeout=400)
def test_containers_that_come_and_go_are_followed(engine: str, folders: Folders) -> None:
    give_uplink()
    own_disk()
    with running(folders, engine) as runtime:
        runtime.run("shop")
        converge(Declaration([WEB], [published(engine)]), persist=True)
        before = sh("iptables-save -t nat | grep 8080")
        with following() as said:
            took = []
            for _round in sample(range(ROUNDS), 2):
                runtime.remove("shop")
                await_end()
                took.append(come_back(runtime))
            runtime.restart("shop")
            answers(PORT, "shop")
            assert sh("iptables-save -t nat | grep 8080") == before
        print("%s, %d times, %d of them within a second\n%s" % (engine, len(took), sum(seconds <= 1 for seconds in took), histogram(took)))
        assert said
        assert container_net("check") == ["main: in order"]
        converge(None)


@pytest.mark.fake_host(timeout=200)
def test_an_engine_that_is_restarted_is_followed_again(folders: Folders) -> None:
    give_uplink()
    own_disk()
    with running(folders, "docker") as docker:
        docker.run("shop")
        converge(Declaration([WEB], [published("docker")]), persist=True)
        with following() as said:
            docker.stop_engine()
            assert "stands and would go with what is left out" in container_net("restore", status=1)[0]
            answers(PORT, "shop")
            docker.start_engine()
            docker.remove("shop")
            docker.run("shop")
            answers(PORT, "shop")
        assert any(line.startswith("docker cannot be listened to") for line in said), said
        assert "docker is listened to" in said
        converge(None)


@pytest.mark.parametrize(
    ("engine", "key", "wanted", "said"),
    [
        ("docker", "docker_label", "tier=front,app=shop", "the labels app=shop,tier=front"),
        ("podman", "podman_label", "tier=front,app=shop", "the labels app=shop,tier=front"),
        ("docker", "docker_name", "shop-?", "a name like shop-\\?"),
        ("podman", "podman_name", "shop-*", "a name like shop-\\*"),
    ],
)
@pytest.mark.fake_host(timeout=200)
def test_a_container_is_found_by_its_labels_or_by_what_its_name_is_like(engine: str, key: str, wanted: str, said: str, folders: Folders) -> None:
    give_uplink()
    own_disk()
    labels = [("app", "shop"), ("tier", "front")]
    shop = {**published(engine), "container": {key: wanted}}
    with running(folders, engine) as runtime:
        with pytest.raises(ContainerNotRunning, match="no %s container that runs has %s" % (engine, said)):
            converge(Declaration([WEB], [shop]))
        runtime.run("cache", labels=labels[:1])
        runtime.run("shop-1", labels=labels)
        before = take_snapshot()
        runtime.run("shop-x", labels=labels)
        with pytest.raises(ContainerNetError, match="2 %s containers that run have %s: shop-1, shop-x; write" % (engine, said)):
            converge(Declaration([WEB], [shop]))
        runtime.remove("shop-x")
        assert_same(before)
        converge(Declaration([WEB], [shop]), persist=True)
        answers(PORT, "shop-1")
        rules = sh("iptables-save -t nat | grep 8080")
        with following() as heard:
            runtime.remove("shop-1")
            await_end()
            runtime.run("shop-2", labels=labels)
            await_true(lambda: "8080" in sh("iptables-save -t nat"), 20, lambda: sh("iptables-save -t nat"))
            answers(PORT, "shop-2")
        assert heard
        assert sh("iptables-save -t nat | grep 8080") == rules
        assert container_net("check") == ["main: in order"]
        converge(None)
