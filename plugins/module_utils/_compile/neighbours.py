# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Neighbours kept apart who reach each other's published ports.

With br_netfilter the kernel sends a translated frame straight to the port of its new address, unless its route leads out by another link than the bridge;
and between ports that are kept apart it sends none. So what comes from such a bridge and is for a neighbour is routed to the neighbour's own link, where
the firewall judges it as it judges everything that the host forwards. Frames that were not translated still meet the ports.
"""

from __future__ import annotations

from typing import List

from .._model.addresses import ip_version
from .._model.document import Document
from .._model.names import source_table
from .._model.objects import KernelObject, Neighbour, PolicyRule, Route
from .._model.place import HOST
from .._model.snapshot import Facts

# Before the main table (32766), and behind what the host's administrator puts first.
PRIORITY = 30000
WHOLE = {4: 32, 6: 128}


def compile_neighbours(document: Document, facts: Facts) -> List[KernelObject]:
    """Return the ways between the endpoints of networks without `enable_icc` on which something is published."""
    objects: List[KernelObject] = []
    for network in document.networks if facts.bridge_filter else ():
        if not (network.isolates and network.publishes):
            continue
        members = [(endpoint, item) for endpoint in document.endpoints for item in endpoint.attachments if item.network == network.name]
        if not any(endpoint.ports for endpoint, _item in members):
            continue
        table = source_table(document.scope, network.name)
        for subnet in (item.subnet for item in network.subnets if facts.ipv6 or ":" not in item.subnet):
            objects.append(PolicyRule(HOST, ip_version(subnet), PRIORITY, subnet, table, network.bridge_name))
        for _endpoint, item in members:
            for address in item.addresses if item.mac_address else ():
                if facts.ipv6 or ":" not in address:
                    objects.append(Route(HOST, "%s/%d" % (address, WHOLE[ip_version(address)]), table, device=item.host_interface_name))
                    objects.append(Neighbour(HOST, item.host_interface_name, address, item.mac_address))
    return objects
