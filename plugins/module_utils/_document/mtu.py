# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The MTU that a declaration gives to something, and what IPv6 asks of it."""

from __future__ import annotations

from typing import Iterable, Optional

from .._model.addresses import ip_version
from .._model.limits import IPV6_LEAST_MTU, MTU
from .entry import Entry
from .scalars import integer

read_mtu = integer(*MTU)


def refuse_small_mtu(entry: Entry, mtu: Optional[int], addresses: Iterable[str], held: str) -> None:
    """Report an MTU that is too small for the addresses or subnets it is for, which are called `held`."""
    if mtu is not None and mtu < IPV6_LEAST_MTU and any(ip_version(address) == 6 for address in addresses):
        least = "IPv6 needs an MTU of at least %d" % IPV6_LEAST_MTU
        entry.report("mtu", least, "use %d or more, or remove the IPv6 %s" % (IPV6_LEAST_MTU, held))
