# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CNI plugin: containers that a runtime puts on declared networks, beside those that are declared."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import socket
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._boot.cni import serve
from ansible_collections.netloom.container_net.plugins.module_utils._engine import pipeline
from ansible_collections.netloom.container_net.plugins.module_utils._kernel.door import Door
from harness.cni import CONFIG, Container, call, install, of_network
from harness.declarations import LAN4, V4, V6, endpoint, lan, network, overlay, two
from harness.engine import Declaration, check, converge, give_uplink, lines
from harness.faults import Points, refuse_always
from harness.host import Child, on_fake_host, sh
from harness.kills import sample
from harness.restarts import after_restart, container_net, own_disk
from harness.snapshot import assert_same, differences, take_snapshot
from harness.traffic import Server, ask, await_addresses
from lab_helpers import Ansible

WEB = Declaration([network("web", V4, V6)], two(), prepare=give_uplink)
PORT = {"runtimeConfig": {"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}}
GUESTS = Path("/run/container_net/guests.json")

fake_host = pytest.mark.fake_host


def keep(declaration: Declaration = WEB, **options: Any) -> None:
    """Apply a declaration on a host that keeps it, and where a runtime finds the plugin."""
    own_disk()
    install()
    declaration.prepare()
    converge(declaration, persist=True, **options)


def address(result: Any, family: int = 4) -> str:
    (found,) = [item["address"].partition("/")[0] for item in result["ips"] if (":" in item["address"]) == (family == 6)]
    return str(found)


def answer(box: Container, port: int = 80) -> Server:
    return Server(box.path, box.name, [port])


@fake_host
def test_packets_come_and_go_and_nothing_is_left() -> None:
    keep()
    one, two_ = Container("one").make(), Container("two").make()
    before = take_snapshot()
    result, other = one.add(PORT), two_.add()
    await_addresses("a", one.path, two_.path)
    host, inside = result["interfaces"]
    assert (inside["name"], inside["sandbox"], inside["mtu"], len(inside["mac"])) == ("eth0", one.path, 1500, 17)
    assert inside["mac"] in sh("ip link show eth0", one.path)
    assert host["name"] in sh("ip -br link show master br-web")
    assert [item["gateway"] for item in result["ips"]] == ["10.20.0.1", "fd00:20::1"]
    assert [item["interface"] for item in result["ips"]] == [1, 1]
    assert result["routes"] == [{"dst": "0.0.0.0/0", "gw": "10.20.0.1"}, {"dst": "::/0", "gw": "fd00:20::1"}]
    declared = sh("ip -n a -4 -br address show eth0").split()[2].partition("/")[0]
    assert len({address(result), address(other), declared}) == 3
    servers = [answer(one), answer(two_), Server("a", "a", [80])]
    questions = [("a", "tcp", address(result), 80), (one.path, "tcp", address(other, 6), 80), (one.path, "tcp", declared, 80)]
    questions.append(("outside", "tcp", "192.0.2.1", 8080))
    assert [(said or "").partition(" ")[0] for said in ask(questions)] == ["one", "two", "a", "one"]
    two_.delete()
    assert [(said or "").partition(" ")[0] for said in ask([*questions[:2], questions[3]])] == ["one", "", "one"]
    one.delete()
    assert ask([questions[0], questions[3]]) == [None, None]
    for server in servers:
        server.stop()
    assert_same(before)
    one.delete()
    one.end()
    one.delete()
    assert not GUESTS.exists()
    assert container_net("check") == ["main: in order"]


@fake_host
def test_older_versions_get_what_they_know() -> None:
    keep()
    assert of_network("VERSION").result == {"cniVersion": "1.1.0", "supportedVersions": ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]}
    for number, version in enumerate(("0.3.1", "0.4.0", "1.0.0")):
        box = Container("c%d" % number, config={"cniVersion": version}).make()
        result = box.add()
        assert result["cniVersion"] == version
        assert [item.get("version") for item in result["ips"]] == ([None, None] if version == "1.0.0" else ["4", "6"])
        assert not any("mtu" in item for item in result["interfaces"])
        checked = box.check(result)
        assert checked.error[0] == 1 if version == "0.3.1" else checked.result is None
        assert of_network("GC", cniVersion=version).error[0] == 1
    assert of_network("ADD", cniVersion="0.1.0").error[0] == 1
    words = container_net("cni", status=1)
    assert json.loads(words[-1])["code"] == 5


@fake_host
def test_added_twice_and_names_in_use() -> None:
    keep()
    box = Container("one").make()
    result = box.add()
    before = take_snapshot()
    code, words = box.call("ADD").error
    assert code == 100
    assert words.startswith("it was added already: container one has eth0 on network web already")
    assert "entry 0 names the same network" in replace(box, interface="eth1").call("ADD").error[1]
    assert_same(before)
    assert box.check(result).result is None
    strange = Container("two").make()
    sh("ip link add eth0 type veth peer name other", strange.path)
    before = take_snapshot()
    code, words = strange.call("ADD").error
    assert (code, "eth0" in words) == (100, True), words
    assert_same(before)
    strange.delete()
    assert_same(before)


@fake_host
def test_one_container_on_two_networks() -> None:
    db = network("db", {"subnet": "10.22.0.0/24"}, internal=True)
    keep(replace(WEB, networks=[*WEB.networks, db], endpoints=[*two(), endpoint("c", "db")]))
    box = Container("one").make()
    before = take_snapshot()
    box.add(PORT)
    second = replace(box, interface="eth1", config={"name": "inner", "network": "db"})
    result = second.add()
    assert address(result).startswith("10.22.0.")
    assert sorted(line.split("@")[0] for line in sh("ip -br link", box.path).splitlines() if "@" in line) == ["eth0", "eth1"]
    box.delete()
    assert second.check(result).result is None
    second.delete()
    assert_same(before)
    converge(Declaration([network("other", {"subnet": "10.33.0.0/24"})]), scope="second", persist=True)
    third = replace(box, interface="eth1", config={"name": "other", "scope": "second"})
    first, last = box.add(), third.add()
    assert container_net("check") == ["main: in order", "second: in order"]
    assert (box.check(first).result, third.check(last).result) == (None, None)
    third.delete()
    box.delete()


@fake_host
def test_what_a_runtime_may_ask_for() -> None:
    keep()
    wishes = {"ips": ["10.20.0.77/24", "fd00:20::77"], "mac": "02:00:00:00:77:77", "aliases": ["shop"]}
    one = Container("one").make()
    result = one.add({"runtimeConfig": wishes, "dns": {"nameservers": ["10.20.0.1"]}}, CNI_ARGS="IP=10.20.0.9;K8S_POD_NAME=x;IgnoreUnknown=1")
    assert (address(result), address(result, 6), result["interfaces"][1]["mac"]) == ("10.20.0.77", "fd00:20::77", "02:00:00:00:77:77")
    assert result["dns"] == {"nameservers": ["10.20.0.1"]}
    assert json.loads(GUESTS.read_text(encoding="ascii"))["guests"][0]["aliases"] == ["shop"]
    two_ = Container("two").make()
    result = two_.add({"runtimeConfig": {"aliases": {"web": ["db"]}}}, CNI_ARGS="IP=10.20.0.9;MAC=02:00:00:00:99:99")
    assert (address(result), result["interfaces"][1]["mac"]) == ("10.20.0.9", "02:00:00:00:99:99")
    assert address(Container("three").make().add({"args": {"cni": {"ips": ["10.20.0.8"]}}}, CNI_ARGS="IP=10.20.0.7")) == "10.20.0.8"
    assert "10.20.0.77" in Container("four").make().call("ADD", {"runtimeConfig": {"ips": ["10.20.0.77"]}}).error[1]


BAD: Dict[str, Any] = {
    "unknown scope": ({"scope": "shop"}, {}, 7, "no declaration of scope 'shop' is kept"),
    "unknown network": ({"network": "db"}, {}, 7, "scope 'main' declares no network 'db'; there are: web"),
    "scope": ({"scope": 5}, {}, 7, "scope: got integer"),
    "network": ({"network": "../x"}, {}, 7, "network: got string"),
    "no name": ({"name": None}, {}, 7, "name: got null"),
    "version": ({"cniVersion": "2.0.0"}, {}, 1, "cniVersion is '2.0.0'"),
    "unknown key": ({"ipam": {"type": "host-local"}}, {}, 2, "ipam: {'type': 'host-local'}"),
    "capability": ({"runtimeConfig": {"bandwidth": 5}}, {}, 2, "runtimeConfig.bandwidth: 5"),
    "ports": ({"runtimeConfig": {"portMappings": [{"hostPort": 0, "containerPort": 80}]}}, {}, 7, "runtimeConfig.portMappings[0]"),
    "port's kind": ({"runtimeConfig": {"portMappings": [{"hostPort": "80", "containerPort": 80}]}}, {}, 7, "portMappings[0].hostPort: got string"),
    "protocol": ({"runtimeConfig": {"portMappings": [{"hostPort": 80, "containerPort": 80, "protocol": "icmp"}]}}, {}, 7, "protocol: got string"),
    "loopback": ({"runtimeConfig": {"portMappings": [{"hostPort": 80, "containerPort": 80, "hostIP": "::1"}]}}, {}, 7, "host_ip: got string"),
    "address": ({"runtimeConfig": {"ips": ["10.99.0.1"]}}, {}, 7, "10.99.0.1"),
    "no address": ({"runtimeConfig": {"ips": ["one"]}}, {}, 7, "runtimeConfig.ips[0]: got string"),
    "two addresses": ({"runtimeConfig": {"ips": ["10.20.0.8", "10.20.0.9"]}}, {}, 7, "an interface gets one IPv4 address"),
    "gateway": ({"runtimeConfig": {"ips": ["10.20.0.1"]}}, {}, 7, "10.20.0.1"),
    "MAC": ({"runtimeConfig": {"mac": "02:00"}}, {}, 7, "runtimeConfig.mac: got string"),
    "aliases": ({"runtimeConfig": {"aliases": 5}}, {}, 7, "runtimeConfig.aliases: got integer"),
    "arguments": ({}, {"CNI_ARGS": "FOO=1"}, 4, "CNI_ARGS has FOO"),
    "args": ({"args": []}, {}, 7, "args: got list"),
    "dns": ({"dns": "10.0.0.1"}, {}, 7, "dns: got string"),
    "previous": ({"prevResult": {}}, {}, 7, "prevResult: got map"),
    "interface": ({}, {"CNI_IFNAME": "a/b"}, 4, "CNI_IFNAME: got string"),
    "container": ({}, {"CNI_CONTAINERID": "-x"}, 4, "CNI_CONTAINERID: got string"),
    "no container": ({}, {"CNI_CONTAINERID": ""}, 4, "CNI_CONTAINERID: got string"),
    "path": ({}, {"CNI_NETNS": "sandbox"}, 4, "CNI_NETNS: got string"),
    "no namespace": ({}, {"CNI_NETNS": "/run/nothing"}, 3, "/run/nothing is no network namespace"),
    "host": ({}, {"CNI_NETNS": "/proc/self/ns/net"}, 100, "host's own network namespace"),
    "command": ({}, {"CNI_COMMAND": "UPDATE"}, 4, "CNI_COMMAND is 'UPDATE'"),
}


@fake_host
def test_what_cannot_be_is_refused_and_changes_nothing() -> None:
    keep()
    box = Container("one").make()
    before = take_snapshot()
    wrong = []
    for name, (config, environment, code, words) in BAD.items():
        said = box.call("ADD", config, **environment)
        if said.status == 0 or said.error[0] != code or words not in said.error[1]:
            wrong.append((name, said))
    assert not wrong, wrong
    assert call("", box.environment("ADD")).error[0] == 5
    assert call("{", box.environment("ADD")).error[0] == 6
    assert call("[]", box.environment("ADD")).error[0] == 6
    stranger = Server("", "stranger", [8080])
    code, words = box.call("ADD", PORT).error
    assert (code, "a process on this host listens on 0.0.0.0 port 8080 (tcp)" in words) == (7, True), words
    stranger.stop()
    assert_same(before)
    assert box.add(PORT)


@fake_host
def test_a_runtime_may_listen_on_the_ports_of_its_containers() -> None:
    keep()
    box = Container("one").make()
    before = take_snapshot()
    # As Podman and CRI-O do, so that nobody else takes the port.
    with socket.create_server(("0.0.0.0", 8080)):
        result = box.add(PORT)
        sh(str(DAMAGES["published port"][0]))
        converge(WEB, persist=True)
        assert box.check(result).result is None
        sh(str(DAMAGES["published port"][0]))
        container_net("restore")
        assert box.check(result).result is None
        box.delete()
    assert_same(before)


DAMAGES = {
    "address": ("ip address del {v4}/24 dev eth0", "inside", "address {v4}/24 on eth0"),
    "IPv6 address": ("ip address del {v6}/64 dev eth0", "inside", "address {v6}/64 on eth0"),
    "route": ("ip route del default", "inside", "route 0.0.0.0/0"),
    "link down": ("ip link set eth0 down", "inside", "eth0"),
    "MTU": ("ip link set eth0 mtu 1400", "inside", "mtu 1400"),
    "MAC": ("ip link set eth0 address 02:00:00:00:12:34", "inside", "02:00:00:00:12:34"),
    "host's end down": ("ip link set {host} down", "", "{host}"),
    "out of the bridge": ("ip link set {host} nomaster", "", "{host}"),
    "interface": ("ip link del {host}", "", "{host}"),
    "bridge down": ("ip link set br-web down", "", "br-web"),
    "gateway": ("ip address del 10.20.0.1/24 dev br-web", "", "address 10.20.0.1/24 on br-web"),
    "published port": ("iptables-save -t nat | grep -v 8080 | iptables-restore -T nat", "", "nat"),
    "forwarding": ("echo 0 >/proc/sys/net/ipv4/ip_forward", "", "ip_forward"),
}


@fake_host(timeout=300.0)
def test_each_single_damage_is_named() -> None:
    keep()
    box = Container("one").make()
    result = box.add(PORT)
    assert box.check(result).result is None
    known = {"v4": address(result), "v6": address(result, 6), "host": result["interfaces"][0]["name"]}
    missed = []
    for name, (script, where, words) in DAMAGES.items():
        sh(script.format(**known), box.path if where else "")
        code, said = box.check(result).error
        if code != 101 or words.format(**known) not in said:
            missed.append((name, code, said))
        container_net("restore")
        assert box.check(result).result is None, name
    assert not missed, missed
    wrong = json.loads(json.dumps(result).replace(known["v4"], "10.20.0.99"))
    assert "10.20.0.99" in box.check(wrong).error[1]
    sh("ip -n a link set eth0 mtu 1400")
    assert box.check(result).result is None, "another container's fault"
    assert "CHECK compares" in box.call("CHECK").error[1]
    box.end()
    assert box.check(result).error[0] == 3
    assert Container("two").make().check(result).error[0] == 3


@fake_host
def test_only_the_living_are_collected() -> None:
    keep()
    boxes = [Container("c%d" % number).make() for number in range(4)]
    results = [box.add() for box in boxes]
    other = Container("other", config={"name": "again", "network": "web"}).make()
    other.add()
    boxes[1].end()
    assert boxes[0].check(results[0]).result is None, "that another container is gone"
    valid = [{"containerID": name, "ifname": "eth0"} for name in ("c0", "c1")]
    assert of_network("GC").error[0] == 7
    assert of_network("GC", **{"cni.dev/valid-attachments": [{"containerID": "c0"}]}).error[0] == 7
    assert of_network("GC", **{"cni.dev/valid-attachments": valid}).result is None
    left = [guest["container"] for guest in json.loads(GUESTS.read_text(encoding="ascii"))["guests"]]
    assert left == ["c0", "other"]
    assert [sh("ip -br link", box.path).count("eth0") for box in (boxes[0], boxes[2], boxes[3], other)] == [1, 0, 0, 1]
    assert of_network("GC", **{"cni.dev/valid-attachments": []}).result is None
    other.delete()
    assert not GUESTS.exists()


@fake_host
def test_what_a_playbook_does_leaves_guests_alone() -> None:
    keep()
    box = Container("one").make()
    result = box.add(PORT)
    assert check(WEB, persist=True) == []
    before = take_snapshot()
    assert lines(converge(WEB, persist=True)) == []
    assert container_net("check") == ["main: in order"]
    assert container_net("restore") == ["main: nothing to do"]
    assert_same(before)
    taken = [endpoint("c", {"name": "web", "ipv4_address": address(result)})]
    with pytest.raises(Exception, match="cni-"):
        converge(replace(WEB, endpoints=[*two(), *taken]), persist=True)
    assert_same(before)
    converge(replace(WEB, endpoints=[*two(), endpoint("c", "web")]), persist=True)
    assert box.check(result).result is None
    box.end()
    told = lines(converge(WEB, persist=True))
    assert any(line.startswith("- guest one of scope main") for line in told), told
    assert (lines(converge(WEB, persist=True)), GUESTS.exists()) == ([], False)


@fake_host
def test_a_network_that_is_not_declared_any_more_takes_its_guests_along() -> None:
    keep()
    box = Container("one").make()
    clean = take_snapshot()
    box.add(PORT)
    converge(Declaration([network("db", {"subnet": "10.22.0.0/24"})]), persist=True)
    assert "eth0" not in sh("ip -br link", box.path)
    box.delete()
    converge(WEB, persist=True)
    assert_same(clean)
    box.add(PORT)
    converge(None)
    assert not GUESTS.exists()
    box.delete()


@fake_host
def test_a_scope_that_is_not_kept_any_more_lets_go() -> None:
    keep()
    box = Container("one").make()
    before = take_snapshot()
    result = box.add(PORT)
    sh("mv /var/lib/container_net/main.json /var/lib/main.json")
    assert of_network("STATUS").error[0] == 50
    assert box.check(result).error[0] == 7
    box.delete()
    box.delete()
    sh("mv /var/lib/main.json /var/lib/container_net/main.json")
    container_net("restore")
    assert_same(before)
    assert of_network("STATUS").result is None
    assert of_network("STATUS", network="db").error[0] == 50


@fake_host
def test_after_a_restart_nobody_is_a_guest() -> None:
    keep()
    Container("one").make().add(PORT)

    def restarted() -> List[str]:
        give_uplink()
        container_net("restore")
        install()
        assert container_net("check") == ["main: in order"]
        return [str(Container("one").make().add(PORT)["ips"][0]["gateway"])]

    assert after_restart(restarted) == ["10.20.0.1"]


@fake_host
def test_a_declared_container_that_does_not_run_holds_up_nobody() -> None:
    keep()
    away = {"name": "away", "container": {"path": "/run/sandbox/away"}, "networks": [{"name": "web", "ipv4_address": "10.20.0.50"}]}
    box = Container("away").make()
    converge(replace(WEB, endpoints=[*two(), away]), persist=True)
    box.end()
    one = Container("one").make()
    result = one.add()
    assert one.check(result).result is None
    assert "10.20.0.50" in Container("two").make().call("ADD", {"runtimeConfig": {"ips": ["10.20.0.50"]}}).error[1]
    one.delete()


@fake_host(timeout=300.0)
def test_twenty_at_the_same_time() -> None:
    keep()
    boxes = [Container("c%d" % number).make() for number in range(20)]
    before = take_snapshot()
    running = [box.start("ADD") for box in boxes]
    results = [json.loads(process.communicate(timeout=200)[0]) for process in running]
    assert [result.get("code") for result in results] == [None] * 20
    assert len({address(result) for result in results}) == 20
    assert len({address(result, 6) for result in results}) == 20
    assert len(json.loads(GUESTS.read_text(encoding="ascii"))["guests"]) == 20
    assert sh("ip -br link show master br-web").count("\n") == 22
    running = [box.start("DEL") for box in boxes]
    assert [(process.communicate(timeout=200)[0], process.returncode) for process in running] == [("", 0)] * 20
    assert_same(before)


def serve_here(box: Container, command: str, config: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
    """Answer a call in this process."""
    output = io.StringIO()
    serve(box.environment(command), json.dumps({**CONFIG, **(config or {})}), output)
    found: Dict[str, Any] = json.loads(output.getvalue() or "{}")
    return found


@fake_host
def test_a_fault_on_the_way_puts_back_what_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    keep()
    box = Container("one").make()
    before = take_snapshot()
    for position in (0, 3, 6):
        with monkeypatch.context() as patch:
            patch.setattr(pipeline, "Door", partial(Door, fault=refuse_always(position, errno.ENOBUFS), messages_per_datagram=1))
            said = serve_here(box, "ADD", PORT)
        assert said.get("code") == 100, (position, said)
        assert "what stood before was put back" in said["details"]
        assert_same(before)
    assert box.add(PORT)


@fake_host(timeout=600.0)
def test_killed_on_the_way() -> None:
    keep()
    box = Container("one").make()
    before = take_snapshot()

    def play(command: str, point: Optional[int]) -> List[str]:
        points = Points(point)
        points.watch_system_calls()
        serve_here(box, command, PORT)
        return points.names

    passed: Dict[str, List[str]] = {command: Child(partial(play, command, None)).result(60) for command in ("ADD", "DEL")}
    assert min(map(len, passed.values())) >= 8, passed
    for command, names in passed.items():
        for point in sample(range(len(names)), 5):
            if command == "DEL":
                box.add(PORT)
            assert os.WTERMSIG(Child(partial(play, command, point)).wait()) == signal.SIGKILL
            where = "%s killed before point %d (%s)" % (command, point, names[point])
            box.delete()
            container_net("restore")
            left = differences(before, take_snapshot())
            assert not left, "%s: %s" % (where, left)


@fake_host
def test_addresses_that_others_may_give_are_not_given() -> None:
    keep(lan("a"))
    box = Container("one", config={"name": "lan"}).make()
    code, words = box.call("ADD").error
    assert (code, "give the container an IPv4 address" in words) == (7, True), words
    result = box.add({"runtimeConfig": {"ips": ["192.0.2.40", "2001:db8:2::40"]}})
    assert [item["name"] for item in result["interfaces"]] == ["eth0"]
    assert result["ips"][0]["address"] == "192.0.2.40/%s" % LAN4["subnet"].partition("/")[2]
    box.delete()


@fake_host
def test_slots_are_declared_and_filled_by_runtimes() -> None:
    mesh = overlay("192.0.2.1", "192.0.2.2", "192.0.2.3")
    keep(mesh)
    one, other, third = (Container(name, config={"name": "mesh"}).make() for name in ("one", "other", "third"))
    code, words = one.call("ADD").error
    assert (code, "declares no slot on network 'mesh' alone" in words) == (7, True), words
    assert of_network("STATUS", name="mesh").error[0] == 50
    slots = [
        {"name": "shop-%d" % number, "container": {"cni": "shop%d" % number}, "networks": [{"name": "mesh", "ipv4_address": "10.60.0.%d" % (10 + number)}]}
        for number in range(2)
    ]
    wanted = replace(mesh, endpoints=[*mesh.endpoints, *slots], prepare=lambda: None)
    converge(wanted, persist=True)
    before = take_snapshot()
    assert check(wanted, persist=True) == []
    assert container_net("check") == ["main: in order"]
    assert container_net("restore") == ["main: nothing to do"]
    assert of_network("STATUS", name="mesh").result is None
    assert one.call("ADD", {"runtimeConfig": {"ips": ["10.60.0.99"]}}).error[1].startswith("its slot has its addresses")
    second = replace(other, config={"name": "mesh", "slot": "shop1"})
    result, last = one.add(), second.add()
    assert (address(result), address(last)) == ("10.60.0.10", "10.60.0.11")
    assert third.call("ADD").error[1].startswith("all slots are filled")
    assert "no slot 'shop9'" in third.call("ADD", {"slot": "shop9"}).error[1]
    assert (one.check(result).result, second.check(last).result) == (None, None)
    assert check(wanted, persist=True) == []
    assert container_net("check") == ["main: in order"]
    servers = [answer(one), answer(other), Server("near", "near", [80])]
    await_addresses(one.path, other.path, "near")
    questions = [("near", "tcp", "10.60.0.10", 80), (one.path, "tcp", "10.60.0.11", 80), (other.path, "tcp", "10.60.0.1", 80)]
    assert [(said or "").partition(" ")[0] for said in ask(questions)] == ["one", "other", "near"]
    for server in servers:
        server.stop()
    one.delete()
    assert check(wanted, persist=True) == []
    assert address(third.add()) == "10.60.0.10"
    third.delete()
    second.delete()
    assert_same(before)


@fake_host
def test_a_container_in_a_slot_may_be_on_other_networks_too() -> None:
    mesh = overlay("192.0.2.1", "192.0.2.2", "192.0.2.3")
    slot = {"name": "shop", "container": {"cni": "shop"}, "networks": [{"name": "mesh", "ipv4_address": "10.60.0.10"}]}
    keep(replace(mesh, networks=[*mesh.networks, network("web", V4, V6), network("db", {"subnet": "10.22.0.0/24"})], endpoints=[*mesh.endpoints, slot]))
    box = Container("one").make()
    before = take_snapshot()
    on = {name: replace(box, interface="eth%d" % number, config={"name": name}) for number, name in enumerate(("mesh", "web", "db"))}
    questions = [("near", "tcp", "10.60.0.10", 80), ("outside", "tcp", "192.0.2.1", 8080)]
    server = answer(box)
    for order in (("web", "mesh", "db"), ("mesh", "db", "web")):
        results = {name: on[name].add(PORT) for name in order}
        guests = json.loads(GUESTS.read_text(encoding="ascii"))["guests"]
        published = {guest["network"]: guest["ports"] for guest in guests}
        assert published == {"mesh": [], "web": [], "db": [], next(name for name in order if name != "mesh"): ["8080:80/tcp"]}
        assert {guest["network"]: guest["slot"] or guest["within"] for guest in guests} == dict.fromkeys(("mesh", "web", "db"), "shop")
        assert container_net("check") == ["main: in order"]
        assert all(on[name].check(results[name]).result is None for name in order)
        await_addresses("near", box.path)
        assert [(said or "").partition(" ")[0] for said in ask(questions)] == ["one", "one"]
        on[order[0]].delete()
        assert container_net("check") == ["main: in order"]
        assert all(on[name].check(results[name]).result is None for name in order[1:])
        for name in order[1:]:
            on[name].delete()
    server.stop()
    assert_same(before)


@fake_host
def test_a_damaged_note_is_told_and_parts_nobody() -> None:
    keep()
    box = Container("one").make()
    box.add()
    whole = GUESTS.read_text(encoding="ascii")
    assert GUESTS.stat().st_mode & 0o777 == 0o600
    for damaged in (whole[:40], "[]", whole.replace('"format": 1', '"format": 9'), whole.replace('"path"', '"way"')):
        GUESTS.write_text(damaged, encoding="ascii")
        assert "guests.json" in box.call("DEL").error[1]
        with pytest.raises(Exception, match=r"guests\.json"):
            converge(WEB, persist=True)
    GUESTS.write_text(whole, encoding="ascii")
    assert container_net("check") == ["main: in order"]


def test_the_role_tells_runtimes_and_takes_it_back(collections_path: Path, tmp_path: Path) -> None:
    def include(label: str, **options: Any) -> Dict[str, Any]:
        places = {
            "boot_program": "/var/lib/container-net",
            "boot_share": "/var/lib/share",
            "boot_cni_plugins": "/run/bin",
            "boot_cni_configuration": "/run/net.d",
            "boot_netavark_plugins": "/run/netavark",
        }
        return {"name": label, "ansible.builtin.include_role": {"name": "netloom.container_net.boot"}, "vars": {**places, **options}}

    def look(label: str) -> Dict[str, Any]:
        return {"name": label, "ansible.builtin.command": "ls /run/bin /run/net.d /run/netavark", "changed_when": False, "failed_when": False}

    def body() -> Any:
        own_disk()
        give_uplink()
        converge(WEB, persist=True)
        host = {"boot_python": sys.executable, "boot_cni_networks": ["web", "db"], "boot_netavark": True}
        tasks = [include("both", **host), look("two"), include("again", **host), include("one", **{**host, "boot_cni_networks": ["web"]}), look("one left")]
        variables = {"ansible_python_interpreter": sys.executable, "ansible_remote_tmp": str(tmp_path / "remote")}
        (tmp_path / "inventory.json").write_text(json.dumps({"all": {"hosts": {"here": {"ansible_connection": "local", **variables}}}}))
        done = Ansible(collections_path, tmp_path).play(tmp_path / "inventory.json", tasks, hosts="here")
        config = json.loads(Path("/run/net.d/50-web@main.conflist").read_text(encoding="ascii"))
        assert json.loads(sh("/run/netavark/container-net info"))["api_version"] == "1.0.0"
        os.makedirs("/run/cni/bin")
        os.symlink("/run/bin/container-net", "/run/cni/bin/container-net")
        box = Container("one", config={**config["plugins"][0], "cniVersion": config["cniVersions"][-1]}).make()
        assert box.check(box.add()).result is None
        box.delete()
        gone = Ansible(collections_path, tmp_path).play(tmp_path / "inventory.json", [include("none", boot_state="absent"), look("none left")], hosts="here")
        return [result[label]["here"]["stdout"].split() for result, label in ((done, "two"), (done, "one left"), (gone, "none left"))]

    first, second, third = on_fake_host(body)
    assert first == ["/run/bin:", "container-net", "/run/net.d:", "50-db@main.conflist", "50-web@main.conflist", "/run/netavark:", "container-net"]
    assert second == ["/run/bin:", "container-net", "/run/net.d:", "50-web@main.conflist", "/run/netavark:", "container-net"]
    assert third == ["/run/bin:", "/run/net.d:", "/run/netavark:"]
