# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs at once on one host: one after the other, or an error that names the holder."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import Any, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Door, Fault
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.hostlock import host_lock
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.statefile import STATE_DIRECTORY
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import LockHeld
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, check, converge, give_uplink
from harness.host import Child, on_fake_host, sh
from harness.kills import EVERY_POINT
from harness.restarts import PROGRAM, container_net, own_disk
from harness.snapshot import Snapshot, assert_same, differences, take_snapshot

EVERY = bool(os.environ.get(EVERY_POINT))
ROUNDS, MOST_ROUNDS, RUNS = (200, 400, 8) if EVERY else (8, 40, 8)
RESTORES = 20 if EVERY else 4
ONE = Declaration([network("web", V4, V6)], [endpoint("a", {"name": "web", "ipv4_address": "10.20.0.10"}, ports=["8080:80"]), endpoint("b", "web")])
TWO = Declaration(
    [network("web", V4, V6, mtu=1400), network("db", {"subnet": "10.22.0.0/24"})],
    [endpoint("a", {"name": "web", "ipv4_address": "10.20.0.11"}, "db", ports=["8081:80"]), endpoint("c", "db")],
)


def after(declaration: Declaration, **options: Any) -> Snapshot:
    def body() -> Snapshot:
        if options:
            own_disk()
        give_uplink()
        converge(declaration, **options)
        return take_snapshot()

    return on_fake_host(body)


@pytest.mark.fake_host
def test_the_result_is_one_of_the_two_never_a_mix() -> None:
    wanted = [after(ONE), after(TWO)]
    assert differences(*wanted)
    give_uplink()
    winners: List[int] = []
    for number in range(MOST_ROUNDS):
        if number >= ROUNDS and set(winners) == {0, 1}:
            break
        declarations = [ONE, TWO] * (RUNS // 2)
        if number % 2:
            declarations.reverse()  # on a busy machine, who starts last ends last
        runs = [Child(lambda declaration=declaration: converge(declaration, lock_timeout=60).netlink_changes) for declaration in declarations]
        assert len(runs) == RUNS
        for run in runs:
            run.result(60)
        found = take_snapshot()
        assert found in wanted, differences(wanted[0], found) + "\n\n" + differences(wanted[1], found)
        winners.append(wanted.index(found))
    assert set(winners) == {0, 1}, "the runs never met in another order"


@pytest.mark.fake_host(timeout=900.0)
def test_what_is_restored_beside_a_playbook_is_never_the_declaration_before() -> None:
    """The unit and a task start together. What is kept and what stands is the same in the end, and what the task said if it came through."""
    own_disk()
    wanted = [after(ONE, persist=True), after(TWO, persist=True)]
    give_uplink()
    converge(ONE, persist=True)
    for number in range(RESTORES):
        goal = (TWO, ONE)[number % 2]
        delay = 0.03 * (number % 8)  # until the program has started
        beside = subprocess.Popen([PROGRAM, "restore"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        run = Child(lambda goal=goal, delay=delay: (time.sleep(delay), converge(goal, persist=True, lock_timeout=30).netlink_changes)[1])
        run.result(60)
        said = beside.communicate(timeout=60)[0]
        assert beside.returncode == 0, said
        assert "Traceback" not in said
        assert_same(wanted[(1, 0)[number % 2]])
    assert container_net("check") == ["main: in order"]


def _hold(tell: int) -> None:
    with host_lock(STATE_DIRECTORY, timeout=1):
        os.write(tell, b"+")
        time.sleep(60)


@pytest.mark.fake_host
def test_the_lock_names_its_holder_and_ends_with_it() -> None:
    give_uplink()
    before = take_snapshot()
    ready, tell = os.pipe()
    holder = Child(lambda: _hold(tell))
    os.read(ready, 1)
    started = time.monotonic()
    with pytest.raises(LockHeld, match=r"process %d\b.*nothing was changed" % holder.pid):
        converge(ONE, lock_timeout=0.5)
    assert 0.4 < time.monotonic() - started < 3
    assert converge(ONE, check=True).steps, "looking needs no lock"
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    started = time.monotonic()
    converge(ONE, lock_timeout=0.5)
    assert time.monotonic() - started < 3
    converge(None)
    assert_same(before)


@pytest.mark.fake_host
def test_a_waiting_run_goes_on_when_the_lock_is_free() -> None:
    give_uplink()
    ready, tell = os.pipe()
    holder = Child(lambda: _hold(tell))
    os.read(ready, 1)
    waiting = Child(lambda: converge(ONE, lock_timeout=30).netlink_changes)
    time.sleep(0.3)
    assert take_snapshot()
    holder.kill()
    assert waiting.result(20) > 0
    assert check(ONE) == []


@pytest.mark.fake_host
def test_a_lock_directory_somebody_else_prepared_is_refused() -> None:
    give_uplink()
    os.mkdir(STATE_DIRECTORY)
    os.chmod(STATE_DIRECTORY, 0o777)
    before = take_snapshot()
    with pytest.raises(LockHeld, match="nothing was changed"):
        converge(ONE, door=Door())
    assert_same(before)
    os.rmdir(STATE_DIRECTORY)
    os.symlink("/run", STATE_DIRECTORY)
    with pytest.raises(LockHeld, match="nothing was changed"):
        converge(ONE)
    assert not os.path.exists("/run/lock")


def _meddle_once(script: str) -> Fault:
    done: List[str] = []

    def meddle(_place: str, _message: bytes) -> None:
        if not done:
            done.append(script)
            sh(script)

    return meddle


@pytest.mark.fake_host
@pytest.mark.parametrize("script", ["ip netns delete b", "ip link delete br-web", "ip -n a link delete eth0", "ip address delete 10.20.0.1/24 dev br-web"])
def test_what_vanishes_between_plan_and_apply_is_planned_again(script: str) -> None:
    give_uplink()
    converge(TWO)
    wanted = take_snapshot()
    converge(ONE)
    converge(TWO, door=Door(fault=_meddle_once(script)))
    assert_same(wanted)
