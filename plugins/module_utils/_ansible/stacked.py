# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""One link on a parent per task: macvlan, ipvlan, vlan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, Iterable, List, Mapping, Optional

from .._engine.request import Request
from .._model.errors import InputError, Problem
from .._model.kind import LinkKind
from .._model.limits import MTU
from .._model.link import Link
from .._model.objects import Address, KernelObject
from .._model.place import in_place
from .._model.snapshot import Key, Snapshot
from .atomic import Options, absent, object_mark, present
from .leading import leading_options, read_routes

STACKED_OPTIONS: Mapping[str, Dict[str, Any]] = {
    "namespace": {"type": "str"},
    "parent": {"type": "str"},
    "parent_namespace": {"type": "str"},
    "mtu": {"type": "int"},
    "addresses": {"type": "list", "elements": "str"},
    **leading_options(),
    "up": {"type": "bool", "default": True},
}


def prepare_stacked(module: Any, options: Options, name: str, kind: LinkKind) -> Request:
    """Return the request for a link of a kind that has a parent; the module has read the kind's own options."""
    place, parent_place = options.place("namespace"), options.place("parent_namespace")
    parent, mtu, addresses = options.parent("parent"), options.number("mtu", *MTU), options.interfaces("addresses")
    mac = options.mac("mac_address") if "mac_address" in module.params else None
    if parent is not None and (place, name) == (parent_place, parent):
        options.refuse("parent", "a link cannot stand on itself", "name another parent")
    routes = read_routes(options, place, name, addresses)
    link = Link(place, name, kind=kind, mtu=mtu, mac=mac, up=options["up"], alias=object_mark(options.scope))
    if options["state"] == "absent":
        return absent(module, options, [link])
    objects: List[KernelObject] = [replace(link, kind=kind.standing_on(parent, parent_place))]
    objects.extend(Address(place, name, address, announce=True) for address in addresses)
    objects.extend(routes)
    request = present(module, options, objects, [(place, name)])

    def removes(snapshot: Snapshot) -> Iterable[Key]:
        _check_mtu(snapshot, parent_place, str(parent), mtu)
        return request.removes(snapshot) if request.removes else ()

    return request._replace(removes=removes)


def _check_mtu(snapshot: Snapshot, place: str, parent: str, mtu: Optional[int]) -> None:
    """Report what the kernel would refuse with a bare number."""
    found = snapshot.link(place, parent)
    if found is not None and mtu is not None and found.mtu is not None and mtu > found.mtu:
        raise InputError((Problem("mtu", mtu, "above the MTU of the parent %s%s" % (parent, in_place(place)), "at most %d" % found.mtu),))
