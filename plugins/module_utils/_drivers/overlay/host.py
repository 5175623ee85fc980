# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules between the tunnels of overlays and the host's own links."""

from __future__ import annotations

from typing import Sequence

from ..._document.hints import list_known
from ..._model.addresses import canonical_ip
from ..base import HostView
from .network import OverlayNetwork


def check_host_tunnels(overlays: Sequence[OverlayNetwork], view: HostView) -> None:
    """Report tunnel ends that are no address of the host, and underlays that are not there or do not have them."""
    devices = {canonical_ip(cidr.partition("/")[0]): device for device, cidr in view.facts.addresses}
    for network in overlays:
        path = "networks[%s]" % network.name
        if network.vtep_address and network.vtep_address not in devices:
            view.report(path + ".vtep_address", network.vtep_address, "no interface of this host has this address", list_known(devices), True)
        underlay = network.underlay_interface
        if underlay is None:
            continue
        if underlay not in view.facts.links:
            view.report(path + ".underlay_interface", underlay, "no such interface on this host", "correct or remove it", True)
        elif devices.get(network.vtep_address, underlay) != underlay:
            rule = "vtep_address %s is on %s" % (network.vtep_address, devices[network.vtep_address])
            view.report(path + ".underlay_interface", underlay, rule, "correct one of the two")
