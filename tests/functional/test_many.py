# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A crowded host: many namespaces on a network that many hosts share."""

from __future__ import annotations

import pytest
from harness.declarations import endpoint
from harness.engine import Declaration, converge, give_uplink, lines
from harness.host import sh
from harness.snapshot import assert_same, take_snapshot

pytestmark = pytest.mark.fake_host()
HERE, HOSTS = 150, 100


def crowd(changed: int = 0) -> Declaration:
    """HERE endpoints of an overlay between HOSTS hosts, each with one endpoint more."""
    mesh = {"name": "mesh", "driver": "overlay", "vni": 4200, "vtep_address": "192.0.2.1", "ipam_config": [{"subnet": "10.60.0.0/16"}, {"subnet": "fd60::/64"}]}
    vteps = ["203.0.113.%d" % number for number in range(1, HOSTS + 1)]
    far = [
        {"name": "far%d" % number, "mac": "02:00:00:00:61:%02x" % number, "vtep": vtep, "addresses": ["10.60.9.%d" % number, "fd60::9:%d" % number]}
        for number, vtep in enumerate(vteps, 1)
    ]
    rows = {"peers": [{"host": "h%d" % number, "vtep": vtep} for number, vtep in enumerate(["192.0.2.1", *vteps])], "endpoints": far}
    members = [endpoint("n%d" % number, {"name": "mesh", "ipv4_address": "10.60.1.%d" % number}) for number in range(1, HERE + 1)]
    if changed:
        members[changed]["networks"][0]["ipv4_address"] = "10.60.2.%d" % changed
    return Declaration([mesh], members, overlays={"mesh": rows})


def test_many_namespaces_and_many_peers() -> None:
    give_uplink()
    before = take_snapshot()
    converge(crowd())
    assert sh("ip netns list").count("\n") == HERE + 1
    assert sh("ip -o link show master br-mesh").count("cn-") == HERE
    assert sh("bridge fdb show dev vx-mesh").count(" dst 203.0.113.") == 2 * HOSTS
    sh("ping -c1 -W2 10.60.1.%d" % HERE, "n1")
    assert lines(converge(crowd())) == []
    assert [line for line in lines(converge(crowd(changed=7))) if not line.endswith(" in n8") and " in n8: " not in line] == [
        "~ anti-spoofing of scope main: entries +5 -5"  # its MAC and addresses
    ]
    converge(None)
    assert lines(converge(None)) == []
    assert_same(before)
