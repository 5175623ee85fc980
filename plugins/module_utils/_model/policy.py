# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Who may talk to whom, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, NamedTuple, Optional, Tuple

ALLOW, DENY = "allow", "deny"
UNSEEN = "its packets do not pass through the host, which could not keep them back (driver %s)"
PROTOCOLS = ("tcp", "udp", "sctp")


class Service(NamedTuple):
    """Ports of one protocol; the first and the last of a range."""

    protocol: str
    first: int
    last: int

    def __str__(self) -> str:
        return "%d%s/%s" % (self.first, "" if self.first == self.last else "-%d" % self.last, self.protocol)


class Selector(NamedTuple):
    """One side of a policy: whoever any of these names."""

    endpoints: Tuple[str, ...] = ()
    groups: Tuple[str, ...] = ()
    networks: Tuple[str, ...] = ()
    cidrs: Tuple[str, ...] = ()
    # Of those that live on other hosts, as a fleet's plan found them: on routed networks, and on overlays, where only neighbours know them.
    addresses: Tuple[str, ...] = ()
    neighbours: Tuple[str, ...] = ()
    planned: bool = False  # by a fleet's plan: a name that is not known here is that of somebody elsewhere

    def names(self) -> Iterator[Tuple[str, str]]:
        """Yield each thing that it names, with the key that does."""
        for key, names in (("endpoints", self.endpoints), ("groups", self.groups), ("networks", self.networks), ("cidrs", self.cidrs)):
            yield from ((key, name) for name in names)


@dataclass(frozen=True)
class Policy:
    """What happens to new connections between two sides. None stands for anybody; answers always pass."""

    name: str
    action: str  # allow | deny
    source: Optional[Selector] = None
    target: Optional[Selector] = None
    ports: Tuple[Service, ...] = ()  # none: every protocol
    log: bool = False
