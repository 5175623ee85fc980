# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests/functional/test_bridge_ports.py cannot have here: more ports than a bridge's mark holds."""

from __future__ import annotations

from typing import List

from ansible_collections.netloom.container_net.plugins.module_utils._document.on_host import check_host_networks
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.base import HostView
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Problem
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Facts


def complaints(count: int) -> List[str]:
    names = ["eth-number-%04d" % number for number in range(count)]
    problems: List[Problem] = []
    document = read_document({"networks": [{"name": "lan", "interfaces": names}]})
    facts = Facts(links={name: Link("", name, mac="02:00:00:00:00:01", mtu=1500, up=True) for name in names})
    check_host_networks(HostView(document, facts, problems))
    return [str(problem) for problem in problems]


def test_a_mark_holds_so_many_ports() -> None:
    """`container-net:main:network:lan:` takes 31 of 255 characters, and each name with its comma 16."""
    assert complaints(14) == []
    (line,) = complaints(15)
    assert line.startswith('networks[lan].interfaces: got integer "15": ')
    assert "the bridge's mark has 270 characters, and the kernel keeps 255; name fewer interfaces" in line
