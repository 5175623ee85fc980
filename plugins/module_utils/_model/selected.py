# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Whom the sides of policies name, as addresses."""

from __future__ import annotations

from typing import Iterable, Iterator, Mapping, NamedTuple

from .addresses import link_local_of
from .document import Endpoint
from .network import Network
from .policy import Selector


class Held(NamedTuple):
    """An address of an endpoint, and the network it is on."""

    network: Network
    address: str


def select_endpoints(selector: Selector, endpoints: Iterable[Endpoint]) -> Iterator[Endpoint]:
    """Yield the endpoints that are named, or in a group that is."""
    names, groups = frozenset(selector.endpoints), frozenset(selector.groups)
    return (endpoint for endpoint in endpoints if endpoint.name in names or not groups.isdisjoint(endpoint.groups))


def held_addresses(endpoint: Endpoint, networks: Mapping[str, Network]) -> Iterator[Held]:
    """Yield what an endpoint is known by where the host sees its packets. On a segment it may speak by its link-local address too."""
    for attachment in endpoint.attachments:
        network = networks.get(attachment.network)
        if network is None or not network.passes_host:
            continue
        yield from (Held(network, address) for address in attachment.addresses)
        if network.is_bridged and attachment.mac_address:
            yield Held(network, link_local_of(attachment.mac_address))
