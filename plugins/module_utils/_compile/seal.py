# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A seal on every new connection that the isolation has to judge: where another tool flushes the isolation, nothing is published past it."""

from __future__ import annotations

from functools import partial
from typing import Iterator

from .._drivers.table import driver_of
from .._model.document import Document
from .._model.rule import KNOWN, MARK, SEAL, SEAL_CHAIN, SEALED_CHAIN, Rule


def compile_seals(document: Document, family: int) -> Iterator[Rule]:
    """Return what seals the packets into closed segments, and out of those that let nothing out, and what drops those whose seal stays on."""
    rule = partial(Rule, family, "mangle", scope=document.scope)
    ways = [(network, way) for network in document.networks for way in driver_of(network).list_sealed_ways(network, document)]
    if not ways:
        return
    yield rule(SEAL_CHAIN, 1, "RETURN", ct_state=KNOWN)
    for network, (come, leave) in ways:
        yield rule(SEAL_CHAIN, 10, MARK, owner=network.name, in_interface=come, out_interface=leave, to=SEAL)
    for network in document.networks:
        if network.isolates and not network.on_lan:
            # Neighbours who are kept apart may be reached by their own links.
            for subnet in (item.subnet for item in network.subnets_of(family)):
                yield rule(SEAL_CHAIN, 10, MARK, owner=network.name, in_interface=network.bridge_name, destination=subnet, to=SEAL)
    yield rule(SEALED_CHAIN, 10, "DROP", sealed=True)
