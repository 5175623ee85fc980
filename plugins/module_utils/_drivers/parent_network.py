# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, List, Mapping, Optional, Tuple

from .._model.link import Link
from .._model.names import dummy_name, is_new_vlan
from .._model.network import Fault, MadeLink, Network, UsedLink


@dataclass(frozen=True)
class ParentNetwork(Network):
    """A network whose endpoints' links stand on one link of the host: its parent or, where it is internal, a dummy."""

    has_parent = True

    shared_keys: ClassVar[Tuple[str, ...]] = ()  # what is one for all networks on a parent
    of_one_mac: ClassVar[bool] = False  # the LAN sees the parent's MAC alone
    mac_words: ClassVar[str] = ""  # where an endpoint has the parent's MAC

    parent: Optional[str] = None  # None: the interface with the default route; NAME.VLAN is made where it does not exist

    @property
    def takes_parent(self) -> bool:
        """Whether an endpoint has the parent to itself."""
        return False

    @property
    def wants_host_address(self) -> bool:
        """Whether the host needs an address in each subnet."""
        return False

    @property
    def gateway_fault(self) -> Optional[Tuple[str, str]]:
        """Why its subnets cannot have a gateway, and what to do."""
        return ("an internal network has no way out", "remove the gateway or internal: true") if self.internal else None

    @property
    def home_devices(self) -> Tuple[str, ...]:
        return (self.parent,) if self.parent else ()

    @property
    def made_links(self) -> Tuple[MadeLink, ...]:
        return (MadeLink("name", dummy_name(self.name), "the dummy link of"),) if self.internal else ()

    @property
    def used_links(self) -> Tuple[UsedLink, ...]:
        return (UsedLink("parent", self.parent),) if self.parent else ()

    @property
    def is_closed(self) -> bool:
        return self.internal

    def find_clash(self, other: Network) -> Optional[Fault]:
        if self.driver != other.driver:
            rule = 'network "%s" has it too, with driver %s, and an interface carries links of one of the two' % (other.name, other.driver)
            return "parent", self.parent, rule, "use one driver or another parent"
        for key in self.shared_keys:
            mine, its = getattr(self, key), getattr(other, key)
            if None not in (mine, its) and mine != its:
                return key, mine, 'network "%s" has %s on the same parent, where it is one for all' % (other.name, its), "use one %s" % key
        return None

    def find_features(self, links: Mapping[str, Link]) -> List[str]:
        if self.internal:
            return [self.driver, "dummy"]
        return [self.driver, "vlan"] if self.parent is not None and is_new_vlan(self.parent, links) else [self.driver]
