# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests call a stream tells how long a connection was cut, and not how busy the machine was."""

from __future__ import annotations

import os
import signal
import time

import pytest
from harness.host import sh
from harness.traffic import Stream

pytestmark = pytest.mark.fake_host()


def prepare() -> None:
    sh(
        """
        ip netns add b
        ip link add x type veth peer name x netns b
        ip address add 10.9.0.1/24 dev x; ip link set x up
        ip -n b address add 10.9.0.2/24 dev x; ip -n b link set x up
        """
    )


def test_a_cut_is_told() -> None:
    prepare()
    stream = Stream("", "b", "10.9.0.2")
    sh("ip -n b link set x down; sleep 0.6; ip -n b link set x up; sleep 1.5")
    beats, longest = stream.finish()
    assert beats > 10
    assert longest >= 0.5


def test_a_server_that_gets_no_processor_is_no_cut() -> None:
    prepare()
    stream = Stream("", "b", "10.9.0.2")
    os.kill(stream.server, signal.SIGSTOP)
    time.sleep(1)
    os.kill(stream.server, signal.SIGCONT)
    beats, longest = stream.finish()
    assert beats > 10
    assert longest < 0.5
