# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Topology files of containerlab, translated and then read by the reader of declarations."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.netloom.container_net.plugins.filter.from_containerlab import from_containerlab
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document

TWO = """
name: two
topology:
  kinds: {linux: {image: alpine, labels: {team: core}}}
  defaults: {kind: linux}
  nodes: {r1: {}, r2: {runtime: podman}%s}
  links:
    - endpoints: ["r1:eth1", "r2:eth1"]
%s
"""


def translated(nodes: str = "", links: str = "", text: str = TWO) -> Dict[str, Any]:
    found = from_containerlab(text % (nodes, links))
    read_document({key: found[key] for key in ("networks", "endpoints", "links")})
    return found


def noted(found: Dict[str, Any]) -> List[str]:
    assert all(set(note) == {"path", "value", "reason"} and note["reason"] for note in found["untranslated"])
    return [note["path"] for note in found["untranslated"]]


def test_nodes_and_a_wire() -> None:
    found = translated()
    assert found == {
        "networks": [],
        "endpoints": [
            {"name": "r1", "container": {"docker": "clab-two-r1"}, "labels": {"team": "core"}},
            {"name": "r2", "container": {"podman": "clab-two-r2"}, "labels": {"team": "core"}},
        ],
        "links": [{"name": "r1-eth1--r2-eth1", "ends": [{"endpoint": "r1", "interface_name": "eth1"}, {"endpoint": "r2", "interface_name": "eth1"}]}],
        "untranslated": [],
    }
    assert from_containerlab(yaml.safe_load(TWO % ("", ""))) == found


@pytest.mark.parametrize(("prefix", "container"), [("prefix: lab", "lab-two-r1"), ('prefix: ""', "r1"), ("prefix: __lab-name", "two-r1")])
def test_the_container_is_that_of_containerlab(prefix: str, container: str) -> None:
    found = translated(text=prefix + TWO)
    assert found["endpoints"][0]["container"] == {"docker": container}


def test_what_a_group_and_the_node_say_comes_first() -> None:
    text = TWO.replace("  defaults:", "  groups: {edge: {runtime: podman, labels: {team: edge}}}\n  defaults:")
    found = translated(", r3: {group: edge}, r4: {group: edge, runtime: docker}, r5: {kind: ext-container}", text=text)
    containers = {entry["name"]: entry["container"] for entry in found["endpoints"]}
    assert (containers["r3"], containers["r4"], containers["r5"]) == ({"podman": "clab-two-r3"}, {"docker": "clab-two-r4"}, {"docker": "r5"})
    assert [entry["labels"]["team"] for entry in found["endpoints"] if entry["name"] in ("r3", "r4")] == ["edge", "edge"]


def test_a_bridge_the_host_and_a_tunnel() -> None:
    nodes = ", br-lan: {kind: bridge}"
    links = """
    - endpoints: ["r1:eth2", "br-lan:r1-eth2"]
      mtu: 1400
    - endpoints: ["r2:eth2", "host:to-r2"]
    - {type: host, endpoint: {node: r1, interface: eth3, mac: "02:00:00:00:00:07"}, host-interface: to-r1}
    - {type: veth, endpoints: [{node: r1, interface: eth4}, {node: r2, interface: eth4}]}
    - {type: vxlan, endpoint: {node: r2, interface: eth5}, remote: 192.0.2.9, vni: 100, udp-port: 14789}
"""
    found = translated(nodes, links)
    assert found["networks"] == [{"name": "br-lan", "bridge_name": "br-lan", "bridge_mode": "existing"}]
    assert found["links"][1:] == [
        {"name": "r1-eth2--br-lan-r1-eth2", "ends": [{"endpoint": "r1", "interface_name": "eth2"}, {"network": "br-lan"}], "mtu": 1400},
        {"name": "r2-eth2--host-to-r2", "ends": [{"endpoint": "r2", "interface_name": "eth2"}, {"host": True, "interface_name": "to-r2"}]},
        {
            "name": "r1-eth3--host-to-r1",
            "ends": [{"endpoint": "r1", "interface_name": "eth3", "mac_address": "02:00:00:00:00:07"}, {"host": True, "interface_name": "to-r1"}],
        },
        {"name": "r1-eth4--r2-eth4", "ends": [{"endpoint": "r1", "interface_name": "eth4"}, {"endpoint": "r2", "interface_name": "eth4"}]},
        {
            "name": "r2-eth5",
            "ends": [{"endpoint": "r2", "interface_name": "eth5"}],
            "tunnel": {"vni": 100, "remote": "192.0.2.9", "udp_port": 14789},
        },
    ]
    assert noted(found) == []


@pytest.mark.parametrize(
    ("nodes", "links", "paths", "left"),
    [
        (", ov: {kind: ovs-bridge}", '    - endpoints: ["r1:eth2", "ov:p1"]', ["topology.nodes.ov", "topology.links[1]"], 1),
        ("", '    - endpoints: ["r1:eth2", "nobody:eth1"]', ["topology.links[1]"], 1),
        ("", '    - endpoints: ["r1:eth2", "macvlan:eth0"]', ["topology.links[1]"], 1),
        ("", '    - endpoints: ["r1:eth2", "mgmt-net:r1-eth2"]', ["topology.links[1]"], 1),
        ("", "    - {type: dummy, endpoint: {node: r1, interface: eth2}}", ["topology.links[1]"], 1),
        ("", '    - endpoints: ["r1:ethernet-1/1", "r2:ethernet-1/1"]', ["topology.links[1]", "topology.links[1]", "topology.links[1]"], 2),
        ("", '    - {endpoints: ["r1:eth2", "r2:eth2"], labels: {a: b}, vars: {c: d}, other: 1}', ["topology.links[1].other"], 2),
        (", r3: {ports: ['80:80'], mgmt-ipv4: 172.20.20.5, exec: [ip link]}", "", ["topology.nodes.r3.%s" % key for key in ("ports", "mgmt-ipv4", "exec")], 1),
        (", r3: {network-mode: host}", "", ["topology.nodes.r3.network-mode"], 1),
        (", r3: {network-mode: none}, r4: {network-mode: 'container:r1'}", "", [], 1),
    ],
)
def test_what_is_not_translated_is_noted(nodes: str, links: str, paths: List[str], left: int) -> None:
    found = translated(nodes, links)
    assert noted(found) == paths
    assert len(found["links"]) == left


def test_who_shares_the_namespace_of_another() -> None:
    assert translated(", r4: {network-mode: 'container:r1'}")["endpoints"][2]["network_mode"] == "container:r1"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "topology: got null: the file is empty"),
        ("[1]", "topology: got list of 1: expected a map"),
        ("topology: {nodes: {a: {}}}", "name: got null: the lab has no name"),
        ("name: x", "topology.nodes: got null: the file has no nodes"),
        ("{name: x, topology: {nodes: {a: {runtime: ignite}}}}", 'topology.nodes.a.runtime: got string "ignite": not an engine'),
        ("{name: x, topology: {nodes: {a: {}}, links: [{endpoints: ['a:eth1']}]}}", "topology.links[0].endpoints: got list of 1: expected the node"),
        ("{name: x, topology: {nodes: {a: {}}, links: [{endpoints: ['a', 'a:eth1']}]}}", 'topology.links[0].endpoints: got string "a": expected NODE:'),
        ("{name: x, topology: {nodes: {a: {}}, links: [{type: rope, endpoints: ['a:eth0', 'a:eth1']}]}}", 'topology.links[0].type: got string "rope"'),
        ("name: [", "topology: got null: not YAML"),
    ],
)
def test_what_is_no_topology_file_is_refused(text: str, rule: str) -> None:
    with pytest.raises(AnsibleFilterError) as caught:
        from_containerlab(text)
    assert rule in str(caught.value)
