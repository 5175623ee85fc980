# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Host ports for publications that name none, chosen for each host on its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Sequence, Tuple

from ...module_utils._document.free_ports import choose_ports
from ...module_utils._model.document import Document
from ...module_utils._model.errors import Problem
from .addresses import owner_key
from .lock import Lock
from .reading import ENDPOINTS, Host

Recorded = Dict[str, Dict[str, int]]


def choose_host_ports(hosts: Sequence[Host], *, scope: str, lock: Lock, problems: List[Problem]) -> Tuple[Tuple[Host, ...], Recorded]:
    """Return the hosts with every port of theirs filled in, and what to record: those that no variable names."""
    recorded: Recorded = {}
    filled = []
    for host in hosts:
        if not all(port.published for endpoint in host.endpoints for port in endpoint.ports):
            host = _choose(host, scope, lock, problems)
            for endpoint in host.endpoints:
                chosen = {port.wish: port.published for port in endpoint.ports if port.given}
                if chosen:
                    recorded[owner_key(host.name, endpoint.name, shared=False)] = chosen
        filled.append(host)
    return tuple(filled), recorded


def _choose(host: Host, scope: str, lock: Lock, problems: List[Problem]) -> Host:
    keys = ((endpoint.name, owner_key(host.name, endpoint.name, shared=False)) for endpoint in host.endpoints)
    taken = {name: lock.ports[key] for name, key in keys if key in lock.ports}
    document = Document(scope, host.networks, host.endpoints)
    document = choose_ports(document, recorded=taken, problems=problems, path="%s.%s" % (host.path, ENDPOINTS))
    return replace(host, endpoints=document.endpoints)
