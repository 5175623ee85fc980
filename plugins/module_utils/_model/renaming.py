# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Links that get another name and stay what they are: whatever speaks of them by name follows."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any, Dict, FrozenSet, Mapping, NamedTuple, Optional

from .kind import LinkKind
from .link import Link, LinkKey
from .objects import KernelObject, Route, Sysctl
from .rows import Rows


class Names(NamedTuple):
    """What links will be called: (place, name now) -> name then."""

    changes: Mapping[LinkKey, str] = MappingProxyType({})
    # Of those, who only stands in the way and goes, by a word that is no name.
    leaving: FrozenSet[LinkKey] = frozenset()
    lowers: bool = False  # this kernel renames nothing that is up

    @property
    def back(self) -> "Names":
        """The way from the new names to the old ones."""
        return Names({(place, new): old for (place, old), new in self.changes.items()})

    @property
    def renamed(self) -> Dict[LinkKey, str]:
        """The changes without those of links that go."""
        return {(place, old): new for (place, old), new in self.changes.items() if (place, new) not in self.leaving}

    def find(self, place: str, name: str) -> str:
        """Return what a link will be called."""
        return self.changes.get((place, name), name)

    def path(self, place: str, path: str) -> str:
        """Return where the setting of an interface will be: the kernel moves it along."""
        parts = path.split("/")  # net/ipv4/conf/eth0/rp_filter
        return "/".join((*parts[:3], self.find(place, parts[3]), parts[4])) if len(parts) == 5 else path

    def follow(self, item: KernelObject) -> KernelObject:
        """Return an object as it will be named. A rule of the kernel's, or of the firewall, means whoever has the name, and stays as it is."""
        if isinstance(item, Link):
            kind, master = self._follow_kind(item), item.master and self.find(item.place, item.master)
            return replace(item, name=self.find(item.place, item.name), kind=kind, master=master)
        if isinstance(item, Sysctl):
            return replace(item, path=self.path(item.place, item.path))
        if isinstance(item, Rows):
            return item.under(self.find)
        if isinstance(item, Route) and item.nexthops:
            return item.along(replace(hop, device=self.find(item.place, hop.device)) for hop in item.nexthops)
        values: Dict[str, Any] = {name: getattr(item, name, None) for name in ("device", "through")}
        moved = {name: self.changes[item.place, value] for name, value in values.items() if (item.place, value) in self.changes}
        return replace(item, **moved) if moved else item

    def _follow_kind(self, link: Link) -> Optional[LinkKind]:
        kind, peer, lower = link.kind, link.peer, link.lower
        if kind is not None and peer is not None:
            kind = kind.joined_to(kind.peer_place, self.find(*peer))
        if kind is not None and lower is not None:
            kind = kind.standing_on(self.find(*lower), kind.lower_place)
        return kind
