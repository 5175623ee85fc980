# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests/functional/test_parents.py cannot have here: radios, links of other kinds, and many parents at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._document.on_host import check_host_networks, settle_networks
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.base import HostView
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.radio import list_wireless_links
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vlan import Vlan
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vrf import Vrf
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Problem
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Facts

LINKS = [
    Link("", "wlan0", mtu=1500, up=True),
    Link("", "eth1", mtu=1500, up=True, master="bond0"),
    Link("", "bond0", mtu=1500, up=True),
    Link("", "eth2", mtu=1500, up=True, master="vrf-red"),
    Link("", "vrf-red", kind=Vrf(table=10), up=True),
    Link("", "bond0.30", kind=Vlan(vlan_id=30), mtu=1400, up=False, alias="container-net:main:parent"),
]
FACTS = Facts(links={link.name: replace(link, mac="02:00:00:00:00:01") for link in LINKS}, routes=(("0.0.0.0/0", "wlan0"),), wireless=frozenset(("wlan0",)))


def lines(facts: Facts = FACTS, scope: str = "main", **options: Any) -> List[str]:
    raw = {"scope": scope, "networks": [{"name": "lan", "driver": "macvlan", **options}]}
    problems: List[Problem] = []
    check_host_networks(HostView(settle_networks(read_document(raw), facts), facts, problems))
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"parent": "wlan0"}, "interface wlan0 is a radio, and an access point takes frames of one MAC only; use driver ipvlan, or driver bridge"),
        ({}, 'networks[lan].parent: got string "wlan0": interface wlan0 is a radio'),
        ({"parent": "wlan0.30"}, "interface wlan0 is a radio"),
        ({"parent": "wlan0", "driver": "ipvlan"}, ""),
        ({"parent": "eth1"}, "interface eth1 is a port of link bond0 and passes all its frames there; use bond0 as parent"),
        ({"parent": "eth2"}, ""),
        ({"parent": "bond0"}, ""),
        ({"parent": "bond0.30"}, ""),  # ours: the run raises it again
        ({"parent": "bond0.30", "mtu": 1401}, "above the MTU of the parent bond0.30; at most 1400"),
        ({"parent": "bond0.31", "mtu": 1501}, "above the MTU of the parent bond0; at most 1500"),
        ({"parent": "eth9"}, "no such interface on this host, in its own network namespace; it has bond0, eth1, eth2, vrf-red, wlan0"),
        ({"internal": True}, ""),
    ],
)
def test_one_parent(options: Any, expected: str) -> None:
    found = lines(**options)
    assert (expected == "") == (found == [])
    assert all(expected in line and len(line) < 200 for line in found)


def test_the_kernel_keeps_the_names_of_so_many_scopes() -> None:
    """`container-net:` and `:parent` take 21 of 255 characters."""
    others = ",".join("%s%s" % (letter, "s" * 55) for letter in "abcd")
    facts = FACTS._replace(links={**FACTS.links, "bond0.30": replace(FACTS.links["bond0.30"], alias="container-net:%s:parent" % others)})
    assert lines(facts, "sixsix", parent="bond0.30") == []
    (line,) = lines(facts, "sevens7", parent="bond0.30")
    assert line == (
        'networks[lan].parent: got string "bond0.30": with this scope the names of all that share bond0.30 take 256 characters, and the kernel keeps 255; '
        "name another parent, or a shorter scope"
    )
    assert lines(facts, "c" + "s" * 55, parent="bond0.30") == []


def test_the_default_parent_is_that_of_ipv4_then_of_ipv6() -> None:
    facts = FACTS._replace(routes=(("::/0", "eth2"), ("0.0.0.0/0", "bond0")))
    assert facts.default_device() == "bond0"
    assert facts._replace(routes=(("::/0", "eth2"), ("10.0.0.0/8", "bond0"))).default_device() == "eth2"
    assert lines(facts._replace(routes=())) == [
        "networks[lan].parent: got null: none is named, and this host has no default route to take it from; name the interface that is on the LAN"
    ]


def test_radios_are_found_below_sys(tmp_path: Path) -> None:
    assert list_wireless_links(str(tmp_path / "missing")) == frozenset()
    (tmp_path / "phy0" / "device" / "net" / "wlan0").mkdir(parents=True)
    (tmp_path / "phy1" / "device").mkdir(parents=True)
    assert list_wireless_links(str(tmp_path)) == {"wlan0"}
