# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Removal leaves nothing where what a driver stands on is gone, and a run says what is missing without changing anything."""

from __future__ import annotations

from typing import Dict, List, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNetError
from harness.declarations import endpoint, lan, overlay
from harness.engine import Declaration, converge, give_uplink, lines, settle
from harness.host import on_fake_host, sh
from harness.snapshot import Snapshot, assert_same, differences, take_snapshot

UPLINK_GONE = "ip link delete eth0"
ROUTED = Declaration(
    [
        {
            "name": "mesh",
            "driver": "routed",
            "ipam_config": [{"subnet": "10.62.1.0/24"}],
            "reach": ["10.62.0.0/16"],
            "peers": [{"host": "h2", "next_hops": ["192.0.2.2"], "subnets": ["10.62.2.0/24"]}],
        },
        {"name": "lan", "driver": "routed", "ipam_config": [{"subnet": "192.0.2.64/28"}], "proxy_interfaces": ["eth0"]},
    ],
    [endpoint("a", "mesh", "lan")],
    prepare=give_uplink,
)
WIRE = Declaration(
    endpoints=[endpoint("a"), endpoint("b")],
    links=[{"name": "w", "ends": [{"endpoint": "a", "addresses": ["10.9.0.1/30"]}, {"endpoint": "b"}]}],
    prepare=give_uplink,
)
TUNNEL = Declaration(
    endpoints=[endpoint("a")], links=[{"name": "t", "ends": [{"endpoint": "a"}], "tunnel": {"vni": 4300, "remote": "192.0.2.2"}}], prepare=give_uplink
)
END_GONE = "[ ! -e /run/netns/b ] || { ip netns delete b; while ip -n a link show eth0 >/dev/null 2>&1; do sleep 0.01; done; }"
# What stood, what happened, and what the next run that still wants it must say; nothing where it mends it.
ACCIDENTS: Dict[str, Tuple[Declaration, str, str]] = {
    "the parent of a macvlan is gone": (lan("a", "b", parent="eth0", host_access=True), UPLINK_GONE, "no such interface on this host"),
    "the uplink of a routed network is gone": (ROUTED, UPLINK_GONE, "no such interface on this host"),
    "the underlay of an overlay is gone": (overlay("192.0.2.1", "192.0.2.2", "192.0.2.3", underlay_interface="eth0"), UPLINK_GONE, "no such interface"),
    "the underlay of a tunnel is gone": (TUNNEL, UPLINK_GONE, "no address and no way"),
    "the namespace of one end of a wire is gone": (WIRE, END_GONE, ""),
}


def ruin(declaration: Declaration, accident: str) -> Snapshot:
    """Return how the host looks if the accident is all that ever happened."""
    declaration.prepare()
    sh(accident)
    return take_snapshot()


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_removed_after_an_accident(accident: str) -> None:
    declaration, script, words = ACCIDENTS[accident]
    alone = on_fake_host(lambda: ruin(declaration, script))

    def complain() -> List[str]:
        declaration.prepare()
        converge(declaration)
        clean = take_snapshot()
        sh(script)
        if words:
            broken = take_snapshot()
            with pytest.raises(ContainerNetError, match=words):
                converge(declaration)
            assert_same(broken)
        else:
            settle(declaration)
            assert_same(clean)
            sh(script)
        assert lines(converge(None))
        assert lines(converge(None)) == []
        return [differences(alone, take_snapshot())]

    assert on_fake_host(complain) == [""]
