# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A host's whole declaration as one request."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .._compile.document import compile_document
from .._compile.firewall import compile_firewall
from .._document.host import check_host
from .._document.reader import read_document
from .._kernel.sockets import listening_sockets
from .._model.document import Document
from .._model.errors import InputError, Problem
from .._model.objects import KernelObject
from .._model.rule import Rule
from .._model.snapshot import Facts
from .engine import Build


def merge_overlays(networks: object, overlays: object) -> object:
    """Give each declared overlay the peers and remote endpoints that the fleet's plan lists once for all hosts."""
    if overlays is None or not isinstance(networks, list):
        return networks
    if not isinstance(overlays, Mapping):
        raise InputError((Problem("overlays", overlays, "must be a map of network names", "pass the overlays of fleet_plan"),))
    merged: List[object] = []
    for network in networks:
        name = network.get("name") if isinstance(network, dict) and network.get("driver") == "overlay" else None
        shared = overlays.get(name) if isinstance(name, str) else None
        if isinstance(shared, Mapping):
            own = network.get("vtep_address")
            network = {**network, "peers": _others(shared.get("peers"), own), "remote_endpoints": _others(shared.get("endpoints"), own)}
        merged.append(network)
    return merged


def _others(rows: object, own: object) -> object:
    """Leave out what lives on this host; the plan lists every host's rows once."""
    if not isinstance(rows, list):
        return rows
    return [row for row in rows if not (isinstance(row, dict) and row.get("vtep") == own)]


def read_declaration(scope: str, networks: object, endpoints: object, overlays: object) -> Document:
    return read_document({"scope": scope, "networks": merge_overlays(networks, overlays), "endpoints": endpoints})


def build_declaration(document: Document, *, allow_management: bool) -> Build:
    """Return the function that compiles the declaration for the host it finds itself on."""

    def build(facts: Facts) -> Tuple[Sequence[KernelObject], Sequence[Rule]]:
        problems: List[Problem] = []
        ssh_peer, ssh_port = management_connection(os.environ)
        links: Dict[str, Optional[str]] = {name: link.alias for name, link in facts.links.items()}
        check_host(
            document,
            addresses=facts.addresses,
            routes=facts.routes,
            links=links,
            ssh_peer=ssh_peer,
            ipv6_enabled=facts.ipv6,
            listening=listening_sockets(),
            ssh_port=ssh_port,
            allow_management=allow_management,
            problems=problems,
        )
        if problems:
            raise InputError(tuple(problems))
        return compile_document(document, facts), compile_firewall(document, forwarding_off=facts.forwarding_off, ipv6=facts.ipv6)

    return build


def management_connection(environment: Mapping[str, str]) -> Tuple[Optional[str], Optional[int]]:
    """Return the address of whoever manages this host over SSH, and the port he came in on."""
    parts = environment.get("SSH_CONNECTION", "").split()
    if len(parts) != 4 or not parts[3].isdigit():
        return None, None
    return parts[0], int(parts[3])


def describe_endpoints(document: Document) -> List[Dict[str, Any]]:
    """Return the endpoints with everything that was allocated or derived for them."""
    return [
        {
            "name": endpoint.name,
            "place": endpoint.place,
            "networks": [
                {
                    "name": attachment.network,
                    "interface_name": attachment.interface_name,
                    "host_interface_name": attachment.host_interface_name,
                    "ipv4_address": attachment.ipv4_address,
                    "ipv6_address": attachment.ipv6_address,
                    "mac_address": attachment.mac_address,
                }
                for attachment in endpoint.attachments
            ],
            "ports": [str(port) for port in endpoint.ports],
        }
        for endpoint in document.endpoints
    ]
