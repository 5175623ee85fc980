# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Callable, Dict, Iterable, Iterator, Tuple

from .objects import FLOOD_MAC, FdbEntry, KernelObject, Neighbour
from .place import in_place

Way = Tuple[str, str]  # a remote tunnel end, and the link that leads there, as those of FdbEntry


@dataclass(frozen=True)
class Rows(KernelObject):
    """The forwarding entries and neighbours of one device, as tables: a fleet has tens of thousands, and one becomes an object only where two sides differ."""

    IDENTITY = ("place", "device")

    device: str = ""
    flood: Dict[Way, None] = field(default_factory=dict)
    far: Dict[str, Way] = field(default_factory=dict)  # MAC -> behind which tunnel end it lives
    ports: Dict[str, None] = field(default_factory=dict)  # MACs that the bridge finds at this port
    neighbours: Dict[str, str] = field(default_factory=dict)  # address -> MAC

    @property
    def label(self) -> str:
        return "rows on %s%s" % (self.device, in_place(self.place))

    def objects(self) -> Iterator[KernelObject]:
        """Yield each row as an object."""
        return self.unlike(Rows(self.place, self.device))

    def unlike(self, other: Rows) -> Iterator[KernelObject]:
        """Yield the rows that another table of the same device lacks or has otherwise."""
        place, device = self.place, self.device
        for way in self.flood if self.flood != other.flood else ():
            if way not in other.flood:
                yield FdbEntry(place, device, FLOOD_MAC, *way)
        if self.far != other.far or self.ports != other.ports:
            for mac, way in self.far.items():
                if other.far.get(mac) != way:
                    yield FdbEntry(place, device, mac, *way)
                if mac in self.ports and mac not in other.ports:
                    yield FdbEntry(place, device, mac)
            for mac in self.ports:
                if mac not in self.far and mac not in other.ports:
                    yield FdbEntry(place, device, mac)
        for address, mac in self.neighbours.items() if self.neighbours != other.neighbours else ():
            if other.neighbours.get(address) != mac:
                yield Neighbour(place, device, address, mac)

    def under(self, find: Callable[[str, str], str]) -> Rows:
        """Return the same with links under the names that `find` tells."""

        def follow(way: Way) -> Way:
            return way[0], find(self.place, way[1])

        flood, far = dict.fromkeys(map(follow, self.flood)), {mac: follow(way) for mac, way in self.far.items()}
        return replace(self, device=find(self.place, self.device), flood=flood, far=far)


def unfolded(items: Iterable[KernelObject]) -> Iterator[KernelObject]:
    """Yield objects with each row as one."""
    for item in items:
        if isinstance(item, Rows):
            yield from item.objects()
        else:
            yield item
