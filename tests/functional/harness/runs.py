# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Three runs that touch everything a bridge network has, beside things of others: it is created, changed and removed."""

from __future__ import annotations

from dataclasses import replace

from harness.declarations import V4, V6, endpoint, network, overlay
from harness.engine import Declaration
from harness.foreign import add_foreign_things

EMPTY = Declaration(prepare=add_foreign_things)
WEB = Declaration(
    [network("web", V4, V6)],
    [endpoint("a", {"name": "web", "ipv4_address": "10.20.0.10"}, ports=["8080:80/tcp"]), endpoint("b", "web")],
    prepare=add_foreign_things,
)
# An endpoint and a port gone, another come, and other settings: creations, changes and deletions in one run.
OTHER = Declaration(
    [network("web", V4, V6, mtu=1400, enable_icc=False), network("db", {"subnet": "10.22.0.0/24"})],
    [endpoint("a", {"name": "web", "ipv4_address": "10.20.0.11"}, "db", ports=["8081:80/tcp"]), endpoint("c", "web")],
    prepare=add_foreign_things,
)
RUNS = {"create": (EMPTY, WEB), "change": (WEB, OTHER), "remove": (WEB, EMPTY)}

# Of every kind of entry that we write, one that comes, one that changes and one that goes.
MESH = overlay("192.0.2.1", "192.0.2.2", "192.0.2.3")
LAN = {"name": "lan", "driver": "routed", "ipam_config": [{"subnet": "192.0.2.64/28"}], "proxy_interfaces": ["eth0"]}
AT_WEB = {"name": "web", "ipv4_address": "10.20.0.10"}
WIDE = replace(
    MESH,
    networks=[*MESH.networks, network("web", V4, V6), LAN],
    endpoints=[
        *MESH.endpoints,
        endpoint(
            "a",
            {**AT_WEB, "addresses": ["10.20.0.66"], "ingress_rate": "10mbit"},
            "lan",
            rules=[{"from": "10.20.0.10", "table": 100, "priority": 100}],
            routes=[{"destination": "10.9.0.0/16", "gateway": "10.20.0.9", "table": 100}],
            ports=["5353:53/udp"],
        ),
    ],
)
NARROW = replace(WIDE, overlays={"mesh": {**(MESH.overlays or {})["mesh"], "endpoints": []}}, endpoints=[*MESH.endpoints, endpoint("a", AT_WEB)])
EVERY_REQUEST = {"make": (replace(WIDE, networks=(), endpoints=(), overlays=None), WIDE), "unmake": (WIDE, NARROW)}
