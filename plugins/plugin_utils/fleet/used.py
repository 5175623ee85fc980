# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Which of the networks that a host declares are made there: those that something of the host uses, and those that every host is to have."""

from __future__ import annotations

from typing import FrozenSet, Iterator, Optional

from ...module_utils._model.document import Document
from ...module_utils._model.network import Network


def list_used(document: Document, underlay_interface: object) -> FrozenSet[str]:
    """Return the names of the networks to make on a host. What only an unused network refers to is not used."""
    found = {network.name for network in document.networks if network.on_every_host}
    named = {underlay_interface, *_named_by_others(document)} if isinstance(underlay_interface, str) else set(_named_by_others(document))
    while True:
        known = named.union(*(network.named_on_host for network in document.networks if network.name in found))
        fresh = {network.name for network in document.networks if not known.isdisjoint(_names(network))}
        if fresh <= found:
            return frozenset(found)
        found |= fresh


def _names(network: Network) -> Iterator[str]:
    """Yield what stands for a network in other entries: its name, the host's links that it makes, and its gateways, which are addresses of the host."""
    yield network.name
    yield from (made.name for made in network.made_links if made.key != "name")
    if network.gateway_on_host:
        yield from (subnet.gateway for subnet in network.subnets if subnet.gateway)


def _named_by_others(document: Document) -> Iterator[Optional[str]]:
    for endpoint in document.endpoints:
        yield from (attachment.network for attachment in endpoint.attachments)
        yield from (port.host_ip for port in endpoint.ports)
    for wire in document.links:
        yield from (end.network for end in wire.ends)
        if wire.tunnel is not None:
            yield from (wire.tunnel.local, wire.tunnel.underlay_interface)
