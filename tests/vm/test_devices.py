# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real network card handed to a container, and given back, also by a namespace that died."""

from __future__ import annotations

import time

from guests.fleet import Fleet
from guests.machine import SPARE_PCI, Machine


def lose_namespace(machine: Machine) -> None:
    """Delete the namespace that the card is in, and wait until the kernel gives the card back."""
    machine.run("ip netns delete fw")
    deadline = time.monotonic() + 20
    while machine.spare_mac not in machine.run("ip -br link"):
        assert time.monotonic() < deadline, "the kernel has not given the card back"
        time.sleep(0.5)


def test_a_card_goes_and_comes_back(fleet: Fleet) -> None:
    first, second = fleet.machines

    def declare(*cards: dict[str, str]) -> None:
        devices = [{**card, "interface_name": "wan", "addresses": ["203.0.113.%d/24" % number]} for number, card in enumerate(cards, 1)]
        fleet.declare({}, *({"fleet_endpoints": [{"name": "fw", "container": {"netns": "fw"}, "devices": [device]}]} for device in devices))

    declare({"pci_address": SPARE_PCI}, {"name": "eth2"})
    looked = fleet.play("site", "--check")
    assert fleet.leftovers() == []
    done = fleet.play("site")
    assert done.changed == {"vm1": 1, "vm2": 1}
    assert done.actions == looked.actions
    assert fleet.each(lambda machine: "eth2" in machine.run("ip -br link")) == [False, False]
    with fleet.spare.frames() as frames:
        assert first.pings("fw", "203.0.113.2")
    assert {frame.source for frame in frames if frame.kind == "ipv4"} == {first.spare_mac, second.spare_mac}

    lose_namespace(first)
    declare({"mac": first.spare_mac}, {"name": "eth2"})
    assert fleet.play("site").changed == {"vm1": 1, "vm2": 0}
    assert first.pings("fw", "203.0.113.2")
    # The teardown after this test finds one card in its namespace and the other given back already, under another name.
    lose_namespace(first)
