# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A disk that is full, broken or read-only at any call: what is kept stays whole, the run says so in one line, and the next one completes it."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import List, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from harness.declarations import V4, V6, network, two
from harness.engine import Declaration, converge, give_uplink, lines
from harness.faults import FileFaults
from harness.host import Child
from harness.kills import sample
from harness.restarts import own_disk
from harness.snapshot import differences, take_snapshot

FILES = [Path("/var/lib/container_net/main.json")]
START = Declaration([network("web", V4, V6)], two(ports=["8080:80"]), persist=True)
GOAL = replace(START, endpoints=two(sysctls={"net.ipv4.ip_unprivileged_port_start": 0}))
ERRNOS = (errno.ENOSPC, errno.EIO, errno.EROFS)
QUICK = 10


def play(chosen: int, number: int) -> Tuple[List[str], str]:
    faults = FileFaults(chosen, number)
    try:
        converge(GOAL)
    except (ContainerNetError, OSError) as error:
        return faults.names, str(error) or "nothing is said"
    return faults.names, ""


@pytest.mark.fake_host(timeout=900.0)
def test_every_call_that_writes() -> None:
    own_disk()
    give_uplink()
    converge(START)
    start = take_snapshot()
    names, said = Child(lambda: play(-1, 0)).result(60)
    assert said == ""
    assert {"open", "write", "fsync", "replace"} <= set(names)
    goal = take_snapshot()
    converge(START)
    assert differences(start, take_snapshot()) == ""
    tried = sample([(position, ERRNOS[position % len(ERRNOS)]) for position in range(len(names))], QUICK)
    failures = 0
    for position, number in tried:
        what = "%s (call %d) with %s" % (names[position], position, errno.errorcode[number])
        _names, said = Child(lambda position=position, number=number: play(position, number)).result(60)
        assert "\n" not in said, (what, said)
        for file in FILES:
            assert json.loads(file.read_text(encoding="utf-8"))["format"] == 1, what
        if said:
            failures += 1
            assert os.strerror(number) in said or errno.errorcode[number] in said, (what, said)
        converge(GOAL)
        assert lines(converge(GOAL)) == [], what
        assert differences(goal, take_snapshot()) == "", what
        converge(START)
        assert differences(start, take_snapshot()) == "", what
    assert failures >= len(tried) // 2
