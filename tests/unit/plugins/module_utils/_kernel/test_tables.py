# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of nftables, as the kernel lists them."""

from __future__ import annotations

import subprocess
from typing import List, Tuple

from ansible_collections.netloom.container_net.plugins.module_utils._kernel.tables import list_tables
from fresh_network import in_fresh_network


def test_the_tables_of_all_families_are_listed() -> None:
    def work() -> Tuple[List[str], List[str]]:
        before = list_tables()
        subprocess.run(["nft", "-f", "-"], input="add table ip filter\nadd table inet ours\n", text=True, check=True)
        return before, list_tables()

    before, after = in_fresh_network(work)
    assert not before
    assert sorted(after) == ["inet ours", "ip filter"]
