# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kernel of plain objects: it does what Linux does to them, refuses what Linux refuses, and loses what Linux loses.

The planner's golden cases run on it and, in _engine/test_golden_on_kernel.py, on the real one.
"""

from __future__ import annotations

import ipaddress
from dataclasses import fields, replace
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.objects import Chain, Jump
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.bridge import Bridge
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.dummy import Dummy
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.ipvlan import Ipvlan
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.macvlan import Macvlan
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.nic import Nic
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.veth import Veth
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vlan import Vlan
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vrf import Vrf
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vxlan import Vxlan
from ansible_collections.netloom.container_net.plugins.module_utils._model.addresses import derive_mac
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import BridgePort, Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.mark import read_mark
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import (
    MAIN_TABLE,
    Address,
    BridgeVlan,
    FdbEntry,
    KernelObject,
    Namespace,
    Neighbour,
    ProxyNeighbour,
    Route,
    Sysctl,
)
from ansible_collections.netloom.container_net.plugins.module_utils._model.place import HOST
from ansible_collections.netloom.container_net.plugins.module_utils._model.renaming import Names
from ansible_collections.netloom.container_net.plugins.module_utils._model.rows import Rows
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Key, Snapshot
from ansible_collections.netloom.container_net.plugins.module_utils._plan.step import CHANGE, CREATE, DELETE, LOWERED, Step
from object_rows import is_ours, packed, read_object

FRESH = {
    Bridge: Bridge(stp=False, ageing_time=300, multicast_snooping=True, priority=32768),
    Vxlan: Vxlan(vni=0, port=8472, ttl=0, learning=True, proxy=False),
    Veth: Veth("", ""),
    Macvlan: Macvlan(mode="vepa", broadcast_queue_length=1000),
    Ipvlan: Ipvlan(mode="l3", flag="bridge"),
    Vlan: Vlan(protocol="802.1q"),
    Dummy: Dummy(),
    Vrf: Vrf(),
    Nic: Nic(),
}
STACKED = (Macvlan, Ipvlan, Vlan)
FIRST_VLAN = 1
FRESH_PORT = BridgePort(hairpin=False, isolated=False, learning=True, flood=True)
BARE = {"mtu": 1500, "up": False, "master": "", "alias": "", "link_local": True, "sysctls": ()}


class Refused(Exception):
    """The kernel answers with an error."""


class ToyKernel:
    def __init__(self) -> None:
        self.renames_only_lowered = False
        self.objects: Dict[Key, KernelObject] = {}
        self.ours: Set[Key] = set()
        self._bare: Set[Key] = set()  # far ends that came with their pair and wait for their own step

    @classmethod
    def of_rows(cls, rows: Iterable[Mapping[str, Any]]) -> "ToyKernel":
        """Return a kernel that holds the objects of these rows, taken as they are."""
        kernel = cls()
        for row in rows:
            kernel.put(read_object(row), ours=is_ours(row))
        return kernel

    def put(self, item: KernelObject, *, ours: bool = False) -> None:
        """Add an object without asking, its unnamed fields as the kernel shows them for one that is up."""
        if isinstance(item, Link):
            item = _filled(replace(item, up=True if item.up is None else item.up))
        elif isinstance(item, Namespace):
            self.put(Link(item.place, "lo", alias=item.mark or "", up=True))
            item = replace(item, mark=item.mark or "")
        self.objects[item.key] = item
        if ours or isinstance(item, (Neighbour, FdbEntry, Chain, Jump, BridgeVlan)):
            self.ours.add(item.key)

    def copy(self) -> "ToyKernel":
        other = ToyKernel()
        other.objects, other.ours = dict(self.objects), set(self.ours)
        return other

    def snapshot(self) -> Snapshot:
        found = Snapshot()
        for item in packed(self.objects.values()):
            marked = read_mark(getattr(item, "alias", None) or getattr(item, "mark", None)) is not None
            found.add(item, mine=marked or item.key in self.ours or isinstance(item, Rows))
        found.places = {HOST} | {item.place for item in self.objects.values()}
        return found

    def link(self, place: str, name: str) -> Optional[Link]:
        found = self.objects.get(("Link", place, name))
        return found if isinstance(found, Link) else None

    def links(self) -> List[Link]:
        return [item for item in self.objects.values() if isinstance(item, Link)]

    def entries(self, place: str, device: str) -> List[KernelObject]:
        return [item for item in self.objects.values() if item.place == place and getattr(item, "device", None) == device]

    # What steps do.

    def apply(self, steps: Sequence[Step]) -> None:
        wanted = {step.subject.key: step.subject for step in steps if step.action == CREATE}
        for step in steps:
            kind = type(step.subject).__name__.lower()
            try:
                getattr(self, "_%s_%s" % (step.action, kind), getattr(self, "_%s_entry" % step.action))(step, wanted)
            except Refused as error:
                raise Refused("%s: %s" % (step.line, error)) from None
        if self._bare:
            raise Refused("left as they came: %s" % self._bare)

    def _create_namespace(self, step: Step, _wanted: Mapping[Key, KernelObject]) -> None:
        self._refuse_existing(step.subject)
        self.put(step.subject)

    def _delete_namespace(self, step: Step, _wanted: Mapping[Key, KernelObject]) -> None:
        self._require(step.subject.key)
        self.drop_namespace(step.place)

    def _create_link(self, step: Step, wanted: Mapping[Key, KernelObject]) -> None:
        link = step.subject
        assert isinstance(link, Link)
        self._require_place(link.place)
        if isinstance(link.kind, Veth) and not link.kind.leads:
            if link.key not in self._bare:
                raise Refused("the pair was not made")
            self._bare.discard(link.key)
            self._put_fresh(link)
            return
        self._refuse_existing(link)
        self._check_references(link)
        if isinstance(link.kind, Nic):
            home = self.link(HOST, link.kind.home_name or "")
            if home is None or home.alias or home.master:
                raise Refused("no free NIC")
            self.drop_link(HOST, home.name, deleted=False)
        if isinstance(link.kind, Veth):
            far = wanted.get(("Link", link.kind.peer_place, link.kind.peer_name))
            if not isinstance(far, Link):
                raise Refused("no far end")
            self._require_place(far.place)
            self._refuse_existing(far)
            self._put_fresh(far)
            self._bare.add(far.key)
        self._put_fresh(link)

    def _put_fresh(self, link: Link) -> None:
        self._check_references(link)
        self.objects[link.key] = _filled(replace(link, up=bool(link.up)))
        self._plug(link)

    def _plug(self, link: Link) -> None:
        """A bridge that tells VLANs apart gives every new port one."""
        bridge = self.link(link.place, link.master or link.name)
        if bridge is not None and isinstance(bridge.kind, Bridge) and bridge.kind.vlan_filtering:
            self.put(BridgeVlan(link.place, link.name, FIRST_VLAN, untagged=True, native=True), ours=True)

    def _lower(self, link: Link) -> None:
        for entry in self.entries(link.place, link.name):
            if isinstance(entry, (Route, ProxyNeighbour)) or (isinstance(entry, Address) and ":" in entry.address):
                self._forget(entry)

    def _change_link(self, step: Step, _wanted: Mapping[Key, KernelObject]) -> None:
        asked = step.subject
        assert isinstance(asked, Link)
        if step.renames:
            assert isinstance(step.current, Link)
            self._require(step.current.key)
            self.rename_link(step.current, asked.name, lowered=LOWERED in step.groups)
            return
        self._require(asked.key)
        self._check_references(asked)
        found = self.objects[asked.key]
        assert isinstance(found, Link)
        for change in step.changes:
            found = self._change_field(found, asked, change.group, change.field)
        self.objects[found.key] = found

    def rename_link(self, link: Link, name: str, *, lowered: bool = False) -> None:
        self._refuse_existing(replace(link, name=name))
        if lowered:
            self._lower(link)
        elif self.renames_only_lowered and link.up:
            raise Refused("EBUSY")
        names = Names({(link.place, link.name): name})
        moved = [(names.follow(item), key in self.ours) for key, item in self.objects.items()]
        self.objects = {item.key: item for item, _ours in moved}
        self.ours = {item.key for item, ours in moved if ours}

    def _change_field(self, found: Link, asked: Link, group: str, field: str) -> Link:
        if group == "kind":
            if field in asked.nature.CREATE_ONLY or not asked.nature.matches(found.kind):
                raise Refused("EOPNOTSUPP")
            return replace(found, kind=_merged(found.kind, asked.kind))
        if group == "port":
            if not found.master or found.port is None:
                raise Refused("EOPNOTSUPP: not a port")
            return replace(found, port=_merged(found.port, asked.port))
        if group == "sysctls":
            return replace(found, sysctls=tuple({**dict(found.sysctls or ()), **dict(asked.sysctls or ())}.items()))
        if group == "master":
            self._unplug(found)
            for name in (found.master, asked.master):
                master = self.link(found.place, name or "")
                if master is not None and isinstance(master.kind, Vrf):
                    self._lower(found)
            self._plug(replace(found, master=asked.master))
            return replace(found, master=asked.master, port=FRESH_PORT if asked.master else None)
        if group == "up" and asked.up is False:
            self._lower(found)
        return replace(found, **{group: getattr(asked, group)})

    def _delete_link(self, step: Step, _wanted: Mapping[Key, KernelObject]) -> None:
        link = step.subject
        assert isinstance(link, Link)
        self._require(link.key)
        held = self.link(link.place, link.name)
        self.drop_link(link.place, link.name, deleted=not isinstance(link.kind, Nic))
        if held is not None and isinstance(held.kind, Nic):
            home = Link(HOST, held.kind.home_name or "", mtu=held.mtu, mac=held.mac, up=False)
            self._refuse_existing(home)
            self.objects[home.key] = _filled(home)

    def _create_address(self, step: Step, wanted: Mapping[Key, KernelObject]) -> None:
        address = step.subject
        assert isinstance(address, Address)
        self._refuse_existing(address)
        held = [entry.address.partition("/")[0] for entry in self.entries(address.place, address.device) if isinstance(entry, Address)]
        if ":" in address.address and address.address.partition("/")[0] in held:
            raise Refused("EEXIST: with another prefix length")
        self._create_entry(step, wanted)

    def _create_route(self, step: Step, wanted: Mapping[Key, KernelObject]) -> None:
        self._refuse_existing(step.subject)
        self._change_route(step, wanted)

    def _change_route(self, step: Step, wanted: Mapping[Key, KernelObject]) -> None:
        route = step.subject
        assert isinstance(route, Route)
        if route.type in (None, "unicast"):
            self._check_way(route)
        self._create_entry(Step(CREATE, desired=replace(route, type=None if route.type == "unicast" else route.type)), wanted)

    def _check_way(self, route: Route) -> None:
        link = self.link(route.place, route.device or "")
        if link is None or not link.up:
            raise Refused("ENETDOWN")
        if route.gateway and not route.onlink:
            held = [entry.address for entry in self.entries(route.place, link.name) if isinstance(entry, Address)]
            entries = self.entries(route.place, link.name)
            near = held + [entry.destination for entry in entries if isinstance(entry, Route) and not entry.gateway and entry.table == MAIN_TABLE]
            if not any(ipaddress.ip_address(route.gateway) in ipaddress.ip_interface(address).network for address in near):
                raise Refused("ENETUNREACH")

    def _delete_address(self, step: Step, wanted: Mapping[Key, KernelObject]) -> None:
        self._delete_entry(step, wanted)
        address = step.subject
        assert isinstance(address, Address)
        left = [entry for entry in self.entries(address.place, address.device) if isinstance(entry, Address) and ":" not in entry.address]
        if not left:
            # With its last address a device loses its IPv4 routes.
            for entry in self.entries(address.place, address.device):
                if isinstance(entry, Route) and ":" not in entry.destination:
                    self._forget(entry)

    def _create_fdbentry(self, step: Step, wanted: Mapping[Key, KernelObject]) -> None:
        entry = step.subject
        assert isinstance(entry, FdbEntry)
        link = self.link(entry.place, entry.device)
        if link is None or (not entry.remote and not link.master):
            raise Refused("EOPNOTSUPP: not a port")
        self._create_entry(step, wanted)

    def _create_chain(self, step: Step, _wanted: Mapping[Key, KernelObject]) -> None:
        self.put(step.subject)

    _create_jump = _change_chain = _change_jump = _create_sysctl = _create_chain

    def _create_entry(self, step: Step, _wanted: Mapping[Key, KernelObject]) -> None:
        item = step.subject
        self._require_place(item.place)
        device = getattr(item, "device", None)
        if device is not None:
            self._require(("Link", item.place, device))
        self.put(item, ours=True)

    def _change_entry(self, step: Step, wanted: Mapping[Key, KernelObject]) -> None:
        self._require(step.subject.key)
        self._create_entry(step, wanted)

    _change_sysctl = _change_entry

    def _delete_entry(self, step: Step, _wanted: Mapping[Key, KernelObject]) -> None:
        self._require(step.subject.key)
        self._forget(step.subject)

    # What the kernel does on its own.

    def drop_link(self, place: str, name: str, *, deleted: bool = True) -> None:
        link = self.link(place, name)
        if link is None:
            return
        self._forget(link)
        self._unplug(link)
        for entry in self.entries(place, name):
            self._forget(entry)
        for item in list(self.objects.values()):
            if isinstance(item, Sysctl) and item.place == place and item.path.split("/")[3:4] == [name]:
                self._forget(item)
        for other in self.links():
            if other.place == place and other.master == name:
                self._unplug(other)
                if isinstance(link.kind, Vrf):
                    self._lower(other)
                self.objects[other.key] = replace(other, master="", port=None)
            if isinstance(other.kind, Veth) and (other.kind.peer_place, other.kind.peer_name) == (place, name):
                self.drop_link(other.place, other.name)
            elif deleted and _lower(other) == (place, name):
                self.drop_link(other.place, other.name)

    def drop_namespace(self, place: str) -> None:
        for link in self.links():
            if link.place == place:
                self.drop_link(place, link.name)
        for item in list(self.objects.values()):
            if item.place == place:
                self._forget(item)

    def _unplug(self, link: Link) -> None:
        for entry in self.entries(link.place, link.name):
            if isinstance(entry, BridgeVlan) or (isinstance(entry, FdbEntry) and not entry.remote):
                self._forget(entry)

    def _forget(self, item: KernelObject) -> None:
        self.objects.pop(item.key, None)
        self.ours.discard(item.key)

    # What the kernel insists on.

    def _require(self, key: Key) -> None:
        if key not in self.objects:
            raise Refused("ENOENT: %s" % (key,))

    def _require_place(self, place: str) -> None:
        if place.startswith("netns:"):
            self._require(("Namespace", place))

    def _refuse_existing(self, item: KernelObject) -> None:
        if item.key in self.objects:
            raise Refused("EEXIST")

    def _check_references(self, link: Link) -> None:
        if link.master:
            bridge = self.link(link.place, link.master)
            if bridge is None or not isinstance(bridge.kind, (Bridge, Vrf)):
                raise Refused("ENODEV: master")
        below = _lower(link)
        if below is not None and not isinstance(link.kind, Vxlan):
            lower = self.link(*below)
            if lower is None:
                raise Refused("ENODEV: lower link")
            if isinstance(link.kind, Vlan) and link.up and not lower.up:
                raise Refused("ENETDOWN")
            if isinstance(link.kind, (Macvlan, Ipvlan)) and lower.master:
                raise Refused("EBUSY")
            for other in self.links():
                if other.key != link.key and _lower(other) == below and isinstance(other.kind, (Macvlan, Ipvlan)) and _clash(link, other):
                    raise Refused("EBUSY")
        if isinstance(link.kind, Vxlan):
            for other in self.links():
                if (
                    other.key != link.key
                    and isinstance(other.kind, Vxlan)
                    and _tunnel(other) == _tunnel(link)
                    and set(other.kind.families) & set(link.kind.families)
                ):
                    raise Refused("EEXIST: vni")


def _lower(link: Link) -> Optional[Tuple[str, str]]:
    kind = link.kind
    if not isinstance(kind, (*STACKED, Vxlan)):
        return None
    name = kind.device if isinstance(kind, Vxlan) else kind.lower
    return (link.place if kind.lower_place is None else kind.lower_place, name) if name else None


def _clash(one: Link, other: Link) -> bool:
    if isinstance(one.kind, Vlan):
        return False
    return type(one.kind) is not type(other.kind) or "passthru" in (getattr(one.kind, "mode", ""), getattr(other.kind, "mode", ""))


def _tunnel(link: Link) -> Tuple[object, ...]:
    assert isinstance(link.kind, Vxlan)
    return (link.place if link.kind.lower_place is None else link.kind.lower_place, link.kind.vni, link.kind.port)


def _filled(link: Link) -> Link:
    """Return a link with what the kernel chooses where nothing was asked for."""
    values: Dict[str, Any] = {name: value for name, value in BARE.items() if getattr(link, name) is None}
    if link.mac is None:
        values["mac"] = derive_mac("toy", link.place, link.name)
    if link.kind is not None:
        values["kind"] = _merged(FRESH[type(link.kind)], replace(link.kind, leads=False) if isinstance(link.kind, Veth) else link.kind)
    values["port"] = _merged(FRESH_PORT, link.port) if link.master else None
    return replace(link, **values)


def _merged(held: Any, asked: Any) -> Any:
    """Lay what was asked over what is held."""
    if asked is None:
        return held
    given = {field.name: getattr(asked, field.name) for field in fields(asked)}
    return replace(held, **{name: value for name, value in given.items() if value is not None})


__all__ = ["BARE", "CHANGE", "DELETE", "FRESH_PORT", "Refused", "ToyKernel"]
