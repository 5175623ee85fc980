# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Containers whose namespace outlives them: ours, or that of a pause container. Nothing has to be attached again, by nobody."""

from __future__ import annotations

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from engines import Folders, Podman, answers, running
from harness.engine import Declaration, converge, give_uplink, settle
from harness.host import sh
from harness.snapshot import assert_same, take_snapshot

WEB = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}
PORT = [("outside", "tcp", "192.0.2.1", 8080)]
SLEEP = ("/bin/sleep", "100000")


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
