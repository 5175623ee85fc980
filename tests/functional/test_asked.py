# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ports are published before anything is behind them, so somebody may ask too early: the kernel would not ask for the container again for a second."""

from __future__ import annotations

import socket
from typing import Dict, List, Optional, Sequence, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel import asked
from harness.engine import Declaration, Tools, converge
from harness.host import sh

WEB = {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}, {"subnet": "fd00:20::/64"}]}
ADDRESSES = ("10.20.0.10", "fd00:20::10")
SHOP = {"name": "shop", "container": {"netns": "shop"}, "networks": [{"name": "web", "ipv4_address": ADDRESSES[0], "ipv6_address": ADDRESSES[1]}]}
OTHER = ("10.20.0.11", "02:00:00:00:00:11")


def states(address: str) -> List[str]:
    """Return what the host knows of a neighbour on the bridge."""
    return sh("ip neighbour show %s dev br-web" % address).split()


def ask_early(open_sockets: Dict[str, socket.socket]) -> Tools:
    """Make tools after whose first writing of rules somebody asks for both addresses."""

    def around(when: str, argv: Sequence[str]) -> Optional[Tuple[int, str, str]]:
        if when == "after" and argv[0].endswith("-restore") and not open_sockets:
            for address in ADDRESSES:
                client = open_sockets[address] = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
                client.setblocking(False)
                client.connect_ex((address, 80))
            for address in ADDRESSES:
                assert "INCOMPLETE" in states(address), (address, states(address))
        return None

    return Tools(around=around)


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.fake_host(timeout=60)
def test_who_was_asked_for_too_early_is_known_at_once(told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    converge(Declaration([WEB]))
    sh("echo 60000 | tee /proc/sys/net/ipv[46]/neigh/br-web/retrans_time_ms")  # a busy machine would ask again
    sh("ip neighbour add %s lladdr %s dev br-web nud permanent" % OTHER)
    if not told:
        monkeypatch.setattr(asked, "answer_asked", lambda _line, _macs: None)
    shop = {**SHOP, "ports": ["8080:80"]}
    early: Dict[str, socket.socket] = {}
    converge(Declaration([WEB], [shop]), tools=ask_early(early))
    for client in early.values():
        client.close()
    mac = sh("ip -o link show eth0", "shop").split("link/ether ")[1].split()[0]
    assert all(mac in states(address) for address in ADDRESSES) is told, list(map(states, ADDRESSES))
    assert states(OTHER[0])[1:] == ["lladdr", OTHER[1], "PERMANENT"]
