# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Optional, Sequence, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.nftables.translations import find_nftables_translations, read_translations


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"nftables": 1}', '{"nftables": [1]}', '{"nftables": [{"rule": {}}]}', "\x00"])
def test_what_is_no_ruleset_takes_nothing(text: str) -> None:
    assert read_translations(text) == []


HEAD = '{"chain": {"family": "%s", "table": "nat", "name": "PREROUTING", "type": "nat", "hook": "prerouting"}}'


@pytest.mark.parametrize(
    ("chains", "asked"),
    [
        ('{"nftables": [{"metainfo": {}}]}', 1),
        ('{"nftables": [%s]}' % HEAD % "ip", 1),
        ('{"nftables": [%s]}' % HEAD % "ip6", 2),
        ('{"nftables": [{"chain": 1}, {"chain": {}}]}', 1),
        ("nothing", 1),
    ],
)
def test_rules_are_asked_for_where_a_chain_is_not_known(chains: str, asked: int) -> None:
    calls = []

    def run(argv: Sequence[str], _data: Optional[str]) -> Tuple[int, str, str]:
        calls.append(argv)
        return 0, chains, ""

    assert find_nftables_translations(run, lambda _tool: True, {("ip", "nat")}) == []
    assert len(calls) == asked
