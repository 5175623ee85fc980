# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The part of test_damages.py that needs links which not every kernel has; the floor VM plays it."""

from __future__ import annotations

import subprocess
from typing import Any, Dict, List, Tuple

import pytest
from harness.damages import MARK, OURS, mend_each
from harness.drifts import Drift

# Links of kinds, and of bridges, that not every kernel has: the floor VM plays these.
NEWER: List[Dict[str, Any]] = [
    {"namespace": "api", "mark": "main:namespace"},
    {"bridge": "lan0", "up": True, "mark": "main:network:lan", "vlan_filtering": True, "mac": "02:00:00:00:00:01", "mtu": 1500},
    {"veth": "v0", "peer": "api/eth5", "leads": True, "mark": MARK, "up": True, "master": "lan0"},
    {"veth": "eth5", "in": "api", "peer": "/v0", "mark": MARK, "up": True, "mac": "02:00:00:00:00:05"},
    {"port_vlan": 1, "dev": "v0", "untagged": True, "native": True},
    {"port_vlan": 10, "dev": "v0", "untagged": False, "native": False},
    {"vlan": "up0.30", "vlan_id": 30, "protocol": "802.1q", "lower": "up0", "up": True, "mac": "02:00:00:00:00:31", "mtu": 1500, "mark": "main:object"},
    {"ipvlan": "eth7", "in": "api", "lower": "/up2", "mode": "l2", "flag": "bridge", "up": True, "mtu": 1400, "mark": MARK},
    {"vrf": "red", "table": 100, "up": True, "mark": "main:object"},
    {"dummy": "dm0", "up": True, "mtu": 1300, "mark": "main:object"},
]
NEW_VLAN = "ip link delete up0.30; ip link add up0.30 link %s type vlan %s; ip link set up0.30 alias container-net:main:object"
VLAN_ANEW = ["- vlan up0.30", "+ vlan up0.30"]
NEW_IPVLAN = "ip -n api link delete eth7; %s; ip -n api link set eth7 " + OURS + "endpoint:lan:api"
IPVLAN_ANEW = ["- ipvlan eth7 in api", "+ ipvlan eth7 in api"]
OF_NEWER: Dict[Tuple[str, str], Drift] = {
    ("bridge", "vlan_filtering"): ("ip link set lan0 type bridge vlan_filtering 0", ["~ bridge lan0: vlan_filtering off → on"]),
    ("vlan", "untagged"): ("bridge vlan add dev v0 vid 10 untagged", ["~ vlan 10 on v0: untagged on → off"]),
    ("vlan", "native"): ("bridge vlan add dev v0 vid 1 untagged", ["~ vlan 1 on v0: native off → on"]),
    ("vlan", "gone"): ("bridge vlan delete dev v0 vid 10", ["+ vlan 10 on v0"]),
    ("vlan", "more"): ("bridge vlan add dev v0 vid 99", ["- vlan 99 on v0"]),
    ("vlan", "vlan_id"): (NEW_VLAN % ("up0", "id 31"), VLAN_ANEW),
    ("vlan", "protocol"): (NEW_VLAN % ("up0", "protocol 802.1ad id 30"), VLAN_ANEW),
    ("vlan", "lower"): (NEW_VLAN % ("up2", "id 30"), VLAN_ANEW),
    ("ipvlan", "mode"): ("ip -n api link set eth7 type ipvlan mode l3", ["~ ipvlan eth7 in api: mode l3 → l2"]),
    ("ipvlan", "flag"): ("ip -n api link set eth7 type ipvlan mode l2 private", ["~ ipvlan eth7 in api: flag private → bridge"]),
    ("ipvlan", "mtu"): ("ip -n api link set eth7 mtu 1300", ["~ ipvlan eth7 in api: mtu 1300 → 1400"]),
    ("ipvlan", "lower"): (NEW_IPVLAN % "ip link add new0 link up0 type ipvlan; ip link set new0 netns api name eth7", IPVLAN_ANEW),
    ("ipvlan", "lower_place"): (NEW_IPVLAN % "ip -n api link add eth7 link eth5 type ipvlan", IPVLAN_ANEW),
    ("vrf", "table"): (
        "ip link delete red; ip link add red type vrf table 101; ip link set red alias container-net:main:object",
        ["- vrf red", "+ vrf red"],
    ),
    ("vrf", "up"): ("ip link set red down", ["~ vrf red: up off → on"]),
    ("dummy", "mtu"): ("ip link set dm0 mtu 1200", ["~ dummy dm0: mtu 1200 → 1300"]),
    ("dummy", "gone"): ("ip link delete dm0", ["+ dummy dm0"]),
}


def test_of_kinds_that_not_every_kernel_has() -> None:
    for trial in ("type vrf table 9", "type dummy", "link up0 type vlan id 9", "type bridge vlan_filtering 1"):
        tried = subprocess.run(
            ["unshare", "-Urn", "sh", "-c", "ip link add up0 type veth && ip link add x0 " + trial], capture_output=True, text=True, check=False
        )
        if tried.returncode:
            pytest.skip("this kernel has no links of %s: %s" % (trial, tried.stderr.strip().partition("\n")[0]))
    assert mend_each(NEWER, OF_NEWER) == {}
