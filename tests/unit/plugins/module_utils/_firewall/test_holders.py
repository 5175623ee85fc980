# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, List, Optional, Sequence

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.holders import held_ports
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.compose import compose
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import KernelObject
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import Rule


def rule(scope: str, first: int, last: int, host: Optional[str] = None, **given: Any) -> Rule:
    return Rule(4, "nat", "CNET-DNAT", 20, "DNAT", scope, "main", destination=host, protocol="tcp", destination_ports=(first, last), to="10.0.0.2", **given)


def stands(*rules: Rule) -> Sequence[KernelObject]:
    current: Sequence[KernelObject] = ()
    for scope in dict.fromkeys(item.scope for item in rules):
        current = compose([item for item in rules if item.scope == scope], scope=scope, current=current)
    return current


def said(port: int, scope: str) -> str:
    return "host port %d/tcp is published by scope '%s' already; choose another port or host_ip, or remove it there" % (port, scope)


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([rule("main", 80, 80)], []),
        ([rule("main", 80, 80), rule("main", 80, 80)], []),
        ([rule("main", 80, 80), rule("other", 80, 80)], [said(80, "other")]),
        ([rule("main", 80, 80), rule("other", 81, 90)], []),
        ([rule("main", 80, 85), rule("other", 83, 90)], [said(83, "other")]),
        ([rule("main", 80, 80, "192.0.2.1"), rule("other", 80, 80, "192.0.2.2")], []),
        ([rule("main", 80, 80, "192.0.2.1"), rule("other", 80, 80, "192.0.2.1")], [said(80, "other")]),
        ([rule("main", 80, 80, "192.0.2.1"), rule("other", 80, 80)], [said(80, "other")]),
        ([rule("main", 80, 80), rule("other", 80, 80, source="192.0.2.0/24")], [said(80, "other")]),
        ([rule("one", 80, 80), rule("other", 80, 80)], []),
    ],
)
def test_ports_of_two_scopes(rules: List[Rule], expected: List[str]) -> None:
    assert list(held_ports(stands(*rules), "main")) == expected
