# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Endpoints on a bridge of the host."""

from __future__ import annotations

from typing import Iterable, Mapping, Sequence, Tuple

from ..._document.entry import Entry
from ..._document.scene import Scene
from ..._model.document import Document
from ..._model.objects import KernelObject
from ..._model.rule import Rule
from ..._model.snapshot import Facts
from ..base import Common, Driver, HostView, Side, Way
from ..bridged import list_sealed_ways
from ..segment import Segment
from .check import check_bridges
from .host import check_host_bridges, settle_bridge
from .keys import SCHEMA
from .network import BridgeNetwork
from .objects import compile_bridge
from .policy import list_bridge_rules, list_host_rules
from .read import read_bridge


class BridgeDriver(Driver[BridgeNetwork]):
    network = BridgeNetwork
    schema = SCHEMA

    def has_usual_gateway(self, raw: Mapping[str, object]) -> bool:
        return not raw.get("interfaces")

    def read(self, entry: Entry, common: Common) -> BridgeNetwork:
        return read_bridge(entry, common)

    def check(self, networks: Sequence[BridgeNetwork], scene: Scene) -> None:
        check_bridges(networks, scene)

    def settle(self, network: BridgeNetwork, facts: Facts) -> BridgeNetwork:
        return settle_bridge(network, facts)

    def check_host(self, networks: Sequence[BridgeNetwork], view: HostView) -> None:
        check_host_bridges(networks, view)
        if any(network.interfaces for network in networks):
            from .host_ports import check_host_ports

            check_host_ports(networks, view)
        if any(network.vrf for network in networks):
            from .host_vrf import check_host_vrfs

            check_host_vrfs(networks, view)

    def compile(self, network: BridgeNetwork, scope: str, facts: Facts) -> Tuple[Segment, Tuple[KernelObject, ...]]:
        return compile_bridge(network, scope, facts)

    def list_rules(self, network: BridgeNetwork, family: int, document: Document) -> Iterable[Rule]:
        return list_bridge_rules(network, family, document)

    def list_shared_rules(self, networks: Sequence[BridgeNetwork], family: int, document: Document) -> Iterable[Rule]:
        return list_host_rules(networks, family, document)

    def list_sealed_ways(self, network: BridgeNetwork, _document: Document) -> Sequence[Way]:
        return () if network.on_lan else list_sealed_ways(network)

    def list_sides(self, network: BridgeNetwork, family: int, _document: Document) -> Sequence[Side]:
        # What is led through a VRF comes in by that.
        return [(network.bridge_name, None), *((network.vrf, subnet.subnet) for subnet in network.subnets_of(family) if network.vrf)]


DRIVER = BridgeDriver()
