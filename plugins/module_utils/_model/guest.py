# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What a container runtime attached to a declared network: nobody declared it, and it stands as if somebody had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

from .names import digest
from .objects import KernelObject

PREFIX = "cni-"


@dataclass(frozen=True)
class Guest(KernelObject):
    """One interface of one container, as it is noted on the host until the container ends."""

    IDENTITY = ("place", "scope", "container", "interface")
    RANK = 11

    scope: str = ""
    container: str = ""  # the runtime's number of it
    interface: str = ""
    network: str = ""
    configuration: str = ""  # the name by which the runtime knows the network
    path: str = ""  # the file of its namespace
    inode: int = 0  # of that namespace: a file may come to stand for another one
    ipv4_address: Optional[str] = None
    ipv6_address: Optional[str] = None
    mac_address: Optional[str] = None
    aliases: Tuple[str, ...] = ()
    ports: Tuple[str, ...] = ()  # in the short form
    slot: str = ""  # the declared endpoint that it is, if it is one
    within: str = ""  # the one that another interface of its container is: a container is one endpoint

    @property
    def endpoint(self) -> str:
        """The name of the endpoint that it is: a declared one, or that of all interfaces of its container."""
        return self.slot or self.within or PREFIX + digest(12, self.container)

    @property
    def label(self) -> str:
        return "guest %s of scope %s, interface %s" % (self.container, self.scope, self.interface)

    @property
    def owner(self) -> Optional[str]:
        return self.scope
