# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Links of the host that are handed to a container: who has them now, and whether the host can spare them."""

from __future__ import annotations

from typing import Iterable, Iterator, List, Set

from .._model.addresses import is_link_local
from .._model.link import Link, LinkKey
from .._model.mark import is_owned, read_mark
from .._model.objects import Address, KernelObject, Route
from .._model.place import HOST
from .._model.snapshot import Snapshot
from .stack import find_uppers


def nics_of(items: Iterable[KernelObject]) -> List[Link]:
    return [item for item in items if isinstance(item, Link) and item.nature.lent is not None]


def recall_nics(taken: Iterable[Link], snapshot: Snapshot, gone: Set[LinkKey], conflicts: List[str]) -> None:
    """A NIC that is elsewhere, or lies on the host under another name after its container died, comes home before it is handed over."""
    homes = {_home_name(nic): nic for nic in taken}
    for held in nics_of(snapshot.links()) if homes else ():
        nic = homes.pop(_home_name(held), None)
        if nic is None:
            continue
        mark, asked = read_mark(held.alias), read_mark(nic.alias)
        if mark is not None and asked is not None and not is_owned(mark, asked.scope):
            conflicts.append("%s: it is %s, which belongs to scope '%s'" % (nic.label, held.label, mark.scope))
        gone.add((held.place, held.name))
    for nic in homes.values():
        conflicts.extend(_unfit(nic, snapshot))


def home_conflicts(gone: Iterable[LinkKey], snapshot: Snapshot) -> Iterator[str]:
    """A NIC can only come home to a name that nobody took meanwhile."""
    for name in sorted(gone):
        link = snapshot.link(*name)
        if link is None or link.nature.lent is None:
            continue
        other = snapshot.link(HOST, _home_name(link))
        if other is not None and other is not link:
            yield "%s cannot get its name %s back: the host has another interface of that name; rename it first" % (link.label, other.name)


def _home_name(nic: Link) -> str:
    lent = nic.nature.lent
    return lent.home_name or "" if lent is not None else ""


def _unfit(nic: Link, snapshot: Snapshot) -> Iterator[str]:
    name = _home_name(nic)
    home = snapshot.link(HOST, name)
    if home is None:
        yield "%s: there is no interface %s on this host" % (nic.label, name)
        return
    reasons = []
    if name == "lo" or home.nature.is_bound:
        reasons.append("it cannot leave the host")
    if read_mark(home.alias) is not None:
        reasons.append("it was made by this collection")
    elif home.alias:
        reasons.append("it has the alias '%s'" % home.alias)
    if home.master:
        reasons.append("it belongs to %s" % home.master)
    addresses = [item.address for item in snapshot.of(Address) if (item.place, item.device) == (HOST, name)]
    routes = [item.destination for item in snapshot.of(Route) if (item.place, item.device) == (HOST, name)]
    reasons.extend("it has the address %s" % address for address in addresses if not is_link_local(address))
    reasons.extend("it has the route %s" % route for route in routes if not is_link_local(route))
    reasons.extend("%s stands on it" % upper.label for upper in find_uppers(snapshot.links()).get((HOST, name), ()))
    if reasons:
        yield "%s: interface %s is in use: %s; free it first" % (nic.label, name, ", ".join(reasons))
