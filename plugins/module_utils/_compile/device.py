# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The host's own links that endpoints get."""

from __future__ import annotations

from typing import Iterator

from .._drivers.settings import interface_sysctls
from .._kinds.nic import Nic
from .._model.devices import find_homes
from .._model.document import Endpoint
from .._model.link import Link
from .._model.mark import DEVICE_ROLE, Mark
from .._model.objects import Address, KernelObject
from .._model.snapshot import Facts


def compile_devices(endpoint: Endpoint, scope: str, facts: Facts) -> Iterator[KernelObject]:
    """Return the links an endpoint is handed, and their addresses."""
    for device in endpoint.devices:
        for home in find_homes(device, endpoint, scope, facts)[:1]:
            yield Link(
                endpoint.place,
                device.interface_name,
                kind=Nic(home_name=home),
                mtu=device.mtu,
                up=True,
                alias=str(Mark(scope, DEVICE_ROLE, home, endpoint.name)),
                sysctls=interface_sysctls(device.addresses, ipv6=facts.ipv6),
            )
            yield from (Address(endpoint.place, device.interface_name, address, announce=True) for address in device.addresses)
