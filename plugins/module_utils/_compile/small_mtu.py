# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Links whose MTU is too small for IPv6: the kernel has nothing of IPv6 on them, neither settings nor addresses."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterable, Tuple

from .._model.limits import IPV6_LEAST_MTU
from .._model.link import Link
from .._model.objects import KernelObject


def ask_no_ipv6_of_small_links(objects: Iterable[KernelObject]) -> Tuple[KernelObject, ...]:
    return tuple(_without_ipv6(item) if isinstance(item, Link) and item.mtu and item.mtu < IPV6_LEAST_MTU else item for item in objects)


def _without_ipv6(link: Link) -> Link:
    settings = link.sysctls and tuple(pair for pair in link.sysctls if not pair[0].startswith("ipv6/"))
    return replace(link, link_local=None, sysctls=settings)
