# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to this collection: anything here may change without notice.

"""Endpoints with the MAC of a link of the host, on its segment or behind its routes."""

from __future__ import annotations

from typing import Sequence, Tuple

from ..._document.entry import Entry
from ..._document.scene import Scene
from ..._model.objects import KernelObject
from ..._model.snapshot import Facts
from ..base import Common, Driver, HostView
from ..check_parents import check_parent_networks
from ..host_parents import check_host_parents, settle_parent
from ..segment import Segment
from .keys import SCHEMA
from .network import IpvlanNetwork
from .objects import compile_ipvlan
from .read import read_ipvlan


class IpvlanDriver(Driver[IpvlanNetwork]):
    network = IpvlanNetwork
    schema = SCHEMA

    def read(self, entry: Entry, common: Common) -> IpvlanNetwork:
        return read_ipvlan(entry, common)

    def check(self, networks: Sequence[IpvlanNetwork], scene: Scene) -> None:
        check_parent_networks(networks, scene)

    def settle(self, network: IpvlanNetwork, facts: Facts) -> IpvlanNetwork:
        return settle_parent(network, facts)

    def check_host(self, networks: Sequence[IpvlanNetwork], view: HostView) -> None:
        check_host_parents(networks, view)

    def compile(self, network: IpvlanNetwork, scope: str, facts: Facts) -> Tuple[Segment, Tuple[KernelObject, ...]]:
        return compile_ipvlan(network, scope, facts)


DRIVER = IpvlanDriver()
