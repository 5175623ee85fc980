# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules for one object a task: less usual options, names that contain one another, and what is refused."""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress
from typing import Any, Dict, List, Tuple

import pytest
from harness.engine import give_uplink
from harness.host import entered, sh
from harness.module import run_module
from harness.snapshot import assert_same, take_snapshot

pytestmark = pytest.mark.fake_host()

# A bridge with a port, and a MAC that does not follow its ports.
THEIRS = "ip link add theirs address 02:00:00:00:00:0b type bridge; ip link add t0 type veth peer name t1; ip link set t0 master theirs"


def settle(module: str, **options: Any) -> List[str]:
    """Look, run, run again; return the steps."""
    before = take_snapshot()
    planned = run_module(module, check=True, **options)
    assert_same(before)
    done = run_module(module, **options)
    assert not done.get("failed"), done["msg"]
    assert done["actions"] == planned["actions"]
    assert run_module(module, **options)["actions"] == []
    return list(done["actions"])


def link_of(name: str, space: str = "") -> Dict[str, Any]:
    found: Dict[str, Any] = json.loads(sh("ip -j -d link show dev %s" % name, space))[0]
    return found


def test_a_veth_as_a_port_of_a_bridge() -> None:
    sh("ip netns add x; ip -n x link set lo up; " + THEIRS)
    before = take_snapshot()
    pair = {"name": "v9", "peer_name": "eth0", "peer_namespace": "x", "mac_address": "02:00:00:00:09:01", "peer_mac_address": "02:00:00:00:09:02"}
    port = {"bridge": "theirs", "hairpin": True, "isolated": True}
    assert settle("veth", **pair, **port) == ["+ veth v9", "+ veth eth0 in x"]
    link = link_of("v9")
    flags = link["linkinfo"]["info_slave_data"]
    assert (link["address"], link["master"], flags["hairpin"], flags["isolated"]) == ("02:00:00:00:09:01", "theirs", True, True)
    assert link_of("eth0", "x")["address"] == "02:00:00:00:09:02"
    assert settle("veth", **pair, **{**port, "isolated": False}) == ["~ veth v9: isolated on → off"]
    number = link_of("eth0", "x")["ifindex"]
    pair["peer_name"] = "lan0"
    assert settle("veth", **pair) == ["~ veth lan0 in x: name eth0 → lan0"]
    assert link_of("lan0", "x")["ifindex"] == number
    assert settle("veth", **pair, bridge="") == ["~ veth v9: master theirs → none"]
    assert "master" not in link_of("v9")
    assert settle("veth", name="v9", state="absent") == ["- veth v9"]
    assert_same(before)


def test_a_vxlan_with_a_group_and_one_with_a_tunnel_address() -> None:
    give_uplink()
    sh(THEIRS)
    before = take_snapshot()
    group = {"name": "vx8", "vni": 8, "group": "239.1.1.8", "device": "eth0", "udp_port": 4790, "ttl": 5}
    assert settle("vxlan", **group) == ["+ vxlan vx8"]
    data = link_of("vx8")["linkinfo"]["info_data"]
    assert (data["id"], data["group"], data["link"], data["port"], data["ttl"]) == (8, "239.1.1.8", "eth0", 4790, 5)
    with entered("outside"):
        member = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        member.bind(("239.1.1.8", 4790))
        member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton("239.1.1.8") + socket.inet_aton("192.0.2.2"))
    member.setblocking(False)
    spoken: List[str] = []
    sh("ip address add 192.0.2.7/24 dev eth0; ip address add 198.18.8.1/24 dev vx8")
    for local in ("192.0.2.1", "192.0.2.7"):  # the kernel keeps the way it took, with its source
        assert settle("vxlan", **group, local=local)
        sh("ping -c1 -W1 198.18.8.2 || true")
        with suppress(BlockingIOError):
            while True:
                spoken.append(member.recvfrom(200)[1][0])
        assert spoken[-1] == local
    sh("ip address delete 192.0.2.7/24 dev eth0")
    tunnel = {"name": "vx9", "vni": 9, "local": "192.0.2.1", "device": "eth0", "ttl": 32, "bridge": "theirs", "mac_address": "02:00:00:00:09:03"}
    assert settle("vxlan", **tunnel) == ["+ vxlan vx9"]
    link = link_of("vx9")
    data = link["linkinfo"]["info_data"]
    assert (link["address"], link["master"], data["local"], data["link"], data["ttl"]) == ("02:00:00:00:09:03", "theirs", "192.0.2.1", "eth0", 32)
    for name in ("vx8", "vx9"):
        assert settle("vxlan", name=name, state="absent") == ["- vxlan " + name]
    assert_same(before)


def test_where_an_interface_leads_is_checked_before_anything_changes() -> None:
    give_uplink()
    sh("ip netns add x")
    before = take_snapshot()
    inside = {"name": "mv9", "parent": "eth0", "namespace": "x", "addresses": ["192.0.2.40/24"]}
    bad: List[Tuple[Dict[str, Any], str]] = [
        ({"gateway": ["192.0.2.x"]}, "gateway[0]: got string"),
        ({"gateway": ["10.0.0.1"]}, "is no neighbour on this interface"),
        ({"gateway": ["192.0.2.40"]}, "is no neighbour on this interface"),
        ({"gateway": ["192.0.2.1", "192.0.2.2"]}, "another one leads to 0.0.0.0/0"),
        ({"gateway": ["2001:db8:2::2"]}, "is no neighbour on this interface"),
        ({"gateway": ["192.0.2.2"], "namespace": None}, "only of an interface in a namespace"),
        ({"routes": [{"destination": "198.51.100.1/24"}]}, "routes[0].destination"),
        ({"routes": [{"destination": "198.51.100.0/24", "metric": -1}]}, "must be from 0 to 4294967295"),
        ({"routes": [{"destination": "2001:db8:9::/64", "gateway": "192.0.2.2"}]}, "is no neighbour on this interface"),
    ]
    for options, words in bad:
        result = run_module("macvlan", **{**inside, **options})
        assert result.get("failed"), options
        assert words in result["msg"]
    assert_same(before)
    assert settle("macvlan", **inside, gateway="192.0.2.2")[-1] == "+ route 0.0.0.0/0 in x"
    assert settle("macvlan", **inside) == ["- route 0.0.0.0/0 in x"]


def test_a_namespace_goes_by_its_whole_name() -> None:
    assert settle("netns", name="api2") == ["+ namespace api2"]
    only = take_snapshot()
    assert settle("netns", name="api") == ["+ namespace api"]
    assert sorted(os.listdir("/run/netns")) == ["api", "api2"]
    assert settle("netns", name="api", state="absent") == ["- namespace api"]
    for stranger in ("api", "pi", "ap", "api22"):
        assert settle("netns", name=stranger, state="absent") == []
    assert_same(only)
    assert settle("netns", name="api2", state="absent") == ["- namespace api2"]


def test_the_mtu_of_a_parent_wherever_it_is() -> None:
    sh("ip link add eth5 mtu 1400 type bridge; ip netns add x; ip -n x link set lo up; ip -n x link add eth6 mtu 1300 type bridge")
    before = take_snapshot()
    for parent, namespace, limit, words in (("eth5", None, 1400, "eth5"), ("eth6", "x", 1300, "eth6 in x")):
        options = {"name": "mv8", "parent": parent, "parent_namespace": namespace, "namespace": "x"}
        for check in (True, False):
            result = run_module("macvlan", check=check, **options, mtu=limit + 1)
            assert 'mtu: got integer "%d": above the MTU of the parent %s; at most %d' % (limit + 1, words, limit) in result["msg"]
        assert_same(before)
        assert settle("macvlan", **options, mtu=limit)[0] == "+ macvlan mv8 in x"
        assert settle("macvlan", name="mv8", namespace="x", state="absent") == ["- macvlan mv8 in x"]


NAT = {"name": "n9", "interface": "br9", "subnets": ["10.9.0.0/24"]}
REFUSED: Dict[str, Tuple[str, Dict[str, Any], List[str]]] = {
    "a pair with one name": ("veth", {"name": "v9", "peer_name": "v9"}, ["peer_name: ", "both ends would have the same name in the same namespace"]),
    "hairpin of no port": ("veth", {"name": "v9", "peer_name": "v8", "hairpin": True}, ["bridge: ", "flags of a bridge port; name the bridge"]),
    "isolated, out of the bridge": (
        "veth",
        {"name": "v9", "peer_name": "v8", "isolated": False, "bridge": ""},
        ["bridge: ", "flags of a bridge port; name the bridge"],
    ),
    "its own tunnel address": (
        "vxlan",
        {"name": "vx9", "vni": 9, "local": "192.0.2.1", "peers": ["192.0.2.2", "192.0.2.1"]},
        ["peers: ", "the list holds this host's own tunnel address 192.0.2.1; leave it out"],
    ),
    "two families": ("vxlan", {"name": "vx9", "vni": 9, "peers": ["192.0.2.2", "2001:db8::2"]}, ["local, peers and group must be of one address family"]),
    "no group": ("vxlan", {"name": "vx9", "vni": 9, "group": "192.0.2.9"}, ["group: ", "must be a multicast address; name unicast addresses in peers"]),
    "a group and peers": ("vxlan", {"name": "vx9", "vni": 9, "group": "239.1.1.9", "peers": ["192.0.2.2"]}, ["mutually exclusive: group|peers"]),
    "a VXLAN all wrong": ("vxlan", {"name": "vx 9", "vni": 0, "ttl": 256, "udp_port": 0, "mtu": 5}, ["5 input errors"]),
    "a MAC without quotes": ("bridge", {"name": "br9", "mac_address": 41135085296}, ["quote MAC addresses (was it 52:54:00:12:34:56?)"]),
    "one port to two addresses": (
        "nat",
        {**NAT, "ports": [{"published": 80, "address": "10.9.0.5"}, {"published": 80, "address": "10.9.0.6"}]},
        ["ports[1]: ", "the host port is already published: 80:80/tcp of ports[0]"],
    ),
}


def test_refused_and_nothing_changed() -> None:
    give_uplink()
    before = take_snapshot()
    for what, (module, options, words) in REFUSED.items():
        result = run_module(module, **options)
        assert result.get("failed"), what
        for word in words:
            assert word in result["msg"], what
    assert_same(before)


def test_numbers_in_quotes_are_numbers() -> None:
    """As everywhere in Ansible: what comes out of a template is text."""
    assert settle("bridge", name="br9", mtu="1400") == ["+ bridge br9"]
    assert link_of("br9")["mtu"] == 1400
