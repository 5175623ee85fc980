# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Endpoints on the segment of a link of the host, with MACs of their own."""

from __future__ import annotations

from typing import Iterable, Sequence, Tuple

from ..._document.entry import Entry
from ..._document.scene import Scene
from ..._model.document import Document
from ..._model.objects import KernelObject
from ..._model.rule import Rule
from ..._model.snapshot import Facts
from ..base import Common, Driver, HostView
from ..check_parents import check_parent_networks
from ..host_parents import check_host_parents, settle_parent
from ..segment import Segment
from .check import check_passthru
from .keys import SCHEMA
from .network import MacvlanNetwork
from .objects import compile_macvlan
from .policy import list_shim_rules
from .read import read_macvlan


class MacvlanDriver(Driver[MacvlanNetwork]):
    network = MacvlanNetwork
    schema = SCHEMA

    def read(self, entry: Entry, common: Common) -> MacvlanNetwork:
        return read_macvlan(entry, common)

    def check(self, networks: Sequence[MacvlanNetwork], scene: Scene) -> None:
        for network in networks:
            check_passthru(network, scene)
        check_parent_networks(networks, scene)

    def settle(self, network: MacvlanNetwork, facts: Facts) -> MacvlanNetwork:
        return settle_parent(network, facts)

    def check_host(self, networks: Sequence[MacvlanNetwork], view: HostView) -> None:
        check_host_parents(networks, view)

    def compile(self, network: MacvlanNetwork, scope: str, facts: Facts) -> Tuple[Segment, Tuple[KernelObject, ...]]:
        return compile_macvlan(network, scope, facts)

    def list_rules(self, network: MacvlanNetwork, family: int, document: Document) -> Iterable[Rule]:
        return list_shim_rules(network, family, document.scope)


DRIVER = MacvlanDriver()
