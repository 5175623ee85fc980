# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What the port of an endpoint may send into its bridge."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple, Tuple


class GuardedPort(NamedTuple):
    """The host's end of an endpoint's interface, and whom it may speak as."""

    name: str
    macs: Tuple[str, ...]
    subnets: Tuple[str, ...]  # addresses are subnets of one
    claims: Tuple[int, ...]  # versions of IP in which it says that an address is its own for these only
    routes: bool = False  # it sends for others, may advertise itself as a router, and answer for a DHCP server

    @property
    def sends(self) -> Tuple[int, ...]:
        """The versions of IP in which its packets have its own addresses as their source only."""
        return () if self.routes else self.claims

    def may_send(self, source: str) -> bool:
        """Tell whether an address is among its own."""
        address = ipaddress.ip_address(source)
        return any(address in ipaddress.ip_network(subnet) for subnet in self.subnets)
