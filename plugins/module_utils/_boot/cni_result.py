# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Results of a CNI plugin, in the version that was asked for."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence

from .._model.guest import Guest
from .._model.link import Link
from .._model.place import HOST
from .cni_call import Call
from .joining import Joined

WITH_FAMILY = frozenset(("0.3.0", "0.3.1", "0.4.0"))  # an address says which family it is of
WITH_MTU = frozenset(("1.1.0",))


def describe_added(call: Call, joined: Joined) -> Dict[str, Any]:
    """Return what ADD made: the host's end of the interface and the container's, its addresses and its routes."""
    ends = [
        _describe_link(call, joined.find_link(HOST, joined.attachment.host_interface_name), ""),
        _describe_link(call, joined.find_link(joined.place, joined.guest.interface), call.path),
    ]
    interfaces = [end for end in ends if end is not None]
    result: Dict[str, Any] = {"cniVersion": call.version, "interfaces": interfaces, "ips": _describe_addresses(call, joined, len(interfaces) - 1)}
    result["routes"] = [{"dst": route.destination, **({"gw": route.gateway} if route.gateway else {})} for route in joined.routes]
    return {**result, "dns": dict(call.dns)}


def _describe_link(call: Call, link: Optional[Link], sandbox: str) -> Optional[Mapping[str, Any]]:
    if link is None:
        return None
    found: Dict[str, Any] = {"name": link.name}
    if link.mac:
        found["mac"] = link.mac
    if link.mtu and call.version in WITH_MTU:
        found["mtu"] = link.mtu
    return {**found, "sandbox": sandbox} if sandbox else found


def _describe_addresses(call: Call, joined: Joined, interface: int) -> List[Dict[str, Any]]:
    found = []
    for address, gateway in joined.addresses:
        entry: Dict[str, Any] = {"address": address, "interface": interface}
        if gateway:
            entry["gateway"] = gateway
        if call.version in WITH_FAMILY:
            entry["version"] = "6" if ":" in address else "4"
        found.append(entry)
    return found


def find_missing(previous: Mapping[str, Any], guest: Guest) -> List[str]:
    """Return what of the earlier result the guest has not: its interface, and the addresses there."""
    listed = (item for item in previous.get("interfaces") or () if isinstance(item, dict) and item.get("sandbox"))
    interface = next((item for item in listed if item.get("name") == guest.interface), None)
    if interface is None:
        return ["prevResult has no interface %s" % guest.interface]
    wrong = []
    if guest.mac_address and str(interface.get("mac") or guest.mac_address).lower() != guest.mac_address:
        wrong.append("%s of prevResult has MAC address %s, and was added with %s" % (guest.interface, interface["mac"], guest.mac_address))
    addresses = [str(item.get("address", "")).partition("/")[0] for item in previous.get("ips") or () if isinstance(item, dict)]
    return wrong + ["address %s of prevResult is none of %s" % (address, guest.interface) for address in addresses if address not in _addresses(guest)]


def _addresses(guest: Guest) -> Sequence[Optional[str]]:
    return (guest.ipv4_address, guest.ipv6_address)
