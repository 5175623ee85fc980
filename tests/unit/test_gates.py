# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
from pathlib import Path

GATES = Path(__file__).resolve().parents[1] / "gates"
INSTALLATION = 'echo unpacking; echo déjà vu >&2; until [ -e "$0" ]; do sleep 0.1; done; exit 5'
FOLLOW = '. "$0/common.sh"; follow "$1" sh -c "$2" "$3"; echo "not reached"'


def test_who_waits_at_a_terminal_sees_the_log_of_an_installation(tmp_path: Path) -> None:
    log, end = tmp_path / "log", tmp_path / "end"
    command = ["bash", "-c", FOLLOW, str(GATES), str(log), INSTALLATION, str(end)]
    ours, terminal = pty.openpty()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal)
    os.close(terminal)
    seen = os.read(ours, 4096).decode()
    while "vu" not in seen:
        seen += os.read(ours, 4096).decode()
    end.touch()
    assert process.wait(30) == 5
    with contextlib.suppress(OSError):  # which is how a terminal ends
        while True:
            seen += os.read(ours, 4096).decode()
    os.close(ours)
    lines = seen.split("\r")
    assert max(len(line) for line in lines) <= 79
    assert lines[-2:] == [" " * 79, ""], "what was seen meanwhile is wiped out"

    silent = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False)
    assert (silent.returncode, silent.stdout, silent.stderr) == (5, "", "")
    assert log.read_text() == "unpacking\ndéjà vu\n"
