# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""The host's own way to its macvlan containers, which its own interface cannot reach: a link beside theirs on the same parent.

That link has no address and answers no question. Everything it needs is written down, on both sides: here a route and a
neighbour for each container, there a neighbour for each address of the host. So no other machine on the LAN ever learns the
link's MAC for the host's address, and the host's own traffic on the parent stays as it is.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import List, Sequence, Tuple

from ..._kinds.macvlan import Macvlan
from ..._model import names
from ..._model.addresses import derive_mac
from ..._model.document import Attachment, Endpoint
from ..._model.link import Link
from ..._model.mark import Mark
from ..._model.objects import KernelObject, Neighbour, Route
from ..._model.place import HOST
from ..._model.snapshot import Facts
from ..parent import Parent
from ..segment import find_subnet
from .network import MacvlanNetwork

# Answer no ARP; take nothing from the LAN whose answer would leave by the parent.
SILENT = (("ipv4/arp_ignore", "8"), ("ipv4/rp_filter", "1"))
UNCONFIGURED = (("ipv6/accept_ra", "0"),)
WHOLE = {4: 32, 6: 128}


@dataclass(frozen=True)
class Shim:
    """The host's link, and the host's addresses that containers know it by."""

    name: str
    mac: str
    host_addresses: Tuple[str, ...]

    def lead_to(self, endpoint: Endpoint, attachment: Attachment, network: MacvlanNetwork) -> Sequence[KernelObject]:
        """Return what the host and an endpoint know of each other."""
        objects: List[KernelObject] = []
        known: List[str] = []
        for address in attachment.addresses:
            subnet = find_subnet(network, address)
            mine = [own for own in self.host_addresses if subnet is not None and ipaddress.ip_address(own) in ipaddress.ip_network(subnet.subnet)]
            if not mine:
                continue
            whole = "%s/%d" % (address, WHOLE[6 if ":" in address else 4])
            objects.append(Route(HOST, whole, gateway="", device=self.name, source=mine[0]))
            objects.append(Neighbour(HOST, self.name, address, attachment.mac_address))
            known.extend(own for own in mine if own not in known)
        objects.extend(Neighbour(endpoint.place, attachment.interface_name, own, self.mac) for own in known)
        return objects


def compile_shim(network: MacvlanNetwork, parent: Parent, scope: str, facts: Facts) -> Tuple[Shim, Link]:
    held = [address.partition("/")[0] for device, address in facts.addresses if device == parent.name]
    base = facts.links.get(parent.name) or facts.links.get((names.split_vlan(parent.name) or ("", 0))[0])
    # The parent's MAC is unique on the LAN, so what is derived from it is too: other hosts may have a network of the same name.
    mac = derive_mac(scope, "shim", network.name, (base.mac if base else None) or "")
    link = Link(
        HOST,
        network.shim_name,
        kind=Macvlan(lower=parent.name, lower_place=HOST, mode="bridge"),
        mtu=parent.mtu,
        mac=mac,
        up=True,
        alias=str(Mark(scope, "network", network.name)),
        link_local=False if facts.ipv6 else None,
        sysctls=SILENT + (UNCONFIGURED if facts.ipv6 else ()),
    )
    return Shim(network.shim_name, mac, tuple(address for address in held if facts.ipv6 or ":" not in address)), link
