# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody makes and removes links while we read: what the kernel tells torn is asked again or refused, and never planned from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import List, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Line
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import KernelRace
from harness.engine import converge, lines
from harness.host import Child, sh
from harness.kills import EVERY_POINT
from harness.runs import EMPTY, WEB
from harness.snapshot import assert_same, take_snapshot

DUMPS = 1000 if os.environ.get(EVERY_POINT) else 300
STRANGERS = 150  # links of others, so that a dump takes more than one answer and can be torn


ENOUGH = Path("/run/enough")


def churn() -> None:
    """Make and remove links without a pause, until it is enough."""
    batch = "".join("link add churn%d type veth peer name nruhc%d\nlink delete churn%d\n" % (number, number, number) for number in range(20))
    while not ENOUGH.exists():
        sh("ip -batch - <<'END'\n%sEND" % batch)


@pytest.mark.fake_host(timeout=300.0)
def test_no_plan_is_made_of_a_torn_dump(monkeypatch: pytest.MonkeyPatch) -> None:
    EMPTY.prepare()
    sh("for number in $(seq %d); do echo link add many$number type bridge; done | ip -batch -" % STRANGERS)
    converge(WEB)
    before = take_snapshot()
    whole: List[bool] = []
    plain = Line._dump

    def counted(self: Line, request: bytes) -> Optional[List[bytes]]:
        found = plain(self, request)
        whole.append(found is not None)
        return found

    monkeypatch.setattr(Line, "_dump", counted)
    busy = Child(churn)
    refused = 0
    while len(whole) < DUMPS or (False not in whole and len(whole) < 20 * DUMPS):
        try:
            assert lines(converge(WEB, check=True)) == []
        except KernelRace as error:
            refused += "kept changing while they were read" in str(error)
    ENOUGH.touch()
    busy.result(30)
    assert False in whole, "no dump was torn"
    assert refused < whole.count(True)
    assert_same(before)
    assert lines(converge(WEB)) == []
