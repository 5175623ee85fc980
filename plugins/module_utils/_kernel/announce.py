# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Tell neighbours at once where an address now lives: gratuitous ARP and unsolicited neighbour advertisement."""

from __future__ import annotations

import socket
from typing import Iterable

from .._model.objects import Address
from .frames import ETH_P_ALL, advertisement, arp_request


def announce_addresses(addresses: Iterable[Address]) -> None:
    """Send one announcement for each address of the current namespace; a link that is down has nobody to tell."""
    for address in addresses:
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as wire:
            try:
                wire.bind((address.device, ETH_P_ALL))
                mac = wire.getsockname()[4]
                ip = address.address.split("/")[0]
                packed = socket.inet_pton(socket.AF_INET6 if ":" in ip else socket.AF_INET, ip)
                wire.send(advertisement(mac, packed) if ":" in ip else arp_request(mac, packed, packed))
            except OSError:
                continue
