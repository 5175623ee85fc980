# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.
"""What packets of endpoints are marked with, where they come to the host. Frames that stay on one bridge come by only with br_netfilter."""

from __future__ import annotations

from typing import Iterator

from .._model.addresses import ip_version
from .._model.document import Document
from .._model.rule import DSCP, DSCP_CHAIN, Rule


def compile_dscp(document: Document, family: int) -> Iterator[Rule]:
    networks = {network.name: network for network in document.networks}
    for endpoint in document.endpoints:
        for attachment in endpoint.attachments:
            if attachment.dscp is None:
                continue
            door = networks[attachment.network].bridge_name or attachment.host_interface_name
            for address in attachment.addresses:
                if ip_version(address) == family:
                    value = "0x%02x" % attachment.dscp
                    yield Rule(family, "mangle", DSCP_CHAIN, 10, DSCP, document.scope, endpoint.name, in_interface=door, source=address, to=value)
