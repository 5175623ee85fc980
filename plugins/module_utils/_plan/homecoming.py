# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Ports that leave their bridge take home what they brought: addresses and routes that are not ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator, List, Optional

from .._model.addresses import is_link_local
from .._model.lending import is_behind
from .._model.link import Link
from .._model.mark import mark_origins, read_mark
from .._model.objects import Address, Route, is_foreign
from .._model.snapshot import Snapshot
from .ports import deletions
from .step import CHANGE, CREATE, Change, Step


def going_home(bridge: Link, leaving: List[Link], home: Optional[str], is_last: bool, snapshot: Snapshot) -> Iterator[Step]:
    """Yield the steps in their order. While one of several ports stays, so does what did not come with those that leave."""
    held = [item for item in snapshot.objects.values() if item.place == bridge.place and getattr(item, "device", None) == bridge.name and is_foreign(item)]
    addresses = [item for item in held if isinstance(item, Address) and not is_link_local(item.address)]
    origins, names = mark_origins(read_mark(bridge.alias)), {port.name for port in leaving}

    def home_of(address: Address) -> Optional[str]:
        origin = origins.get(address.address)
        return origin if origin in names else home

    def home_behind(route: Route) -> Optional[str]:
        return next((home_of(item) for item in addresses if route.gateway and is_behind(item.address, route.gateway)), home)

    returning = [address for address in addresses if home_of(address)]
    for address in returning:
        there = replace(address, device=home_of(address) or "")
        if there.key not in snapshot.objects:
            yield Step(CREATE, desired=there, leads=True)
    for port in leaving:
        if port.master == bridge.name:
            free = Link(port.place, port.name, master="")
            yield Step(CHANGE, desired=free, current=port, changes=(Change("master", bridge.name, "", "master"),), leads=True)
    routes = [item for item in held if isinstance(item, Route) and not is_link_local(item.destination) and not item.destination.startswith("ff")]
    for route in sorted(routes, key=lambda item: bool(item.gateway)):
        target = home_behind(route)
        if target and not any(address.brings(route) for address in addresses):
            yield Step(CHANGE, desired=replace(route, device=target), current=route, changes=(Change("device", bridge.name, target, "device"),), leads=True)
    if not is_last:
        yield from deletions(returning)
