# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A running container on its engine's own network joins one of ours and publishes a port there; it keeps what it had, and is as before afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from engines import Folders, running
from harness.engine import Declaration, give_uplink, settle
from harness.host import await_true, sh
from harness.traffic import ask, await_addresses

WEB = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"}]}
NETWORKS = {"docker": "bridge", "podman": "podman"}
OURS = [("outside", "tcp", "192.0.2.1", 8080), ("outside", "tcp", "2001:db8:2::1", 8080)]


def joining(kind: str, **options: Any) -> Declaration:
    endpoint = {"name": "app", "container": {kind: "app"}, "networks": [{"name": "web", "interface_name": "eth1", **options}], "ports": ["8080:80"]}
    return Declaration([WEB], [endpoint])


@pytest.mark.fake_host(timeout=150)
@pytest.mark.parametrize("kind", NETWORKS)
def test_a_container_on_its_engines_network(folders: Folders, kind: str) -> None:
    give_uplink()
    sh("echo 2 > /proc/sys/net/ipv6/conf/eth0/accept_ra")
    with running(folders, kind) as engine:
        engine.run("app", NETWORKS[kind])
        space = "/proc/%d/ns/net" % engine.pid("app")
        state = "ip -o address; ip route; ip -6 route; ip rule; ip -6 rule"
        await_addresses(space)
        before = sh(state, space)
        (address,) = [word.split("/")[0] for line in sh("ip -4 -o address show dev eth0", space).splitlines() for word in line.split() if "/" in word]
        theirs = ("", "tcp", address, 80)
        await_true(lambda: ask([theirs]) != [None], 20.0, lambda: "the container's own server does not answer")
        for default_route, device in (("auto", "eth0"), (True, "eth1"), (False, "eth0")):
            settle(joining(kind, default_route=default_route))
            await_addresses("", space)
            assert None not in ask([*OURS, theirs]), default_route
            assert "dev %s" % device in sh("ip route get 198.51.100.7", space), default_route
            sh("ping -c 1 -W 2 192.0.2.2 -I %s" % address, space)
        settle(None)
        assert sh(state, space) == before
        assert None not in ask([theirs])
