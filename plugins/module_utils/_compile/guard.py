# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Whom endpoints may speak as on the bridges of a host."""

from __future__ import annotations

from typing import Iterator, Mapping, Set, Tuple

from .._model.addresses import link_local_of
from .._model.document import Attachment, Document, Endpoint
from .._model.guard import GuardedPort
from .._model.network import Network
from .._model.routing import FORWARDING

FORWARDING_KEYS = frozenset(path.replace("/", ".") for path in FORWARDING.values())
ACCEPT_RA, AUTOCONF = "net.ipv6.conf.IFNAME.accept_ra", "net.ipv6.conf.IFNAME.autoconf"


def compile_guard(document: Document) -> Tuple[GuardedPort, ...]:
    """Return the ports whose endpoints are held to what is declared of them."""
    networks = {network.name: network for network in document.networks}
    gateways = set(_gateways(document))
    return tuple(_guarded(document, networks, gateways))


def _guarded(document: Document, networks: Mapping[str, Network], gateways: Set[str]) -> Iterator[GuardedPort]:
    for endpoint in document.endpoints:
        for attachment in endpoint.attachments:
            if is_guarded(attachment, networks[attachment.network]):
                yield _port(endpoint, attachment, gateways)


def is_guarded(attachment: Attachment, network: Network) -> bool:
    return network.anti_spoofing if attachment.anti_spoofing is None else attachment.anti_spoofing


def _port(endpoint: Endpoint, attachment: Attachment, gateways: Set[str]) -> GuardedPort:
    macs = tuple(mac for mac in (attachment.mac_address, *attachment.allowed_macs) if mac)
    routes = is_router(endpoint) or not gateways.isdisjoint(attachment.addresses)
    known = _known(attachment)
    return GuardedPort(
        attachment.host_interface_name,
        macs,
        (*attachment.addresses, *attachment.allowed_addresses, *map(link_local_of, macs)),
        claims=known,
        routes=routes,
    )


def _known(attachment: Attachment) -> Tuple[int, ...]:
    """Return the versions of IP in which all of its addresses are declared: none where it finds some by itself, or has others in each VLAN."""
    if attachment.trunk or not (attachment.addresses or attachment.allowed_addresses):
        return ()
    settings = dict(attachment.sysctls)
    return (4,) if settings.get(ACCEPT_RA, "0") != "0" or settings.get(AUTOCONF, "0") != "0" else (4, 6)


def is_router(endpoint: Endpoint) -> bool:
    return endpoint.forwarding or any(key in FORWARDING_KEYS and value != "0" for key, value in endpoint.sysctls)


def _gateways(document: Document) -> Iterator[str]:
    """Yield the addresses that the declaration sends packets for others to."""
    for network in document.networks:
        yield from (subnet.gateway for subnet in network.subnets if subnet.gateway)
    for endpoint in document.endpoints:
        for routes in (endpoint.routes, *(attachment.routes for attachment in endpoint.attachments)):
            for route in routes:
                yield from route.gateways
