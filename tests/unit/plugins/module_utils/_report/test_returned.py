# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules document of their results is what they return, and what is also declared is called as it is there."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence

import pytest
import yaml
from ansible_collections.netloom.container_net.plugins.module_utils._compile.document import compile_document
from ansible_collections.netloom.container_net.plugins.module_utils._compile.firewall import compile_firewall
from ansible_collections.netloom.container_net.plugins.module_utils._document.attachment import ATTACHMENT
from ansible_collections.netloom.container_net.plugins.module_utils._document.endpoint import ENDPOINT
from ansible_collections.netloom.container_net.plugins.module_utils._document.links import END, LINK, TUNNEL
from ansible_collections.netloom.container_net.plugins.module_utils._document.living import Declared
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._document.routes import ROUTE
from ansible_collections.netloom.container_net.plugins.module_utils._document.rules import RULE
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.overlay.keys import PEER, REMOTE_ENDPOINT
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.routed.keys import PEER as ROUTED_PEER
from ansible_collections.netloom.container_net.plugins.module_utils._engine.scope import scope_keys
from ansible_collections.netloom.container_net.plugins.module_utils._firewall.iptables.compose import compose
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import ContainerNotRunning
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Facts
from ansible_collections.netloom.container_net.plugins.module_utils._plan.planner import plan
from ansible_collections.netloom.container_net.plugins.module_utils._report.info import Report
from ansible_collections.netloom.container_net.plugins.module_utils._report.labels import add_labels
from ansible_collections.netloom.container_net.plugins.module_utils._report.links import describe_devices, describe_links
from ansible_collections.netloom.container_net.plugins.module_utils._report.policies import describe_policies
from ansible_collections.netloom.container_net.plugins.module_utils._report.sight import Sight, describe_containers
from ansible_collections.netloom.container_net.plugins.module_utils._report.standing import describe_standing
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.lock import Lock
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.planner import plan_fleet
from ansible_collections.netloom.container_net.plugins.plugin_utils.fleet.reading import HostVariables
from toy_kernel import ToyKernel

MODULES = Path(__file__).resolve().parents[5] / "plugins" / "modules"
FAR = {"name": "db", "mac": "02:00:00:00:00:05", "vtep": "192.0.2.2", "addresses": ["10.60.0.9"]}
SHARED = {"destination": "203.0.113.0/24", "nexthops": [{"gateway": "10.20.0.9"}, {"gateway": "10.20.0.10"}]}
DECLARED: Dict[str, Any] = {
    "policies": [{"name": "in", "from": {"cidrs": ["192.0.2.0/24"]}, "to": {"networks": ["web"]}, "ports": ["80/tcp"], "action": "allow"}],
    "networks": [
        {"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]},
        {"name": "mesh", "driver": "overlay", "vni": 5, "vtep_address": "192.0.2.1", "ipam_config": [{"subnet": "10.60.0.0/24"}]},
        {"name": "lan", "driver": "macvlan", "parent": "eth0", "ipam_config": [{"subnet": "198.51.100.0/24"}]},
    ],
    "endpoints": [
        {
            "name": "api",
            "container": {"netns": "api"},
            "networks": ["web", "mesh", "lan"],
            "ports": ["8080:80"],
            "labels": {"team": "shop"},
            "devices": [{"name": "eth1"}],
            "routes": [SHARED],
        },
        {"name": "db", "container": {"netns": "db"}},
    ],
    "links": [
        {"name": "wire", "ends": [{"endpoint": "db"}, {"network": "web"}]},
        {"name": "adm", "ends": [{"endpoint": "db"}, {"host": True, "addresses": ["10.9.0.1/30"]}]},
        {"name": "tube", "ends": [{"endpoint": "db"}], "tunnel": {"vni": 9, "remote": "192.0.2.2", "local": "192.0.2.1"}},
    ],
}
DECLARED["networks"][1].update(peers=[{"host": "h2", "vtep": "192.0.2.2", "foreign": False}], remote_endpoints=[FAR])


def documented(module: str) -> Dict[str, Any]:
    tree = ast.parse((MODULES / (module + ".py")).read_text(encoding="utf-8"))
    (text,) = [node.value for node in tree.body if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "RETURN"]
    found: Dict[str, Any] = yaml.safe_load(ast.literal_eval(text))
    return found


def unlike(said: Dict[str, Any], returned: Sequence[Any], path: str) -> Iterator[str]:
    """Yield each key that only one of both has, over all that was returned in one place."""
    if "contains" not in said:
        return
    maps = [item for value in returned for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]
    seen = {key for found in maps for key in found}
    yield from ("%s.%s is not documented" % (path, key) for key in seen - said["contains"].keys())
    yield from ("%s.%s is never returned" % (path, key) for key in said["contains"].keys() - seen)
    for key in seen & said["contains"].keys():
        yield from unlike(said["contains"][key], [found[key] for found in maps if key in found], "%s.%s" % (path, key))


@pytest.fixture(scope="module", name="kernel")
def _kernel() -> ToyKernel:
    kernel = ToyKernel()
    eth0 = Link("", "eth0", mtu=1500, up=True)
    kernel.put(eth0)
    eth1 = Link("", "eth1", mtu=1500, up=True)
    kernel.put(eth1)
    facts = Facts(links={"eth0": eth0, "eth1": eth1}, addresses=(("eth0", "192.0.2.1/24"),))
    document = read_document(DECLARED)
    firewall = compose(compile_firewall(document, forwarding_off=frozenset()), scope="main", current=())
    desired = (*compile_document(document, facts), *firewall)
    kernel.apply(plan(desired, kernel.snapshot(), prunable=scope_keys(kernel.snapshot(), "main")))
    return kernel


def test_what_topology_returns() -> None:
    document = read_document(DECLARED)
    told = describe_standing(Declared(lambda _living: document))
    said = documented("topology")
    assert [line for key in ("endpoints", "links") for line in unlike(said[key], [told[key]], key)] == []
    assert {key for endpoint in told["endpoints"] for key in endpoint} <= ENDPOINT.keys | {"place"}
    assert {key for endpoint in told["endpoints"] for item in endpoint["networks"] for key in item} <= ATTACHMENT.keys
    assert {key for link in told["links"] for key in link} <= LINK.keys
    assert {key for link in told["links"] for end in link["ends"] for key in end} == END.keys


def test_what_topology_info_returns(kernel: ToyKernel) -> None:
    said, report = documented("topology_info"), Report(kernel.snapshot(), None)
    sight = Sight(kernel.snapshot(), {"netns:api": "netns:api", "netns:gone": ContainerNotRunning("gone")})
    told: Dict[str, List[Dict[str, Any]]] = {
        "networks": report.networks(),
        "endpoints": report.endpoints(),
        "ports": report.ports(),
        "policies": describe_policies(kernel.snapshot(), None),
        "links": describe_links(kernel.snapshot(), None),
        "devices": describe_devices(kernel.snapshot(), None),
        "containers": describe_containers(sight),
        "namespaces": report.namespaces(),
    }
    document = read_document(DECLARED)
    add_labels(told["networks"], document.networks, "main")
    add_labels(told["endpoints"], document.endpoints, "main")
    assert said.keys() - told.keys() == {"drift"}
    assert [line for key, found in told.items() for line in unlike(said[key], [found], key)] == []
    vxlan: List[Any] = [network["vxlan"] for network in told["networks"] if "vxlan" in network]
    assert {key for row in vxlan for item in row["remote_endpoints"] for key in item} <= REMOTE_ENDPOINT.keys
    inside = [found["routes"] for found in told["endpoints"]], [found["rules"] for found in told["endpoints"]]
    assert [{key for rows in kind for item in rows for key in item} for kind in inside] == [ROUTE.keys, RULE.keys]
    assert {key for link in told["links"] if link["tunnel"] for key in link["tunnel"]} <= TUNNEL.keys


def test_what_fleet_plan_returns() -> None:
    networks: List[Dict[str, Any]] = [
        {"name": "mesh", "driver": "overlay", "ipam_config": [{"subnet": "10.60.0.0/24"}]},
        {"name": "wide", "driver": "routed", "host_prefix": 24, "ipam_config": [{"subnet": "10.62.0.0/16"}]},
    ]
    hosts = [
        HostVariables(
            "h%d" % number,
            networks,
            [{"name": "e%d" % number, "container": {"netns": "e"}, "networks": ["mesh", "wide"]}],
            vtep_address="192.0.2.%d" % number,
        )
        for number in (1, 2)
    ]
    found = plan_fleet(hosts, scope="main", lock=Lock("main"))
    said = documented("fleet_plan")
    assert said["hosts"]["sample"]["h1"].keys() == found.arguments()["h1"].keys()
    shared = found.overlay_rows()
    assert {key for row in shared["mesh"]["peers"] for key in row} <= PEER.keys
    assert {key for row in shared["mesh"]["endpoints"] for key in row} <= REMOTE_ENDPOINT.keys
    assert {key for row in shared["wide"]["peers"] for key in row} <= ROUTED_PEER.keys
    assert said["overlays"]["sample"]["mesh"].keys() == shared["mesh"].keys()
