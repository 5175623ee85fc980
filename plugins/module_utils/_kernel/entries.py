# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Everything that is not a link, a row, a setting or a firewall rule, to messages. What few runs send is loaded where it is sent."""

from __future__ import annotations

from typing import List, Optional, Tuple

from .._model.objects import Address, BridgeVlan, Limit, PolicyRule, ProxyNeighbour, Route
from .._plan.step import CHANGE, CREATE, DELETE, Step
from . import address, rule


def entry_messages(step: Step, index: Optional[int], *, on_bridge: bool, hops: Tuple[int, ...] = ()) -> List[bytes]:
    """Return the messages of a step. `index` is the number of the entry's device, if it has one, `hops` are those of a route with several next hops;
    `on_bridge`: the device is a bridge."""
    subject, action = step.subject, step.action
    gone = action == DELETE
    if isinstance(subject, Route):
        from . import route

        return [{CREATE: route.create_route, CHANGE: route.change_route, DELETE: route.delete_route}[action](subject, index, hops)]
    if isinstance(subject, PolicyRule):
        if action == CHANGE and isinstance(step.current, PolicyRule):
            return rule.change_rule(subject, step.current)
        return [(rule.delete_rule if gone else rule.create_rule)(subject)]
    if index is None:
        return []
    if isinstance(subject, Address) and action == CHANGE:
        return address.change_address(subject, index)
    if isinstance(subject, Address):
        return [(address.delete_address if gone else address.create_address)(subject, index)]
    if isinstance(subject, ProxyNeighbour):
        from . import neighbour

        return [(neighbour.delete_proxy if gone else neighbour.create_proxy)(subject, index)]
    if isinstance(subject, BridgeVlan):
        from . import bridge_vlan

        return [(bridge_vlan.delete_vlan if gone else bridge_vlan.ensure_vlan)(subject, index, on_bridge)]
    if isinstance(subject, Limit):
        from . import limit

        if action == CHANGE and isinstance(step.current, Limit):
            return limit.change_limit(subject, step.current, index)
        return [limit.delete_limit(index)] if gone else limit.create_limit(subject, index)
    return []
