# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules between the ports a bridge shall have and the host's links as they are."""

from __future__ import annotations

from typing import Optional, Sequence, Tuple

from ..._model import names
from ..._model.lending import write_mark
from ..._model.link import Link
from ..._model.mark import ALIAS_LIMIT, SHARED_ROLE, UNFINISHED, Mark, read_mark
from ..._model.snapshot import Facts
from ..base import HostView
from .host import held_addresses
from .network import BridgeNetwork

OVERRIDE = "use another interface or set allow_management: true"


def check_host_ports(networks: Sequence[BridgeNetwork], view: HostView) -> None:
    """Report links that cannot become ports."""
    facts, scope = view.facts, view.document.scope
    for network in networks:
        if network.interfaces:
            path = "networks[%s].interfaces" % network.name
            existing = facts.links.get(network.bridge_name)
            if existing is not None and read_mark(existing.alias) is None:
                rule = "bridge %s was not made by this collection, which cannot note there what it moved" % network.bridge_name
                view.report(path, ", ".join(network.interfaces), rule, "add the interface where the bridge is made")
            for index, name in enumerate(network.interfaces):
                place = "%s[%d]" % (path, index)
                fault = _fault(network, name, scope, facts)
                if fault is None and name in view.connection.carriers and not view.allow_management and not _is_port(network, facts.links.get(name)):
                    fault = ("interface %s carries this SSH connection" % name, OVERRIDE)
                if fault is not None:
                    view.report(place, name, *fault, may_pass=name not in facts.links)
            mark = str(write_mark(network, [name for name in network.interfaces if name in facts.links], scope, facts))
            if len(mark) > ALIAS_LIMIT:
                rule = "with the addresses the ports have, the bridge's mark has %d characters, and the kernel keeps %d" % (len(mark), ALIAS_LIMIT)
                view.report(path, len(network.interfaces), rule, "name fewer interfaces, and first the one with most addresses")
            low = _mtu_fault(network, facts)
            if low is not None:
                view.report("networks[%s].mtu" % network.name, network.mtu, "above the MTU of the port %s" % low[0], "at most %d" % low[1])
            held = next(held_addresses(network, facts), None)
            if network.gateway_on_host and held is not None:
                rule = "the host has %s on %s, and the network's rules would close the host to its neighbours there" % held
                view.report("networks[%s].gateway_on_host" % network.name, True, rule, "set gateway_on_host: false")


def _is_port(network: BridgeNetwork, link: Optional[Link]) -> bool:
    return link is not None and link.master == network.bridge_name


def _fault(network: BridgeNetwork, name: str, scope: str, facts: Facts) -> Optional[Tuple[str, str]]:
    vlan, link = names.split_vlan(name), facts.links.get(name)
    if link is None and vlan and vlan[0] in facts.links:
        return _lower_fault(facts.links[vlan[0]], facts)
    if link is None:
        return "no such interface on this host", "correct or remove it"
    if link.nature.has_ports and read_mark(link.alias) is None:
        return "interface %s is a bridge, and a bridge is no port of another" % name, "use it with bridge_name: %s" % name
    is_ours = vlan is not None and link.alias in (str(Mark(scope, SHARED_ROLE)), UNFINISHED)
    fault = None if is_ours else _common_fault(link, facts)
    if fault is not None:
        return fault
    if link.master and not _is_port(network, link):
        return "interface %s is a port of %s already" % (name, link.master), "take it out first"
    return None


def _lower_fault(link: Link, facts: Facts) -> Optional[Tuple[str, str]]:
    """Return what is wrong with the link below a VLAN that is still to be made."""
    fault = _common_fault(link, facts)
    if fault is None and not link.up:
        return "interface %s is down" % link.name, "raise it: ip link set %s up" % link.name
    return fault


def _common_fault(link: Link, facts: Facts) -> Optional[Tuple[str, str]]:
    mark = read_mark(link.alias)
    if mark is not None:
        return "interface %s was made by this collection (scope '%s')" % (link.name, mark.scope), "name a link of the host itself"
    if link.name in facts.wireless:
        return "interface %s is a radio, and an access point takes frames of one MAC only" % link.name, "use driver ipvlan or routed"
    if not link.has_mac:
        return "interface %s has no MAC address, and so no place on a LAN" % link.name, "name an interface that is on a LAN"
    return None


def _mtu_fault(network: BridgeNetwork, facts: Facts) -> Optional[Tuple[str, int]]:
    """Return the first port that takes less than the network declares, and how much it takes."""
    for name in network.interfaces if network.mtu is not None else ():
        vlan = names.split_vlan(name)
        link = facts.links.get(name) or (facts.links.get(vlan[0]) if vlan else None)
        if link is not None and link.mtu is not None and network.mtu is not None and network.mtu > link.mtu:
            return name, link.mtu
    return None
