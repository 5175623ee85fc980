# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of one interface inside a container: on every driver, declared at first or later, and gone when they are no longer declared."""

from __future__ import annotations

import socket
import struct
from dataclasses import replace
from typing import Any, Dict

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import EnvironmentUnfit
from harness.declarations import LAN4, V4, endpoint, network, overlay
from harness.engine import Declaration, check, converge, give_uplink, settle, settle_back
from harness.host import entered, sh
from harness.snapshot import assert_same, take_snapshot

SOL_PACKET, PACKET_ADD_MEMBERSHIP = 263, 1
PACKET_MR_PROMISC, PACKET_MR_ALLMULTI = 1, 2

pytestmark = pytest.mark.fake_host()
MESH = overlay("192.0.2.1", "192.0.2.2", "192.0.2.3")
ROUTED = network("mesh", {"subnet": "10.62.1.0/24"}, driver="routed", reach=["10.62.0.0/16"])


def bridged(**options: Any) -> Declaration:
    return Declaration([network("web", V4)], [endpoint("a", {"name": "web", "ipv4_address": "10.20.0.10", **options})], prepare=give_uplink)


def tunnelled(**options: Any) -> Declaration:
    near = {"name": "mesh", "ipv4_address": "10.60.0.1", "ipv6_address": "fd60::1", **options}
    return replace(MESH, endpoints=[endpoint("a", near)])


def on_the_lan(**options: Any) -> Declaration:
    return Declaration([network("lan", LAN4, driver="macvlan")], [endpoint("a", {"name": "lan", "ipv4_address": "192.0.2.10", **options})], prepare=give_uplink)


def routed(**options: Any) -> Declaration:
    return Declaration([ROUTED], [endpoint("a", {"name": "mesh", "ipv4_address": "10.62.1.10", **options})], prepare=give_uplink)


DRIVERS = {"bridge": bridged, "overlay": tunnelled, "macvlan": on_the_lan, "routed": routed}
OPTIONS: Dict[str, Any] = {"mtu": 1300, "promisc": True, "allmulti": True, "txqueuelen": 77}


@pytest.mark.parametrize("driver", DRIVERS)
def test_in_place_on_every_driver(driver: str) -> None:
    """No link is made anew, and without the keys everything is as if they had never been declared."""
    declare = DRIVERS[driver]
    plain = declare()
    plain.prepare()
    empty = take_snapshot()
    settle(plain)
    before = take_snapshot()
    changed = settle(declare(**OPTIONS))
    assert [line for line in changed if " eth0 in a: " in line]
    assert not [line for line in changed if not line.startswith("~ ")]
    inside = sh("ip -n a -d link show eth0")
    assert " mtu 1300 " in inside
    assert " qlen 77" in inside
    assert "PROMISC" in inside
    assert "ALLMULTI" in inside
    settle_back(plain, before)
    settle(None)
    assert_same(empty)
    settle(declare(**OPTIONS))
    for word in (" mtu 1300 ", " qlen 77", "PROMISC", "ALLMULTI"):
        assert word in sh("ip -n a -d link show eth0")
    settle(None)
    assert_same(empty)


@pytest.mark.parametrize("driver", DRIVERS)
def test_who_only_listens_changes_nothing(driver: str) -> None:
    """A program such as tcpdump asks for all frames by its socket, and the kernel keeps that apart from what was set on the interface."""
    declare = DRIVERS[driver]
    declare().prepare()
    settle(declare())
    with entered("a"):
        listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        number = socket.if_nametoindex("eth0")
    with listener:
        for kind in (PACKET_MR_PROMISC, PACKET_MR_ALLMULTI):
            listener.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, struct.pack("iHH8s", number, kind, 0, b""))
        assert " promiscuity 1 " in sh("ip -n a -d link show eth0")
        assert check(declare()) == []
    sh("ip -n a link set eth0 promisc on")
    assert [line for line in check(declare()) if line.endswith(" promisc on → off")]


def test_too_small_for_ipv6() -> None:
    """The kernel then has nothing of IPv6 on the interface, and has it again when the interface grows; the bridge keeps its own MTU."""
    give_uplink()
    settle(bridged(mtu=1000))
    assert " mtu 1000 " in sh("ip -n a link show eth0")
    assert " mtu 1500 " in sh("ip link show br-web")
    assert "eth0" not in sh("ls /proc/sys/net/ipv6/conf", "a")
    settle(bridged())
    assert sh("cat /proc/sys/net/ipv6/conf/eth0/accept_ra", "a").strip() == "0"
    settle(bridged(mtu=68))
    settle(None)


@pytest.mark.parametrize("driver", DRIVERS)
def test_larger_than_what_is_below_is_refused_before_anything_changes(driver: str) -> None:
    give_uplink()
    before = take_snapshot()
    with pytest.raises(EnvironmentUnfit, match=r"endpoint a: mtu 9000 does not fit network \w+ \((1450|1500)\); at most \1; nothing was changed"):
        converge(DRIVERS[driver](mtu=9000))
    assert_same(before)
