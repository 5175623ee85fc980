# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What networks need of the kernel, and what goes along with one that is left out."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._document.leave_out import leave_out, needed_features
from ansible_collections.netloom.container_net.plugins.module_utils._document.reader import read_document
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.bridge import Bridge
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.table import find_samples
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.veth import Veth
from ansible_collections.netloom.container_net.plugins.module_utils._kinds.vrf import Vrf
from ansible_collections.netloom.container_net.plugins.module_utils._model.link import Link
from ansible_collections.netloom.container_net.plugins.module_utils._model.snapshot import Facts

STANDING = [Link("", "eth0"), Link("", "eth0.9", kind=Veth()), Link("", "br-old", kind=Bridge(vlan_filtering=True)), Link("", "red", kind=Vrf(1001))]
FACTS = Facts(links={link.name: link for link in STANDING})
OVERLAY = {"driver": "overlay", "vni": 4200, "vtep_address": "192.0.2.1"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, []),
        ({"vlan_filtering": True}, ["vlan_filtering"]),
        ({"vlan_filtering": True, "bridge_name": "br-old"}, []),
        ({"vrf": "blue", "vrf_table": 1002}, ["vrf"]),
        ({"vrf": "red", "vrf_table": 1001}, []),
        (OVERLAY, ["vxlan"]),
        ({"driver": "macvlan", "parent": "eth0"}, ["macvlan"]),
        ({"driver": "macvlan", "parent": "eth0.9"}, ["macvlan"]),
        ({"driver": "ipvlan", "parent": "eth0.30"}, ["ipvlan", "vlan"]),
        ({"driver": "ipvlan", "internal": True}, ["dummy", "ipvlan"]),
        ({"driver": "routed", "ipam_config": [{"subnet": "10.20.0.0/24"}]}, []),
    ],
)
def test_needs(options: Dict[str, Any], expected: List[str]) -> None:
    needs = needed_features(read_document({"networks": [{"name": "web", **options}]}), FACTS)
    assert sorted(needs.get(("networks", "web"), ())) == expected
    assert find_samples("eth0").keys() >= set(expected)


def subnet(number: int) -> List[Dict[str, str]]:
    return [{"subnet": "10.%d.0.0/24" % number}]


RAW = {
    "networks": [
        {"name": "web", "ipam_config": subnet(20)},
        {"name": "dark", "internal": True, "ipam_config": subnet(21)},
        {"name": "far", "driver": "routed", "ipam_config": subnet(22)},
        {"name": "out", "gateway_on_host": False, "ipam_config": subnet(23)},
    ],
    "endpoints": [
        {"name": "a", "container": {"netns": "a"}, "networks": ["web", "dark", "far"], "ports": ["80:80"]},
        {"name": "b", "container": {"netns": "b"}, "networks": ["web", "out"], "ports": ["81:80"]},
        {"name": "r", "container": {"netns": "r"}, "networks": ["web", "out"], "forwarding": True, "masquerade": ["out"]},
    ],
    "links": [{"name": "wire", "ends": [{"endpoint": "a"}, {"endpoint": "b"}]}, {"name": "patch", "ends": [{"network": "out"}, {"network": "dark"}]}],
}


def test_ports_never_change_their_meaning() -> None:
    """Without its bridge, an endpoint's ports would be opened on its routed network, or lead to an internal one."""
    rest, taken = leave_out(read_document(RAW), [("networks", "web")])
    assert [network.name for network in rest.networks] == ["dark", "far", "out"]
    assert {endpoint.name: [str(port) for port in endpoint.ports] for endpoint in rest.endpoints} == {"a": [], "b": ["81:80/tcp"], "r": []}
    assert taken == ["endpoints[a].networks[web]", "endpoints[a].ports", "endpoints[b].networks[web]", "endpoints[r].networks[web]"]


def test_wires_and_masquerade_go_with_their_network() -> None:
    rest, taken = leave_out(read_document(RAW), [("networks", "out")])
    assert [wire.name for wire in rest.links] == ["wire"]
    assert rest.endpoints[2].masquerade == ()
    assert taken == ["links[patch]", "endpoints[b].networks[out]", "endpoints[r].networks[out]"]


def test_nothing_else_is_touched() -> None:
    document = read_document(RAW)
    assert leave_out(document, []) == (document, [])
    rest, taken = leave_out(document, [("links", "wire")])
    assert (rest.networks, rest.endpoints, taken) == (document.networks, document.endpoints, [])
    assert [wire.name for wire in rest.links] == ["patch"]
