# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is tried in a namespace that nobody sees is what the kernel then does, and leaves nothing."""

from __future__ import annotations

import subprocess
from typing import List

from ansible_collections.netloom.container_net.plugins.module_utils._kernel.feature_probe import LIVE_RENAME, renames_only_lowered
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.release import kernel_release
from fresh_network import in_fresh_network


def test_whether_what_is_up_can_be_renamed() -> None:
    def ask() -> List[bool]:
        answer = renames_only_lowered()
        assert subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout.count("\n") == 1
        subprocess.run("ip link add one up type veth peer name two".split(), check=True)
        return [answer, subprocess.run("ip link set one name three".split(), capture_output=True, check=False).returncode != 0]

    answer, happens = in_fresh_network(ask)
    assert answer == happens
    assert kernel_release() < LIVE_RENAME or not answer
