# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VRFs that stand on the host already."""

from __future__ import annotations

from typing import List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._document.on_host import check_host_networks
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.base import HostView
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.dummy import Dummy
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vrf import Vrf
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Problem
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Facts

LINKS = [
    Link("", "eth0", up=True),
    Link("", "dummy0", kind=Dummy(), up=True),
    Link("", "red", kind=Vrf(1001), up=True),
    Link("", "low", kind=Vrf(1005), up=False),
    Link("", "ours", kind=Vrf(1003), up=True, alias="container-net:main:network:web"),
]
FACTS = Facts(links={link.name: link for link in LINKS})
NAMED = "networks[web].vrf: got string "


@pytest.mark.parametrize(
    ("vrf", "table", "expected"),
    [
        ("red", 1001, ""),
        ("ours", 1004, ""),  # the run makes it anew
        ("blue", 1002, ""),
        ("eth0", 1002, NAMED + '"eth0": this host has an interface of that name, and it is no VRF; choose another name'),
        ("dummy0", 1002, NAMED + '"dummy0": this host has an interface of that name, and it is no VRF; choose another name'),
        (
            "red",
            1002,
            'networks[web].vrf_table: got integer "1002": VRF red of this host has table 1001; write vrf_table: 1001, or choose another vrf',
        ),
        ("blue", 1001, 'networks[web].vrf_table: got integer "1001": this is the table of VRF red of this host; choose another table, or vrf: red'),
        ("low", 1005, NAMED + '"low": VRF low is down; raise it: ip link set low up'),
    ],
)
def test_one_vrf(vrf: str, table: int, expected: str) -> None:
    problems: List[Problem] = []
    document = read_document({"networks": [{"name": "web", "vrf": vrf, "vrf_table": table}, {"name": "plain"}]})
    check_host_networks(HostView(document, FACTS, problems))
    assert [str(problem) for problem in problems] == ([expected] if expected else [])
