# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.nftables.translations import read_translations


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"nftables": 1}', '{"nftables": [1]}', '{"nftables": [{"rule": {}}]}', "\x00"])
def test_what_is_no_ruleset_takes_nothing(text: str) -> None:
    assert read_translations(text) == []
