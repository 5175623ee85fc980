# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Machines as systemd-machined notes them: attached by their names, never by a number that is another's, and followed when they come and go."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNotRunning, NamespaceMissing
from harness.engine import Declaration, converge, give_uplink, settle
from harness.host import await_true, sh
from harness.restarts import PROGRAM, container_net, own_disk
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, ask

WEB = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}
DECLARED = Declaration([WEB], [{"name": "shop", "container": {"machine": "shop"}, "networks": ["web"], "ports": ["8080:80"]}])
PORT = [("outside", "tcp", "192.0.2.1", 8080)]
NOTES = Path("/run/systemd/machines")


def note(leader: int, since: float, name: str = "shop") -> None:
    NOTES.mkdir(parents=True, exist_ok=True)
    written = NOTES / ("." + name)
    written.write_text("NAME=%s\nSCOPE=machine-%s.scope\nLEADER=%d\nCLASS=container\nREALTIME=%d\n" % (name, name, leader, since * 1e6))
    written.rename(NOTES / name)


@contextmanager
def machine(*isolation: str) -> Iterator[int]:
    """Have a machine while the block runs, noted as machined does; its leader is yielded."""
    with subprocess.Popen([*isolation, "sleep", "1000"]) as leader:
        try:
            own = os.readlink("/proc/self/ns/net")
            await_true(lambda: not isolation or os.readlink("/proc/%d/ns/net" % leader.pid) != own, 10, lambda: "no namespace")
            note(leader.pid, time.time())
            yield leader.pid
        finally:
            leader.kill()
            (NOTES / "shop").unlink()


def answers(leader: int, name: str) -> None:
    server = Server("/proc/%d/ns/net" % leader, name, [80])
    try:
        assert [answer and answer.split()[0] for answer in ask(PORT)] == [name]
    finally:
        server.stop()


@pytest.mark.fake_host(timeout=120)
def test_a_machine_is_attached_by_its_name() -> None:
    give_uplink()
    before = take_snapshot()
    with pytest.raises(ContainerNotRunning, match="no machine 'shop' is registered with systemd-machined"):
        converge(DECLARED)
    with machine(), pytest.raises(NamespaceMissing, match=r"machine container 'shop': it uses the host's own network.*--private-network"):
        converge(DECLARED)
    with machine("unshare", "-n") as leader:
        note(leader, time.time() - 3600)
        with pytest.raises(ContainerNotRunning, match="process %d is not its own" % leader):
            converge(DECLARED)
        assert_same(before)
        note(leader, time.time())
        settle(DECLARED)
        answers(leader, "first")
        converge(None)


@pytest.mark.fake_host(timeout=120)
def test_machines_that_come_and_go_are_followed() -> None:
    give_uplink()
    own_disk()
    with machine("unshare", "-n") as leader:
        converge(DECLARED, persist=True)
        answers(leader, "first")
    rules = sh("iptables-save -t nat | grep 8080")
    said: List[str] = []
    with subprocess.Popen([PROGRAM, "follow", "main"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as follower:
        try:
            await_true(lambda: "8080" not in sh("iptables-save -t nat"), 20, lambda: sh("iptables-save -t nat"))
            for name in ("second", "third"):
                with machine("unshare", "-n") as leader:
                    await_true(lambda: "8080" in sh("iptables-save -t nat") and "eth0" in _links(leader), 20, lambda: sh("ip link"))
                    answers(leader, name)
                    assert sh("iptables-save -t nat | grep 8080") == rules
                    await_true(lambda: container_net("check") == ["main: in order"], 20, lambda: "\n".join(container_net("check")))
                await_true(lambda: "8080" not in sh("iptables-save -t nat"), 20, lambda: sh("iptables-save -t nat"))
        finally:
            follower.terminate()
            said.extend(follower.communicate(timeout=20)[0].splitlines())
    assert sum("container shop joins web" in line for line in said) == 2, said
    assert not [line for line in said if "Traceback" in line], said
    converge(None)


def _links(leader: int) -> str:
    return sh("ip link", "/proc/%d/ns/net" % leader)
