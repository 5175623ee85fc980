# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from types import MappingProxyType
from typing import Collection, Iterable, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._model.objects import KernelObject

LinkSettings = Mapping[Tuple[str, str], Iterable[str]]


class Need(NamedTuple):
    """What is to be read of a place beside what always is."""

    settings: LinkSettings = MappingProxyType({})  # of links, by place and name, such as ipv6/accept_ra
    sysctls: Collection[str] = ()
    tables: Optional[Collection[int]] = None  # proxies too, and what others have in these routing tables
    wanted: Sequence[KernelObject] = ()  # what is declared there that no dump of the kernel's shows


NOTHING = Need()
