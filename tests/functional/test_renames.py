# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An interface that is to be called otherwise is renamed: it stays the link it is, with its connections and all that others put on it."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._engine import run
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Door
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, check, converge, give_uplink, look, settle
from harness.host import sh
from harness.kills import Killed, assert_survived
from harness.snapshot import assert_same, differences, take_snapshot
from harness.traffic import Stream, await_addresses

fake_host = pytest.mark.fake_host()
Row = Dict[str, Any]

SIDE = network("side", {"subnet": "10.29.0.0/24"}, {"subnet": "fd00:29::/64"})
LAN = {"subnet": "198.51.100.0/24"}, {"subnet": "2001:db8:51::/64"}
PART = {"subnet": "10.62.1.0/24"}, {"subnet": "fd62:0:0:1::/64"}
MESH = {"driver": "overlay", "vni": 42, "vtep_address": "192.0.2.1"}
# A network of each driver, and the addresses of two members.
DRIVERS: Dict[str, Tuple[Row, List[Tuple[str, str]]]] = {
    "bridge": (network("main", V4, V6), [("10.20.0.10", "fd00:20::10"), ("10.20.0.11", "fd00:20::11")]),
    "overlay": (network("main", V4, V6, **MESH), [("10.20.0.10", "fd00:20::10"), ("10.20.0.11", "fd00:20::11")]),
    "macvlan": (network("main", *LAN, driver="macvlan", parent="nic1"), [("198.51.100.10", "2001:db8:51::10"), ("198.51.100.11", "2001:db8:51::11")]),
    "routed": (network("main", *PART, driver="routed"), [("10.62.1.10", "fd62:0:0:1::10"), ("10.62.1.11", "fd62:0:0:1::11")]),
}
FOREIGN = """
ip address add 198.18.0.1/24 dev {0}; ip address add 2001:db8:18::1/64 dev {0} nodad
ip route add 198.18.9.0/24 via 198.18.0.2 dev {0}; ip route add 2001:db8:19::/48 dev {0}
ip neighbour add 198.18.0.2 lladdr 02:00:00:00:18:02 dev {0} nud permanent
echo 77 > /proc/sys/net/ipv4/neigh/{0}/gc_stale_time; echo 1 > /proc/sys/net/ipv4/conf/{0}/log_martians
"""


def prepare() -> None:
    give_uplink()
    sh("ip link add nic1 address 02:00:00:00:03:01 type veth peer name plug address 02:00:00:00:03:02; ip link set nic1 up; ip link set plug up")


def declare(driver: str, main: Optional[Row] = None, side: Optional[Row] = None, *, turned: bool = False) -> Declaration:
    """Two members of a network, of which `a` is on another one, too."""
    shared, ((a4, a6), (b4, b6)) = DRIVERS[driver]
    mine = {"name": "main", "ipv4_address": a4, "ipv6_address": a6, **(main or {})}
    beside = {"name": "side", "ipv4_address": "10.29.0.5", "ipv6_address": "fd00:29::5", **(side or {})}
    order = [beside, mine] if turned else [mine, beside]
    ports = ["4000-4099:4000-4099/tcp"] if driver == "routed" else []
    other = endpoint("b", {"name": "main", "ipv4_address": b4, "ipv6_address": b6}, ports=ports)
    return Declaration([shared, SIDE], [endpoint("a", *order), other], prepare=prepare)


def numbers(space: str = "") -> Dict[str, int]:
    return {item["ifname"]: item["ifindex"] for item in json.loads(sh("ip -j link show", space))}


def held_by(name: str, space: str = "") -> List[str]:
    """Return what the script FOREIGN left of its own on an interface."""
    shown = sh("ip address show dev {0}; ip route show dev {0}; ip -6 route show dev {0}; ip neighbour show dev {0}".format(name), space)
    shown += sh("cat /proc/sys/net/ipv4/neigh/{0}/gc_stale_time /proc/sys/net/ipv4/conf/{0}/log_martians".format(name), space)
    words = "198.18.0.1/24", "2001:db8:18::1/64", "198.18.9.0/24 via 198.18.0.2", "2001:db8:19::/48", "02:00:00:00:18:02", "77\n1\n"
    return [word for word in words if word not in shown]


def outer_of(index: int, space: str = "a") -> str:
    """Return the host's end of the pair whose other end has this number."""
    (inner,) = [item for item in json.loads(sh("ip -j link show", space)) if item["ifindex"] == index]
    return next((name for name, number in numbers().items() if number == inner.get("link_index")), "")


@fake_host
@pytest.mark.parametrize("driver", DRIVERS)
def test_whatever_it_is_called_it_is_the_same_link(driver: str) -> None:
    prepare()
    before = take_snapshot()
    settle(declare(driver))
    sh(FOREIGN.format("eth0"), "a")
    main, side = numbers("a")["eth0"], numbers("a")["eth1"]
    outer = "" if driver == "macvlan" else outer_of(main)
    if outer:
        sh(FOREIGN.format(outer))
    number = numbers().get(outer)
    await_addresses("a", "b")
    streams = [Stream("a", "b", address, 4000 + position) for position, address in enumerate(DRIVERS[driver][1][1])]
    paired: List[Tuple[Row, Row, bool, str, str]] = [
        ({"host_interface_name": "one"}, {"host_interface_name": "two"}, False, "eth0", "one"),
        ({"host_interface_name": "two"}, {"host_interface_name": "one"}, False, "eth0", "two"),
        ({"host_interface_name": "two", "interface_name": "net0"}, {"interface_name": "eth0"}, False, "net0", "two"),
    ]
    for mine, beside, turned, inner, host in [
        ({"interface_name": "net0"}, {}, False, "net0", outer),
        ({}, {}, True, "eth1", outer),
        *(paired if outer else ()),
        ({}, {}, False, "eth0", outer),
    ]:
        applied = settle(declare(driver, mine, beside, turned=turned))
        assert not [line for line in applied if line.startswith(("+ veth", "- veth", "+ macvlan", "- macvlan", "+ address", "- address"))], applied
        assert numbers("a")[inner] == main
        assert side in numbers("a").values()
        assert held_by(inner, "a") == []
        if outer:
            assert numbers()[host] == number
            assert held_by(host) == []
    for stream in streams:
        beats, longest = stream.finish()
        assert beats > 10
        assert longest < 1.5
    settle(None)
    assert_same(before)


def wired(inner: str, port: str, tunnel: str, device: str) -> Declaration:
    """A wire between containers, one into a bridge, one between bridges, a tunnel, and a device of the host."""
    ends = [
        {"endpoint": "a", "interface_name": inner, "addresses": ["10.9.0.1/30", "fd09::1/64"]},
        {"endpoint": "b", "addresses": ["10.9.0.2/30", "fd09::2/64"]},
    ]
    far = {"endpoint": "a", "interface_name": tunnel, "addresses": ["10.77.0.1/24"]}
    links = [
        {"name": "direct", "ends": ends},
        {"name": "patch", "ends": [{"network": "sw1", "interface_name": port}, {"endpoint": "b", "interface_name": "up0"}]},
        {"name": "trunk", "ends": [{"network": "sw1", "interface_name": port + "1"}, {"network": "sw2", "interface_name": port + "2"}]},
        {"name": "far", "ends": [far], "tunnel": {"vni": 4300, "remote": "192.0.2.2"}},
    ]
    lent = {"name": "nic1", "interface_name": device, "addresses": ["10.78.0.1/24"]}
    return Declaration([network("sw1"), network("sw2")], [endpoint("a", devices=[lent]), endpoint("b")], links=links, prepare=prepare)


@fake_host
def test_wires_tunnels_and_devices_too() -> None:
    prepare()
    before = take_snapshot()
    settle(wired("eth5", "patch", "vx5", "lan0"))
    await_addresses("a", "b")
    old, host = numbers("a"), numbers()
    for name in ("eth5", "vx5", "lan0"):
        sh("ip address add 198.18.0.1/24 dev %s" % name, "a")
    streams = [Stream("b", "a", "10.9.0.1", 4000), Stream("b", "a", "fd09::1", 4006)]
    assert check(wired("lan0", "trunk", "eth5", "wan")) == settle(wired("lan0", "trunk", "eth5", "wan"))
    new = numbers("a")
    assert [new[name] for name in ("lan0", "eth5", "wan")] == [old[name] for name in ("eth5", "vx5", "lan0")]
    assert [numbers()["trunk" + number] for number in ("", "1", "2")] == [host["patch" + number] for number in ("", "1", "2")]
    assert [name for name in ("lan0", "eth5", "wan") if "198.18.0.1/24" not in sh("ip address show dev %s" % name, "a")] == []
    assert [stream.finish()[0] > 10 for stream in streams] == [True, True]
    settle(None)
    assert_same(before)


@fake_host
@pytest.mark.parametrize("driver", ["bridge", "macvlan", "routed"])
def test_a_kernel_that_renames_nothing_that_is_up(driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer of an older kernel: the link is taken down for a moment, the plan says so, and what is ours comes back."""
    prepare()
    settle(declare(driver, turned=True))
    clean = take_snapshot()
    settle(None)
    settle(declare(driver))
    index = numbers("a")["eth0"]
    monkeypatch.setattr(run, "renames_only_lowered", lambda _timeout: True)
    await_addresses("a", "b")
    streams = [Stream("a", "b", address, 4000 + position) for position, address in enumerate(DRIVERS[driver][1][1])]
    planned = look(declare(driver, turned=True))
    assert all("down for a moment, for this kernel renames nothing that is up" in line for line in planned.words if "called" in line)
    applied = settle(declare(driver, turned=True))
    assert any("state up → down for a moment" in line for line in applied)
    assert numbers("a")["eth1"] == index
    assert differences(clean, take_snapshot()) == ""
    assert [stream.finish()[0] > 10 for stream in streams] == [True, True]


@fake_host
def test_a_name_that_somebody_has_and_a_failure_on_the_way() -> None:
    prepare()
    settle(declare("bridge"))
    sh("ip link add web0 type bridge; ip link add web1 type bridge", "a")
    before, held = take_snapshot(), numbers("a")
    web0 = {"interface_name": "web0"}
    for side, late in [({"interface_name": "net1"}, False), ({}, True), ({"interface_name": "eth0"}, True)]:
        first, *more = converge(declare("bridge", web0, side)).warnings
        assert "bridge web0 in a exists and was not made by this collection; choose another name or remove it; until then" in first
        assert more == ["veth eth0 in a is still that of 'main'; until then that of 'side' is left out"] * late
        assert converge(declare("bridge", web0, side)).steps == ()
        assert numbers("a")["eth0"] == held["eth0"]
        assert held["eth1"] in numbers("a").values()
    converge(declare("bridge"))
    assert_same(before)

    def refuse_addresses(_place: str, message: bytes) -> Optional[int]:
        return 22 if message[4] == 20 else None

    moved = {"interface_name": "eth1", "host_interface_name": "two", "ipv4_address": "10.20.0.77"}
    with pytest.raises(ContainerNetError, match="what stood before was put back"):
        converge(declare("bridge", moved, {"interface_name": "eth0", "host_interface_name": "one"}), door=Door(fault=refuse_addresses))
    assert_same(before)
    assert numbers("a") == held


@fake_host
def test_a_setting_finds_back_to_what_it_was_under_the_new_name() -> None:
    prepare()
    tuned = {"sysctls": {"net.ipv4.neigh.IFNAME.gc_stale_time": 77}}
    settle(declare("bridge", tuned))
    assert "gc_stale_time" not in " ".join(settle(declare("bridge", tuned, turned=True)))
    assert "~ sysctl net.ipv4.neigh.eth1.gc_stale_time in a: value 77 → 60" in settle(declare("bridge", turned=True))


@fake_host
def test_a_network_less_moves_the_others_up() -> None:
    prepare()
    shared, ((a4, a6), _b) = DRIVERS["bridge"]
    settle(declare("bridge", turned=True))
    index = numbers("a")["eth1"]
    less = Declaration([shared, SIDE], [endpoint("a", {"name": "main", "ipv4_address": a4, "ipv6_address": a6}), declare("bridge").endpoints[1]])
    planned = look(less)
    (told,) = [line for line in planned.words if line.startswith("~ container")]
    assert told.startswith("~ container a on main: eth1 is now called eth0")
    settle(less)
    assert numbers("a")["eth0"] == index


KILLED = {
    "order and doors": (
        declare("routed", {"host_interface_name": "one"}, {"host_interface_name": "two"}),
        declare("routed", {"host_interface_name": "two"}, {"host_interface_name": "one"}, turned=True),
        20,
    ),
    "wires": (wired("eth5", "patch", "vx5", "lan0"), wired("lan0", "trunk", "eth5", "wan"), 12),
}


@pytest.mark.parametrize("what", KILLED)
def test_killed_between_two_names(what: str) -> None:
    start, goal, least = KILLED[what]
    assert_survived(Killed(start, goal, least=least))
