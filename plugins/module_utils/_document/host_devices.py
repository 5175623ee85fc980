# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules between the devices of a declaration and the links this host has."""

from __future__ import annotations

from typing import Dict

from .._drivers.base import HostView
from .._model.devices import find_homes
from .._model.mark import read_mark
from .._model.snapshot import Facts
from .check_routers import links_of_the_host
from .scene import Scene

LINKS_SHOWN = 6


def check_host_devices(view: HostView) -> None:
    """Report devices that this host does not have, has twice, or is managed through."""
    document, facts, carriers = view.document, view.facts, view.connection.carriers
    owners: Dict[str, str] = {}
    used = {name: path for path, _value, name in links_of_the_host(Scene(document, "networks", "endpoints", frozenset(), view.problems))}
    for endpoint in document.endpoints:
        for index, device in enumerate(endpoint.devices):
            key = "name" if device.name else "mac" if device.mac else "pci_address"
            path, value = "endpoints[%s].devices[%d].%s" % (endpoint.name, index, key), device.name or device.mac or device.pci_address
            homes = find_homes(device, endpoint, document.scope, facts)
            if not homes:
                view.report(path, value, "no such link on this host", _known(facts), True)
            elif len(homes) > 1:
                view.report(path, value, "several links of this host have it: %s" % ", ".join(sorted(homes)), "use name")
            elif homes[0] in owners:
                view.report(path, value, "this is %s, which endpoint %s gets already" % (homes[0], owners[homes[0]]), "a link has one place")
            elif homes[0] in used and not device.name:
                view.report(path, value, "this is %s, which %s names" % (homes[0], used[homes[0]]), "a link has one place")
            elif not view.allow_management and homes[0] in carriers | {facts.default_device()}:
                reason = "carries the connection to this host" if homes[0] in carriers else "is the way of the host's default route"
                view.report(path, value, "%s %s" % (homes[0], reason), "use another link or set allow_management: true")
            owners.update(dict.fromkeys(homes, endpoint.name))


def _known(facts: Facts) -> str:
    """Return the links a user may have meant."""
    names = [name for name, link in facts.links.items() if name != "lo" and read_mark(link.alias) is None and not link.nature.is_end]
    more = ", ..." if len(names) > LINKS_SHOWN else ""
    return "it has %s%s" % (", ".join(sorted(names)[:LINKS_SHOWN]) or "none", more)
