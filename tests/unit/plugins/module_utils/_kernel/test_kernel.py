# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What we send is what the kernel then shows, read back by our own parser; and what we parse is what other tools see."""

from __future__ import annotations

import contextlib
import errno
import socket
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._kernel import address, announce, link, neighbour, netlink, parse, route
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Door
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.loans import Loans
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.namespace import (
    NamespaceHandles,
    create_namespace,
    delete_namespace,
    ensure_directory,
)
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.need import Need
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.observe import Observer
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.sockets import listening_sockets
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.sysctl import has_ipv6, link_sysctl_path, read_sysctl, write_sysctl
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.bridge import Bridge
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.veth import Veth
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vxlan import Vxlan
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import BridgePort, Link, Tuning
from ansible_collections.netloom.container_net.plugins.module_utils._model.mark import UNFINISHED
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import (
    FLOOD_MAC,
    Address,
    FdbEntry,
    KernelObject,
    Namespace,
    Neighbour,
    Route,
)
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Snapshot
from ansible_collections.netloom.container_net.plugins.module_utils._runtime.namespace import (
    NETNS_DIRECTORY,
    namespace_path,
    open_namespace,
    read_placeholder,
)
from fresh_network import in_fresh_network

MARK = "container-net:main:object"
MAC = "02:00:00:00:00:0b"


class World:
    """A fresh network, and the few steps that fill it."""

    def __init__(self) -> None:
        self.door = Door(timeout=5)
        self.handles = NamespaceHandles(open_namespace)
        self.numbers: Dict[Tuple[str, str], int] = {("", "lo"): 1}

    def number(self, place: str, name: str) -> int:
        return self.numbers.setdefault((place, name), 20 + len(self.numbers))

    def send(self, *messages: Optional[bytes], place: str = "") -> List[str]:
        with self.handles.inside(place), self.door.open(place) as line:
            return [errno.errorcode[refusal.errno] for refusal in line.change([message for message in messages if message is not None])]

    def add(self, made: Link, peer: Optional[Link] = None) -> None:
        created = link.create_link(made, peer, self.number, self._descriptor)
        assert self.send(created, *link.configure_link(made, self.number(made.place, made.name)), place=made.place) == []
        if peer is not None:
            assert self.send(*link.configure_link(peer, self.number(peer.place, peer.name)), place=peer.place) == []

    def change(self, changed: Link, *names: str) -> List[str]:
        return self.send(*link.change_link(changed, names, self.number(changed.place, changed.name), self.number), place=changed.place)

    def _descriptor(self, place: str) -> int:
        found = self.handles.find(place)
        assert found is not None
        return found

    def namespace(self, place: str) -> None:
        ensure_directory(NETNS_DIRECTORY)
        create_namespace(self.handles, place, namespace_path(place), "container-net:main:namespace", self._send_here)

    def _send_here(self, place: str, messages: List[bytes]) -> None:
        with self.door.open(place) as line:
            assert line.change(messages) == []

    def observe(self, *places: str, settings: Any = None) -> Snapshot:
        observer = Observer(self.door, self.handles, Loans("/run/container_net_test"), read_placeholder, lambda *_asked: None)
        for place in ("", *places):
            assert observer.observe_place(place, Need(settings or {}))
        observer.join_pairs()
        return observer.snapshot


def in_world(work: Callable[[World], Any]) -> Any:
    return in_fresh_network(lambda: work(World()))


def shows(asked: Any, found: Any) -> bool:
    """Tell whether every field that was asked for is there."""
    if hasattr(asked, "__dataclass_fields__"):
        return type(asked) is type(found) and all(
            shows(getattr(asked, field.name), getattr(found, field.name)) for field in fields(asked) if field.name != "leads"
        )
    return asked is None or asked == found


BRIDGE = Bridge(stp=True, ageing_time=30, multicast_snooping=False, priority=4096)
LINKS = [
    Link("", "b0", kind=BRIDGE, mtu=1400, mac="02:00:00:00:00:01", up=True, alias=MARK, link_local=False),
    Link("", "b1", kind=Bridge(stp=False, ageing_time=300, multicast_snooping=True), up=False, alias="of the user", link_local=True),
    Link("", "x4", kind=Vxlan(vni=7, port=4789, local="192.0.2.11", ttl=64, learning=False, proxy=True), mtu=1450, up=True, alias=MARK),
    Link("", "x6", kind=Vxlan(vni=8, port=8472, local="2001:db8::11", ttl=1, learning=True, proxy=False), mtu=1430, up=True, alias=MARK),
    Link("", "xg", kind=Vxlan(vni=9, port=4790, group="239.1.1.1", device="b1"), alias=MARK),
]


@pytest.mark.parametrize("made", LINKS, ids=lambda made: made.name)
def test_a_link_shows_what_was_asked(made: Link) -> None:
    def work(world: World) -> Any:
        if made.name == "xg":
            world.add(LINKS[1])
        world.add(made)
        return world.observe().link("", made.name)

    found = in_world(work)
    assert shows(made, found), found


def test_a_pair_into_a_namespace() -> None:
    port = BridgePort(hairpin=True, isolated=True, learning=False, flood=False)
    outer = Link("", "v0", kind=Veth("netns:api", "eth0", leads=True), mtu=1400, master="b0", up=True, alias=MARK, link_local=False, port=port)
    inner = Link("netns:api", "eth0", kind=Veth("", "v0"), mtu=1400, mac="02:00:00:00:00:05", up=True, alias=MARK)

    def work(world: World) -> Any:
        world.namespace("netns:api")
        world.add(LINKS[0])
        world.add(outer, inner)
        found = world.observe("netns:api")
        return found.link("", "v0"), found.link("netns:api", "eth0"), found.objects.get(("Namespace", "netns:api"))

    found_outer, found_inner, namespace = in_world(work)
    assert shows(outer, found_outer), found_outer
    assert shows(inner, found_inner), found_inner
    assert namespace == Namespace("netns:api", "container-net:main:namespace")


def test_an_end_without_its_other_place_has_no_peer() -> None:
    def work(world: World) -> Any:
        world.namespace("netns:api")
        world.add(Link("", "v0", kind=Veth("netns:api", "eth0", leads=True), alias=MARK), Link("netns:api", "eth0", kind=Veth("", "v0"), alias=MARK))
        found = world.observe().link("", "v0")
        assert found is not None
        return found.kind

    assert in_world(work) == Veth("", "")


def test_ends_here_whose_numbers_mirror_each_other_are_no_pair() -> None:
    """Two unfinished ends on the host: 16 with a peer 17 in one namespace, 17 with a peer 16 in another."""

    def work(world: World) -> Any:
        for place, outer, inner in (("netns:a", 16, 17), ("netns:b", 17, 16)):
            name = "v%d" % outer
            world.namespace(place)
            world.numbers.update({("", name): outer, (place, "eth0"): inner})
            ends = Link("", name, kind=Veth(place, "eth0", leads=True)), Link(place, "eth0", kind=Veth("", name))
            assert world.send(link.create_link(*ends, world.number, world.handles.find)) == []
        found = world.observe("netns:a", "netns:b")
        return [getattr(found.link(*end), "kind", None) for end in (("", "v16"), ("", "v17"), ("netns:a", "eth0"), ("netns:b", "eth0"))]

    assert in_world(work) == [Veth("netns:a", "eth0"), Veth("netns:b", "eth0"), Veth("", "v16"), Veth("", "v17")]


def test_ends_with_the_same_numbers_are_told_apart_by_their_marks() -> None:
    """Two containers' first interfaces have the same index, and so may their ends here."""

    def work(world: World) -> Any:
        for place, name in (("netns:a", "va"), ("netns:b", "vb")):
            world.namespace(place)
            world.numbers[place, "eth0"] = 16
            mark = MARK + "::" + name
            world.add(Link("", name, kind=Veth(place, "eth0", leads=True), alias=mark), Link(place, "eth0", kind=Veth("", name), alias=mark))
        found = world.observe("netns:a", "netns:b")
        return [getattr(found.link(*end), "kind", None) for end in (("", "va"), ("", "vb"), ("netns:a", "eth0"), ("netns:b", "eth0"))]

    assert in_world(work) == [Veth("netns:a", "eth0"), Veth("netns:b", "eth0"), Veth("", "va"), Veth("", "vb")]


CHANGES: List[Tuple[Link, Tuple[str, ...]]] = [
    (Link("", "b0", mtu=1300), ("mtu",)),
    (Link("", "b0", mac="02:00:00:00:00:77"), ("mac",)),
    (Link("", "b0", alias=MARK + ":other"), ("alias",)),
    (Link("", "b0", up=False), ("up",)),
    (Link("", "b0", link_local=True), ("link_local",)),
    (Link("", "b0", tuning=Tuning(True, True, 0)), ("tuning",)),
    (Link("", "b0", kind=Bridge(stp=False, ageing_time=10)), ("kind",)),
    (Link("", "b0", mtu=1300, up=False, alias=MARK + ":x", kind=Bridge(priority=8192)), ("mtu", "up", "alias", "kind")),
]


@pytest.mark.parametrize(("changed", "names"), CHANGES, ids=lambda value: "+".join(value) if isinstance(value, tuple) else "")
def test_a_change_changes_that_and_nothing_else(changed: Link, names: Tuple[str, ...]) -> None:
    def work(world: World) -> Any:
        world.add(LINKS[0])
        before = world.observe().link("", "b0")
        assert world.change(changed, *names) == []
        return before, world.observe().link("", "b0")

    before, after = in_world(work)
    assert shows(changed, after), after
    asked = {name: getattr(after, name) for name in names}
    if "kind" in names:
        given = {field.name: getattr(changed.kind, field.name) for field in fields(changed.kind) if getattr(changed.kind, field.name) is not None}
        asked["kind"] = replace(before.kind, **given)
    assert after == replace(before, **asked)


def test_a_tunnel_changes_in_place_what_it_can() -> None:
    def work(world: World) -> Any:
        world.add(LINKS[2])
        assert world.change(Link("", "x4", kind=Vxlan(ttl=9, learning=True)), "kind") == []
        found = world.observe().link("", "x4")
        assert found is not None
        return found.kind

    assert in_world(work) == replace(LINKS[2].kind, ttl=9, learning=True)  # type: ignore[type-var]


@pytest.mark.parametrize("before", ["", "b1"])
def test_a_port_gets_its_flags_from_its_new_bridge(before: str) -> None:
    """In one message the kernel would give them to the old bridge, or refuse them where there is none."""
    port = BridgePort(hairpin=True, isolated=True, learning=False, flood=False)

    def work(world: World) -> Any:
        world.add(LINKS[0])
        world.add(LINKS[1])
        world.add(Link("", "v0", kind=Veth("", "v1", leads=True), master=before or None), Link("", "v1", kind=Veth("", "v0")))
        assert world.change(Link("", "v0", master="b0", port=port), "master", "port") == []
        moved = world.observe().link("", "v0")
        assert world.change(Link("", "v0", master=""), "master") == []
        return moved, world.observe().link("", "v0")

    moved, left = in_world(work)
    assert (moved.master, moved.port) == ("b0", port)
    assert (left.master, left.port) == ("", None)


def test_links_go_together() -> None:
    def work(world: World) -> Any:
        for made in LINKS[:4]:
            world.add(made)
        first = world.send(*link.delete_links([world.number("", "x4")]))
        second = world.send(*link.delete_links([world.number("", name) for name in ("b0", "x6")]))
        return first, second, {name for _index, name in socket.if_nameindex()} & {made.name for made in LINKS}

    assert in_world(work) == ([], [], {"b1"})


def test_a_link_reads_as_unfinished_until_it_is_configured() -> None:
    def work(world: World) -> Any:
        made = Link("", "b0", kind=Bridge(), alias=MARK, up=False)
        assert world.send(link.create_link(made, None, world.number, lambda _place: 0)) == []
        first = world.observe().link("", "b0")
        assert world.send(*link.configure_link(replace(made, alias=None), world.number("", "b0"))) == []
        second = world.observe().link("", "b0")
        assert first is not None
        assert second is not None
        return first.alias, second.alias

    assert in_world(work) == (UNFINISHED, "")


PLAIN: Dict[str, Any] = {"source": "", "onlink": False, "nexthops": ()}
ENTRIES: List[KernelObject] = [
    Address("", "b0", "10.20.0.1/24", secondary=False),
    Address("", "b0", "10.20.0.2/32", secondary=False),
    Address("", "b0", "10.20.0.3/24", secondary=True),
    Address("", "b0", "fd00:20::1/64", secondary=False),
    Address("", "b0", "fd00:20::2/64", secondary=True),
    Route("", "0.0.0.0/0", gateway="10.20.0.9", device="b0", **PLAIN),
    Route("", "::/0", gateway="fd00:20::9", device="b0", **PLAIN),
    Route("", "10.9.0.0/16", metric=50, gateway="", device="b0", **PLAIN),
    Route("", "fd09::/48", metric=77, gateway="fd00:20::9", device="b0", **PLAIN),
    Neighbour("", "x4", "10.60.0.2", MAC),
    Neighbour("", "x4", "fd60::2", MAC),
    FdbEntry("", "x4", FLOOD_MAC, "192.0.2.12"),
    FdbEntry("", "x4", FLOOD_MAC, "192.0.2.13"),
    FdbEntry("", "x4", MAC, "192.0.2.12"),
    FdbEntry("", "x4", MAC),
]


def messages(world: World, item: KernelObject) -> Tuple[bytes, bytes]:
    """Return how an entry is made and how it is removed."""
    index = world.number(item.place, getattr(item, "device", None) or "")
    if isinstance(item, Address):
        return address.create_address(item, index), address.delete_address(item, index)
    if isinstance(item, Route):
        return route.create_route(item, index), route.delete_route(item, index)
    if isinstance(item, Neighbour):
        return neighbour.ensure_neighbour(item, index), neighbour.delete_neighbour(item, index)
    assert isinstance(item, FdbEntry)
    return neighbour.ensure_fdb(item, index), neighbour.delete_fdb(item, index)


def with_entries(world: World) -> None:
    world.add(replace(LINKS[0], kind=Bridge(), link_local=None))
    world.add(replace(LINKS[2], master="b0"))
    # A bridge has a carrier once one of its ports has; without one its routes are there, but dead.
    assert world.send(*(messages(world, item)[0] for item in ENTRIES)) == []


def test_entries_show_as_ours_and_as_they_were_made() -> None:
    def work(world: World) -> Any:
        with_entries(world)
        found = world.observe().unfolded()
        return {item.key: found.objects.get(item.key) for item in ENTRIES}, {item.key for item in ENTRIES} - found.mine

    found, foreign = in_world(work)
    assert [found[item.key] for item in ENTRIES] == ENTRIES
    assert foreign == set()


def test_every_entry_can_be_removed_alone() -> None:
    def work(world: World) -> Any:
        left = []
        with_entries(world)
        for item in reversed(ENTRIES):
            assert world.send(messages(world, item)[1]) == [], item
            left.append(sum(other.key in world.observe().unfolded().objects for other in ENTRIES))
        return left

    assert in_world(work) == list(range(len(ENTRIES) - 1, -1, -1))


def test_an_entry_is_replaced_in_place() -> None:
    def work(world: World) -> Any:
        with_entries(world)
        moved = FdbEntry("", "x4", MAC, "192.0.2.99")
        other = Neighbour("", "x4", "10.60.0.2", "02:00:00:00:00:0c")
        rerouted = Route("", "10.9.0.0/16", metric=50, gateway="10.20.0.7", device="b0", **PLAIN)
        number = world.number("", "b0")
        assert world.send(messages(world, moved)[0], messages(world, other)[0], route.change_route(rerouted, number)) == []
        found = world.observe().unfolded()
        return [found.objects[item.key] for item in (moved, other, rerouted)] == [moved, other, rerouted]

    assert in_world(work) is True


def test_a_second_creation_is_refused() -> None:
    def work(world: World) -> Any:
        with_entries(world)
        return [world.send(messages(world, item)[0]) for item in ENTRIES if isinstance(item, (Address, Route))]

    assert set(map(tuple, in_world(work))) == {("EEXIST",)}


def test_foreign_entries_are_not_ours() -> None:
    def work(world: World) -> Any:
        world.add(LINKS[1])
        index = world.number("", "b1")
        foreign = netlink.address_message(
            netlink.RTM_NEWADDR, netlink.CREATE_NEW, [("IFA_ADDRESS", "10.1.0.1"), ("IFA_LOCAL", "10.1.0.1")], index=index, family=2, prefix=24
        )
        assert world.send(foreign, *link.change_link(replace(LINKS[1], up=True), ("up",), index, world.number)) == []
        found = world.observe()
        addresses = [item for item in found.objects.values() if isinstance(item, Address) and item.device == "b1"]
        return [(item.address, item.key in found.mine) for item in addresses if ":" not in item.address]

    assert in_world(work) == [("10.1.0.1/24", False)]


@pytest.mark.parametrize("setting", sorted(parse.SETTINGS))
def test_settings_that_come_with_a_link_are_those_below_proc(setting: str) -> None:
    """Every setting is given a value of its own, so that a wrong place in the kernel's array shows."""

    def work(world: World) -> Any:
        world.add(replace(LINKS[1], up=None))
        path = link_sysctl_path("b1", setting)
        values = []
        for value in ("1", "0", "2", "1"):
            try:
                write_sysctl(path, value)
            except OSError:  # a flag does not take 2
                continue
            with world.door.open("") as line:
                raw = [parse.parse_link("", payload) for payload in line.dump(netlink.link_message(netlink.RTM_GETLINK, 0, []))]
            values.append(([found.setting(setting) for found in raw if found.link.name == "b1"], [read_sysctl(path)]))
        return values

    values = in_world(work)
    assert len(values) >= 3
    assert all(parsed == read for parsed, read in values), values


def test_a_setting_that_does_not_come_along_is_read_below_proc() -> None:
    def work(world: World) -> Any:
        world.add(LINKS[1])
        write_sysctl("net/ipv4/conf/b1/arp_ignore", "3")
        wanted = ("ipv4/arp_ignore", "ipv6/accept_ra", "ipv4/no_such_thing")
        found = world.observe(settings={("", "b1"): wanted}).link("", "b1")
        assert found is not None
        return found.sysctls, wanted

    observer_settings, _wanted = in_world(work)
    assert observer_settings == (("ipv4/arp_ignore", "3"), ("ipv6/accept_ra", "1"))


def test_links_of_this_machine_are_those_of_sysfs() -> None:
    """Read only, and as whoever runs the tests."""
    with Door().open("") as line:
        raw = [parse.parse_link("", payload) for payload in line.dump(netlink.link_message(netlink.RTM_GETLINK, 0, [("IFLA_EXT_MASK", 8)]))]
    assert raw
    for found in raw:
        folder = Path("/sys/class/net") / found.link.name
        if not folder.is_dir():
            continue  # another mount namespace's sysfs
        assert found.number == int((folder / "ifindex").read_text())
        assert found.link.mtu == int((folder / "mtu").read_text())
        assert found.link.mac == (folder / "address").read_text().strip()
        assert found.link.up == bool(int((folder / "flags").read_text(), 16) & 1)
        assert (found.link.alias or "") == (folder / "ifalias").read_text().strip()


def test_routes_of_this_machine_are_those_of_proc() -> None:
    request = netlink.route_message(netlink.RTM_GETROUTE, 0, [], family=socket.AF_INET, prefix=0, table=254, protocol=0, scope=0, route_type=0)
    with Door().open("") as line:
        found = [parse.parse_route(payload) for payload in line.dump(request)]
    rows = [line.split() for line in Path("/proc/net/route").read_text().splitlines()[1:]]

    def dotted(word: str) -> str:
        return socket.inet_ntoa(int(word, 16).to_bytes(4, "little"))

    expected = {(dotted(row[1]), bin(int(row[7], 16)).count("1"), dotted(row[2]), int(row[6])) for row in rows if int(row[3], 16) & 1 and row[0] != "lo"}
    seen = {(item.destination.split("/")[0], int(item.destination.split("/")[1]), item.gateway or "0.0.0.0", item.metric) for item in found if item is not None}
    assert expected <= seen


def test_a_namespace_is_made_marked_and_removed() -> None:
    def work(world: World) -> Any:
        path = Path(namespace_path("netns:api"))
        world.namespace("netns:api")
        loopback = world.observe("netns:api").link("netns:api", "lo")
        seen = [path.exists(), open_namespace("netns:api") is not None, getattr(loopback, "up", None), getattr(loopback, "alias", None)]
        delete_namespace(world.handles, "netns:api", str(path))
        return [*seen, path.exists(), open_namespace("netns:api")]

    assert in_world(work) == [True, True, True, "container-net:main:namespace", False, None]


def test_a_failed_creation_leaves_no_name() -> None:
    def work(world: World) -> Any:
        def refuse(_place: str, _messages: List[bytes]) -> None:
            raise OSError(errno.EPERM, "no")

        host = Path("/proc/self/ns/net").readlink() if hasattr(Path, "readlink") else None
        path = Path(namespace_path("netns:api"))
        ensure_directory(NETNS_DIRECTORY)
        with pytest.raises(OSError, match="no"):
            create_namespace(world.handles, "netns:api", str(path), MARK, refuse)
        return path.exists(), host == (Path("/proc/self/ns/net").readlink() if hasattr(Path, "readlink") else None)

    assert in_world(work) == (False, True)


def test_creation_takes_up_a_placeholder_of_its_own() -> None:
    def work(world: World) -> Any:
        path = Path(namespace_path("netns:api"))
        path.parent.mkdir()
        path.write_text("container-net:main:namespace")
        before = open_namespace("netns:api")
        world.namespace("netns:api")
        return before, open_namespace("netns:api") is not None

    assert in_world(work) == (None, True)


def test_listening_sockets_of_every_kind() -> None:
    def work() -> Any:
        held = []
        for family, kind, where in (
            (socket.AF_INET, socket.SOCK_STREAM, ("0.0.0.0", 8080)),
            (socket.AF_INET6, socket.SOCK_STREAM, ("::", 8081)),
            (socket.AF_INET, socket.SOCK_DGRAM, ("0.0.0.0", 53)),
        ):
            found = socket.socket(family, kind)
            found.bind(where)
            if kind == socket.SOCK_STREAM:
                found.listen(1)
            held.append(found)
        idle = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        idle.bind(("0.0.0.0", 9999))
        return sorted(listening_sockets())

    assert in_fresh_network(work) == [("tcp", "0.0.0.0", 8080), ("tcp", "::", 8081), ("udp", "0.0.0.0", 53)]


@pytest.mark.parametrize("word", ["10.20.0.5/24", "fd00:20::5/64"])
def test_an_announcement_is_well_formed(word: str) -> None:
    """Seen by a raw socket on the other end; for IPv6 the kernel's own rules are checked by hand, checksum included."""

    def work(world: World) -> Any:
        world.add(Link("", "v0", kind=Veth("", "v1", leads=True), mac=MAC, up=True), Link("", "v1", kind=Veth("", "v0"), up=True))
        kind = 0x86DD if ":" in word else 0x0806
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(kind)) as ear:
            ear.bind(("v1", kind))
            ear.settimeout(0.2)
            for _attempt in range(100):
                # A pair that was raised just now drops what it should send, for a moment or, on a busy machine, longer.
                announce.announce_addresses([Address("", "v0", word), Address("", "gone0", word)])
                with contextlib.suppress(socket.timeout):
                    while True:
                        frame = ear.recv(2000)
                        if kind == 0x0806 or (frame[20] == 58 and frame[54] == 136):
                            return frame
            raise AssertionError("nothing was heard")

    frame = in_world(work)
    mac = bytes.fromhex(MAC.replace(":", ""))
    if ":" in word:
        packed = socket.inet_pton(socket.AF_INET6, "fd00:20::5")
        assert frame[:14] == b"\x33\x33\0\0\0\x01" + mac + b"\x86\xdd"
        assert frame[21] == 255
        assert frame[22:38] == packed
        body = frame[54:]
        assert (body[0], body[4] & 0x20, body[8:24], body[24:]) == (136, 0x20, packed, b"\x02\x01" + mac)
        total = frame[22:54] + len(body).to_bytes(4, "big") + bytes((0, 0, 0, 58)) + body
        words = sum(int.from_bytes(total[at : at + 2], "big") for at in range(0, len(total), 2))
        assert (words & 0xFFFF) + (words >> 16) == 0xFFFF
    else:
        packed = socket.inet_aton("10.20.0.5")
        assert frame == b"\xff" * 6 + mac + b"\x08\x06" + bytes((0, 1, 8, 0, 6, 4, 0, 1)) + mac + packed + bytes(6) + packed


def test_settings_are_read_and_written() -> None:
    def work() -> Any:
        write_sysctl("net/ipv4/ip_forward", "1")
        first = read_sysctl("net/ipv4/ip_forward")
        write_sysctl("net/ipv4/ip_local_port_range", "40000 50000")
        with pytest.raises(OSError, match=r"."):
            write_sysctl("net/ipv4/no_such_key", "1")
        return first, read_sysctl("net/ipv4/ip_local_port_range"), read_sysctl("net/ipv4/no_such_key")

    assert in_fresh_network(work) == ("1", "40000 50000", None)
    assert has_ipv6() == Path("/proc/sys/net/ipv6/conf").is_dir()
