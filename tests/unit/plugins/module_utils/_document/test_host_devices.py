# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Devices against the links of a host."""

from __future__ import annotations

from typing import List

import pytest
import yaml
from ansible_collections.netloom.container_net.plugins.module_utils._document.host_devices import check_host_devices
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.base import HostView
from ansible_collections.netloom.container_net.plugins.module_utils._model.connection import Connection
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Problem
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Facts

LINKS = {
    link.name: link
    for link in (
        Link("", "eth0", mac="02:00:00:00:00:01"),
        Link("", "eth1", mac="02:00:00:00:00:02"),
        Link("", "bond0", mac="02:00:00:00:00:03"),
        Link("", "eth3", mac="02:00:00:00:00:03"),
    )
}
FW = "endpoints: [{name: fw, container: {netns: fw}, devices: [%s]}]\n"
TWO = "endpoints: [{name: fw, container: {netns: fw}, devices: [%s]}, {name: fw2, container: {netns: fw2}, devices: [%s]}]\n"
ONE_PLACE = "a link has one place"
ETH1 = '{mac: "02:00:00:00:00:02"}'


def lines(text: str, *carriers: str, allow_management: bool = False) -> List[str]:
    problems: List[Problem] = []
    facts = Facts(links=LINKS, pci=(("eth1", "0000:03:00.0"),))
    check_host_devices(HostView(read_document(yaml.safe_load(text)), facts, problems, Connection(carriers=frozenset(carriers)), allow_management))
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            FW % '{mac: "02:00:00:00:00:03"}',
            'endpoints[fw].devices[0].mac: got string "02:00:00:00:00:03": several links of this host have it: bond0, eth3; use name',
            id="a MAC that several links share",
        ),
        pytest.param(
            FW % "{name: eth1}, %s" % ETH1,
            'endpoints[fw].devices[1].mac: got string "02:00:00:00:00:02": this is eth1, which endpoint fw gets already; %s' % ONE_PLACE,
            id="by name and by MAC",
        ),
        pytest.param(
            TWO % ("{name: eth1}", '{pci_address: "0000:03:00.0"}'),
            'endpoints[fw2].devices[0].pci_address: got string "0000:03:00.0": this is eth1, which endpoint fw gets already; %s' % ONE_PLACE,
            id="by name and by PCI address, in two endpoints",
        ),
        pytest.param(
            FW % ETH1 + "networks: [{name: web, interfaces: [eth1]}]",
            'endpoints[fw].devices[0].mac: got string "02:00:00:00:00:02": this is eth1, which networks[web].interfaces[0] names; %s' % ONE_PLACE,
            id="by MAC, and a port of a bridge",
        ),
        pytest.param(
            FW % '{pci_address: "0000:03:00.0"}' + "networks: [{name: lan, driver: macvlan, parent: eth1.30}]",
            'endpoints[fw].devices[0].pci_address: got string "0000:03:00.0": this is eth1, which networks[lan].parent names; %s' % ONE_PLACE,
            id="by PCI address, and the parent of a LAN",
        ),
    ],
)
def test_a_link_has_one_place(text: str, expected: str) -> None:
    assert lines(text) == [expected]


@pytest.mark.parametrize(("found", "key"), [("{name: eth1}", "name"), (ETH1, "mac"), ('{pci_address: "0000:03:00.0"}', "pci_address")])
def test_the_link_that_carries_the_connection_stays(found: str, key: str) -> None:
    (line,) = lines(FW % found, "eth1")
    assert line.startswith("endpoints[fw].devices[0].%s: got string " % key)
    assert line.endswith(": eth1 carries the connection to this host; use another link or set allow_management: true")
    assert lines(FW % found, "eth1", allow_management=True) == []
    assert lines(FW % found, "eth0") == []
