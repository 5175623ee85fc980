# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Subnets for networks that name none, as the engine would choose one."""

from __future__ import annotations

import ipaddress
from typing import Any, Iterable, List

from ...module_utils._model.names import digest
from .source import refuse

LENGTH = 24


class Pool:
    """Cuts subnets from a block: each network's follows from its name, so that it stays when others come and go."""

    def __init__(self, block: object, taken: Iterable[Any]) -> None:
        try:
            self._block = ipaddress.IPv4Network(block)
        except ValueError as error:
            refuse("pool", block, "expected an IPv4 subnet: %s" % error, "write one such as 10.128.0.0/9")
        if self._block.prefixlen > LENGTH:
            refuse("pool", block, "it holds no subnet of /%d" % LENGTH, "give a larger one")
        self._taken: List[ipaddress.IPv4Network] = []
        for subnet in taken:
            try:
                self._taken.append(ipaddress.IPv4Network(subnet, strict=False))
            except ValueError:
                continue  # of IPv6, or no subnet, which the reader says

    def cut(self, name: str) -> str:
        count = 1 << (LENGTH - self._block.prefixlen)
        start = int(digest(12, name), 16)
        base = int(self._block.network_address)
        subnets = (ipaddress.IPv4Network((base + (start + step) % count * (1 << (32 - LENGTH)), LENGTH)) for step in range(count))
        free = next((subnet for subnet in subnets if not any(subnet.overlaps(other) for other in self._taken)), None)
        if free is None:
            refuse("pool", str(self._block), "all of its subnets are in use", "give a larger one")
        self._taken.append(free)
        return str(free)
