# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A driver that the collection does not have: what it takes to add one. In a folder of its own, this would be one file for each class and function."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Iterator, Mapping, Sequence, Tuple

from ansible_collections.netloom.container_net.plugins.module_utils._document.entry import Entry
from ansible_collections.netloom.container_net.plugins.module_utils._document.scalars import integer, read_interface_name
from ansible_collections.netloom.container_net.plugins.module_utils._document.scene import Scene
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.base import Common, Driver, HostView, Way
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.bridged import BridgedSegment, list_sealed_ways
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.mtu import STANDARD_MTU
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.segment import Segment
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.bridge import Bridge
from ansible_collections.netloom.container_net.plugins.module_utils._model.document import Attachment, Document
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import BridgePort, Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.mark import Mark, read_mark
from ansible_collections.netloom.container_net.plugins.module_utils._model.network import MadeLink, Network
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import KernelObject
from ansible_collections.netloom.container_net.plugins.module_utils._model.place import HOST
from ansible_collections.netloom.container_net.plugins.module_utils._model.rule import FORWARD_CHAIN, Rule
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Facts
from ansible_collections.netloom.container_net.plugins.module_utils._schema.schema import Field, Schema

BRIDGE_NAME = Field("bridge_name", read_interface_name, None, "Name of the bridge.", default_words="C(hub-) and the network's name")
ROOM = Field("room", integer(1, 64), 8, "Endpoints that it has room for.", provided=True)


@dataclass(frozen=True)
class HubNetwork(Network):
    """A bridge without a memory: what one endpoint sends, all hear."""

    driver = "hub"
    is_bridged = True
    is_local = True

    bridge_name: str = ""
    room: int = 8  # endpoints

    @property
    def home_devices(self) -> Tuple[str, ...]:
        return (self.bridge_name,)

    @property
    def made_links(self) -> Tuple[MadeLink, ...]:
        return (MadeLink("bridge_name", self.bridge_name, "the hub of"),)

    def reaches(self, _one: Attachment, _other: Attachment, local: bool) -> bool:
        return local


class HubDriver(Driver[HubNetwork]):
    network = HubNetwork
    schema = Schema("driver hub", (BRIDGE_NAME, ROOM))

    def read(self, entry: Entry, common: Common) -> HubNetwork:
        return HubNetwork(bridge_name=entry.get(BRIDGE_NAME) or "hub-" + common.name, room=entry.get(ROOM), **common.fields())

    def merge(self, raw: Mapping[str, Any], shared: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**raw, "room": shared["room"]}

    def check(self, networks: Sequence[HubNetwork], scene: Scene) -> None:
        for network in networks:
            members = sum(item.network == network.name for endpoint in scene.document.endpoints for item in endpoint.attachments)
            if members > network.room:
                scene.report(scene.network(network) + ".room", network.room, "%d endpoints are on it" % members, "use a larger hub")

    def check_host(self, networks: Sequence[HubNetwork], view: HostView) -> None:
        for network in networks:
            link = view.facts.links.get(network.bridge_name)
            if link is not None and read_mark(link.alias) is None:
                view.report("networks[%s].bridge_name" % network.name, network.bridge_name, "somebody else has a link of this name", "choose another")

    def compile(self, network: HubNetwork, scope: str, facts: Facts) -> Tuple[Segment, Tuple[KernelObject, ...]]:
        mtu = network.mtu or STANDARD_MTU
        mark = str(Mark(scope, "network", network.name))
        link = Link(HOST, network.bridge_name, kind=Bridge(ageing_time=0), mtu=mtu, up=True, alias=mark)
        return BridgedSegment(network, mtu, network.bridge_name, BridgePort(hairpin=False, isolated=False)), (link,)

    def list_rules(self, network: HubNetwork, family: int, document: Document) -> Iterator[Rule]:
        rule = partial(Rule, family, "filter", FORWARD_CHAIN, scope=document.scope, owner=network.name)
        yield rule(9, "DROP", in_interface=network.bridge_name, out_interface="!" + network.bridge_name)
        yield rule(9, "DROP", in_interface="!" + network.bridge_name, out_interface=network.bridge_name)

    def list_sealed_ways(self, network: HubNetwork, _document: Document) -> Sequence[Way]:
        return list_sealed_ways(network)
