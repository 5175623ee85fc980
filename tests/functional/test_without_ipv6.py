# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A container that was given IPv4 addresses only has no IPv6 on that interface: no address of its own making, nobody reaches it by one."""

from __future__ import annotations

from typing import Any, Dict

import pytest
from harness.declarations import LAN4, V4, V6, endpoint, network
from harness.engine import Declaration, assert_settled, check, converge, give_uplink, lines, settle
from harness.host import await_true, sh

pytestmark = pytest.mark.fake_host()
SPOKEN = {"sysctls": {"net.ipv6.conf.IFNAME.disable_ipv6": 0}}
# By driver: what its network is like, and an address there without its last number.
DRIVERS: Dict[str, Any] = {
    "bridge": ({"ipam_config": [V4]}, "10.20.0"),
    "macvlan": ({"driver": "macvlan", "parent": "eth0", "ipam_config": [LAN4]}, "192.0.2"),
    "routed": ({"driver": "routed", "ipam_config": [{"subnet": "10.62.1.0/24"}], "reach": ["10.62.0.0/16"]}, "10.62.1"),
}


def pair(driver: str, **options: Any) -> Declaration:
    net, prefix = DRIVERS[driver]
    ends = [endpoint(name, {"name": "web", "ipv4_address": "%s.%d" % (prefix, last), **options}) for name, last in (("a", 70), ("b", 71))]
    return Declaration([{"name": "web", **net}], ends, prepare=give_uplink)


def made_by_itself(space: str) -> str:
    """Return the address that the kernel gives an interface with IPv6, "" where it has none."""
    words = sh("ip -6 -o address show dev eth0 scope link", space).split()
    return words[3].partition("/")[0] if words else ""


def answers(address: str) -> bool:
    return "ok" in sh("ping -c1 -W2 %s%%eth0 >/dev/null && echo ok || true" % address, "b")


@pytest.mark.parametrize("driver", DRIVERS)
def test_it_has_no_address_that_nobody_gave_it(driver: str) -> None:
    declaration = pair(driver)
    declaration.prepare()
    settle(declaration)
    assert [made_by_itself(space) for space in "ab"] == ["", ""]
    assert sh("cat /proc/net/if_inet6", "a").split()[-1:] in ([], ["lo"])


def test_a_neighbour_reaches_it_by_ipv6_only_where_it_was_left_on() -> None:
    left_on = pair("bridge", **SPOKEN)
    left_on.prepare()
    settle(left_on)
    address = made_by_itself("a")
    await_true(lambda: answers(address), 30.0, lambda: "with IPv6, %s does not answer" % address)
    switched_off = Declaration(left_on.networks, [pair("bridge").endpoints[0], left_on.endpoints[1]])
    assert check(switched_off) == lines(converge(switched_off)) == ["~ veth eth0 in a: ipv6.disable_ipv6 0 → 1"]
    assert_settled(switched_off)
    assert made_by_itself("b")
    assert not answers(address)


@pytest.mark.parametrize("driver", DRIVERS)
def test_it_comes_with_an_ipv6_address_and_goes_with_it(driver: str) -> None:
    options, prefix = DRIVERS[driver]
    more = {"macvlan": "2001:db8:2::/64", "routed": "fd62:1::/64"}.get(driver, "fd00:20::/64")
    both = {**options, "ipam_config": [*options["ipam_config"], {"subnet": more}]}
    both.update({"reach": [*options["reach"], "fd62::/16"]} if "reach" in options else {})
    dual = Declaration([{"name": "web", **both}], [endpoint("a", {"name": "web", "ipv4_address": prefix + ".70", "ipv6_address": more[:-3] + "70"})])
    only = Declaration([{"name": "web", **options}], [endpoint("a", {"name": "web", "ipv4_address": prefix + ".70"})], prepare=give_uplink)
    only.prepare()
    settle(only)
    settle(dual)
    assert made_by_itself("a")
    settle(only)
    assert made_by_itself("a") == ""


def test_a_route_of_ipv6_keeps_it_on() -> None:
    """Its gateway is a link-local address: the container needs one as well."""
    route = {"destination": "2001:db8:77::/64", "gateway": "fe80::77", "interface": "eth0"}
    declaration = Declaration([network("web", V4)], [endpoint("a", {"name": "web", "ipv4_address": "10.20.0.70"}, routes=[route])], prepare=give_uplink)
    declaration.prepare()
    settle(declaration)
    assert made_by_itself("a")


def test_an_mtu_without_ipv6() -> None:
    """Below 1280 bytes the kernel has no IPv6 on the interface, so there is nothing to switch off."""
    declaration = pair("bridge", mtu=1000)
    declaration.prepare()
    settle(declaration)
    settle(pair("bridge", mtu=1400))
    assert made_by_itself("a") == ""


def test_a_network_of_both_families_leaves_it_on() -> None:
    declaration = Declaration([network("web", V4, V6)], [endpoint("a", "web"), endpoint("b", "web")], prepare=give_uplink)
    declaration.prepare()
    settle(declaration)
    assert all(made_by_itself(space) for space in "ab")
