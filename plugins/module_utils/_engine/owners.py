# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Whose are the entries of ours that are on no link of ours? What they serve tells it."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Dict, Iterable, List, Mapping, Optional, Tuple

from .._model.names import source_table
from .._model.objects import MAIN_TABLE, Address, KernelObject, PolicyRule, ProxyNeighbour, Route
from .._model.place import HOST
from .._model.snapshot import Snapshot

NOBODY = ""
SOMEBODY = "*"  # another scope, or one of several


class Owners:
    """Answers with a scope, or NOBODY where none claims an entry. `marked` gives the scope of each link, "" for those without a mark."""

    def __init__(self, snapshot: Snapshot, marked: Mapping[Tuple[str, str], str], scope: str) -> None:
        self._snapshot = snapshot
        self._marked = marked
        self._scope = scope
        self._by_place: Optional[Dict[str, List[KernelObject]]] = None

    def of_rule(self, rule: PolicyRule) -> str:
        """A rule serves the addresses it speaks of, else the links it names, else those its table leads to."""
        if self._is_own_table(rule.place, rule.table):
            return self._scope
        source = ip_network(rule.source)
        entries = self._entries(rule.place) if not rule.is_from_anywhere else ()
        held = [o.device for o in entries if isinstance(o, Address) and ip_address(o.address.split("/")[0]) in source]
        named = (rule.interface, rule.out_interface) if rule.place != HOST else ()
        return self._owner(rule.place, (*held, *named)) or self._of_links(rule.place, rule.table) or self._only_one_in(rule.place)

    def of_route(self, route: Route) -> str:
        """A route without a device belongs to who else uses its table; in the main table to the only scope that is in the container."""
        if route.table == MAIN_TABLE:
            return self._only_one_in(route.place)
        found = self._of_links(route.place, route.table)
        rules = (o for o in self._entries(route.place) if isinstance(o, PolicyRule) and o.table == route.table)
        return found or next((owner for owner in map(self.of_rule, rules) if owner), None) or self._only_one_in(route.place)

    def of_table(self, route: Route) -> str:
        """A table for answers is numbered after its scope and the interface; a scope's networks have tables on its own links only."""
        if route.table == source_table(self._scope, "/" + (route.device or "")):
            return self._scope
        return self._marked.get((route.place, route.device or ""), NOBODY) or self._only_one_in(route.place)

    def of_proxy(self, proxy: ProxyNeighbour) -> str:
        """Who answers in a container's stead also has the route to it."""
        whole = "%s/%d" % (proxy.address, 128 if ":" in proxy.address else 32)
        return self._owner(proxy.place, [o.device or "" for o in self._entries(proxy.place) if isinstance(o, Route) and o.destination == whole])

    def _is_own_table(self, place: str, table: Optional[int]) -> bool:
        routes = (o for o in self._entries(place) if isinstance(o, Route) and o.table == table)
        return any(route.table == source_table(self._scope, "/" + (route.device or "")) for route in routes)

    def _of_links(self, place: str, table: Optional[int]) -> str:
        return self._owner(place, [o.device or "" for o in self._entries(place) if isinstance(o, Route) and o.table == table])

    def _owner(self, place: str, devices: Iterable[str]) -> str:
        return next((owner for owner in (self._marked.get((place, device), NOBODY) for device in devices) if owner), NOBODY)

    def _only_one_in(self, place: str) -> str:
        if place == HOST:
            return NOBODY
        scopes = {owner for (where, _name), owner in self._marked.items() if where == place and owner}
        return NOBODY if scopes <= {self._scope} else SOMEBODY

    def _entries(self, place: str) -> List[KernelObject]:
        if self._by_place is None:
            self._by_place = {}
            held = self._snapshot
            for item in (*held.of(Address), *held.of(Route), *held.of(PolicyRule)):
                if item.key in held.mine or isinstance(item, Address):
                    self._by_place.setdefault(item.place, []).append(item)
        return self._by_place.get(place, [])
