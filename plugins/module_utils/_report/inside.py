# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""What an endpoint has inside its namespace, told in the words of the declaration."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional

from .._model.addresses import is_link_local
from .._model.link import Link
from .._model.objects import MAIN_TABLE, NO_NETEM, Address, KernelObject, Limit, PolicyRule, Route
from .._model.place import HOST
from .._model.routing import DEFAULT_ROUTE
from .._model.snapshot import Snapshot


def is_attachment(link: Link) -> bool:
    """Tell whether a link with an endpoint's mark stands for an attachment: the host's end of a pair, or a link on a parent."""
    return link.place == HOST or link.nature.takes_all


class Insides:
    """Describes attachments from a snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._by_place: Dict[str, List[KernelObject]] = {}
        for item in (*snapshot.of(Address), *snapshot.of(Route), *snapshot.of(PolicyRule)):
            self._by_place.setdefault(item.place, []).append(item)

    def addresses(self, place: str, device: str) -> List[str]:
        held = (o.address for o in self._by_place.get(place, ()) if isinstance(o, Address) and o.device == device)
        return sorted(address for address in held if not is_link_local(address))

    def describe(self, link: Link) -> Dict[str, Any]:
        """Describe an attachment; the inside is null where its namespace was not read."""
        found: Dict[str, Any] = {"host_interface": None, "bridge": None, "mtu": link.mtu}
        inside: Optional[Link] = link
        if link.nature.takes_all:
            found.update(parent=link.nature.lower, mode=link.nature.mode)
        else:
            found.update(host_interface=link.name, bridge=link.master or None)
            inside = self._snapshot.link(*link.peer) if link.peer is not None else None
        if inside is None:
            found.update(container=None, interface=None, mac=None, up=None, addresses=[], default_route=[], **describe_limits(self._snapshot, link, None))
            return found
        routes = [o for o in self._by_place.get(inside.place, ()) if isinstance(o, Route) and o.device == inside.name and o.table == MAIN_TABLE]
        found.update(
            container=inside.place,
            interface=inside.name,
            mac=inside.mac,
            up=inside.up,
            addresses=self.addresses(inside.place, inside.name),
            default_route=sorted(route.gateway or "" for route in routes if route.destination in DEFAULT_ROUTE.values()),
            **describe_limits(self._snapshot, link, inside),
        )
        return found

    def routing(self, places: Iterable[Optional[str]]) -> Dict[str, Any]:
        """Return our own routes and rules in an endpoint's namespace, whichever network they are of."""
        objects = [o for place in sorted({place for place in places if place}) for o in self._by_place.get(place, ()) if o.key in self._snapshot.mine]
        routes = [o for o in objects if isinstance(o, Route)]
        rules = sorted((o for o in objects if isinstance(o, PolicyRule)), key=lambda rule: (rule.family, rule.priority, rule.source, rule.label))
        return {
            "routes": [
                {
                    "destination": route.destination,
                    "type": route.type or "unicast",
                    "gateway": route.gateway or None,
                    "interface": (route.device or None) if (route.type or "unicast") == "unicast" else None,
                    "metric": route.metric,
                    "table": route.table,
                    "src": route.source or None,
                    "onlink": bool(route.onlink),
                    "nexthops": [{"gateway": hop.gateway or None, "interface": hop.device, "weight": hop.weight} for hop in route.nexthops or ()],
                }
                for route in sorted(routes, key=lambda route: (route.table, ":" in route.destination, route.destination, route.metric))
            ],
            "rules": [
                {
                    "from": rule.source,
                    "to": rule.destination or None,
                    "iif": rule.interface or None,
                    "oif": rule.out_interface or None,
                    "fwmark": "%#x/%#x" % (rule.mark, rule.mask) if rule.mask else None,
                    "table": rule.table,
                    "priority": rule.priority,
                }
                for rule in rules
            ],
        }


NETEM_KEYS = ("delay", "jitter", "loss", "duplicate", "reorder")


def describe_limits(snapshot: Snapshot, link: Link, inside: Optional[Link]) -> Dict[str, Any]:
    """Return how fast frames come, which the host's end tells, and leave, and what becomes of these, which the inner one does."""
    ingress, egress = _limit_of(snapshot, None if link is inside else link), _limit_of(snapshot, inside)
    found: Dict[str, Any] = {}
    for direction, limit in (("ingress", ingress), ("egress", egress)):
        for name in ("rate", "burst"):
            found["%s_%s" % (direction, name)] = str(getattr(limit, name)) if limit is not None and limit.rate else None
    netem = egress.netem if egress is not None else NO_NETEM
    found["netem"] = {name: str(getattr(netem, name)) for name in NETEM_KEYS if getattr(netem, name)} or None
    return found


def _limit_of(snapshot: Snapshot, end: Optional[Link]) -> Optional[Limit]:
    """Return what we made an end send by."""
    found = snapshot.objects.get(Limit(end.place, end.name).key) if end is not None else None
    return found if isinstance(found, Limit) and found.key in snapshot.mine else None
