# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""A bridge in a VRF: behind the first hook the kernel shows the VRF as the interface that a packet came in by."""

from __future__ import annotations

from dataclasses import replace
from typing import Iterable, Iterator

from .._model.addresses import ip_version
from .._model.document import BridgeNetwork
from .._model.rule import Rule


def rules_in_vrf(rules: Iterable[Rule], network: BridgeNetwork) -> Iterator[Rule]:
    """Return the rules of a network for both names. Others may be in the VRF too, so what is let in is known by its source as well."""
    bridge, vrf = network.bridge_name, network.vrf
    for rule in rules:
        if vrf is None or rule.in_interface not in (bridge, "!" + bridge):
            yield rule
        elif rule.in_interface == "!" + bridge:
            yield replace(rule, in_interface="!" + vrf)
        else:
            yield rule
            if rule.target == "ACCEPT" and rule.source is None and not rule.ct_state and rule.icmp_type is None:
                for subnet in network.subnets:
                    if ip_version(subnet.subnet) == rule.family:
                        yield replace(rule, in_interface=vrf, source=subnet.subnet)
            else:
                yield replace(rule, in_interface=vrf)
