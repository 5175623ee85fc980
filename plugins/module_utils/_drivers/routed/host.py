# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules between routed networks and what the host has now."""

from __future__ import annotations

from typing import Sequence

from ..._model import span
from ..base import HostView
from .network import RoutedNetwork


def check_routed_host(networks: Sequence[RoutedNetwork], view: HostView) -> None:
    """Report next hops that no link of the host leads to, and links to answer on that are not there."""
    for network in networks:
        path = "networks[%s]" % network.name
        for index, interface in enumerate(network.proxy_interfaces):
            if interface not in view.facts.links:
                where = "%s.proxy_interfaces[%d]" % (path, index)
                view.report(where, interface, "no such interface on this host", "correct or remove it", True)
        for index, peer in enumerate(network.peers):
            for hop in peer.next_hops:
                place = "%s.peers[%d].next_hops" % (path, index)
                holder = next(((device, cidr) for device, cidr in view.facts.addresses if span.holds(cidr, hop)), None)
                if holder is None:
                    rule = "host %s is on no network that this host is on: a route needs its next hop next door" % peer.host
                    view.report(place, hop, rule, "use its address on a shared network, or an overlay", True)
                elif holder[1].split("/")[0] == hop:
                    view.report(place, hop, "this is an address of this host (on %s)" % holder[0], "list only other hosts")
