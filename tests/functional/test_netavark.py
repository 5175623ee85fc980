# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plugin of netavark: containers that Podman puts on declared networks. What CNI's do in the same way is shown in test_cni."""

from __future__ import annotations

import io
import json
import os
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._boot.netavark import serve
from harness import cni, netavark
from harness.declarations import V4, V6, endpoint, lan, network, overlay, two
from harness.engine import Declaration, check, converge, give_uplink
from harness.faults import Points
from harness.host import Child, sh
from harness.kills import sample
from harness.netavark import Member, call, create
from harness.restarts import container_net, own_disk
from harness.snapshot import assert_same, differences, take_snapshot
from harness.traffic import Server, ask, await_addresses

pytestmark = pytest.mark.fake_host

WEB = Declaration([network("web", V4, V6)], two(), prepare=give_uplink)
PORT = [{"container_port": 80, "host_port": 8080, "host_ip": "", "protocol": "tcp", "range": 1}]
GUESTS = Path("/run/container_net/guests.json")


def keep(declaration: Declaration = WEB) -> None:
    """Apply a declaration on a host that keeps it, and where netavark finds the plugin."""
    own_disk()
    netavark.install()
    declaration.prepare()
    converge(declaration, persist=True)


def serve_here(verb: str, asked: Mapping[str, Any], path: str = "") -> Any:
    """Answer a call in this process."""
    output = io.StringIO()
    serve(verb, path, json.dumps(asked), output)
    return json.loads(output.getvalue() or "null")


def first(interface: Any) -> str:
    """The first address of an interface as Podman is told of it."""
    return str(interface["subnets"][0]["ipnet"].partition("/")[0])


def test_packets_come_and_go_and_nothing_is_left() -> None:
    keep()
    assert call("", "info").result == {"version": "1.0.0", "api_version": "1.0.0"}
    web = create().result
    asked = {**netavark.ASKED, "name": "web", "id": netavark.NUMBER, "dns_enabled": False, "ipv6_enabled": True, "ipam_options": {"driver": "none"}}
    assert web == {**asked, "subnets": [{"subnet": "10.20.0.0/24", "gateway": "10.20.0.1"}, {"subnet": "fd00:20::/64", "gateway": "fd00:20::1"}]}
    ports = [{**PORT[0], "range": 2, "container_port": 79, "host_port": 8079}, {**PORT[0], "host_port": 53, "protocol": "tcp,udp"}]
    one = Member("one", web, ports=ports).make()
    two_ = Member("two", web).make()
    before = take_snapshot()
    made, other = one.setup(), two_.setup()
    assert made["mac_address"] in sh("ip link show eth0", one.path)
    assert [item["gateway"] for item in made["subnets"]] == ["10.20.0.1", "fd00:20::1"]
    assert [item["ipnet"].partition("/")[2] for item in made["subnets"]] == ["24", "64"]
    declared = sh("ip -n a -4 -br address show eth0").split()[2].partition("/")[0]
    assert len({first(made), first(other), declared}) == 3
    (guest, _second) = json.loads(GUESTS.read_text(encoding="ascii"))["guests"]
    assert (guest["container"], guest["configuration"], guest["aliases"]) == ("one", "web", ["one"])
    assert guest["ports"] == ["8079-8080:79-80/tcp", "53:80/tcp", "53:80/udp"]
    assert check(WEB, persist=True) == []
    assert container_net("check") == ["main: in order"]
    await_addresses("a", one.path, two_.path)
    servers = [Server(box.path, box.name, [80]) for box in (one, two_)] + [Server("a", "a", [80])]
    questions = [("a", "tcp", first(made), 80), (one.path, "tcp", other["subnets"][1]["ipnet"].partition("/")[0], 80), (one.path, "tcp", declared, 80)]
    questions.append(("outside", "tcp", "192.0.2.1", 8080))
    assert [(said or "").partition(" ")[0] for said in ask(questions)] == ["one", "two", "a", "one"]
    two_.teardown()
    one.teardown()
    assert ask([questions[0], questions[3]]) == [None, None]
    for server in servers:
        server.stop()
    assert_same(before)
    one.teardown()
    one.end()
    one.teardown()
    assert not GUESTS.exists()
    assert container_net("check") == ["main: in order"]


def test_what_podman_may_ask_for_and_ask_again() -> None:
    keep(replace(WEB, networks=[*WEB.networks, network("db", {"subnet": "10.22.0.0/24"}, internal=True)]))
    web, inner = create().result, create("inner", {"network": "db"}, internal=True).result
    assert (inner["internal"], inner["ipv6_enabled"], inner["options"]) == (True, False, {"network": "db"})
    one = Member("one", web, ports=PORT).make()
    cni.install()
    other = cni.Container("two").make()
    before = take_snapshot()
    wishes: Dict[str, Any] = {"static_ips": ["10.20.0.77", "fd00:20::77"], "static_mac": "02:00:00:00:77:77"}
    made = one.setup(**wishes)
    assert made["mac_address"] == "02:00:00:00:77:77"
    assert [item["ipnet"] for item in made["subnets"]] == ["10.20.0.77/24", "fd00:20::77/64"]
    assert one.call("setup").error.startswith("it was added already: container one has eth0 on network web already")
    second = replace(one, network=inner, interface="eth1", ports=None)
    assert first(second.setup()).startswith("10.22.0.")
    # As `podman network reload` does, which says twice what was asked for.
    one.teardown()
    assert one.setup(**{**wishes, "static_ips": [*wishes["static_ips"], "10.20.0.77"]}) == made
    assert "10.20.0.77" in other.call("ADD", {"runtimeConfig": {"ips": ["10.20.0.77"]}}).error[1]
    other.add()
    assert container_net("check") == ["main: in order"]
    other.delete()
    # A container that ended without a word, and starts again in another namespace.
    one.end()
    one.make()
    assert one.setup(**wishes) == made
    one.teardown()
    second.teardown()
    assert_same(before)


BAD_NETWORKS: Dict[str, Any] = {
    "scope": ({"options": {"scope": "shop"}}, "no declaration of scope 'shop' is kept"),
    "network": ({"options": {"network": "db"}}, "scope 'main' declares no network 'db'; there are: web"),
    "name": ({"name": "db"}, "scope 'main' declares no network 'db'"),
    "no name": ({"name": None}, "name: got null"),
    "name's letters": ({"options": {"network": "../x"}}, "options.network: got string"),
    "option": ({"options": {"mtu": "1400"}}, 'options.mtu: got string "1400": there are scope, network, slot'),
    "options": ({"options": []}, "options: got list"),
    "subnet": ({"subnets": [{"subnet": "10.9.0.0/24"}]}, "leave out --subnet"),
    "route": ({"routes": [{"destination": "10.9.0.0/24"}]}, "leave out --route"),
    "interface": ({"network_interface": "br0"}, "leave out --interface-name"),
    "DNS": ({"network_dns_servers": ["10.9.0.1"]}, "leave out --dns"),
    "IPAM": ({"ipam_options": {"driver": "host-local"}}, "leave out --ipam-driver"),
    "internal": ({"internal": True}, "leave out --internal"),
    "slot": ({"options": {"slot": "shop9"}}, "declares no slot 'shop9' on network 'web'"),
}
BAD_MEMBERS: Dict[str, Any] = {
    "container": ({"container_id": "-x"}, "container_id: got string"),
    "no container": ({"container_id": None}, "container_id: got null"),
    "no network": ({"network": None}, "network.name: got null"),
    "options": ({"network_options": []}, "network_options: got list"),
    "interface": ({"network_options": {"interface_name": "a/b"}}, "network_options.interface_name: got string"),
    "no interface": ({"network_options": {}}, "network_options.interface_name: got null"),
    "address": ({"network_options": {"interface_name": "eth0", "static_ips": ["10.99.0.1"]}}, "10.99.0.1"),
    "no address": ({"network_options": {"interface_name": "eth0", "static_ips": ["one"]}}, "network_options.static_ips[0]: got string"),
    "two addresses": ({"network_options": {"interface_name": "eth0", "static_ips": ["10.20.0.8", "10.20.0.9"]}}, "an interface gets one IPv4 address"),
    "MAC": ({"network_options": {"interface_name": "eth0", "static_mac": "02:00"}}, "network_options.static_mac: got string"),
    "alias": ({"network_options": {"interface_name": "eth0", "aliases": ["a b"]}}, "network_options.aliases[0]: got string"),
    "option": ({"network_options": {"interface_name": "eth0", "options": {"mtu": "1"}}}, "network_options.options.mtu: got string"),
    "ports": ({"port_mappings": [{**PORT[0], "host_port": 0}]}, "port_mappings[0]"),
    "port's kind": ({"port_mappings": [{**PORT[0], "container_port": "80"}]}, "port_mappings[0].container_port: got string"),
    "too many ports": ({"port_mappings": [{**PORT[0], "range": 65535}]}, "port_mappings[0]"),
    "protocol": ({"port_mappings": [{**PORT[0], "protocol": "tcp,icmp"}]}, "port_mappings[0].protocol: got string"),
}


def test_what_cannot_be_is_refused_and_changes_nothing() -> None:
    keep(replace(WEB, networks=[network("web", V4)], endpoints=[endpoint("a", "web")]))
    web = create().result
    one = Member("one", web, ports=PORT).make()
    before = take_snapshot()
    assert "leave out --ipv6" in create(ipv6_enabled=True).error
    wrong = []
    for name, (asked, words) in BAD_NETWORKS.items():
        said = serve_here("create", {**netavark.ASKED, "name": "web", "id": netavark.NUMBER, **asked})["error"]
        wrong += [(name, said)] if words not in said else []
    for name, (more, words) in BAD_MEMBERS.items():
        said = serve_here("setup", {**one.asks(), **more}, one.path)["error"]
        wrong += [(name, said)] if words not in said else []
    assert not wrong, wrong
    assert "standard input: got string" in call("{", "create").error
    assert "standard input: got list" in call("[]", "create").error
    asked = json.dumps(one.asks())
    assert "absolute path" in call(asked, "setup").error
    assert "absolute path" in call(asked, "teardown").error
    assert "/run/nothing is no network namespace" in call(asked, "setup", "/run/nothing").error
    assert "host's own network namespace" in call(asked, "setup", "/proc/self/ns/net").error
    assert_same(before)
    assert one.setup()
    assert one.call("teardown").result is None
    assert_same(before)


def test_slots_are_filled_by_name_or_by_order_with_the_addresses_that_they_have() -> None:
    mesh = overlay("192.0.2.1", "192.0.2.2", "192.0.2.3")
    keep(mesh)
    assert "declares no slot on network 'mesh' alone" in create("mesh").error
    slots = [
        {"name": "shop-%d" % number, "container": {"cni": "shop%d" % number}, "networks": [{"name": "mesh", "ipv4_address": "10.60.0.%d" % (10 + number)}]}
        for number in range(3)
    ]
    converge(replace(mesh, endpoints=[*mesh.endpoints, *slots], prepare=lambda: None), persist=True)
    any_, last = create("mesh").result, create("mesh", {"slot": "shop2"}).result
    one, two_, three, four = (Member(name, of).make() for name, of in (("one", any_), ("two", any_), ("three", last), ("four", any_)))
    before = take_snapshot()
    assert "the declaration gives the addresses of a slot, and gives none 10.60.0.99" in one.call("setup", static_ips=["10.60.0.99"]).error
    made = three.setup()
    assert first(made) == "10.60.0.12"
    assert first(two_.setup(options={"slot": "shop1"})) == "10.60.0.11"
    assert first(replace(one, ports=PORT).setup()) == "10.60.0.10", "an overlay publishes no ports, and Podman asks every network for them"
    assert four.call("setup").error.startswith("all slots are filled")
    three.teardown()
    again = {"static_ips": [item["ipnet"].partition("/")[0] for item in made["subnets"]], "static_mac": made["mac_address"]}
    assert len(again["static_ips"]) == 2
    one.teardown()
    assert replace(three, network=any_).setup(**again) == made, "the first slot was free, too"
    for member in (two_, three):
        member.teardown()
    assert_same(before)


def test_addresses_of_a_lan_are_given_by_podman() -> None:
    keep(lan("a"))
    one = Member("one", create("lan").result).make()
    before = take_snapshot()
    assert "give the container an IPv4 address" in one.call("setup").error
    made = one.setup(static_ips=["192.0.2.40", "2001:db8:2::40"])
    assert made["mac_address"] in sh("ip link show eth0", one.path)
    assert [item["ipnet"] for item in made["subnets"]] == ["192.0.2.40/24", "2001:db8:2::40/64"]
    one.teardown()
    assert_same(before)


def test_killed_on_the_way() -> None:
    keep()
    one = Member("one", create().result, ports=PORT).make()
    before = take_snapshot()

    def play(verb: str, point: Optional[int]) -> List[str]:
        points = Points(point)
        points.watch_system_calls()
        serve_here(verb, one.asks(), one.path)
        return points.names

    passed: Dict[str, List[str]] = {verb: Child(partial(play, verb, None)).result(60) for verb in ("setup", "teardown")}
    assert min(map(len, passed.values())) >= 8, passed
    for verb, names in passed.items():
        for point in sample(range(len(names)), 2):
            if verb == "teardown":
                one.setup()
            assert os.WTERMSIG(Child(partial(play, verb, point)).wait()) == signal.SIGKILL
            one.teardown()
            container_net("restore")
            left = differences(before, take_snapshot())
            assert not left, "%s killed before point %d (%s): %s" % (verb, point, names[point], left)
