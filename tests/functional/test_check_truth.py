# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check mode tells the truth, the second run does nothing, and absent leaves the host as it was: for every case."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from harness.declarations import CASES
from harness.engine import Declaration, assert_settled, settle
from harness.kills import EVERY_POINT
from harness.snapshot import assert_same, differences, take_snapshot

pytestmark = pytest.mark.fake_host()


@pytest.mark.parametrize("name", CASES)
def test_check_apply_check_apply_absent_absent(name: str) -> None:
    come_and_go(CASES[name])


@pytest.mark.parametrize("name", CASES if os.environ.get(EVERY_POINT) else ("no-icc", "ports", "snat", "two-networks", "policies", "overlay-v6"))
def test_the_same_in_nftables(name: str) -> None:
    come_and_go(replace(CASES[name], firewall="nftables"))


def come_and_go(declaration: Declaration) -> None:
    declaration.prepare()
    before = take_snapshot()
    steps = settle(declaration)
    assert bool(steps) == bool(declaration.networks)
    assert (differences(before, take_snapshot()) == "") == (not steps)
    removal = settle(None)
    assert bool(removal) == bool(steps)
    assert_same(before)
    assert_settled(None)
