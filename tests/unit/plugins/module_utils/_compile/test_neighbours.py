# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._compile.neighbours import compile_neighbours
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.bridge.network import BridgeNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Attachment, Document, Endpoint, PublishedPort
from ansible_collections.netloom.container_net.plugins.module_utils._model.names import source_table
from ansible_collections.netloom.container_net.plugins.module_utils._model.network import Subnet
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Neighbour, PolicyRule, Route
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Facts

NETWORK = BridgeNetwork("web", (Subnet("10.20.0.0/24", "10.20.0.1"), Subnet("fd00:20::/64", "fd00:20::1")), bridge_name="br-web", enable_icc=False)
MEMBERS = (
    Endpoint("a", "netns:a", (Attachment("web", "10.20.0.5", "fd00:20::5", "02:00:00:00:00:05", host_interface_name="ve-a"),), (PublishedPort(80, 80),)),
    Endpoint("b", "netns:b", (Attachment("web", "10.20.0.6", None, "02:00:00:00:00:06", host_interface_name="ve-b"),)),
)
DOCUMENT = Document("main", (NETWORK,), MEMBERS)
TABLE = source_table("main", "web")


def test_each_member_is_reached_by_its_own_link() -> None:
    four = [
        Route("", "10.20.0.5/32", TABLE, device="ve-a"),
        Neighbour("", "ve-a", "10.20.0.5", "02:00:00:00:00:05"),
        Route("", "10.20.0.6/32", TABLE, device="ve-b"),
        Neighbour("", "ve-b", "10.20.0.6", "02:00:00:00:00:06"),
    ]
    six = [Route("", "fd00:20::5/128", TABLE, device="ve-a"), Neighbour("", "ve-a", "fd00:20::5", "02:00:00:00:00:05")]
    rules = [PolicyRule("", 4, 30000, "10.20.0.0/24", TABLE, "br-web"), PolicyRule("", 6, 30000, "fd00:20::/64", TABLE, "br-web")]
    assert compile_neighbours(DOCUMENT, Facts(bridge_filter=True)) == [*rules, *four[:2], *six, *four[2:]]
    assert compile_neighbours(DOCUMENT, Facts(bridge_filter=True, ipv6=False)) == [rules[0], *four]


@pytest.mark.parametrize("options", [{"enable_icc": True}, {"internal": True}, {"vrf": "red", "vrf_table": 1001}, {"adopted": True, "lan": True}])
def test_others_need_no_such_way(options: Any) -> None:
    assert compile_neighbours(replace(DOCUMENT, networks=(replace(NETWORK, **options),)), Facts(bridge_filter=True)) == []


def test_none_is_made_where_nothing_is_published_or_no_frame_is_filtered() -> None:
    assert compile_neighbours(DOCUMENT, Facts()) == []
    assert compile_neighbours(replace(DOCUMENT, endpoints=MEMBERS[1:]), Facts(bridge_filter=True)) == []
