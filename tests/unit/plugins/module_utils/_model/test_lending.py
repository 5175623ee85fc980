# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bridge's mark tells which of the host's links its addresses came from, also after they have moved."""

from __future__ import annotations

from typing import Dict, Sequence

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.bridge.network import BridgeNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.bridge import Bridge
from ansible_collections.netloom.container_net.plugins.module_utils._model.lending import is_behind, write_mark
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.mark import PROTOCOL, mark_origins, mark_ports, read_mark
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import Address
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Facts

NETWORK = BridgeNetwork("lan", bridge_name="br-lan")
FOUR, SIX = "198.51.100.1/24", "2001:db8::1/64"


def write(before: str, held: Dict[str, Sequence[str]], *lent: str) -> str:
    bridge = Link("", "br-lan", Bridge(), alias=before)
    entries = tuple(Address("", name, address, protocol=0) for name, addresses in held.items() for address in addresses)
    return str(write_mark(NETWORK, lent, "main", Facts(links={"br-lan": bridge} if before else {}, entries=entries)))


@pytest.mark.parametrize(
    ("before", "held", "lent", "expected"),
    [
        ("", {}, (), ""),
        ("", {}, ("eth0", "eth1"), ":eth0,eth1"),
        ("", {"eth1": [FOUR]}, ("eth0", "eth1"), ":eth1,eth0"),  # home is the one with addresses
        ("", {"eth0": ["fe80::1/64"], "eth1": [FOUR]}, ("eth0", "eth1"), ":eth1,eth0"),
        ("", {"eth0": ["192.0.2.1/24"], "eth1": [FOUR, SIX]}, ("eth0", "eth1"), ":eth0,eth1=198.51.100.1/24=2001~db8~~1/64"),
        (":eth1,eth0", {"br-lan": [FOUR]}, ("eth0", "eth1"), ":eth1,eth0"),  # it has moved
        (":eth0,eth1=198.51.100.1/24", {}, ("eth1", "eth0"), ":eth0,eth1=198.51.100.1/24"),
        (":eth0,eth1=198.51.100.1/24", {"eth1": [SIX]}, ("eth0", "eth1"), ":eth0,eth1=198.51.100.1/24=2001~db8~~1/64"),
        (":eth0", {"eth2": [FOUR]}, ("eth2", "eth0"), ":eth0,eth2=198.51.100.1/24"),
        (":eth0,eth1=198.51.100.1/24", {}, ("eth1",), ":eth1"),  # alone it is home to all that is there
    ],
)
def test_what_is_noted(before: str, held: Dict[str, Sequence[str]], lent: Sequence[str], expected: str) -> None:
    prefix = "container-net:main:network:lan"
    assert write(before and prefix + before, held, *lent) == prefix + expected


def test_a_note_is_read_as_it_was_meant() -> None:
    mark = read_mark(write("", {"eth0": ["192.0.2.1/24"], "eth1": [FOUR, SIX]}, "eth0", "eth1"))
    assert mark_ports(mark) == ("eth0", "eth1")
    assert mark_origins(mark) == {FOUR: "eth1", SIX: "eth1"}
    assert mark_ports(None) == ()
    assert mark_origins(None) == {}


def test_an_address_of_ours_is_nobody_elses() -> None:
    facts = Facts(entries=(Address("", "eth1", FOUR, protocol=PROTOCOL),))
    assert mark_ports(write_mark(NETWORK, ("eth0", "eth1"), "main", facts)) == ("eth0", "eth1")


def test_a_gateway_is_behind_an_address_of_its_subnet() -> None:
    assert is_behind(FOUR, "198.51.100.7")
    assert not is_behind(FOUR, "192.0.2.7")
    assert not is_behind(FOUR, "fe80::1")
