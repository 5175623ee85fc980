# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules between macvlan and ipvlan networks and the links the host has now."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional, Sequence, TypeVar

from .._model import names, span
from .._model.addresses import is_link_local
from .._model.link import Link
from .._model.mark import ALIAS_LIMIT, SHARED_ROLE, UNFINISHED, read_mark, share_mark
from .._model.snapshot import Facts
from .base import HostView
from .parent_network import ParentNetwork

NAMES_SHOWN = 6


P = TypeVar("P", bound=ParentNetwork)


def settle_parent(network: P, facts: Facts) -> P:
    """Return a network with the host's default parent where it names none."""
    return replace(network, parent=facts.default_device()) if network.parent is None and not network.internal else network


def check_host_parents(networks: Sequence[ParentNetwork], view: HostView) -> None:
    """Report what stands in the way of macvlan and ipvlan networks on this host. Every parent is filled in."""
    for network in networks:
        _Inspector(network, view).check()


class _Inspector:
    """Looks at one network's parent; after the first fault of the parent itself the rest would only follow."""

    def __init__(self, network: ParentNetwork, view: HostView) -> None:
        self.network = network
        self.view = view
        self.facts = view.facts

    def check(self) -> None:
        if self.network.internal:
            return
        link = self._find_parent()
        if link is None or not self._check_state(link):
            return
        self._check_mtu(link)
        if link.name == self.network.parent:
            self._check_mark(link, share_mark(self.view.document.scope, link.alias or "") or "")
        # What stands on a VLAN that is still to be made takes nothing of the link below it.
        if self.network.takes_parent and not self.view.allow_management and link.name == self.network.parent:
            self._check_handover(link)
        if self.network.wants_host_address:
            self._check_host_access(link)

    def _report(self, key: str, value: object, rule: str, fix: str, may_pass: bool = False) -> None:
        self.view.report("networks[%s].%s" % (self.network.name, key), value, rule, fix, may_pass)

    def _find_parent(self) -> Optional[Link]:
        """Return the link the network stands on; of a VLAN that is still to be made, the link below it."""
        parent = self.network.parent
        if parent is None:
            self._report("parent", None, "none is named, and this host has no default route to take it from", "name the interface that is on the LAN", True)
            return None
        vlan = names.split_vlan(parent)
        link = self.facts.links.get(parent) or (self.facts.links.get(vlan[0]) if vlan else None)
        if link is None:
            known = sorted(name for name, found in self.facts.links.items() if name != "lo" and read_mark(found.alias) is None)
            listed = ", ".join(known[:NAMES_SHOWN]) + (", ..." if len(known) > NAMES_SHOWN else "")
            self._report("parent", parent, "no such interface on this host, in its own network namespace", "it has %s" % (listed or "none"), True)
        return link

    def _check_state(self, link: Link) -> bool:
        mark = read_mark(link.alias)
        if not link.has_mac:
            rule = "interface %s has no MAC address, and so no place on a LAN" % link.name
            self._report("parent", link.name, rule, "name an interface that is on a LAN")
            return False
        if link.nature.takes_all and mark is not None:
            rule = "%s was made by this collection on %s and cannot carry others" % (link.label, link.nature.lower or "another link")
            self._report("parent", link.name, rule, "name another parent")
            return False
        if not link.up and (mark is None or mark.role != SHARED_ROLE) and link.alias != UNFINISHED:
            self._report("parent", link.name, "interface %s is down" % link.name, "raise it: ip link set %s up" % link.name, True)
            return False
        master = self.facts.links.get(link.master or "")
        if master is not None and not master.nature.is_domain:
            rule = "interface %s is a port of %s %s and passes all its frames there" % (link.name, "bridge" if master.nature.has_ports else "link", master.name)
            self._report("parent", link.name, rule, "use %s as parent" % master.name)
            return False
        if not self.network.of_one_mac and link.name in self.facts.wireless:
            rule = "interface %s is a radio, and an access point takes frames of one MAC only" % link.name
            self._report("parent", link.name, rule, "use driver ipvlan, or driver bridge")
            return False
        return True

    def _check_mtu(self, link: Link) -> None:
        if self.network.mtu is not None and link.mtu is not None and self.network.mtu > link.mtu:
            self._report("mtu", self.network.mtu, "above the MTU of the parent %s" % link.name, "at most %d" % link.mtu)

    def _check_mark(self, link: Link, mark: str) -> None:
        if len(mark) > ALIAS_LIMIT:
            rule = "with this scope the names of all that share %s take %d characters, and the kernel keeps %d" % (link.name, len(mark), ALIAS_LIMIT)
            self._report("parent", link.name, rule, "name another parent, or a shorter scope")

    def _check_handover(self, link: Link) -> None:
        held = [address for device, address in self.facts.addresses if device == link.name and not is_link_local(address)]
        if held:
            rule = "in mode passthru the container takes all frames of %s, and the host's address %s would be cut off" % (link.name, held[0])
            self._report("parent", link.name, rule, "use a parent without addresses, or mode bridge")

    def _check_host_access(self, link: Link) -> None:
        held = [address.partition("/")[0] for device, address in self.facts.addresses if device == self.network.parent]
        for index, subnet in enumerate(self.network.subnets):
            if not any(span.holds(subnet.subnet, address) for address in held):
                rule = "host_access needs an address of the host in %s on %s, it has %s" % (subnet.subnet, self.network.parent, ", ".join(held[:2]) or "none")
                path = "ipam_config[%d].subnet" % index
                self._report(path, subnet.subnet, rule, "give it one or remove host_access", True)
        if not self.network.subnets:
            self._report("host_access", True, "the network has no subnet", "add ipam_config or remove host_access")
