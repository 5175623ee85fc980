# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""One layer 2 on many hosts, in VXLAN tunnels."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Sequence, Tuple

from ..._document.entry import Entry
from ..._document.scene import Scene
from ..._model.document import Document
from ..._model.objects import KernelObject
from ..._model.rule import Rule
from ..._model.snapshot import Facts
from ..base import Common, Driver, HostView, Side, Way
from ..bridged import list_sealed_ways
from ..segment import Segment
from .check import check_overlays
from .host import check_host_tunnels
from .keys import SCHEMA
from .network import OverlayNetwork
from .objects import compile_overlay
from .policy import list_overlay_rules
from .read import merge_rows, read_overlay


class OverlayDriver(Driver[OverlayNetwork]):
    network = OverlayNetwork
    schema = SCHEMA

    def read(self, entry: Entry, common: Common) -> OverlayNetwork:
        return read_overlay(entry, common)

    def merge(self, raw: Mapping[str, Any], shared: Mapping[str, Any]) -> Mapping[str, Any]:
        return merge_rows(raw, shared)

    def check(self, networks: Sequence[OverlayNetwork], scene: Scene) -> None:
        check_overlays(networks, scene)

    def check_host(self, networks: Sequence[OverlayNetwork], view: HostView) -> None:
        check_host_tunnels(networks, view)

    def compile(self, network: OverlayNetwork, scope: str, facts: Facts) -> Tuple[Segment, Tuple[KernelObject, ...]]:
        return compile_overlay(network, scope, facts)

    def list_rules(self, network: OverlayNetwork, family: int, document: Document) -> Iterable[Rule]:
        return list_overlay_rules(network, family, document.scope)

    def list_sealed_ways(self, network: OverlayNetwork, _document: Document) -> Sequence[Way]:
        return list_sealed_ways(network)

    def list_sides(self, network: OverlayNetwork, _family: int, _document: Document) -> Sequence[Side]:
        return [(network.bridge_name, None)]


DRIVER = OverlayDriver()
