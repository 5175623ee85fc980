# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from functools import partial
from typing import Iterator

from .._model.rule import Rule

ICMP = {4: "icmp", 6: "ipv6-icmp"}
ROUTER_ADVERTISEMENT, NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT = 134, 135, 136


def list_discovery_rules(rule: "partial[Rule]") -> Iterator[Rule]:
    """Containers and the host find each other; no container tells the host that it is a router."""
    yield rule(9, "DROP", protocol=ICMP[6], icmp_type=ROUTER_ADVERTISEMENT)
    for icmp_type in (NEIGHBOUR_SOLICITATION, NEIGHBOUR_ADVERTISEMENT):
        yield rule(20, "ACCEPT", protocol=ICMP[6], icmp_type=icmp_type)
