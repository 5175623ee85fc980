# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

PREFIX = "container-net"
# Free in the kernel's and iproute2's lists of routing protocols; also the address protocol (Linux >= 5.18).
PROTOCOL = 76
ALIAS_LIMIT = 255
# Never written: how a link reads whose creation was cut short before it got its mark. Any scope may finish or remove it.
UNFINISHED = "container-net::unfinished"


@dataclass(frozen=True)
class Mark:
    """Who owns a kernel object. Stored in a link's alias; a namespace carries it on its `lo`."""

    scope: str
    role: str  # network | endpoint | namespace | object
    network: str = ""
    endpoint: str = ""

    def __str__(self) -> str:
        return ":".join((PREFIX, self.scope, self.role, self.network, self.endpoint)).rstrip(":")


def read_mark(alias: Optional[str]) -> Optional[Mark]:
    """Return the mark an alias carries, or None for a foreign object."""
    if not alias or not alias.startswith(PREFIX + ":"):
        return None
    parts = alias.split(":")[1:]
    if len(parts) < 2 or len(parts) > 4:
        return None
    return Mark(*parts)


def is_owned(mark: Optional[Mark], scope: str) -> bool:
    """Tell whether a scope may change or remove what carries a mark."""
    return mark is not None and (mark.scope == scope or str(mark) == UNFINISHED)
