# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SIGKILL at every step towards the kernel: whatever is left, a plain second run completes it."""

from __future__ import annotations

import pytest
from harness.declarations import V4, V6, endpoint, network
from harness.engine import Declaration, converge, lines, reach
from harness.foreign import add_foreign_things
from harness.host import sh
from harness.kills import Killed, assert_survived
from harness.runs import EMPTY, WEB
from harness.snapshot import differences, take_snapshot

# The same network with an endpoint and a port gone, another come, and other settings: creations, changes and deletions in one run.
OTHER = Declaration(
    [network("web", V4, V6, mtu=1400, enable_icc=False)],
    [endpoint("a", {"name": "web", "ipv4_address": "10.20.0.11"}, ports=["8081:80/tcp"]), endpoint("c", "web")],
    prepare=add_foreign_things,
)
# On the LAN of a parent that others use too; in the second the endpoint has another address and mode, and the host no link of its own.
P4, P6 = {"subnet": "198.51.100.0/24", "gateway": "198.51.100.2"}, {"subnet": "2001:db8:51::/64"}
LAN = Declaration(
    [network("lan", P4, P6, driver="macvlan", parent="p0", host_access=True)],
    [endpoint("a", {"name": "lan", "ipv4_address": "198.51.100.10"})],
    prepare=add_foreign_things,
)
LAN_OTHER = Declaration(
    [network("lan", P4, P6, driver="macvlan", parent="p0", mode="private")],
    [endpoint("a", {"name": "lan", "ipv4_address": "198.51.100.20"})],
    prepare=add_foreign_things,
)
KILLED = {
    "bridge": (
        Killed(EMPTY, WEB, least=60, foretold=True),
        Killed(WEB, OTHER, least=60, foretold=True),
        Killed(OTHER, EMPTY, least=35, foretold=True),
    ),
    "LAN": (Killed(EMPTY, LAN, least=50), Killed(LAN, LAN_OTHER, least=30), Killed(LAN_OTHER, EMPTY, least=25)),
}


@pytest.mark.fake_host
def test_a_removal_cut_short_spares_what_is_wanted_again() -> None:
    """The links of a removal share a group in the kernel; one that was left in it must not go with the next removal."""
    reach(WEB)
    clean = take_snapshot()
    sh("ip link set br-web group 0x636E6574")
    assert lines(converge(WEB)) == ["~ bridge br-web: removal begun → none"]
    assert differences(clean, take_snapshot()) == ""
    assert lines(converge(WEB)) == []


@pytest.mark.parametrize("name", KILLED)
def test_killed_at_every_point(name: str) -> None:
    assert_survived(*KILLED[name])
