# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The host's own links that an endpoint gets."""

from __future__ import annotations

import re
from itertools import count
from typing import Dict, Iterable, Optional, Tuple

from .._model.document import Device
from .._model.errors import Problem
from .._schema.reading import Problems, Shape, reader
from .._schema.schema import Field, Schema
from .entry import list_of, map_of, read_entry, read_list
from .mtu import read_mtu, refuse_small_mtu
from .scalars import canonical_reader, read_interface_address, read_interface_name, read_mac
from .spelling import Fault

_PCI = re.compile(r"(?:([0-9a-f]{4}):)?([0-9a-f]{2}:[01][0-9a-f]\.[0-7])\Z", re.ASCII)


def _pci_address(text: str) -> str:
    match = _PCI.match(text.lower())
    if match is None:
        raise Fault("a PCI address is domain:bus:device.function", 'write one such as "0000:03:00.0"')
    return "%s:%s" % (match.group(1) or "0000", match.group(2))


_read_pci = canonical_reader("a PCI address", _pci_address, r"([0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[01][0-9a-fA-F]\.[0-7]")
NAME = Field("name", read_interface_name, None, "Name that the link has on the host.")
MAC = Field("mac", read_mac, None, "MAC address of the link.")
PCI_ADDRESS = Field("pci_address", _read_pci, None, "Place of the card.", example='"0000:03:00.0"')
INTERFACE_NAME = Field("interface_name", read_interface_name, "", "Name of the interface inside.", default_words="the next free C(ethN)")
ADDRESSES = Field("addresses", list_of(read_interface_address), (), "Addresses of the interface inside, with prefix length.")
MTU = Field("mtu", read_mtu, None, "Largest packet of the interface.", unit="bytes", default_words="what it has")
DEVICE = Schema("an entry of devices", (NAME, MAC, PCI_ADDRESS, INTERFACE_NAME, ADDRESSES, MTU), one_of=("name", "mac", "pci_address"))


@map_of(DEVICE)
def _read_device(value: object, path: str, problems: Problems) -> Optional[Device]:
    entry = read_entry(value, path, problems, DEVICE)
    if entry is None:
        return None
    given = [key for key in DEVICE.one_of if key in entry.raw]
    if len(given) != 1:
        entry.refuse("exactly one of %s is required" % ", ".join(DEVICE.one_of), "keep one" if given else "add name: eth2")
        return None
    device = Device(
        interface_name=entry.get(INTERFACE_NAME),
        name=entry.get(NAME),
        mac=entry.get(MAC),
        pci_address=entry.get(PCI_ADDRESS),
        addresses=entry.get(ADDRESSES),
        mtu=entry.get(MTU),
    )
    refuse_small_mtu(entry, device.mtu, device.addresses, "addresses")
    return device if device.name or device.mac or device.pci_address else None


@reader(Shape("list", elements=_read_device.shape))
def read_devices(value: object, path: str, problems: Problems) -> Optional[Tuple[Device, ...]]:
    """Return the valid entries of devices; an interface name not given stays empty."""
    items = read_list(value, path, problems)
    if items is None:
        return None
    found = []
    seen: Dict[Tuple[Optional[str], ...], int] = {}
    for index, item in enumerate(items):
        place = "%s[%d]" % (path, index)
        device = _read_device(item, place, problems)
        if device is None:
            continue
        key = (device.name, device.mac, device.pci_address)
        if key in seen:
            problems.append(
                Problem(place, device.name or device.mac or device.pci_address, "entry %d of this list is the same device" % seen[key], "remove one")
            )
            continue
        seen[key] = index
        found.append(device)
    return tuple(found)


def name_devices(devices: Iterable[Device], taken: Iterable[str]) -> Tuple[Device, ...]:
    """Return the devices, each without an interface name with the next free ethN."""
    devices = tuple(devices)
    used = {*taken, *(device.interface_name for device in devices)}
    free = (name for name in map("eth%d".__mod__, count()) if name not in used)
    return tuple(device._replace(interface_name=device.interface_name or next(free)) for device in devices)
