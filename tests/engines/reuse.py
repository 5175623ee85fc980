# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers of processes that come to mean another one, at a chosen moment between a runtime's answer and its use."""

from __future__ import annotations

import os
import signal
import time
from typing import Callable, List, Optional, Sequence

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._runtime import containers, opening
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.container import Container, Found
from engines import Engine, kill_and_await
from harness.host import CLONE_NEWNET, libc, must, sh

LAST_PID = "/proc/sys/kernel/ns_last_pid"


class NumberTaken(Exception):
    """A thread of somebody else was faster; the number means another process all the same."""


class Impostor:
    """A process with a given number and a network namespace of its own."""

    def __init__(self, pid: int) -> None:
        for _attempt in range(20):
            go, tell = os.pipe()
            ready, answer = os.pipe()
            with open(LAST_PID, "w", encoding="ascii") as stream:
                stream.write(str(pid - 1))
            self.pid = os.fork()
            if self.pid == 0:
                os.read(go, 1)
                close_all_but(answer)
                must(libc.unshare(CLONE_NEWNET), "unshare")
                os.write(answer, b"+")
                while True:
                    signal.pause()
            if self.pid == pid:
                os.write(tell, b"+")
                os.read(ready, 1)
            for descriptor in (go, tell, ready, answer):
                os.close(descriptor)
            if self.pid == pid:
                self.namespace = os.stat("/proc/%d/ns/net" % pid).st_ino
                self._looked = self._look()
                return
            self.end()
        raise NumberTaken(pid)

    def end(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def _look(self) -> str:
        return sh("ip -details -oneline link; ip -oneline address; ip route show table all; ip -6 route show table all", "/proc/%d/ns/net" % self.pid)

    def assert_untouched(self) -> None:
        """Nothing was put into its namespace."""
        assert self._look() == self._looked


def close_all_but(kept: int) -> None:
    """Let go of what was inherited: a namespace must not live on because of it, nor a lock stay held."""
    os.closerange(3, kept)
    os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 65536 else 65536)


class Script:
    """Stands between the engine and a runtime: it lets things happen behind an answer, or repeats an old one as a slow runtime would."""

    def __init__(self, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ask = containers.RUNTIMES[kind]
        self._stale: Optional[Found] = None
        self.behind: Optional[Callable[[], None]] = None
        self.passes = 0  # answers that go out before that happens
        self.slow = False
        self.change: Callable[[Container], Container] = lambda container: container
        monkeypatch.setattr(containers, "RUNTIMES", {kind: self.answer})
        monkeypatch.setattr(opening, "RETRY_INTERVAL", 0.001)

    def answer(self, references: Sequence[str]) -> Found:
        found = self._stale if self.slow else None
        if found is None:
            found = self._ask(references)
            found = {reference: self.change(item) if isinstance(item, Container) else item for reference, item in found.items()}
        self._stale = found
        if self.behind is not None and self.passes == 0:
            behind, self.behind = self.behind, None
            behind()
        self.passes = max(0, self.passes - 1)
        return found

    def forget(self) -> None:
        self._stale = None


def await_end(engine: Engine) -> None:
    """Wait until the runtime has noticed what happened."""
    deadline = time.monotonic() + 10
    while engine.pid("app"):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def take_number(engine: Engine, impostors: List[Impostor]) -> Callable[[], None]:
    def happen() -> None:
        pid = engine.pid("app")
        kill_and_await(pid)
        try:
            impostors.append(Impostor(pid))
        except NumberTaken:
            pass

    return happen
