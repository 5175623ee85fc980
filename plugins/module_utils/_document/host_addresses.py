# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules between the addresses of endpoints on a LAN and those this host has itself."""

from __future__ import annotations

from .._drivers.base import HostView
from .._model.addresses import canonical_ip


def check_own_addresses(view: HostView) -> None:
    """Report endpoints with an address of the host itself: on a LAN they are its neighbours."""
    own = {canonical_ip(address.partition("/")[0]): device for device, address in view.facts.addresses}
    lans = {network.name for network in view.document.networks if network.on_lan}
    for endpoint in view.document.endpoints:
        for attachment in endpoint.attachments:
            for address in attachment.addresses if attachment.network in lans else ():
                if address in own:
                    path = "endpoints[%s].networks[%s]" % (endpoint.name, attachment.network)
                    rule = "the host itself has this address on %s" % own[address]
                    view.report(path, address, rule, "use another, or keep it out by ip_range or aux_addresses")
