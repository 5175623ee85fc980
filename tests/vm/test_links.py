# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules `vlan` and `ipvlan`, task by task: made, found as they are, changed, removed. The other guest has the same by hand."""

from __future__ import annotations

from typing import Any

from guests.fleet import Fleet

VLAN = {"name": "eth1.90", "parent": "eth1", "vlan_id": 90}
ADDRESSES = ["10.90.0.11/24", "fd00:90::11/64"]
IPVLAN = {"name": "eth0", "namespace": "printer", "parent": "eth1.90", "addresses": ADDRESSES}


def task(module: str, **options: Any) -> dict[str, Any]:
    return {"netloom.container_net." + module: options}


def test_vlan_and_ipvlan(booted: Fleet) -> None:
    with booted.left_clean(torn_down=""):
        first, second = booted.machines
        first.run("ip netns add printer")
        second.run("ip link add eth1.90 link eth1 type vlan id 90; ip link set eth1.90 up")
        second.run("ip address add 10.90.0.12/24 dev eth1.90; ip address add fd00:90::12/64 dev eth1.90 nodad")
        made = booted.tasks(
            {**task("vlan", **VLAN), "check_mode": True},
            task("vlan", **VLAN),
            task("vlan", **VLAN),
            task("ipvlan", **IPVLAN),
            task("ipvlan", **IPVLAN),
        )
        assert made.failed == {"vm1": False}, made.output
        with booted.underlay.frames() as frames:
            assert first.pings("printer", "10.90.0.12", "fd00:90::12")
        assert {frame.vlan for frame in frames if "10.90.0.11" in frame.addresses} == {90}
        ended = booted.tasks(
            task("vlan", **VLAN, mtu=1400),
            task("ipvlan", **{**IPVLAN, "addresses": ADDRESSES[1:], "mode": "l3s", "mtu": 1300}),
            task("ipvlan", name="eth0", namespace="printer", state="absent"),
            task("vlan", name="eth1.90", state="absent"),
        )
        assert ended.failed == {"vm1": False}, ended.output
        first.run("ip netns delete printer")
        second.run("ip link delete eth1.90")
    print(made.actions["vm1"], ended.actions["vm1"])
    assert made.changed == {"vm1": 3}  # the task in check mode is one of them
    assert ended.changed == {"vm1": 4}
    assert made.actions["vm1"] == [
        "+ vlan eth1.90",
        "+ vlan eth1.90",
        "~ lo in printer: value down → up",
        "+ ipvlan eth0 in printer",
        "+ address 10.90.0.11/24 on eth0 in printer",
        "+ address fd00:90::11/64 on eth0 in printer",
    ]
    assert ended.actions["vm1"] == [
        "~ vlan eth1.90: mtu 1500 → 1400",
        "~ ipvlan eth0 in printer: mode l2 → l3s, mtu 1400 → 1300",
        "- address 10.90.0.11/24 on eth0 in printer",
        "- ipvlan eth0 in printer",
        "~ lo in printer: value up → down",
        "- vlan eth1.90",
    ]
