# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several addresses of one family: the first one is what the container sends from, the others answer, and go with their key."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Callable, Dict, List

import pytest
from harness.declarations import LAN4, LAN6, endpoint, network, overlay
from harness.drifts import Drift, assert_mended
from harness.engine import Declaration, check, give_uplink, settle, settle_back
from harness.host import sh
from harness.snapshot import assert_same, take_snapshot

pytestmark = pytest.mark.fake_host()
MESH = overlay("192.0.2.1", "192.0.2.2", "192.0.2.3")
WEB = network("web", {"subnet": "10.20.0.0/24"}, {"subnet": "10.21.0.0/24"}, {"subnet": "fd00:20::/64"})
LAN = network("lan", LAN4, LAN6, driver="macvlan")
ROUTED = network("mesh", {"subnet": "10.62.1.0/24"}, {"subnet": "fd62:1::/64"}, driver="routed")


def bridged(*addresses: str, **options: Any) -> Declaration:
    at = {"name": "web", "ipv4_address": "10.20.0.10", "ipv6_address": "fd00:20::10", **options, **({"addresses": list(addresses)} if addresses else {})}
    return Declaration([WEB], [endpoint("a", at, ports=["8080:80"])], prepare=give_uplink)


def tunnelled(*addresses: str) -> Declaration:
    near = {"name": "mesh", "ipv4_address": "10.60.0.1", "ipv6_address": "fd60::1", **({"addresses": list(addresses)} if addresses else {})}
    return replace(MESH, endpoints=[endpoint("a", near)])


def on_the_lan(*addresses: str) -> Declaration:
    at = {"name": "lan", "ipv4_address": "192.0.2.10", "ipv6_address": "2001:db8:2::10", **({"addresses": list(addresses)} if addresses else {})}
    return Declaration([LAN], [endpoint("a", at)], prepare=give_uplink)


def routed(*addresses: str) -> Declaration:
    at = {"name": "mesh", "ipv4_address": "10.62.1.10", "ipv6_address": "fd62:1::10", **({"addresses": list(addresses)} if addresses else {})}
    return Declaration([ROUTED], [endpoint("a", at)], prepare=give_uplink)


MORE = ("10.20.0.11", "10.20.0.12/32", "10.21.0.11", "10.21.0.12", "fd00:20::11", "fd00:20::12/128")
HELD = ["10.20.0.11/24", "10.20.0.12/32", "10.21.0.11/24", "10.21.0.12/24", "fd00:20::11/64", "fd00:20::12/128"]
# By driver: what to declare, further addresses, those of the kernel, and whom the first address is asked to reach.
DRIVERS: Dict[str, Any] = {
    "bridge": (bridged, MORE, HELD, "10.20.0.1 fd00:20::1"),
    "overlay": (tunnelled, ("10.60.0.11", "fd60::11"), ["10.60.0.11/16", "fd60::11/64"], "10.60.0.2 fd60::2"),
    "macvlan": (on_the_lan, ("192.0.2.11", "2001:db8:2::11"), ["192.0.2.11/24", "2001:db8:2::11/64"], "192.0.2.2 2001:db8:2::2"),
    "routed": (routed, ("10.62.1.11", "fd62:1::11/128"), ["10.62.1.11/32", "fd62:1::11/128"], "198.51.100.1 2001:db8:51::1"),
}


def sources(towards: str) -> List[str]:
    """Return what the container sends from to each of two neighbours."""
    return [json.loads(sh("ip -j route get %s" % address, "a"))[0]["prefsrc"] for address in towards.split()]


@pytest.mark.parametrize("driver", DRIVERS)
def test_they_come_and_go_in_place(driver: str) -> None:
    declare: Callable[..., Declaration]
    declare, more, held, towards = DRIVERS[driver]
    declare().prepare()
    empty = take_snapshot()
    settle(declare())
    before, first = take_snapshot(), sources(towards)
    applied = settle(declare(*more))
    assert [line for line in applied if " link " in line or "veth" in line] == []
    assert {"+ address %s on eth0 in a" % address for address in held} <= set(applied)
    assert sources(towards) == first
    settle_back(declare(), before)
    settle(declare(*more))
    settle(None)
    assert_same(empty)


def test_which_one_comes_first_changes_in_place() -> None:
    base = bridged("10.20.0.11", "fd00:20::11", ipv4_address="10.20.0.20", ipv6_address="fd00:20::20")
    base.prepare()
    settle(base)
    assert sources("10.20.0.1 fd00:20::1") == ["10.20.0.20", "fd00:20::20"]
    # Another first one, and what stands behind it stays behind it.
    settle(bridged("10.20.0.11", "fd00:20::11"))
    assert sources("10.20.0.1 fd00:20::1") == ["10.20.0.10", "fd00:20::10"]
    swapped = settle(bridged("10.20.0.10", "fd00:20::10", ipv4_address="10.20.0.11", ipv6_address="fd00:20::11"))
    assert "~ address fd00:20::10/64 on eth0 in a: secondary off → on" in swapped
    assert "~ address fd00:20::11/64 on eth0 in a: secondary on → off" in swapped
    assert sources("10.20.0.1 fd00:20::1") == ["10.20.0.11", "fd00:20::11"]
    # Without the key, the one that is left is as if it had always been alone.
    settle(bridged(ipv4_address="10.20.0.11", ipv6_address="fd00:20::11"))
    assert "deprecated" not in sh("ip address show eth0", "a")


def test_who_was_given_an_address_keeps_it_when_the_others_go() -> None:
    own = Declaration([WEB], [endpoint("a", "web")], prepare=give_uplink)
    own.prepare()
    settle(own)
    before = take_snapshot()
    lowest = ("10.20.0.2", "fd00:20::2")
    settle(Declaration([WEB], [endpoint("a", {"name": "web", "addresses": list(lowest)})]))
    settle_back(own, before)
    # Nobody is given an address that another one has as a further one.
    small = network("web", {"subnet": "10.20.0.0/29", "ip_range": "10.20.0.2-10.20.0.3"})
    both = [endpoint("a", {"name": "web", "ipv4_address": "10.20.0.5", "addresses": ["10.20.0.2"]}), endpoint("b", "web")]
    assert "+ address 10.20.0.3/29 on eth0 in b" in check(Declaration([small], both))


DRIFTS: Dict[str, Drift] = {
    "gone": ("ip address delete 10.20.0.11/24 dev eth0", ["+ address 10.20.0.11/24 on eth0 in a"]),
    "the first one is gone": (
        "ip address delete 10.20.0.10/24 dev eth0",
        ["+ address 10.20.0.10/24 on eth0 in a", "~ address 10.20.0.11/24 on eth0 in a: secondary off → on"],
    ),
}


def test_drift() -> None:
    base = bridged("10.20.0.11", "fd00:20::11")
    base.prepare()
    settle(base)
    assert_mended(base, DRIFTS, space="a")
