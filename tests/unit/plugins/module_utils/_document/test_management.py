# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._document.management import check_takeovers, find_connection, management_links
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.base import HostView
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.bridge.network import BridgeNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.macvlan.network import MacvlanNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.bridge import Bridge
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.macvlan import Macvlan
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vlan import Vlan
from ansible_collections.netloom.container_net.plugins.module_utils._model.connection import Connection
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Device, Document, Endpoint
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Problem
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Facts

LINKS: Dict[str, Link] = {
    link.name: link
    for link in (
        Link("", "eth0", mac="02:00:00:00:00:01"),
        Link("", "eth1", mac="02:00:00:00:00:02", master="br0"),
        Link("", "eth2", mac="02:00:00:00:00:03"),
        Link("", "br0", Bridge()),
        Link("", "br0.30", Vlan(vlan_id=30, lower="br0")),
        Link("", "mv0", Macvlan(lower="eth9", lower_place="netns:other")),
    )
}
ADDRESSES = [("eth0", "192.0.2.1/24"), ("br0.30", "198.51.100.1/24"), ("eth2", "fe80::1/64"), ("mv0", "203.0.113.1/24"), ("gone0", "203.0.113.9/24")]
FACTS = Facts(links=LINKS, pci=(("eth0", "0000:03:00.0"), ("eth2", "0000:03:00.2")))


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("192.0.2.1", {"eth0"}),
        ("198.51.100.1", {"br0.30", "br0", "eth1"}),
        ("fe80::1%eth2", {"eth2"}),
        ("203.0.113.1", {"mv0"}),
        ("203.0.113.9", set()),
        ("192.0.2.77", set()),
    ],
)
def test_the_links_that_carry_a_connection(server: str, expected: "set[str]") -> None:
    assert management_links(server, ADDRESSES, LINKS) == expected


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        ("203.0.113.9 50000 192.0.2.1 22", ("203.0.113.9", 22, {"eth0"})),
        ("fe80::1%eth0 50000 fe80::1%eth2 2222", ("fe80::1%eth0", 2222, {"eth2"})),
        ("", (None, None, set())),
        ("203.0.113.9 50000 192.0.2.1", (None, None, set())),
        ("203.0.113.9 50000 192.0.2.1 ssh", (None, None, set())),
        ("UNKNOWN 65535 UNKNOWN 65535", (None, None, set())),
    ],
)
def test_who_manages_this_host(connection: str, expected: "Tuple[Optional[str], Optional[int], set[str]]") -> None:
    found = find_connection(connection, FACTS._replace(addresses=tuple(ADDRESSES)))
    assert (found.peer, found.port, found.carriers) == expected


def takeovers(document: Document, server: str) -> List[str]:
    problems: List[Problem] = []
    check_takeovers(HostView(document, FACTS, problems, Connection(carriers=management_links(server, ADDRESSES, LINKS))))
    return [str(problem) for problem in problems]


def bridge(*interfaces: str, name: str = "br-lan") -> Document:
    return Document(networks=(BridgeNetwork("lan", bridge_name=name, interfaces=interfaces),))


def device(**found: str) -> Document:
    return Document(endpoints=(Endpoint("fw", "netns:fw", devices=(Device("wan0", **found),)),))


@pytest.mark.parametrize(
    ("document", "server", "words"),
    [
        (bridge("eth2", "eth0"), "192.0.2.1", 'networks[lan].interfaces[1]: got string "eth0": bridge br-lan takes eth0, which carries this SSH connection'),
        (bridge("eth1"), "198.51.100.1", "bridge br-lan takes eth1"),
        (device(name="eth0"), "192.0.2.1", 'endpoints[fw].devices[0]: got string "eth0": endpoint fw takes eth0'),
        (device(mac="02:00:00:00:00:01"), "192.0.2.1", "endpoint fw takes eth0"),
        (device(pci_address="0000:03:00.0"), "192.0.2.1", "endpoint fw takes eth0"),
        (Document(networks=(MacvlanNetwork("lan", parent="eth0", mode="passthru"),)), "192.0.2.1", "networks[lan].parent"),
    ],
)
def test_taking_it_needs_a_timeout(document: Document, server: str, words: str) -> None:
    (problem,) = takeovers(document, server)
    assert words in problem
    assert "set confirm_timeout" in problem


@pytest.mark.parametrize(
    ("document", "server"),
    [
        (bridge("eth2"), "192.0.2.1"),
        (bridge("eth0"), "198.51.100.1"),
        (bridge("eth1", name="br0"), "198.51.100.1"),  # it stands there already
        (device(name="eth2"), "192.0.2.1"),
        (device(pci_address="0000:03:00.2"), "192.0.2.1"),
        (Document(networks=(MacvlanNetwork("lan", parent="eth0"),)), "192.0.2.1"),
    ],
)
def test_other_changes_need_none(document: Document, server: str) -> None:
    assert takeovers(document, server) == []
