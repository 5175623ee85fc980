# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links of the host that are lent to containers: nothing that a user has is lost, whatever happens. One end of a veth pair stands for a NIC."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Door
from fresh_network import in_fresh_network
from kernel_engine import failure, run_engine, settle, sh, shown

SPACE = {"namespace": "api", "mark": "main:namespace"}
NIC = {"nic": "eth1", "in": "api", "home_name": "enp3s0", "mtu": 1400, "up": True, "mark": "main:device:enp3s0:api"}
ADDRESS = {"address": "192.0.2.10/24", "in": "api", "dev": "eth1"}
LENT: List[Any] = [SPACE, NIC, ADDRESS]


def plug(name: str = "enp3s0", state: str = "mtu 9000") -> None:
    sh("ip link add %s address 02:00:00:00:00:33 type veth peer name wire; ip link set wire up; ip link set %s %s" % (name, name, state))


def at_home(name: str = "enp3s0") -> Dict[str, Any]:
    found = shown(name)
    assert found is not None
    return {key: found.get(key) for key in ("mtu", "ifalias", "address", "group")} | {"up": "UP" in found["flags"]}


def await_carrier(space: str = "") -> None:
    """Wait until the kernel has told of each carrier that it has: up to a second after both ends were raised."""
    sh("while ip %s link | grep -q 'NO-CARRIER.*LOWER_UP'; do sleep 0.02; done" % (space and "-n " + space))


@pytest.mark.parametrize("state", ["mtu 9000 up", "mtu 1500 down"])
def test_comes_and_goes(state: str) -> None:
    def work() -> None:
        plug(state=state)
        before = at_home()
        assert settle(LENT) == ["+ namespace api", "+ nic eth1 in api", "+ address 192.0.2.10/24 on eth1 in api"]
        assert shown("enp3s0") is None
        inside = shown("eth1", "api")
        assert inside["mtu"] == 1400
        assert "UP" in inside["flags"]
        assert inside["ifalias"].startswith("container-net:main:device:enp3s0/")
        assert settle([]) == ["- nic eth1 in api", "- namespace api"]
        assert at_home() == before
        sh("! ip netns list | grep .")

    in_fresh_network(work)


def test_changes_in_place_and_gets_back_what_it_had() -> None:
    def work() -> None:
        plug()
        before = at_home()
        settle(LENT)
        changed = {**NIC, "mtu": 1300, "mark": "main:device:enp3s0:other"}
        assert len(settle([SPACE, changed, ADDRESS])) == 1
        assert settle([SPACE, {**changed, "nic": "lan0"}, {**ADDRESS, "dev": "lan0"}]) == ["~ nic lan0 in api: name eth1 → lan0"]
        settle([])
        assert at_home() == before

    in_fresh_network(work)


def test_moves_from_one_container_to_another() -> None:
    def work() -> None:
        plug()
        before = at_home()
        settle(LENT)
        other = {**NIC, "in": "db", "mark": "main:device:enp3s0:db"}
        assert settle([{**SPACE, "namespace": "db"}, other], prune=True) == ["- nic eth1 in api", "- namespace api", "+ namespace db", "+ nic eth1 in db"]
        settle([])
        assert at_home() == before

    in_fresh_network(work)


def throw_back(name: str) -> None:
    """What the kernel does with a real NIC when its namespace dies."""
    sh("ip -n api link set eth1 down; ip -n api link set eth1 name %s; ip -n api link set %s netns $$; ip netns delete api" % (name, name))


@pytest.mark.parametrize("name", ["eth1", "dev7", "enp3s0"])
def test_is_put_right_after_its_container_died(name: str) -> None:
    def work() -> None:
        plug(state="mtu 9000 up")
        before = at_home()
        settle(LENT)
        throw_back(name)
        assert shown(name)["ifalias"].startswith("container-net:")
        assert settle(LENT)[0] == "- nic " + name
        throw_back(name)
        assert settle([]) == ["- nic " + name]
        assert at_home() == before

    in_fresh_network(work)


UP_WITHOUT_ADDRESS = "for end in wire enp3s0; do ip link set $end addrgenmode none; done; ip link set enp3s0 up"
USES = {
    "an address": ["ip address add 192.0.2.1/24 dev enp3s0", "192.0.2.1/24"],
    "a route": [UP_WITHOUT_ADDRESS + "; ip route add 198.51.100.0/24 dev enp3s0", "198.51.100.0/24"],
    "a master": ["ip link add br0 type bridge; ip link set enp3s0 master br0", "it belongs to br0"],
    "an upper link": ["ip link add link enp3s0 name mv0 type macvlan", "macvlan mv0 stands on it"],
    "a description": ["ip link set enp3s0 alias 'to the switch'", "to the switch"],
}


@pytest.mark.parametrize("use", USES)
def test_is_not_taken_from_who_uses_it(use: str) -> None:
    def work() -> None:
        script, words = USES[use]
        plug()
        sh(script)
        await_carrier()
        before = sh("ip -d link; ip address; ip route; ip -6 route")
        for options in ({"check_mode": True}, {}):
            error = failure(LENT, **options)
            assert words in error
            assert "nothing was changed" in error
        assert sh("ip -d link; ip address; ip route; ip -6 route") == before

    in_fresh_network(work)


def test_a_link_that_is_up_without_being_used_is_taken() -> None:
    """Raised, a link has an address of its own making and the routes to it."""

    def work() -> None:
        plug(state="up")
        sh("ip -6 address show dev enp3s0 | grep -q fe80:")
        settle(LENT)

    in_fresh_network(work)


def test_a_failure_gives_it_back_as_it_was() -> None:
    def work() -> None:
        plug(state="mtu 9000 up")
        before = at_home()

        def fault(place: str, message: bytes) -> Any:
            return 22 if message[4] == 20 else None  # the address is refused

        assert "put back" in failure(LENT, door=Door(fault=fault))
        assert at_home() == before
        assert run_engine([]) == []

    in_fresh_network(work)


def test_a_failure_leaves_it_where_it_was() -> None:
    def work() -> None:
        plug()
        settle(LENT)
        await_carrier("api")
        inside = shown("eth1", "api")

        def fault(place: str, message: bytes) -> Any:
            return 22 if message[4] == 20 else None

        other = [SPACE, {**NIC, "nic": "lan0"}, {**ADDRESS, "address": "192.0.2.11/24", "dev": "lan0"}]
        assert "put back" in failure(other, door=Door(fault=fault))
        await_carrier("api")
        again = shown("eth1", "api")
        assert {key: inside.get(key) for key in ("mtu", "ifalias", "operstate")} == {key: again.get(key) for key in ("mtu", "ifalias", "operstate")}
        assert settle(LENT) == []

    in_fresh_network(work)


def test_carries_packets_inside() -> None:
    def work() -> None:
        plug()
        sh("ip address add 192.0.2.1/24 dev wire")
        settle(LENT)
        sh("ping -c1 -W2 192.0.2.10")

    in_fresh_network(work)
