# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""On a bridge of somebody else an address may be held by somebody else: it is asked for before anything is changed."""

from __future__ import annotations

from typing import Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import Conflict
from harness.engine import Declaration, check, converge
from harness.host import sh
from harness.snapshot import assert_same, take_snapshot

pytestmark = pytest.mark.fake_host()


def declare(ipv4: str, ipv6: str) -> Declaration:
    network = {"name": "lan", "bridge_name": "br9", "ipam_config": [{"subnet": "10.9.0.0/24"}, {"subnet": "fd09::/64"}]}
    attachment = {"name": "lan", "ipv4_address": ipv4, "ipv6_address": ipv6}
    return Declaration([network], [{"name": "mine", "container": {"netns": "mine"}, "networks": [attachment]}])


def add_stranger() -> None:
    """A bridge of somebody else, with somebody on it."""
    sh("mkdir -p /run/netns; ip netns add stranger")
    sh("ip link add br9 type bridge; ip link set br9 up; ip link add p9 type veth peer name eth0 netns stranger; ip link set p9 master br9 up")
    sh("ip -n stranger link set eth0 up; ip -n stranger addr add 10.9.0.5/24 dev eth0; ip -n stranger addr add fd09::5/64 dev eth0 nodad")


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "taken"),
    [("10.9.0.5", "fd09::6", "10.9.0.5"), ("10.9.0.6", "fd09::5", "fd09::5"), ("10.9.0.6", "fd09::6", None)],
)
def test_a_taken_address_is_refused(ipv4: str, ipv6: str, taken: Optional[str]) -> None:
    add_stranger()
    before = take_snapshot()
    if taken is None:
        converge(declare(ipv4, ipv6))
        return
    for attempt in (check, converge):
        with pytest.raises(Conflict, match="address %s is in use on br9 by" % taken):
            attempt(declare(ipv4, ipv6))
    assert_same(before)
