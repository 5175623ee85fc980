# Copyright (c) 2026, the netloom.container_net authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import pytest
from ansible_collections.netloom.container_net.plugins.module_utils._drivers.overlay.network import OverlayNetwork
from ansible_collections.netloom.container_net.plugins.module_utils._engine import topology
from ansible_collections.netloom.container_net.plugins.module_utils._engine.request import Outcome
from ansible_collections.netloom.container_net.plugins.module_utils._engine.result import describe, render
from ansible_collections.netloom.container_net.plugins.module_utils._model.errors import InputError
from ansible_collections.netloom.container_net.plugins.module_utils._model.objects import KernelObject
from ansible_collections.netloom.container_net.plugins.module_utils._plan.step import CHANGE, CREATE, DELETE, Change, Step
from ansible_collections.netloom.container_net.plugins.module_utils._report.standing import describe_standing
from object_rows import read_object

Row = Dict[str, Any]


def item(**row: Any) -> KernelObject:
    return read_object({"in" if key == "place" else key: value for key, value in row.items()})


DESCRIBED: List[Tuple[Row, Row]] = [
    ({"bridge": "br0"}, {}),
    ({"namespace": "api", "mark": "main:namespace"}, {}),
    ({"address": "10.0.0.1/24", "dev": "x", "announce": True}, {}),
    ({"route": "0.0.0.0/0", "via": "10.0.0.1", "dev": "x"}, {"gateway": "10.0.0.1", "device": "x"}),
    ({"neighbour": "10.0.0.1", "dev": "x", "mac": "02:00:00:00:00:01"}, {"mac": "02:00:00:00:00:01"}),
    ({"fdb": "02:00:00:00:00:01", "dev": "x", "remote": "192.0.2.1"}, {}),
    ({"sysctl": "net/x", "value": "1", "restore": True}, {"value": "1"}),
    ({"jump": "filter/FORWARD", "rule": "-j X", "leads": True, "copies": 1}, {}),
    ({"chain": "filter/X", "rules": ["-j DROP"]}, {"rules": ("-j DROP",)}),
    (
        {"veth": "eth0", "in": "api", "peer": "/ve", "mtu": 1400, "up": False, "master": "", "sysctls": {"ipv6/accept_ra": 0}},
        {"peer_name": "ve", "mtu": 1400, "up": False, "ipv6.accept_ra": "0"},
    ),
    (
        {"veth": "ve", "peer": "api/eth0", "leads": True, "master": "br0", "mark": "main:object", "port": {"isolated": True, "hairpin": False}},
        {"peer_name": "eth0", "master": "br0", "alias": "container-net:main:object", "isolated": True, "hairpin": False},
    ),
    ({"vxlan": "vx", "vni": 7, "udp_port": 4789, "local": "192.0.2.1", "learning": False}, {"vni": 7, "port": 4789, "local": "192.0.2.1", "learning": False}),
]


@pytest.mark.parametrize(("row", "expected"), DESCRIBED, ids=[next(iter(row)) + str(number) for number, (row, _expected) in enumerate(DESCRIBED)])
def test_an_object_is_told_without_what_its_label_says(row: Row, expected: Row) -> None:
    assert describe(read_object(row)) == expected


CHAIN = ("-j ACCEPT", "-j DROP")
AFTER = ("-j DROP", "-j RETURN")
STEPS = (
    Step(DELETE, current=item(bridge="br-old")),
    Step(CREATE, desired=item(chain="filter/X", rules=["-j DROP", "-j LOG"])),
    Step(
        CHANGE,
        desired=item(chain="filter/Y", rules=list(AFTER)),
        current=item(chain="filter/Y", rules=list(CHAIN)),
        changes=(Change("rules", CHAIN, AFTER, "rules"),),
    ),
    Step(CREATE, desired=item(bridge="br0", mtu=1500, up=True)),
    Step(CREATE, desired=item(address="10.0.0.1/24", dev="br0")),
    Step(CHANGE, desired=item(bridge="br1"), changes=(Change("mtu", 1500, 1400, "mtu"), Change("up", False, True, "up"))),
)


def test_a_result_tells_every_step_once_and_in_order() -> None:
    found = render(Outcome(steps=STEPS, netlink_changes=4, firewall_restores=1, seconds=0.123456))
    assert found["changed"] is True
    assert found["actions"] == [
        "- bridge br-old",
        "+ iptables chain filter/X",
        "~ iptables chain filter/Y: rules +1 -1",
        "+ bridge br0",
        "+ address 10.0.0.1/24 on br0",
        "~ bridge br1: mtu 1500 → 1400, up off → on",
    ]
    assert found["statistics"] == {"netlink_changes": 4, "firewall_restores": 1, "seconds": 0.1235}


OBJECT_LINES = [
    "- bridge br-old",
    "+ bridge br0  mtu=1500 up=on",
    "+ address 10.0.0.1/24 on br0",
    "~ bridge br1: mtu 1500 → 1400, up off → on",
    "firewall rules: +3 -1, chains: 2",
]
ALL_LINES = [
    "- bridge br-old",
    "+ bridge br0",
    "    mtu=1500 up=on",
    "+ address 10.0.0.1/24 on br0",
    "~ bridge br1: mtu 1500 → 1400, up off → on",
    "firewall rules: +3 -1, chains: 2:",
    "  + iptables chain filter/X",
    "      + -j DROP",
    "      + -j LOG",
    "  ~ iptables chain filter/Y: rules +1 -1",
    "      - -j ACCEPT",
    "      + -j RETURN",
]
SUMMARY_LINES = ["kernel objects: +2 ~1 -1", "firewall rules: +3 -1, chains: 2"]
WORDS = ("+ network web (bridge br0, 10.0.0.0/24)", "~ port 8080/tcp → shop:81 (was shop:80)")


@pytest.mark.parametrize(("detail", "expected"), [("summary", SUMMARY_LINES), ("objects", OBJECT_LINES), ("all", ALL_LINES)])
def test_a_diff_tells_as_much_as_was_asked_for(detail: str, expected: List[str]) -> None:
    assert render(Outcome(steps=STEPS), detail)["diff"]["prepared"].splitlines() == expected
    found = render(Outcome(steps=STEPS, words=WORDS), detail)["diff"]["prepared"].splitlines()
    assert found[:3] == [*WORDS, "1 to add, 1 to change, 0 to remove"]
    assert [line.strip().rstrip(":") for line in found[3:] if not line.startswith("kernel")] == [
        line.strip().rstrip(":") for line in expected if not line.startswith("kernel")
    ]


def test_nothing_to_do_is_no_change() -> None:
    found = render(Outcome())
    assert (found["changed"], found["actions"], found["diff"]["prepared"]) == (False, [], "")


ROWS = [{"host": "h1", "vtep": "192.0.2.1"}, {"host": "h2", "vtep": "192.0.2.2"}]
FAR = [{"name": "a", "mac": "02:00:00:00:00:01", "vtep": "192.0.2.1"}, {"name": "b", "mac": "02:00:00:00:00:02", "vtep": "192.0.2.2"}]
MESH: Row = {"name": "mesh", "driver": "overlay", "vni": 7, "vtep_address": "192.0.2.1", "ipam_config": [{"subnet": "10.60.0.0/16"}]}


def test_an_overlay_gets_the_rows_of_the_other_hosts() -> None:
    raw = [MESH, {"name": "web"}]
    before = repr(raw)
    found: Any = topology.merge_overlays(raw, {"mesh": {"peers": ROWS, "endpoints": FAR}})
    assert found == [{**MESH, "peers": [{"foreign": False, **ROWS[1]}], "remote_endpoints": FAR[1:]}, {"name": "web"}]
    assert repr(raw) == before
    document = topology.read_declaration("main", raw[:1], None, {"mesh": {"peers": ROWS, "endpoints": FAR}})
    (network,) = document.networks
    assert isinstance(network, OverlayNetwork)
    assert ([peer.host for peer in network.peers], [remote.name for remote in network.remote_endpoints]) == (["h2"], ["b"])


@pytest.mark.parametrize(
    "networks",
    [
        None,
        {},
        "x",
        [],
        [None, 5, "x"],
        [{"driver": "overlay"}],
        [{"driver": "overlay", "name": ["a"]}],
        [{"driver": "overlay", "name": {}}],
        [{"name": "mesh"}],
    ],
    ids=repr,
)
def test_networks_without_shared_rows_are_left_to_the_reader(networks: Any) -> None:
    assert topology.merge_overlays(networks, {"mesh": {"peers": ROWS, "endpoints": FAR}}) == networks


def test_without_a_plan_a_network_keeps_its_own_rows() -> None:
    own = [{**MESH, "peers": ROWS[1:]}]
    assert topology.merge_overlays(own, None) is own
    assert topology.merge_overlays(own, {}) == own
    assert topology.merge_overlays(own, {"mesh": None}) == own


@pytest.mark.parametrize("overlays", [[], "mesh", 5])
def test_a_plan_of_another_type_is_refused(overlays: Any) -> None:
    with pytest.raises(InputError, match=r"overlays: got .*: must be a map of network names"):
        topology.merge_overlays([MESH], overlays)


def test_rows_of_another_type_are_told_by_the_reader() -> None:
    with pytest.raises(InputError) as caught:
        topology.read_declaration("main", [MESH], None, {"mesh": {"peers": "h2", "endpoints": [5]}})
    assert {problem.path for problem in caught.value.problems} == {"networks[mesh].peers", "networks[mesh].remote_endpoints[0]"}


def test_endpoints_are_told_with_what_was_derived() -> None:
    document = topology.read_declaration(
        "main",
        [{"name": "web", "ipam_config": [{"subnet": "10.20.0.0/24"}]}],
        [
            {
                "name": "api",
                "container": {"netns": "api"},
                "networks": [{"name": "web", "addresses": ["10.20.0.9/32"]}],
                "ports": ["8080:80"],
                "labels": {"team": "shop"},
            }
        ],
        None,
    )
    (found,) = describe_standing(topology.Declared(lambda _living: document))["endpoints"]
    (network,) = found["networks"]
    assert (found["name"], found["place"], found["ports"]) == ("api", "netns:api", ["8080:80/tcp"])
    assert network["ipv4_address"].startswith("10.20.0.")
    assert (found["labels"], network["addresses"]) == ({"team": "shop"}, ["10.20.0.9/32"])
    assert (network["ipv6_address"], network["interface_name"]) == (None, "eth0")
    assert network["mac_address"].startswith("02:")
    assert network["host_interface_name"].startswith("cn-")
