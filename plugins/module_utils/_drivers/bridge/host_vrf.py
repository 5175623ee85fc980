# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Rules between the VRFs of the declaration and the links the host has now."""

from __future__ import annotations

from typing import Sequence

from ..._model.mark import read_mark
from ..base import HostView
from .network import BridgeNetwork


def check_host_vrfs(networks: Sequence[BridgeNetwork], view: HostView) -> None:
    """Report a VRF that stands on the host and is none, or not this one. What a scope made itself, the run puts right."""
    named = {network.vrf for network in networks}
    foreign = {link.name: link for link in view.facts.links.values() if read_mark(link.alias) is None}
    tables = {link.nature.table: name for name, link in foreign.items() if link.nature.is_domain and name not in named}
    for network in networks:
        if network.vrf is None:
            continue
        path, link = "networks[%s]" % network.name, foreign.get(network.vrf)
        if link is None:
            if network.vrf_table in tables:
                rule = "this is the table of VRF %s of this host" % tables[network.vrf_table]
                view.report(path + ".vrf_table", network.vrf_table, rule, "choose another table, or vrf: %s" % tables[network.vrf_table])
        elif not link.nature.is_domain:
            view.report(path + ".vrf", network.vrf, "this host has an interface of that name, and it is no VRF", "choose another name")
        elif link.nature.table != network.vrf_table:
            rule = "VRF %s of this host has table %s" % (link.name, link.nature.table)
            view.report(path + ".vrf_table", network.vrf_table, rule, "write vrf_table: %s, or choose another vrf" % link.nature.table)
        elif not link.up:
            view.report(path + ".vrf", network.vrf, "VRF %s is down" % link.name, "raise it: ip link set %s up" % link.name)
