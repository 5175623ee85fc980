# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `show` prints, of everything that topology_info can tell; tests/functional/test_info.py puts it to what the kernel has."""

from __future__ import annotations

import copy
from typing import Any, Dict

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.netloom.container_net.plugins.filter.overview import overview
from ansible_collections.netloom.container_net.plugins.plugin_utils.lines import WIDTH

NOTHING: Dict[str, Any] = {"networks": [], "endpoints": [], "ports": [], "links": [], "devices": [], "containers": [], "namespaces": []}


def inside(container: Any, interface: Any, *addresses: str, **more: Any) -> Dict[str, Any]:
    return {"container": container, "interface": interface, "mac": "02:00:00:00:00:01", "up": True, "addresses": list(addresses), **more}


def route(destination: str, **more: Any) -> Dict[str, Any]:
    return {"destination": destination, "type": "unicast", "gateway": None, "interface": None, "metric": 0, "table": 254, **more}


def port(endpoint: str, published: Any, target: str, **more: Any) -> Dict[str, Any]:
    return {"endpoint": endpoint, "protocol": "tcp", "published": published, "target": target, "host_ip": None, "allowed_sources": [], **more}


def look(container: str, state: str = "read", **more: Any) -> Dict[str, Any]:
    return {"container": container, "read_as": container if state == "read" else None, "state": state, "reason": "why not", "routes": [], "rules": [], **more}


TUNNEL = {"vni": 42, "vtep_address": "192.0.2.1", "peers": ["192.0.2.2"], "remote_endpoints": [{}, {}]}
LIVE: Dict[str, Any] = {
    "policies": [
        {"name": "in", "action": "allow", "log": False, "from": [], "to": ["10.20.0.5", "br0"], "ports": ["80/tcp", "53/udp"]},
        {"name": "out", "action": "deny", "log": True, "from": ["10.20.0.5"], "to": [], "ports": []},
    ],
    "networks": [
        {"name": "web", "driver": "bridge", "bridge": "br0", "ours": False, "mtu": 1500, "up": False, "addresses": []},
        {"name": "mesh", "driver": "overlay", "bridge": "br-mesh", "ours": True, "mtu": 1450, "up": True, "addresses": [], "vxlan": TUNNEL},
        {"name": "lan", "driver": "macvlan", "parent": "eth0", "mode": "bridge", "host_interface": "mv-lan", "addresses": ["192.0.2.1/32"]},
        {"name": "wide", "driver": "routed"},
    ],
    "endpoints": [
        {
            "name": "shop",
            "interfaces": [inside("docker:shop", "eth0", "10.20.0.10/24", "fd00:20::10/64", network="web", host_interface="cn-1", up=False)],
            "routes": [route("192.0.2.0/24", gateway="192.0.2.9")],
            "rules": [],
        },
        {
            "name": "undeclared",
            "interfaces": [inside(None, None, network="web", host_interface="cn-2", mac=None, up=None)],
            "routes": [route("10.9.0.0/16", gateway="10.20.0.1", interface="eth0", metric=7)],
            "rules": [],
        },
    ],
    "ports": [
        port("ended", "8080", "80"),
        port("shop", "443-444", "1443-1444", host_ip="2001:db8::1", allowed_sources=["198.51.100.0/24"]),
        port("shop", None, "22"),
    ],
    "links": [
        {"name": "line", "ends": [inside("docker:shop", "eth1", "10.9.0.1/30"), inside("netns:box", "eth0", bridge=None)], "tunnel": None},
        {"name": "trunk", "ends": [inside(None, "wl-1", bridge="br0"), inside(None, "wl-2", bridge="br1")], "tunnel": None},
        {"name": "adm", "ends": [inside(None, "adm0", "10.9.1.1/30", "fd09::1/64", bridge=None), inside("netns:box", "eth1", bridge=None)], "tunnel": None},
        {"name": "lowered", "ends": [inside(None, "low0", bridge=None, up=False)], "tunnel": None},
        {"name": "half", "ends": [inside(None, "wl-3", bridge="br0")], "tunnel": None},
        {"name": "far", "ends": [inside("netns:box", "vx0")], "tunnel": {"vni": 43, "local": "192.0.2.1", "remote": "192.0.2.2", "udp_port": 4789}},
    ],
    "devices": [inside("docker:shop", "wan", "203.0.113.2/24", name="eth2", endpoint="shop")],
    "containers": [
        look("docker:shop", routes=[route("198.18.0.0/15", type="prohibit"), route("0.0.0.0/0", table=1001)], rules=[{}, {}]),
        look("podman:ended", "not running"),
        look("path:/run/x", "refused"),
    ],
    "namespaces": [],
}
DECLARED = [
    {"name": "shop", "container": {"docker": "shop"}},
    {"name": "ended", "container": {"podman": "ended"}},
    {"name": "other", "container": {"path": "/run/x"}},
    {"name": "helper", "network_mode": "container:shop"},
    {"name": "agent", "network_mode": "host"},
    {"name": "gone", "state": "absent"},
    "nonsense",
]
EXPECTED = """\
network web: bridge br0, mtu 1500, somebody else's bridge, down
network mesh: overlay br-mesh, mtu 1450, vni 42 from 192.0.2.1 to
  192.0.2.2, 2 endpoints elsewhere
network lan: macvlan on eth0, mode bridge, host's own link mv-lan,
  192.0.2.1/32
network wide: routed
container agent: the host's own network
container ended (podman:ended): not running
  port 8080 -> 80/tcp
container helper: in the namespace of shop
container netns:box
  eth0 of wire line, 02:00:00:00:00:01
  eth1 of wire adm, 02:00:00:00:00:01
  vx0 of tunnel far, 02:00:00:00:00:01
container other (path:/run/x): why not
container shop (docker:shop)
  eth0 on web, 02:00:00:00:00:01, host's end cn-1, down
    10.20.0.10/24 fd00:20::10/64
  eth1 of wire line, 02:00:00:00:00:01
    10.9.0.1/30
  wan is eth2 of the host, 02:00:00:00:00:01
    203.0.113.2/24
  route 198.18.0.0/15 prohibit
  source routing: 2 rules
  port [2001:db8::1]:443-444 -> 1443-1444/tcp for 198.51.100.0/24
  port 22/tcp open at its own addresses
container undeclared
  an interface on web, host's end cn-2
  route 10.9.0.0/16 by 10.20.0.1 on eth0 metric 7
wire line: eth1 of docker:shop - eth0 of netns:box
wire trunk: br0 - br1
wire adm: adm0 of the host 10.9.1.1/30 fd09::1/64 - eth1 of netns:box
wire lowered: low0 of the host down - an end that was not read
wire half: br0 - an end that was not read
tunnel far: vni 43 from 192.0.2.1 to 192.0.2.2, vx0 of netns:box
policy in: allow anybody -> 10.20.0.5 br0 at 80/tcp 53/udp
policy out: deny 10.20.0.5 -> anybody, logged"""


def test_all_that_can_be_told() -> None:
    before = copy.deepcopy(LIVE)
    assert overview(LIVE, DECLARED) == EXPECTED
    assert before == LIVE
    assert all(len(line) <= WIDTH for line in EXPECTED.splitlines())


def test_a_host_with_nothing() -> None:
    assert overview(NOTHING) == "nothing"
    assert overview(NOTHING, [{"name": "a", "container": {"netns": "a"}, "network_mode": "none"}]) == "container a (netns:a): not looked into"
    read = {**NOTHING, "containers": [look("netns:a")]}
    assert overview(read, [{"name": "a", "container": {"netns": "a"}, "network_mode": "none"}]) == "container a (netns:a): no interface"


@pytest.mark.parametrize("live", [None, "text", {}, {**NOTHING, "networks": [{}]}])
def test_what_is_no_result_of_the_module_is_named(live: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="overview needs the result of netloom"):
        overview(live)


@pytest.mark.parametrize("declared", ["nonsense", None, 5, {}, [None, 3, {}, {"name": "x", "state": "absent"}]])
def test_a_declaration_that_is_none_hides_nothing(declared: Any) -> None:
    assert overview({**LIVE, "containers": []}, declared).startswith("network web")
