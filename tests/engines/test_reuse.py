# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole runs in which the number of a container's process is taken by another: that one's namespace is left alone, and the run fails and undoes its work."""

from __future__ import annotations

import os
import signal
import time
from datetime import datetime, timezone
from typing import Callable, List, Optional, Sequence

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from ansible_collections.netloom.container_net.plugins.module_utils._runtime import containers
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.container import Container, Found
from engines import Folders, await_host_ends, running
from harness.engine import Declaration, Tools, converge, give_uplink
from harness.host import Child, sh
from harness.snapshot import assert_same, take_snapshot
from reuse import Impostor, NumberTaken, Script, await_end, take_number

WEB = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}
# Behind the first answer of the runtime, behind the second, which confirms it, and after the kernel was given its part.
MOMENTS = ("asked", "confirmed", "applied")
TURNS = 51  # for each of the two proofs


class StandIn:
    """A process with a network namespace of its own, of which the test tells as a runtime would. It starts at once, unlike a container."""

    def __init__(self, runtime: str, with_file: bool) -> None:
        self._runtime = runtime
        self._file = "/run/sandbox" if with_file else ""
        self._child: Optional[Child] = None

    def start(self) -> None:
        ready, tell = os.pipe()

        def live() -> None:
            sh("ip link set lo up")
            os.write(tell, b"+")
            while True:
                signal.pause()

        sh("ip netns add born")
        self._child = Child(live, "born")
        os.read(ready, 1)
        os.close(ready)
        os.close(tell)
        if self._file:
            sh("umount {0} 2>/dev/null || true; touch {0}; mount --bind /run/netns/born {0}".format(self._file))
        sh("ip netns delete born")
        self._started = datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")

    @property
    def pid(self) -> int:
        return self._child.pid if self._child is not None else 0

    def end(self) -> None:
        assert self._child is not None
        self._child.kill()
        self._child = None

    def answer(self, references: Sequence[str]) -> Found:
        status = "running" if self.pid else "exited"
        told = Container(self._runtime, "app", "f" * 64, "app", status, self.pid, self._started, "none", self._file)
        return dict.fromkeys(references, told)

    def take_number(self, impostors: List[Impostor]) -> Callable[[], None]:
        def happen() -> None:
            pid = self.pid
            self.end()
            time.sleep(0.06)  # the age of a container is only told to a hundredth of a second
            try:
                impostors.append(Impostor(pid))
            except NumberTaken:
                pass

        return happen


def converge_and_fail(runtime: str, script: Script, moment: str, happen: Callable[[], None], impostors: List[Impostor]) -> None:
    """Run once with a number that is taken at this moment; nothing is left of it, and nothing is in the wrong place."""
    before = take_snapshot(sysctls=False)
    script.forget()
    script.passes = MOMENTS.index(moment)
    script.behind = happen if moment != "applied" else None

    def around(when: str, argv: Sequence[str]) -> None:
        if moment == "applied" and when == "before" and argv[0].endswith("-restore") and not happened:
            happened.append(argv[0])
            happen()

    happened: List[str] = []
    declared = Declaration([WEB], [{"name": "app", "container": {runtime: "app"}, "networks": ["web"]}])
    with pytest.raises(ContainerNetError, match=r"'app' is (exited|stopped)|is not its own|is being restarted|no process"):
        converge(declared, tools=Tools(around=around))
    for impostor in impostors:
        impostor.assert_untouched()
        impostor.end()
    await_host_ends(0)
    converge(None)
    assert take_snapshot(sysctls=False) == before


@pytest.mark.fake_host(timeout=300)
@pytest.mark.parametrize("proof", ["file", "age"])
def test_a_hundred_numbers_are_taken_within_runs(monkeypatch: pytest.MonkeyPatch, proof: str) -> None:
    give_uplink()
    runtime = "docker" if proof == "file" else "podman"
    process = StandIn(runtime, with_file=proof == "file")
    monkeypatch.setattr(containers, "RUNTIMES", {runtime: process.answer})
    script = Script(runtime, monkeypatch)
    done = turn = 0
    while done < TURNS:
        assert turn < 2 * TURNS, "somebody else takes the numbers"
        process.start()
        impostors: List[Impostor] = []
        script.slow = turn % 2 == 0
        converge_and_fail(runtime, script, MOMENTS[turn % 3], process.take_number(impostors), impostors)
        done += len(impostors)
        turn += 1


@pytest.mark.fake_host
@pytest.mark.parametrize("kind", ["docker", "podman"])
def test_numbers_of_real_containers_are_taken_within_runs(folders: Folders, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    give_uplink()
    with running(folders, kind) as engine:
        engine.run("app")
        before = take_snapshot()
        script = Script(kind, monkeypatch)
        for moment in MOMENTS:
            for slow in (True, False):
                impostors: List[Impostor] = []
                script.slow = slow
                time.sleep(0.06)
                converge_and_fail(kind, script, moment, take_number(engine, impostors), impostors)
                script.slow = False
                script.forget()
                await_end(engine)
                engine.start("app")
        assert_same(before)
