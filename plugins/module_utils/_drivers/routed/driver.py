# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Endpoints behind wires of their own, reached by routes."""

from __future__ import annotations

from typing import Any, Iterable, List, Mapping, Sequence, Tuple

from ..._document.entry import Entry
from ..._document.scene import Scene
from ..._model.document import Document
from ..._model.errors import Problem
from ..._model.objects import KernelObject
from ..._model.rule import Rule
from ..._model.snapshot import Facts
from ..base import Common, Driver, HostView, Side, Way
from ..segment import Segment
from .check import check_routed
from .host import check_routed_host
from .keys import SCHEMA
from .network import RoutedNetwork
from .objects import compile_routed
from .policy import find_doors, list_routed_rules, list_sealed_ways
from .read import merge_peers, read_routed, refuse_whole


class RoutedDriver(Driver[RoutedNetwork]):
    network = RoutedNetwork
    schema = SCHEMA

    def read(self, entry: Entry, common: Common) -> RoutedNetwork:
        return read_routed(entry, common)

    def refuse_on_host(self, network: RoutedNetwork, path: str, problems: List[Problem]) -> None:
        refuse_whole(network, path, problems)

    def merge(self, raw: Mapping[str, Any], shared: Mapping[str, Any]) -> Mapping[str, Any]:
        return merge_peers(raw, shared)

    def check(self, networks: Sequence[RoutedNetwork], scene: Scene) -> None:
        check_routed(networks, scene)

    def check_host(self, networks: Sequence[RoutedNetwork], view: HostView) -> None:
        check_routed_host(networks, view)

    def compile(self, network: RoutedNetwork, scope: str, facts: Facts) -> Tuple[Segment, Tuple[KernelObject, ...]]:
        return compile_routed(network, scope, facts)

    def list_rules(self, network: RoutedNetwork, family: int, document: Document) -> Iterable[Rule]:
        return list_routed_rules(network, family, document)

    def list_sealed_ways(self, network: RoutedNetwork, document: Document) -> Sequence[Way]:
        return list_sealed_ways(network, document)

    def list_sides(self, network: RoutedNetwork, family: int, document: Document) -> Sequence[Side]:
        return [(door, subnet.subnet) for door in find_doors(network, document) for subnet in network.subnets_of(family)]


DRIVER = RoutedDriver()
