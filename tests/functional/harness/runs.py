# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Three runs that touch everything a bridge network has, beside things of others: it is created, changed and removed."""

from __future__ import annotations

from harness.declarations import V4, V6, endpoint, network
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
