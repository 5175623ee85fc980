# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.users import list_users


@pytest.mark.parametrize(
    ("shown", "ranges"),
    [
        ("         0          0 4294967295\n", ((0, 4294967294),)),
        ("         0       1000          1\n", ((0, 0),)),
        ("         1     100000      65536\n         0       1000          1\n", ((0, 0), (1, 65536))),
    ],
)
def test_ranges_are_read(shown: str, ranges: tuple[tuple[int, int], ...], tmp_path: Path) -> None:
    path = tmp_path / "uid_map"
    path.write_text(shown)
    assert list_users(str(path)) == ranges
