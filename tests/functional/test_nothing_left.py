# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Removal leaves nothing, however the host looks when it is asked for."""

from __future__ import annotations

import os
from typing import Dict

import pytest
from harness.declarations import CASES, V4, V6, endpoint, network
from harness.engine import Declaration, converge, give_uplink, settle, with_addresses
from harness.host import sh
from harness.snapshot import assert_same, differences, take_snapshot

pytestmark = pytest.mark.fake_host()

WEB = Declaration(
    [network("web", V4, V6), network("db", {"subnet": "10.22.0.0/24"})],
    [endpoint("a", "web", "db", ports=["8080:80/tcp"]), endpoint("b", "web")],
    prepare=give_uplink,
)
# What happened between the apply and the removal.
# The kernel takes the links of a namespace down after its name is gone; %d of ours are left then.
AWAIT_TEARDOWN = "; while [ $(ip -br link | grep -c '^cn-') -gt %d ]; do sleep 0.01; done"
ACCIDENTS: Dict[str, str] = {
    "nothing": "true",
    "a namespace is gone": "ip netns delete a" + AWAIT_TEARDOWN % 1,
    "all namespaces are gone": "ip netns delete a; ip netns delete b" + AWAIT_TEARDOWN % 0,
    "the namespaces' directory is unmounted": "umount -l /run/netns/a; rm /run/netns/a" + AWAIT_TEARDOWN % 1,
    "a bridge is gone": "ip link delete br-web",
    "all links are gone": "ip link delete br-web; ip link delete br-db; for v in $(ip -br link | grep -o '^cn-[0-9a-f]*'); do ip link delete $v; done",
    "the firewall was flushed": "iptables -F; iptables -t nat -F; iptables -t raw -F; iptables -X; iptables -t nat -X; iptables -t raw -X",
    "all firewalls were flushed": "nft flush ruleset",
    "the links are down": "ip link set br-web down; ip -n a link set eth0 down",
    "an address is gone": "ip address delete 10.20.0.1/24 dev br-web; ip -n a address flush dev eth0",
    "a port was taken out": "ip link set $(ip -br link show master br-web | grep -o '^cn-[0-9a-f]*' | head -1) nomaster",
}


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_absent_after_an_accident(accident: str) -> None:
    WEB.prepare()
    before = take_snapshot()
    converge(WEB)
    sh(ACCIDENTS[accident])
    settle(None)
    assert_same(before)
    settle(None)


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_apply_after_an_accident_is_as_good_as_new(accident: str) -> None:
    WEB.prepare()
    converge(WEB)
    clean = take_snapshot()
    sh(ACCIDENTS[accident])
    settle(WEB)
    assert_same(clean)


def test_a_torn_record_stops_nobody() -> None:
    """How forwarding was before is lost with it; all else is as ever, and the file does not stay."""
    WEB.prepare()
    before = take_snapshot()
    converge(WEB)
    sh("echo '{' > /run/container_net/restore.json")
    settle(WEB)
    settle(None)
    sh("echo 0 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv6/conf/all/forwarding; echo 1 > /proc/sys/net/ipv6/conf/eth0/accept_ra")
    assert_same(before)


def test_apply_while_the_kernel_still_takes_namespaces_down() -> None:
    """Deleting a name returns before the links inside are gone; the names are free again a moment later."""
    WEB.prepare()
    converge(WEB)
    clean = take_snapshot()
    for _round in range(8):
        sh("ip netns delete a; ip netns delete b")
        converge(WEB)
        assert_same(clean)


def test_declaration_after_declaration_leaves_only_the_last() -> None:
    """Through all shapes on one host: each looks as if it were the first, and at the end nothing is left."""
    give_uplink()
    before = take_snapshot()
    # A setting of a link that stays and that nobody names any more keeps its value, so networks with and without subnets do not follow each other.
    chains = [["layer-2-only", "overlay-v4", "ports", "two-networks", "policies", "overlay-v6", "internal"], ["custom-names-and-macs", "bridge-dual"]]
    for chain in chains:
        for name in chain:
            converge(with_addresses(CASES[name]))
            through = take_snapshot()
            converge(None)
            assert_same(before)
            converge(with_addresses(CASES[name]))
            assert differences(take_snapshot(), through) == "", name
        converge(None)
        assert_same(before)


def test_no_descriptor_stays_open() -> None:
    give_uplink()
    converge(WEB)
    open_before = len(os.listdir("/proc/self/fd"))
    for declaration in (WEB, None, WEB, CASES["overlay-v4"], None):
        converge(declaration)
    assert len(os.listdir("/proc/self/fd")) == open_before
