# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An endpoint keeps the address it has, whoever comes before it in the alphabet; what is a set has no order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List

import pytest
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, assert_settled, converge, give_uplink, settle
from harness.host import sh
from harness.traffic import Stream, await_addresses

pytestmark = pytest.mark.fake_host()

SMALL: Dict[str, Any] = {"subnet": "10.77.0.0/28", "gateway": "10.77.0.1"}
SMALL6: Dict[str, Any] = {"subnet": "fd00:77::/124", "gateway": "fd00:77::1"}
LAN: Dict[str, Any] = {"subnet": "192.0.2.0/24", "gateway": "192.0.2.2", "ip_range": "192.0.2.64/29"}
CROWD = ["c%d" % number for number in range(5)]


def address_of(name: str, family: int = 4, interface: str = "eth0") -> str:
    return sh("ip -%d -o address show dev %s scope global" % (family, interface), name).split()[3]


def crowd(make: Dict[str, Any], names: List[str]) -> Declaration:
    return Declaration([make], [endpoint(name, {"name": make["name"]}) for name in names])


NETWORKS: Dict[str, Dict[str, Any]] = {
    "bridge": network("web", SMALL, SMALL6),
    "macvlan": network("web", LAN, driver="macvlan", parent="eth0"),
    "overlay": network("web", SMALL, driver="overlay", vni=77, vtep_address="192.0.2.1"),
    "routed": network("web", {"subnet": "10.77.0.0/28"}, driver="routed"),
}


@pytest.mark.parametrize("driver", NETWORKS)
def test_who_comes_takes_nobodys_address(driver: str) -> None:
    give_uplink()
    made = NETWORKS[driver]
    names: List[str] = []
    known: Dict[str, str] = {}
    # The last one first, so that each who comes is before all others in every order of names.
    for name in reversed(CROWD):
        names.insert(0, name)
        applied = settle(crowd(made, names))
        assert not [line for line in applied if line.startswith("-")], applied
        now = {one: address_of(one) for one in names}
        assert {one: now[one] for one in known} == known
        assert len(set(now.values())) == len(now)
        known = now
    settle(crowd(made, CROWD[1:]))
    assert {name: address_of(name) for name in CROWD[1:]} == {name: known[name] for name in CROWD[1:]}


def test_a_container_that_wiped_its_mark_keeps_its_address() -> None:
    settle(crowd(network("web", SMALL), ["c1"]))
    before = address_of("c1")
    sh("ip link set eth0 alias nobody", "c1")
    converge(crowd(network("web", SMALL), ["c0", "c1"]))
    assert address_of("c1") == before
    assert_settled(crowd(network("web", SMALL), ["c0", "c1"]))


def test_a_stream_goes_on_while_others_come() -> None:
    settle(crowd(network("web", SMALL), ["c1", "c3"]))
    await_addresses("c1", "c3")
    stream = Stream("c3", "c1", address_of("c1").partition("/")[0])
    settle(crowd(network("web", SMALL), CROWD))
    beats, _longest = stream.finish()
    assert beats


WEB = network("web", V4, {"subnet": "10.21.0.0/24", "gateway": "10.21.0.1"}, V6, trusted_interfaces=["eth0", "eth9"], host_access=["53/udp", "80/tcp"])
PORTS = ["8080:80/tcp", "53:53/udp", {"published": 8443, "target": 443, "allowed_sources": ["198.51.100.0/24", "203.0.113.0/24"]}]
DECLARED = Declaration(
    [WEB, network("db", SMALL)], [endpoint("a", {"name": "web"}, ports=PORTS), endpoint("b", {"name": "web"}), endpoint("c", {"name": "db"})]
)


def turned(value: Any) -> Any:
    """Turn every list round that has no order."""
    if isinstance(value, dict):
        return {key: turned(item) for key, item in reversed(list(value.items()))}
    return [turned(item) for item in reversed(value)] if isinstance(value, list) else value


def test_another_order_is_no_change() -> None:
    give_uplink()
    sh("ip link add eth9 type veth peer name far9")
    settle(DECLARED)
    assert_settled(replace(DECLARED, networks=turned(list(DECLARED.networks)), endpoints=turned(list(DECLARED.endpoints))))
