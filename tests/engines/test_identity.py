# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever happens to a container's process meanwhile, no other namespace is ever taken for its own."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import List, Optional, Sequence

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError, ContainerNotRunning
from ansible_collections.netloom.container_net.plugins.module_utils._runtime import containers
from engines import Folders, await_host_ends, kill_and_await, running
from harness.engine import Declaration, Tools, converge, give_uplink, settle
from harness.host import CLONE_NEWNET, libc, must
from harness.snapshot import assert_same, take_snapshot
from reuse import Impostor, Script, await_end, take_number

ROUNDS = 100
WEB = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}
DECLARED = Declaration([WEB], [{"name": "app", "container": {"docker": "app"}, "networks": ["web"]}])


def opened(place: str) -> Optional[int]:
    """Return the inode of what is opened, or None for an error that says the container does not run."""
    try:
        with containers.Containers() as found:
            descriptor = found.open(place)
    except ContainerNotRunning:
        return None
    assert descriptor is not None
    inode = os.fstat(descriptor).st_ino
    os.close(descriptor)
    return inode


@pytest.mark.fake_host
@pytest.mark.parametrize("proof", ["file", "group", "age"])
def test_the_number_of_a_dead_container_is_taken_at_once(folders: Folders, monkeypatch: pytest.MonkeyPatch, proof: str) -> None:
    """A hundred times in all, with a runtime that has noticed and one that has not; each of the three proofs must do alone."""
    with running(folders, "docker") as docker:
        docker.run("app")
        script = Script("docker", monkeypatch)
        if proof != "file":
            script.change = lambda container: replace(container, sandbox="", id=container.id if proof == "group" else "f" * 64)
        done = 0
        for turn in range(2 * ROUNDS):
            if done > ROUNDS // 3:
                break
            # Held, for the kernel gives the inode of a namespace that is gone to a new one.
            held = os.open("/proc/%d/ns/net" % docker.pid("app"), os.O_RDONLY | os.O_CLOEXEC)
            own = os.fstat(held).st_ino
            assert opened("docker:app") == own
            impostors: List[Impostor] = []
            script.forget()
            script.slow = turn % 2 == 0
            script.behind = take_number(docker, impostors)
            time.sleep(0.06)  # the age of a container is only told to a hundredth of a second
            assert opened("docker:app") is None
            for impostor in impostors:
                assert impostor.namespace != own
                impostor.end()
                done += 1
            os.close(held)
            script.slow = False
            script.forget()
            await_end(docker)
            docker.start("app")
        assert done > ROUNDS // 3


@pytest.mark.fake_host
@pytest.mark.parametrize("kind", ["docker", "podman"])
def test_a_restart_between_question_and_answer(folders: Folders, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    with running(folders, kind) as engine:
        engine.run("app")
        script = Script(kind, monkeypatch)
        for _turn in range(5):
            script.behind = lambda: engine.restart("app")
            found = opened("%s:app" % kind)
            assert found == os.stat("/proc/%d/ns/net" % engine.pid("app")).st_ino


@pytest.mark.fake_host
def test_podman_and_a_taken_number(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(folders, "podman") as podman:
        podman.run("app")
        script = Script("podman", monkeypatch)
        for turn in range(4):
            impostors: List[Impostor] = []
            script.forget()
            script.slow = turn % 2 == 0
            script.behind = take_number(podman, impostors)
            time.sleep(0.06)
            assert opened("podman:app") is None
            for impostor in impostors:
                impostor.end()
            script.slow = False
            await_end(podman)
            podman.start("app")


@pytest.mark.fake_host
@pytest.mark.parametrize("kind", ["docker", "podman"])
def test_a_container_killed_while_it_is_given_its_networks(folders: Folders, kind: str) -> None:
    declared = Declaration([WEB], [{"name": "app", "container": {kind: "app"}, "networks": ["web"]}])
    give_uplink()
    with running(folders, kind) as engine:
        engine.run("app")
        before = take_snapshot()
        killed = []

        def kill(when: str, argv: Sequence[str]) -> None:
            if when == "before" and argv[0].endswith("-restore") and not killed:
                killed.append(argv[0])
                kill_and_await(engine.pid("app"))

        with pytest.raises(ContainerNetError, match=r"'app' is (exited|stopped).*what stood before was put back"):
            converge(declared, tools=Tools(around=kill))
        assert killed
        await_host_ends(0)
        converge(None)
        assert_same(before)
        await_end(engine)
        engine.start("app")
        settle(declared)


@pytest.mark.fake_host
def test_the_namespace_stays_while_a_run_holds_it(folders: Folders) -> None:
    with running(folders, "docker") as docker:
        docker.run("app")
        with containers.Containers() as found:
            descriptor = found.open("docker:app")
        assert descriptor is not None
        kill_and_await(docker.pid("app"))
        must(libc.setns(descriptor, CLONE_NEWNET), "setns")
        os.close(descriptor)
