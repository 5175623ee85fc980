# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Which of the host's own links a declaration means, also while it is in a container."""

from __future__ import annotations

from typing import Iterator, Tuple

from .document import Device, Endpoint
from .link import Link
from .mark import DEVICE_ROLE, read_mark
from .snapshot import Facts


def find_homes(device: Device, endpoint: Endpoint, scope: str, facts: Facts) -> Tuple[str, ...]:
    """Return the names that the links a device may mean have on the host."""
    return tuple(dict.fromkeys([*_at_home(device, scope, facts), *_away(device, endpoint, scope, facts)]))


def _at_home(device: Device, scope: str, facts: Facts) -> Iterator[str]:
    addresses = dict(facts.pci)
    for name, link in facts.links.items():
        # A namespace that ends gives its links back with the names they had in it; the mark still tells the name at home.
        home = _home_of(link, scope) or name
        found = home == device.name or (device.mac is not None and link.mac == device.mac)
        if found or (device.pci_address is not None and addresses.get(name) == device.pci_address):
            yield home


def _away(device: Device, endpoint: Endpoint, scope: str, facts: Facts) -> Iterator[str]:
    for link in facts.lent:
        home = _home_of(link, scope)
        # A PCI address is not told beyond the host's own namespace; there the place stands for it.
        here = device.pci_address is not None and (link.place, link.name) == (endpoint.place, device.interface_name)
        if home and (home == device.name or (device.mac is not None and link.mac == device.mac) or here):
            yield home


def _home_of(link: Link, scope: str) -> str:
    mark = read_mark(link.alias)
    return mark.network if mark is not None and mark.role == DEVICE_ROLE and mark.scope == scope else ""
