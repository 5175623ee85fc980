# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules between the ports a bridge shall have and the host's links as they are."""

from __future__ import annotations

from typing import FrozenSet, Iterator, List, Optional, Tuple

from .._model.document import BridgeNetwork, Document
from .._model.errors import Problem
from .._model.link import Bridge, Link
from .._model.mark import PROTOCOL, read_mark
from .._model.objects import Address
from .._model.snapshot import Facts

OVERRIDE = "use another interface or set allow_management: true"


def check_host_ports(document: Document, facts: Facts, carriers: FrozenSet[str], *, allow_management: bool, problems: List[Problem]) -> None:
    """Report links that cannot become ports. `carriers` are those that carry the connection this host is managed by."""
    for network in document.networks:
        if isinstance(network, BridgeNetwork) and network.interfaces:
            path = "networks[%s].interfaces" % network.name
            existing = facts.links.get(network.bridge_name)
            if existing is not None and read_mark(existing.alias) is None:
                rule = "bridge %s was not made by this collection, which cannot note there what it moved" % network.bridge_name
                problems.append(Problem(path, ", ".join(network.interfaces), rule, "add the interface where the bridge is made"))
            for index, name in enumerate(network.interfaces):
                place = "%s[%d]" % (path, index)
                fault = _fault(network, name, facts)
                if fault is None and name in carriers and not allow_management and not _is_port(network, facts.links.get(name)):
                    fault = ("interface %s carries this SSH connection" % name, OVERRIDE)
                if fault is not None:
                    problems.append(Problem(place, name, *fault))
            held = next(_held(network, facts), None)
            if network.gateway_on_host and held is not None:
                rule = "the host has %s on %s, and the network's rules would close the host to its neighbours there" % held
                problems.append(Problem("networks[%s].gateway_on_host" % network.name, True, rule, "set gateway_on_host: false"))


def _is_port(network: BridgeNetwork, link: Optional[Link]) -> bool:
    return link is not None and link.master == network.bridge_name


def _fault(network: BridgeNetwork, name: str, facts: Facts) -> Optional[Tuple[str, str]]:
    link = facts.links.get(name)
    if link is None:
        return "no such interface on this host", "correct or remove it"
    mark = read_mark(link.alias)
    if name == "lo":
        return "the loopback interface leads nowhere", "name an interface that is on a LAN"
    if mark is not None:
        return "interface %s was made by this collection (scope '%s')" % (name, mark.scope), "name a link of the host itself"
    if isinstance(link.kind, Bridge):
        return "interface %s is a bridge, and a bridge is no port of another" % name, "use it with bridge_name: %s" % name
    if name in facts.wireless:
        return "interface %s is a radio, and an access point takes frames of one MAC only" % name, "use driver ipvlan or routed"
    if link.master and not _is_port(network, link):
        return "interface %s is a port of %s already" % (name, link.master), "take it out first"
    return None


def _held(network: BridgeNetwork, facts: Facts) -> Iterator[Tuple[str, str]]:
    """Yield the host's own addresses that move with the ports, or have moved."""
    for item in facts.entries:
        if isinstance(item, Address) and item.device in network.home_devices and not item.address.startswith("fe80:") and item.protocol not in (None, PROTOCOL):
            yield item.address, item.device
