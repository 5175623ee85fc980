# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

GATES = Path(__file__).resolve().parents[1] / "gates"
FOLLOW = '. "$0/common.sh"; follow "$1" sh -c "echo unpacking; echo déjà vu >&2; sleep $2; exit 5"; echo "not reached"'


def test_who_waits_at_a_terminal_sees_the_log_of_an_installation(tmp_path: Path) -> None:
    ours, terminal = pty.openpty()
    log = tmp_path / "log"
    command = ["bash", "-c", FOLLOW, str(GATES), str(log)]
    done = subprocess.run([*command, "0.8"], stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal, timeout=30, check=False)
    os.close(terminal)
    seen = os.read(ours, 4096).decode()
    os.close(ours)
    assert done.returncode == 5
    lines = seen.split("\r")
    assert "  d" in lines[1] and "vu" in lines[1]
    assert {line.strip() for line in lines} - {lines[1].strip()} == {""}, "what was seen meanwhile is wiped out"
    assert all(len(line) <= 79 for line in lines)

    silent = subprocess.run([*command, "0"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)
    assert (silent.returncode, silent.stdout, silent.stderr) == (5, "", "")
    assert log.read_text() == "unpacking\ndéjà vu\n"
