# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A link of the host, handed to a container and given back. One end of a foreign veth pair stands for the NIC, the other for what it is plugged into."""

from __future__ import annotations

from typing import Any, Dict, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from harness.declarations import BOX, endpoint
from harness.engine import Declaration, assert_settled, converge, give_uplink, settle
from harness.host import bind_space, sh
from harness.kills import Killed, assert_survived
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, Stream, ask, await_addresses

fake_host = pytest.mark.fake_host()
MAC = "02:00:00:00:0d:01"


def plug_in() -> None:
    """Give the host a NIC nic1 with MTU 1450, up, whose wire leads to the namespace `lan`."""
    give_uplink()
    sh(
        """
        ip netns add lan; ip -n lan link set lo up
        ip link add nic1 mtu 1450 address %s type veth peer name eth0 mtu 1450 address 02:00:00:00:0d:02 netns lan
        ip link set nic1 up
        ip -n lan address add 198.51.100.1/24 dev eth0; ip -n lan address add 2001:db8:51::1/64 dev eth0 nodad; ip -n lan link set eth0 up
        """
        % MAC
    )


def make_box() -> None:
    plug_in()
    bind_space(BOX)


def declare(device: Optional[Dict[str, Any]] = None, place: Optional[Dict[str, str]] = None, prepare: Any = plug_in) -> Declaration:
    given = {"addresses": ["198.51.100.5/24", "2001:db8:51::5/64"], **(device or {"name": "nic1"})}
    return Declaration(endpoints=[{"name": "fw", "container": place or {"netns": "fw"}, "devices": [given]}], prepare=prepare)


NAMED = declare()


@fake_host
@pytest.mark.parametrize("device", [{"name": "nic1"}, {"mac": MAC}, {"name": "nic1", "interface_name": "wan", "mtu": 1400}], ids=["name", "mac", "renamed"])
def test_handed_over_and_given_back(device: Dict[str, Any]) -> None:
    plug_in()
    before = take_snapshot()
    declaration = declare(device)
    settle(declaration)
    assert "nic1" not in sh("ip -o link")
    Server("lan", "lan", [80])
    await_addresses("fw")
    assert ask([("fw", "tcp", "198.51.100.1", 80), ("fw", "udp", "2001:db8:51::1", 80)]) == ["lan 198.51.100.5", "lan 2001:db8:51::5"]
    settle(None)
    assert_same(before)
    assert_settled(None)


@fake_host
def test_given_back_from_a_container_without_a_name() -> None:
    make_box()
    before = take_snapshot()
    settle(declare(place={"path": BOX}))
    settle(None)
    assert_same(before)


@fake_host
def test_a_device_goes_and_its_endpoint_stays() -> None:
    plug_in()
    settle(declare({"name": "nic1", "mtu": 1400}))
    settle(Declaration(endpoints=[endpoint("fw")]))
    assert "mtu 1450" in sh("ip link show nic1")
    assert sh("ip -o link", "fw").count("\n") == 1


@fake_host
def test_an_endpoint_passes_it_on() -> None:
    plug_in()
    settle(NAMED)
    moved = Declaration(endpoints=[{"name": "fw2", "container": {"netns": "fw2"}, "devices": [{"mac": MAC, "addresses": ["198.51.100.6/24"]}]}])
    settle(moved)
    Server("lan", "lan", [80])
    assert ask([("fw2", "tcp", "198.51.100.1", 80)]) == ["lan 198.51.100.6"]


@fake_host
def test_it_comes_home_after_its_container_died() -> None:
    """A physical link outlives its namespace: the kernel puts it back with the name and the alias it had there."""
    plug_in()
    before = take_snapshot()
    settle(NAMED)
    lose = "ip -n fw link set eth0 down; ip -n fw link set eth0 name lost; ip -n fw link set lost netns $$; ip netns delete fw"
    sh(lose)
    assert "lost" in sh("ip -o link")
    settle(NAMED)
    assert "lost" not in sh("ip -o link")
    sh(lose)
    settle(None)
    assert_same(before)


@fake_host
def test_only_what_changes_is_touched() -> None:
    plug_in()
    settle(NAMED)
    await_addresses("fw", "lan")
    stream = Stream("fw", "lan", "198.51.100.1")
    changed = {"name": "nic1", "mtu": 1420, "addresses": ["198.51.100.5/24", "198.51.100.7/24", "2001:db8:51::5/64"]}
    assert settle(declare(changed)) == ["~ nic eth0 in fw: mtu 1450 → 1420", "+ address 198.51.100.7/24 on eth0 in fw"]
    assert stream.finish()[0] > 10


REFUSED = [
    ({"name": "nic9"}, 'endpoints[fw].devices[0].name: got string "nic9": no such link on this host'),
    ({"mac": "02:00:00:00:99:99"}, "no such link on this host"),
    ({"pci_address": "0000:ff:1f.7"}, "no such link on this host"),
    ({"name": "eth0"}, "is the way of the host's default route"),
    ({"name": "lo"}, "reserved word"),
    ({"name": "held"}, "it has the address 203.0.113.1/24"),
    ({"name": "port"}, "it belongs to br9"),
]


@fake_host
@pytest.mark.parametrize(("device", "words"), REFUSED, ids=[str(next(iter(row[0].values()))) for row in REFUSED])
def test_what_the_host_cannot_spare_is_refused(device: Dict[str, Any], words: str) -> None:
    plug_in()
    sh(
        """
        ip link add held type veth peer name held1; ip link set held up; ip address add 203.0.113.1/24 dev held
        ip link add br9 type bridge; ip link add port type veth peer name port1; ip link set port master br9
        """
    )
    before = take_snapshot()
    with pytest.raises(ContainerNetError, match=r".") as raised:
        converge(declare(device))
    assert words in str(raised.value)
    assert "nothing was changed" in str(raised.value)
    assert_same(before)


BEFORE = Declaration(prepare=make_box)
OVER = declare(place={"path": BOX}, prepare=make_box)


def is_near_a_device(point: str) -> bool:
    return any(word in point for word in ("netlink", "replace", "unlink"))


KILLED = (
    Killed(BEFORE, OVER, least=3, deadly=is_near_a_device),
    Killed(OVER, declare({"name": "nic1", "interface_name": "wan"}, {"path": BOX}), least=2, deadly=is_near_a_device),
    Killed(OVER, BEFORE, least=3, deadly=is_near_a_device),
)


def test_killed_at_every_point() -> None:
    assert_survived(*KILLED)
