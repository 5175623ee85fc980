# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A VXLAN device straight into a container, between two hosts: who may send into it, how large a packet gets through, and nothing left."""

from __future__ import annotations

from typing import Any, Dict

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from harness.declarations import endpoint
from harness.engine import Declaration, converge, give_uplink, settle
from harness.host import inside, sh
from harness.snapshot import assert_same, take_snapshot
from harness.traffic import Server, Stream, ask, await_addresses

pytestmark = pytest.mark.fake_host()


def declare(number: int = 1, remote: str = "192.0.2.2", **options: Any) -> Declaration:
    link: Dict[str, Any] = {
        "name": "t1",
        "ends": [{"endpoint": "far", "interface_name": "vx0", "addresses": ["10.77.0.%d/24" % number, "fd77::%d/64" % number]}],
        "tunnel": {"vni": 4300, "remote": remote, **options.pop("tunnel", {})},
        **options,
    }
    return Declaration(endpoints=[endpoint("far")], links=[link])


def other_host(remote: str, **options: Any) -> None:
    """Make the other end by hand in the namespace `outside`: an independent witness."""
    family = "-6" if ":" in remote else ""
    local = "2001:db8:2::2" if family else "192.0.2.2"
    sh(
        """
        ip netns add there; ip -n there link set lo up
        ip -n outside link add vx0 type vxlan id 4300 dstport %d remote %s local %s
        ip -n outside link set vx0 netns there
        ip -n there address add 10.77.0.2/24 dev vx0; ip -n there address add fd77::2/64 dev vx0 nodad; ip -n there link set vx0 up
        """
        % (options.get("port", 4789), remote, local)
    )


@pytest.mark.parametrize("six", [False, True])
@pytest.mark.parametrize("bound", [False, True])
def test_packets_pass_and_nothing_stays(six: bool, bound: bool) -> None:
    give_uplink()
    before = take_snapshot()
    here, there = ("2001:db8:2::1", "2001:db8:2::2") if six else ("192.0.2.1", "192.0.2.2")
    tunnel = {"underlay_interface": "eth0", "local": here, "udp_port": 4790} if bound else {}
    settle(declare(remote=there, tunnel=tunnel))
    other_host(here, port=4790 if bound else 4789)
    Server("there", "there", [80])
    Server("far", "far", [80])
    await_addresses("far", "there")
    assert ask([("far", "tcp", "10.77.0.2", 80), ("far", "udp", "fd77::2", 80), ("there", "tcp", "10.77.0.1", 80)]) == [
        "there 10.77.0.1",
        "there fd77::1",
        "far 10.77.0.2",
    ]
    size = 1500 - (70 if six else 50)
    assert "mtu %d" % size in sh("ip link show vx0", "far")
    sh("ping -c1 -W2 -M do -s %d 10.77.0.2" % (size - 28), "far")
    assert "vx0" not in sh("ip -o link")
    if bound:  # the kernel keeps the way it took, with its source
        moved = here + "9"
        sh("ip address add %s dev eth0 %s" % (moved + ("/64" if six else "/24"), "nodad" if six else ""))
        sh("ping -c1 -W2 10.77.0.2", "far")
        assert settle(declare(remote=there, tunnel={**tunnel, "local": moved}))
        sh("ip link set vx0 type vxlan id 4300 remote %s" % moved, "there")
        sh("ping -c1 -W2 10.77.0.2", "far")
        assert "dst %s " % moved in sh("bridge fdb show dev vx0", "there")
        sh("ip address delete %s dev eth0" % (moved + ("/64" if six else "/24")))
    sh("ip netns delete there")
    settle(None)
    assert_same(before)


def test_nobody_else_may_send_into_it() -> None:
    give_uplink()
    sh("ip -n outside address add 192.0.2.3/24 dev eth0")
    settle(declare(remote="192.0.2.3"))
    other_host("192.0.2.1")  # sends from 192.0.2.2
    Server("far", "far", [80])
    await_addresses("far", "there")
    sh("ip neighbour replace 10.77.0.2 lladdr $(ip netns exec there cat /sys/class/net/vx0/address) dev vx0", "far")
    assert ask([("there", "udp", "10.77.0.1", 80)]) == [None]
    count = sh("iptables -t raw -vnxL CNET-VX-4789 | grep DROP")
    assert int(count.split()[0]) > 0
    sh(
        """
        ip -n there link delete vx0
        ip -n outside link add vx0 type vxlan id 4300 dstport 4789 remote 192.0.2.1 local 192.0.2.3; ip -n outside link set vx0 netns there
        ip -n there address add 10.77.0.2/24 dev vx0; ip -n there link set vx0 up
        """
    )
    sh("ip neighbour flush all; ip neighbour delete 10.77.0.2 dev vx0 || true", "far")
    assert ask([("there", "udp", "10.77.0.1", 80)], timeout=3) == ["far 10.77.0.2"]


def test_in_place() -> None:
    give_uplink()
    settle(declare())
    other_host("192.0.2.1")
    await_addresses("far", "there")
    stream = Stream("there", "far", "10.77.0.1")
    assert settle(declare(mtu=1400)) == ["~ vxlan vx0 in far: mtu 1450 → 1400"]
    assert stream.finish()[0] > 10
    moved = settle(declare(remote="192.0.2.9", mtu=1400))
    assert not [line for line in moved if line.startswith(("+ vxlan", "- vxlan"))]
    assert any(line.startswith("~ vxlan vx0 in far: remote 192.0.2.2 → 192.0.2.9") for line in moved)


def test_what_does_not_fit_is_refused() -> None:
    give_uplink()
    before = take_snapshot()
    for options, words in (
        ({"mtu": 1451}, "does not fit the underlay eth0"),
        ({"tunnel": {"local": "192.0.2.200"}}, "no interface of this host carries the address 192.0.2.200"),
        ({"remote": "2001:db8:99::1", "tunnel": {"underlay_interface": "eth9"}}, "no address and no way"),
    ):
        with pytest.raises(ContainerNetError, match="nothing was changed") as raised:
            converge(declare(**options))
        assert words in str(raised.value)
    assert_same(before)


def test_two_hosts_of_ours() -> None:
    """Both ends by this collection, each on a host of its own, joined by a wire."""
    give_uplink()
    settle(declare())
    # The other host's own namespace is `outside`; its /run is this one's, so its names differ, and its scope.
    link = {"name": "t1", "ends": [{"endpoint": "near", "addresses": ["10.77.0.2/24"]}], "tunnel": {"vni": 4300, "remote": "192.0.2.1"}}
    inside("outside", lambda: converge(Declaration(endpoints=[endpoint("near")], links=[link]), scope="second") and None, timeout=60)
    Server("near", "near", [80])
    assert ask([("far", "tcp", "10.77.0.2", 80)], timeout=3) == ["near 10.77.0.1"]


def test_drift_is_seen_and_mended() -> None:
    give_uplink()
    settle(declare())
    before = take_snapshot()
    for spoil in (
        "ip -n far link set vx0 mtu 1300",
        "ip -n far link set vx0 down",
        "ip -n far address delete 10.77.0.1/24 dev vx0",
        "ip -n far link set vx0 address 02:00:00:00:00:66",
        "ip -n far link set vx0 type vxlan id 4300 learning",
        "ip -n far link delete vx0",
        "iptables -t raw -F CNET-VX-4789",
    ):
        sh(spoil)
        assert converge(declare()).steps, spoil
        assert_same(before)
    assert not converge(declare()).steps
