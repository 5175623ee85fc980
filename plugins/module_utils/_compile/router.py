# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Routers: endpoints that forward between their interfaces, and hide the others on the way out if asked."""

from __future__ import annotations

from typing import Iterator, Tuple

from .._model.document import Document, Endpoint
from .._model.mark import ROUTER_ROLE
from .._model.objects import KernelObject, Sysctl
from .._model.routing import FORWARDING
from .._model.rule import POSTROUTING_CHAIN, Rule


def compile_forwarding(endpoint: Endpoint, ipv6: bool) -> Tuple[KernelObject, ...]:
    """Return the settings of a router; its interfaces take no advertisements anyway, so no route of theirs is lost by it."""
    if not endpoint.forwarding:
        return ()
    return tuple(Sysctl(endpoint.place, FORWARDING[family], "1", restore=True) for family in ((4, 6) if ipv6 else (4,)))


def compile_masquerade(document: Document, family: int) -> Iterator[Rule]:
    """Return the rules in the routers' own namespaces."""
    for endpoint in document.endpoints:
        for name in endpoint.masquerade:
            (attachment,) = (item for item in endpoint.attachments if item.network == name)
            if attachment.ipv4_address if family == 4 else attachment.ipv6_address:
                yield Rule(
                    family,
                    "nat",
                    POSTROUTING_CHAIN,
                    30,
                    "MASQUERADE",
                    document.scope,
                    endpoint.name,
                    out_interface=attachment.interface_name,
                    place=endpoint.place,
                )


def role_of(endpoint: Endpoint) -> str:
    """Return the role in the mark of an endpoint's links, which tells later runs where rules of ours may stand."""
    return ROUTER_ROLE if endpoint.masquerade else "endpoint"
