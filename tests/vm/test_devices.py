# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real network card handed to a container, and given back, also by a namespace that died."""

from __future__ import annotations

import time

from guests.fleet import Fleet
from guests.machine import SPARE_PCI


def test_a_card_goes_and_comes_back(fleet: Fleet) -> None:
    first, second = fleet.machines
    by_pci = {"pci_address": SPARE_PCI, "interface_name": "wan", "addresses": ["203.0.113.1/24"]}
    by_mac = {"mac": second.spare_mac, "addresses": ["203.0.113.2/24"]}
    fleet.declare({}, *({"fleet_endpoints": [{"name": "fw", "container": {"netns": "fw"}, "devices": [device]}]} for device in (by_pci, by_mac)))
    assert fleet.play("site").changed == {"vm1": 1, "vm2": 1}
    assert "eth2" not in first.run("ip -br link")
    with fleet.spare.frames() as frames:
        assert first.pings("fw", "203.0.113.2")
    assert {frame.source for frame in frames if frame.kind == "ipv4"} == {first.spare_mac, second.spare_mac}
    assert fleet.play("site").changed == {"vm1": 0, "vm2": 0}

    first.run("ip netns delete fw")
    deadline = time.monotonic() + 20
    while first.spare_mac not in first.run("ip -br link"):
        assert time.monotonic() < deadline, "the kernel has not given the card back"
        time.sleep(0.5)
    assert fleet.play("site").changed == {"vm1": 1, "vm2": 0}
    assert first.pings("fw", "203.0.113.2")
