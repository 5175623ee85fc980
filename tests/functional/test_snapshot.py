# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests' own snapshot sees what it says it sees: a run that changes something else unasked must not pass."""

from __future__ import annotations

import os

import pytest
from harness.host import sh
from harness.snapshot import differences, take_snapshot

FOLDERS = ("net/ipv4/conf/eth0", "net/ipv6/conf/eth0", "net/ipv4/neigh/eth0", "net/ipv6/neigh/eth0")
# Other files of the same settings, in other units; a number that the kernel draws; a secret.
TWINS = ("base_reachable_time", "retrans_time", "stable_secret")


def change(path: str) -> bool:
    """Give a setting another value that the kernel takes."""
    with open(path, encoding="ascii") as stream:
        value = int(stream.read())
    for other in (1 - value, value + 1, value - 1, value + 1000):
        try:
            with open(path, "w", encoding="ascii") as stream:
                stream.write(str(other))
        except OSError:
            continue
        with open(path, encoding="ascii") as stream:
            if int(stream.read()) != value:
                return True
    return False


@pytest.mark.fake_host
def test_every_setting_of_a_link_is_seen_by_its_name() -> None:
    sh("ip link add eth0 type veth peer name other; ip link set eth0 up; ip link set other up")
    seen, unseen, before = 0, [], take_snapshot()
    for folder in FOLDERS:
        for name in sorted(os.listdir("/proc/sys/" + folder)):
            if name not in TWINS and change("/proc/sys/%s/%s" % (folder, name)):
                earlier, before = before, take_snapshot()
                told = differences(earlier, before)
                seen += 1
                if "+sysctl %s/%s = " % (folder, name) not in told.replace("+host | ", "+"):
                    unseen.append("%s/%s: %s" % (folder, name, told))
    assert unseen == []
    assert seen > 80


@pytest.mark.fake_host
@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("ip -6 rule add to 2001:db8::/64 lookup 77", "rule of IPv6"),
        ("ip -6 rule delete lookup main", "rule of IPv6"),
        ("ip rule add to 198.51.100.0/24 lookup 77", "rule "),
        ("bridge fdb add 02:00:00:00:00:01 dev p0 master static", "fdb "),
        ("bridge fdb append 00:00:00:00:00:00 dev vx0 dst 198.51.100.9", "fdb "),
        ("nft add table inet some; nft add chain inet some any; nft add table ip filter; iptables -N own", "iptables "),
        ("echo 1 > /proc/sys/net/ipv4/conf/default/log_martians", "sysctl net/ipv4/conf/default/log_martians"),
    ],
)
def test_what_only_some_programs_tell_is_seen(change: str, word: str) -> None:
    """VLANs of ports are not asked for here, where kernels may lack them, but on the guests, by test_kinds."""
    sh("ip link add br0 type bridge; ip link add p0 master br0 type veth peer name p1; ip link add vx0 type vxlan id 7 dstport 4789 local 198.51.100.1")
    before = take_snapshot()
    sh(change)
    assert any(line[1:].startswith("host | " + word) for line in differences(before, take_snapshot()).splitlines())
