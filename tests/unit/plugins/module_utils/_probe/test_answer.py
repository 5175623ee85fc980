# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._probe.answer import banner, read_banner


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (banner("api"), "api"),
        (banner("api", b"token"), "api"),
        (b"SSH-2.0-OpenSSH_9.2\r\nmore", "SSH-2.0-OpenSSH_9.2"),
        (b"", ""),
        (b"\xff\x1b[31m", "\\xff\x1b[31m"),
    ],
)
def test_a_line_tells_who_answered(line: bytes, name: str) -> None:
    assert read_banner(line) == name
