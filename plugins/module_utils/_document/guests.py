# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Guests of a scope as endpoints of its declaration."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, List, Mapping, Sequence, Set, Tuple

from .._model.document import Document
from .._model.guest import Guest
from .._model.place import PATH, SLOT
from .leave_out import ENDPOINTS, leave_out

ABSENT = "absent"


def declared_networks(networks: object) -> Set[str]:
    """Return the names of the networks that a raw declaration has."""
    items = networks if isinstance(networks, (list, tuple)) else ()
    return {str(item.get("name")) for item in items if isinstance(item, dict) and item.get("state") != ABSENT}


def declared_slots(endpoints: object) -> Set[str]:
    """Return the names of the endpoints that wait for containers."""
    return {str(item.get("name")) for item in (endpoints if isinstance(endpoints, (list, tuple)) else ()) if is_slot(item)}


def gather(guests: Sequence[Guest]) -> Tuple[Guest, ...]:
    """Return the guests with all interfaces of a container in one endpoint: in the slot that one of them fills, or in one of their own."""
    slots = {guest.container: guest.slot for guest in guests if guest.slot}
    return tuple(replace(guest, within="" if guest.slot else slots.get(guest.container, "")) for guest in guests)


def add_guests(endpoints: Any, guests: Sequence[Guest]) -> Any:
    """Return a raw list of endpoints in which guests fill their slots and the others stand behind it, all interfaces of one container together."""
    if not isinstance(endpoints, (list, tuple, type(None))):
        return endpoints
    found: Dict[str, Dict[str, Any]] = {}
    slots = {guest.slot: guest for guest in guests if guest.slot}
    beside = {name: [guest for guest in guests if guest.within == name] for name in slots}
    for guest in guests:
        if guest.slot or guest.within:
            continue
        fresh = {"name": guest.endpoint, "container": {PATH: guest.path}, "networks": [], "ports": [], "labels": {"cni": guest.container}}
        entry: Dict[str, Any] = found.setdefault(guest.endpoint, fresh)
        entry["networks"].append(_attach(guest))
        entry["ports"].extend(guest.ports)
    return [*(_fill(item, slots, beside) for item in endpoints or ()), *found.values()]


def _fill(endpoint: Any, slots: Mapping[str, Guest], beside: Mapping[str, Sequence[Guest]]) -> Any:
    """Return a raw endpoint with its guest in it: the declaration says its addresses, the runtime its interface, further ports, and further networks."""
    guest = slots.get(str(endpoint.get("name"))) if is_slot(endpoint) else None
    if guest is None:
        return endpoint
    networks = [{**({"name": item} if isinstance(item, str) else item), "interface_name": guest.interface} for item in endpoint["networks"]]
    others = beside[guest.slot]
    ports = [*(endpoint.get("ports") or ()), *guest.ports, *(port for other in others for port in other.ports)]
    return {**endpoint, "container": {PATH: guest.path}, "networks": [*networks, *map(_attach, others)], "ports": ports}


def is_slot(endpoint: Any) -> bool:
    """Tell whether a raw endpoint waits for a container that a runtime makes."""
    container = endpoint.get("container") if isinstance(endpoint, dict) else None
    return isinstance(container, dict) and SLOT in container


def without_empty_slots(document: Document) -> Document:
    """Return the document without what nothing stands of as long as no runtime fills it."""
    return leave_out(document, [(ENDPOINTS, endpoint.name) for endpoint in document.endpoints if endpoint.place.kind == SLOT])[0]


def _attach(guest: Guest) -> Mapping[str, Any]:
    asked = {key: getattr(guest, key) for key in ("ipv4_address", "ipv6_address", "mac_address")}
    given = {key: value for key, value in asked.items() if value is not None}
    return {"name": guest.network, "interface_name": guest.interface, "aliases": list(guest.aliases), **given}


def fill_in(guests: Sequence[Guest], document: Document) -> Tuple[Guest, ...]:
    """Return the guests with the addresses that they have in the document, which they keep as long as they are there."""
    attachments = {(endpoint.name, item.network): item for endpoint in document.endpoints for item in endpoint.attachments}
    filled: List[Guest] = []
    for guest in guests:
        item = attachments[guest.endpoint, guest.network]
        filled.append(replace(guest, ipv4_address=item.ipv4_address, ipv6_address=item.ipv6_address, mac_address=item.mac_address))
    return tuple(filled)
