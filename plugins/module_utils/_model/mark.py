# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from functools import lru_cache
from typing import Dict, NamedTuple, Optional, Tuple

PREFIX = "container-net"
# Free in the kernel's and iproute2's lists of routing protocols; also the address protocol (Linux >= 5.18).
PROTOCOL = 76
KERNEL_PROTOCOL = 2  # of what the kernel made itself
ALIAS_LIMIT = 255
SHARED_ROLE = "parent"
DEVICE_ROLE = "device"
ROUTER_ROLE = "router"
LINK_ROLE = "link"
# Never written: how the end of a pair in a container reads whose alias somebody changed there; the end on the host tells whose it is.
UNMARKED_ROLE = "unmarked"
# Never written: how a link reads whose creation was cut short before it got its mark. Any scope may finish or remove it.
UNFINISHED = "container-net::unfinished"


class Mark(NamedTuple):
    """Who owns a kernel object. Stored in a link's alias; a namespace carries it on its `lo`."""

    scope: str
    # network | endpoint | router (an endpoint whose namespace holds settings or rules of ours) | namespace | object
    # link (its `network` is the wire's name) | device (its `network` is the name the NIC has at home)
    role: str
    network: str = ""
    endpoint: str = ""

    @property
    def scopes(self) -> Tuple[str, ...]:
        return tuple(self.scope.split(","))

    def __str__(self) -> str:
        return ":".join((PREFIX, self.scope, self.role, self.network, self.endpoint)).rstrip(":")


@lru_cache(maxsize=65536)
def read_mark(alias: Optional[str]) -> Optional[Mark]:
    """Return the mark an alias carries, or None for a foreign object."""
    if not alias or not alias.startswith(PREFIX + ":"):
        return None
    parts = alias.split(":")[1:]
    if len(parts) < 2 or len(parts) > 4:
        return None
    return Mark(*parts)


def mark_ports(mark: Optional[Mark]) -> Tuple[str, ...]:
    """Return the ports that a bridge's mark names: links of the host that a declaration put there."""
    return tuple(note.partition("=")[0] for note in _notes(mark))


def mark_origins(mark: Optional[Mark]) -> Dict[str, str]:
    """Return the addresses on a bridge that a port other than the first had, each with its port. `~` stands for the colon of IPv6."""
    found = [note.replace("~", ":").split("=") for note in _notes(mark)]
    return {address: name for name, *addresses in found for address in addresses}


def _notes(mark: Optional[Mark]) -> Tuple[str, ...]:
    return tuple(mark.endpoint.split(",")) if mark is not None and mark.role == "network" and mark.endpoint else ()


def is_owned(mark: Optional[Mark], scope: str) -> bool:
    """Tell whether a scope may change or remove what carries a mark."""
    if mark is None:
        return False
    return mark.scope == scope or (mark.role == SHARED_ROLE and not set(mark.scopes).isdisjoint(scope.split(","))) or str(mark) == UNFINISHED


def share_mark(scope: str, alias: Optional[str] = None) -> Optional[str]:
    """Return the alias of a link that scopes share with one scope more, or None where the link is not to be shared: it is somebody else's.

    `alias` is what an existing link carries; a new one has none.
    """
    mark = read_mark(alias)
    if alias is not None and (mark is None or (mark.role != SHARED_ROLE and alias != UNFINISHED)):
        return None
    users = mark.scopes if mark is not None and mark.role == SHARED_ROLE else ()
    return str(Mark(",".join(sorted({*users, scope})), SHARED_ROLE))


def leave_mark(mark: Mark, scope: str) -> Optional[str]:
    """Return the alias of a shared link without a scope, or None where nobody else uses it."""
    others = [user for user in mark.scopes if user != scope]
    return str(Mark(",".join(others), SHARED_ROLE)) if mark.role == SHARED_ROLE and others else None
